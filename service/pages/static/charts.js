// Draws the page's charts: each when it is first looked at, and anew when its job has more to show.
import { rangeTest } from "./charts/range_test.js";
import { search } from "./charts/search.js";
import { parallel } from "./charts/parallel.js";
import { lines } from "./charts/lines.js";
import { Chart } from "./charts/chart.js";

const KINDS = { "range-test": rangeTest, search, parallel, schedules: lines, curves: lines, answers: lines };
const PAUSE_MS = 2000;
const charts = new Map();

function begin(figure) {
  if (charts.has(figure)) return;
  charts.set(figure, new Chart(figure, KINDS[figure.dataset.chart]));
  seen.observe(figure);
}

// Only charts on the screen are drawn; a little before they come into view.
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const chart = charts.get(target);
    chart.visible = isIntersecting;
    if (isIntersecting) chart.refresh(PAUSE_MS);
  }
}, { rootMargin: "300px" });

function look() {
  for (const [figure, chart] of charts) {
    if (figure.isConnected) chart.refresh(PAUSE_MS);
    else {
      chart.destroy();
      charts.delete(figure);
    }
  }
  document.querySelectorAll("figure[data-chart]").forEach(begin);
}

look();
document.addEventListener("htmx:after:swap", look);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const chart of charts.values()) chart.draw(); });
