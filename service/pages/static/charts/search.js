// Each trial as a dot: metric against initial LR, coloured by schedule family. Ten thousand dots are drawn in
// one pass, family by family; the nearest to the pointer is found by its distance on the screen.
import { axes, logExtent, number, scale } from "./axes.js";

export function search(found, theme, choices) {
  if (!found.y) return null;
  const log = Boolean(choices._log) && found.y[1] > 0;
  const values = found.value.filter((value) => value != null);
  const x = { log: true, range: logExtent(found.lr), label: "initial learning rate" };
  const y = { log, range: log ? logExtent(values.filter((value) => value <= found.y[1])) ?? found.y : found.y, label: found.metric };
  const range = y.range;
  // Whatever lies outside is drawn at the edge; diverged trials at the worse one.
  const worst = found.goal === "maximize" ? range[0] : range[1];
  const heights = found.value.map((value, index) => (value == null ? (found.state[index] === "d" ? worst : null) : Math.min(range[1], Math.max(range[0], value))));
  const drawn = [...heights.keys()].filter((index) => heights[index] != null);
  const shown = { found, heights, drawn, theme };
  return {
    data: [found.lr, heights],
    length: drawn.length,
    options: {
      scales: { x: scale(x), y: scale(y) },
      axes: axes(theme, { x, y }),
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      hooks: { draw: [(u) => dots(u, shown)] },
    },
    legend: [
      ...found.families.map(([name, colour]) => ({ name: name.replaceAll("_", " "), className: `family-${colour} round` })),
      ...(found.state.includes("d") ? [{ name: "diverged", className: "cross" }] : []),
    ],
    controls: [{ name: "_log", label: `log ${found.metric}`, kind: "check", value: log }],
    pick: (u) => nearest(u, shown),
    place: (u, index) => [u.valToPos(found.lr[drawn[index]], "x"), u.valToPos(heights[drawn[index]], "y")],
    describe: (index) => describe(found, drawn[index]),
  };
}

function describe(found, index) {
  const [family] = found.families[found.family[index]];
  const end = found.state[index] === "d" ? "diverged" : `${found.metric} ${number(found.value[index])}`;
  return `Trial ${found.number[index]}: ${end} at initial LR ${number(found.lr[index])}, ${family.replaceAll("_", " ")}`;
}

function dots(u, { found, heights, drawn, theme }) {
  const { ctx } = u;
  const radius = (drawn.length > 2000 ? 2 : 4) * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left - radius, u.bbox.top - radius, u.bbox.width + 2 * radius, u.bbox.height + 2 * radius);
  ctx.clip();
  ctx.globalAlpha = drawn.length > 2000 ? 0.6 : 0.85;
  found.families.forEach(([, colour], family) => {
    ctx.beginPath();
    for (const index of drawn) {
      if (found.family[index] !== family || found.state[index] === "d") continue;
      const [x, y] = [u.valToPos(found.lr[index], "x", true), u.valToPos(heights[index], "y", true)];
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
    ctx.fillStyle = theme.family(colour);
    ctx.fill();
  });
  ctx.beginPath();
  for (const index of drawn) {
    if (found.state[index] !== "d") continue;
    const [x, y] = [u.valToPos(found.lr[index], "x", true), u.valToPos(heights[index], "y", true)];
    for (const side of [-1, 1]) {
      ctx.moveTo(x - radius, y - side * radius);
      ctx.lineTo(x + radius, y + side * radius);
    }
  }
  ctx.strokeStyle = theme.bad;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}

const REACH_PX = 40;

function nearest(u, { found, heights, drawn }) {
  let [best, least] = [null, REACH_PX ** 2];
  drawn.forEach((index, place) => {
    const dx = u.valToPos(found.lr[index], "x") - u.cursor.left;
    if (Math.abs(dx) > REACH_PX) return;
    const distance = dx ** 2 + (u.valToPos(heights[index], "y") - u.cursor.top) ** 2;
    if (distance < least) [best, least] = [place, distance];
  });
  return best;
}
