// Lines over a run: learning rates by step, or losses by epoch; the answer thick, baselines dashed.
import { WHOLE, axes, extent, logExtent, number, scale } from "./axes.js";

const DASHES = { chosen: undefined, finalist: undefined, baseline: [6, 4] };

export function lines(found, theme, choices) {
  if (found.x.length < 2 || !found.lines.length) return null;
  const all = found.lines.flatMap((line) => line.values).filter((value) => value != null);
  const log = Boolean(choices._log) && all.some((value) => value > 0);
  const [low, high] = extent(all);
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  const x = { range: [found.x[0], found.x.at(-1)], label: found.x_name, incrs: WHOLE };
  const y = { log, range: log ? logExtent(all) : [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin], label: found.value ?? "learning rate" };
  // A logarithm has no place for what is zero.
  const data = found.lines.map((line) => (log ? line.values.map((value) => (value > 0 ? value : null)) : line.values));
  const controls = [{ name: "_log", label: `log ${y.label}`, kind: "check", value: log }];
  if (found.values?.length > 1) controls.unshift({ name: "value", label: "Value", kind: "select", value: found.value, items: found.values.map((name) => [name, name.replaceAll("_", " ")]) });
  return {
    data: [found.x, ...data],
    options: {
      scales: { x: scale(x), y: scale(y) },
      axes: axes(theme, { x, y }),
      series: [{}, ...found.lines.map(({ kind, colour }) => ({ stroke: theme.family(colour), width: kind === "chosen" ? 3 : 1.5, dash: DASHES[kind], points: { show: found.x.length < 12 } }))],
      cursor: { drag: { x: false, y: false }, y: false },
    },
    legend: found.lines.map(({ name, kind, colour }) => ({ name: kind === "chosen" ? `${name} (the best)` : name, className: `family-${colour}`, line: kind === "baseline" ? "dashed" : "dash" })),
    controls,
    describe: (index) => `${found.x_name} ${found.x[index]}: ${found.lines.map((line) => `${line.name} ${number(line.values[index])}`).join(" · ")}`,
  };
}
