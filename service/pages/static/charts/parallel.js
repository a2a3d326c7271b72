// Parallel coordinates: a line a trial through all its choices, the best drawn last and darkest.
import { number } from "./axes.js";

export function parallel(found, theme, choices) {
  const last = found.axes.length - 1;
  if (last < 1 || !found.lines.length) return null;
  choices.family ??= "";
  const shown = { found, theme, lit: null, places: found.lines.map((line) => line.map((value, axis) => height(found.axes[axis], value))) };
  const xs = found.axes.map((_, axis) => axis);
  return {
    data: [xs, xs.map(() => null)],
    length: found.lines.length,
    options: {
      padding: [22, 30, 0, 30],
      scales: { x: { time: false, range: () => [0, last] }, y: { range: () => [0, 1] } },
      axes: [
        { stroke: theme.ink, font: "12px system-ui, sans-serif", grid: { show: false }, ticks: { show: false }, size: 26, splits: () => xs, values: (u) => xs.map((axis) => short(found.axes[axis][0], u.width / (last + 1))), filter: (u, splits) => splits, space: 1 },
        { show: false },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: { points: { show: false }, drag: { x: false, y: false }, x: false, y: false },
      hooks: { draw: [(u) => lines(u, shown)] },
    },
    controls: [{ name: "family", label: "Family", kind: "select", value: choices.family, items: families(found, choices) }],
    legend: [],
    pick: (u) => light(u, shown, nearest(u, shown)),
    focus: (u, index) => light(u, shown, index),
    place: (u) => [u.over.clientWidth, 0],
    rest: (u) => light(u, shown, null),
    describe: (index) => describe(found, index),
  };
}

// The families of the first answer, which had them all.
function families(found, choices) {
  const axis = found.axes.find(([name]) => name === "schedule");
  if (!choices._families && axis) choices._families = axis[2];
  const names = choices._families ?? [];
  return [["", "all"], ...names.map((name) => [name.replaceAll(" ", "_"), name])];
}

function height([, kind, low, high], value) {
  if (kind === "words") return low.length > 1 ? (value + 0.5) / low.length : 0.5;
  if (value == null) return 0;
  const share = kind === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

function lines(u, { found, theme, places, lit }) {
  const { ctx } = u;
  const count = places.length;
  ctx.save();
  ctx.lineWidth = 1.2 * devicePixelRatio;
  for (let index = count - 1; index >= 0; index -= 1) {
    ctx.globalAlpha = index < Math.max(3, count * 0.1) ? 0.9 : Math.min(0.3, 25 / count + 0.05);
    ctx.strokeStyle = theme.family(found.colour[index]);
    stroke(u, places[index]);
  }
  if (lit !== null) {
    ctx.globalAlpha = 1;
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.strokeStyle = theme.ink;
    stroke(u, places[lit]);
  }
  ctx.globalAlpha = 1;
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  found.axes.forEach((axis, place) => {
    const x = u.valToPos(place, "x", true);
    ctx.strokeStyle = theme.faint;
    ctx.beginPath();
    ctx.moveTo(x, u.bbox.top);
    ctx.lineTo(x, u.bbox.top + u.bbox.height);
    ctx.stroke();
    ends(axis).forEach(([share, text]) => label(u, theme, text, x, share, place === found.axes.length - 1));
  });
  ctx.restore();
}

function ends([, kind, low, high]) {
  if (kind === "words") return low.map((word, index) => [height([null, kind, low], index), word]);
  return [[0, number(low)], [1, number(high)]];
}

function label(u, theme, text, x, share, last) {
  const { ctx } = u;
  const y = u.valToPos(share, "y", true) + (share === 1 ? -6 : share === 0 ? -5 : 4) * devicePixelRatio;
  ctx.textAlign = last ? "right" : "left";
  const at = x + (last ? -4 : 4) * devicePixelRatio;
  ctx.lineWidth = 3 * devicePixelRatio;
  ctx.strokeStyle = theme.paper;
  ctx.strokeText(text, at, y);
  ctx.lineWidth = devicePixelRatio;
  ctx.fillStyle = theme.ink;
  ctx.fillText(text, at, y);
}

function stroke(u, heights) {
  u.ctx.beginPath();
  heights.forEach((share, axis) => u.ctx.lineTo(u.valToPos(axis, "x", true), u.valToPos(share, "y", true)));
  u.ctx.stroke();
}

function nearest(u, { places }) {
  const at = u.posToVal(u.cursor.left, "x");
  const axis = Math.min(Math.max(0, Math.floor(at)), places[0].length - 2);
  const share = Math.min(1, Math.max(0, at - axis));
  const height = u.posToVal(u.cursor.top, "y");
  let [best, least] = [null, 0.08];
  places.forEach((line, index) => {
    const distance = Math.abs(line[axis] + share * (line[axis + 1] - line[axis]) - height);
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}

function light(u, shown, index) {
  if (shown.lit !== index) {
    shown.lit = index;
    u?.redraw(false, false);
  }
  return index;
}

function describe(found, index) {
  const parts = found.axes.map(([name, kind, low], axis) => {
    const value = found.lines[index][axis];
    return `${name} ${kind === "words" ? low[value] : number(value)}`;
  });
  return `Trial ${found.number[index]}: ${parts.join(", ")}`;
}

function short(name, width) {
  const letters = Math.max(4, Math.floor(width / 7));
  return name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
}
