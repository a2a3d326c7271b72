// Axes as all charts have them, and numbers as the pages write them.

// As service/pages/figures.py: 0.0012, 3.2e-5, 0.5.
export function number(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e4)) return size < 1000 ? String(Number(value.toPrecision(3))) : value.toFixed(0);
  const [mantissa, exponent] = value.toExponential(1).split("e");
  return `${mantissa.replace(/\.0$/, "")}e${Number(exponent)}`;
}

const FONT = "12px system-ui, sans-serif";

// Pixels that a label needs, along the lower axis and up the left one.
const ROOM = [48, 18];

// Labels of a log axis: whole decades, as many of them as there is room for.
function decades(u, splits, axis) {
  const scale = u.axes[axis].scale;
  const decade = Math.abs(u.valToPos(10, scale) - u.valToPos(1, scale));
  const every = decade > 0 ? Math.max(1, Math.ceil(ROOM[axis] / decade)) : 1;
  return splits.map((value) => {
    const power = value > 0 ? Math.log10(value) : NaN;
    const whole = Math.round(power);
    return Math.abs(power - whole) < 1e-9 && whole % every === 0 ? number(value) : null;
  });
}

// Whole steps and epochs.
export const WHOLE = [1, 2, 5].flatMap((unit) => [...Array(10).keys()].map((power) => unit * 10 ** power)).sort((a, b) => a - b);

// options: { x: {log, range, label}, y: {log, range, label} }
export function axes(theme, { x, y }) {
  const common = { stroke: theme.faint, font: FONT, labelFont: FONT, grid: { stroke: theme.line, width: 1 }, ticks: { stroke: theme.line, width: 1, size: 5 } };
  const values = (log) => (log ? decades : (u, splits) => splits.map(number));
  return [
    { ...common, scale: "x", label: x.label, labelSize: 22, size: 34, values: values(x.log), incrs: x.incrs, grid: { ...common.grid, show: !x.log }, filter: x.log ? (u, splits) => splits : undefined },
    { ...common, scale: "y", label: y.label, labelSize: 22, size: 56, values: values(y.log && wide(y.range)), filter: y.log ? (u, splits) => splits : undefined },
  ];
}

// Less than two decades: every tick has a number.
function wide(range) {
  return !range || range[1] / range[0] > 100;
}

export function scale({ log, range }) {
  return { time: false, distr: log ? 3 : 1, log: 10, ...(range ? { range: () => range } : {}) };
}

export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value == null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

// The interval of positive values, a little widened; null where there are none.
export function logExtent(values) {
  const [low, high] = extent(values.filter((value) => value > 0));
  return low <= high ? [low * 0.9, high * 1.1] : null;
}
