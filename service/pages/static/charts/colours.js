// The style sheet's colours, for what is drawn on a canvas.

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), faint: of("faint"), line: of("line"), paper: of("paper"), accent: of("accent"), bad: of("bad"),
    band: { small: of("small"), medium: of("medium"), large: of("large"), diverging: of("diverging") },
    family: (number) => of(`family-${number}`),
  };
}
