// The LR range test: a thin line a seed, their median, the bands behind, marks below, and the suggestion.
import { axes, logExtent, number, scale } from "./axes.js";

export function rangeTest(found, theme, choices) {
  if (found.lr.length < 2 || !found.y) return null;
  const positive = found.seeds.flat().concat(found.median).filter((loss) => loss != null && loss > 0);
  const log = Boolean(choices._log);
  const x = { log: true, range: [found.lr[0], found.lr.at(-1)], label: "learning rate" };
  const y = { log, range: log ? logExtent(positive) : found.y, label: "training loss" };
  return {
    data: [found.lr, ...found.seeds, found.median],
    options: {
      scales: { x: scale(x), y: scale(y) },
      axes: axes(theme, { x, y }),
      series: [
        {},
        ...found.seeds.map(() => ({ stroke: theme.faint, width: 0.8, alpha: 0.6, points: { show: false } })),
        { stroke: theme.ink, width: 2, points: { show: false } },
      ],
      cursor: { points: { show: (u, index) => index === found.seeds.length + 1 }, drag: { x: false, y: false }, y: false },
      hooks: { drawClear: [(u) => bands(u, found, theme)], draw: [(u) => marks(u, found, theme)] },
    },
    legend: [
      { name: "median", className: "median-line", line: "dash" },
      { name: `${found.seeds.length} seeds`, className: "seed-line", line: "dash" },
      ...found.bands.map(([name]) => ({ name, className: name })),
      ...(found.suggestion ? [{ name: "suggestion and its interval", className: "suggested" }] : []),
    ],
    controls: [{ name: "_log", label: "log loss", kind: "check", value: log }],
    describe: (index) => describe(found, index),
  };
}

function describe(found, index) {
  const lr = found.lr[index];
  const seeds = found.seeds.map((losses) => losses[index]).filter((loss) => loss != null);
  const band = found.bands.find(([, low, high]) => lr >= low && lr <= high);
  const loss = seeds.length ? `loss ${number(found.median[index])} (seeds ${number(Math.min(...seeds))} to ${number(Math.max(...seeds))})` : "the loss is not finite";
  return `LR ${number(lr)}: ${loss}${band ? `, ${band[0]}` : ""}`;
}

function bands(u, found, theme) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  for (const [name, low, high] of found.bands) {
    const [from, to] = inside(u, low, high);
    if (to <= from) continue;
    u.ctx.fillStyle = theme.band[name];
    u.ctx.fillRect(from, top, to - from, height);
    u.ctx.fillStyle = theme.ink;
    u.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    if (u.ctx.measureText(name).width + 12 < to - from) u.ctx.fillText(name, from + 6 * devicePixelRatio, top + 16 * devicePixelRatio);
  }
  u.ctx.restore();

  function inside(plot, low, high) {
    const at = (lr) => Math.min(left + width, Math.max(left, plot.valToPos(lr, "x", true)));
    return [at(low), at(high)];
  }
}

function marks(u, found, theme) {
  const { top, height } = u.bbox;
  const bottom = top + height;
  const { ctx } = u;
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.strokeStyle = theme.ink;
  for (const [, lr, low, high] of found.marks) {
    const [at, from, to] = [lr, low, high].map((value) => u.valToPos(value, "x", true));
    line(at, bottom, at, bottom - 14 * devicePixelRatio);
    line(from, bottom - 4 * devicePixelRatio, to, bottom - 4 * devicePixelRatio);
  }
  if (found.suggestion) {
    const at = u.valToPos(found.suggestion.lr, "x", true);
    ctx.strokeStyle = theme.accent;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    line(at, top, at, bottom);
    ctx.setLineDash([]);
    const level = top + 28 * devicePixelRatio;
    const [from, to] = [found.suggestion.low, found.suggestion.high].map((value) => u.valToPos(value, "x", true));
    line(from, level, to, level);
    for (const end of [from, to]) line(end, level - 5 * devicePixelRatio, end, level + 5 * devicePixelRatio);
  }
  ctx.restore();

  function line(x1, y1, x2, y2) {
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  }
}
