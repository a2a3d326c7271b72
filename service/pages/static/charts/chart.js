// One chart on the page: its data, its drawing by uPlot, its words for who points at it or walks it by keys.
import { colours } from "./colours.js";

export class Chart {
  // kind(data, theme, options) gives { options, data, describe(u, index), legend, controls } or null for no chart.
  constructor(figure, kind) {
    this.figure = figure;
    this.kind = kind;
    this.plot = figure.querySelector(".plot");
    this.readout = figure.querySelector(".readout");
    this.legend = figure.querySelector(".legend");
    this.bar = figure.querySelector(".chart-bar");
    this.visible = false;
    this.choices = {};
    this.shown = null;
    this.data = null;
    this.uplot = null;
    this.readAt = 0;
    this.sized = new ResizeObserver(() => this.resize());
    this.sized.observe(this.plot);
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("blur", () => this.rest());
    this.plot.addEventListener("pointerleave", () => this.rest());
  }

  get wanted() {
    const query = new URLSearchParams(Object.entries(this.choices).filter(([name]) => !name.startsWith("_")));
    const { src, version } = this.figure.dataset;
    return { url: query.size ? `${src}${src.includes("?") ? "&" : "?"}${query}` : src, version };
  }

  // Fetch and draw what is not shown yet; not more often than once in pauseMs, and only in view.
  async refresh(pauseMs = 0) {
    const { url, version } = this.wanted;
    const wanted = `${url} ${version}`;
    if (!this.visible || this.shown === wanted || this.loading) return;
    const wait = this.readAt + pauseMs - performance.now();
    if (wait > 0) {
      clearTimeout(this.due);
      this.due = setTimeout(() => this.refresh(pauseMs), wait);
      return;
    }
    this.loading = true;
    try {
      const response = await fetch(url);
      if (!response.ok) throw response.status;
      this.data = await response.json();
      this.shown = wanted;
    } catch {
      this.failed();
    }
    this.readAt = performance.now();
    this.loading = false;
    if (this.shown !== wanted) return;
    this.draw();
    this.refresh(pauseMs);
  }

  failed() {
    if (this.uplot) return;
    this.readout.replaceChildren("The chart could not be loaded. ");
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => this.refresh());
    this.readout.append(again);
  }

  draw() {
    if (!this.data) return;
    const kept = this.uplot?.cursor.idx;
    this.uplot?.destroy();
    this.uplot = null;
    const made = this.kind(this.data, colours(), this.choices);
    this.plot.setAttribute("aria-label", this.data.label);
    this.made = made;
    this.controls(made?.controls ?? []);
    if (!made) {
      this.readout.textContent = "There is nothing to draw yet.";
      this.legend.replaceChildren();
      return;
    }
    const hooks = { ...made.options.hooks, setCursor: [(u) => this.point(u)] };
    this.uplot = new uPlot({ ...this.size(), ...made.options, hooks, legend: { show: false } }, made.data, this.plot);
    this.showLegend(made.legend ?? []);
    this.rest();
    if (kept != null && this.plot === document.activeElement) this.go(kept);
  }

  size() {
    const width = Math.max(240, this.plot.clientWidth);
    return { width, height: Math.round(Math.min(380, Math.max(240, width * 0.42))) };
  }

  resize() {
    if (this.uplot && Math.abs(this.uplot.width - this.size().width) > 1) this.uplot.setSize(this.size());
  }

  point(u) {
    const index = this.made.pick ? this.made.pick(u) : u.cursor.idx;
    if (index == null || u.cursor.left < 0) return;
    this.at = index;
    this.readout.textContent = this.made.describe(index);
  }

  rest() {
    if (!this.made) return;
    this.at = null;
    this.uplot?.setCursor({ left: -10, top: -10 }, false);
    this.made.rest?.(this.uplot);
    this.readout.textContent = this.made.hint ?? "Point at the chart for values, or walk it with the arrow keys.";
  }

  key(event) {
    const length = this.made?.length ?? this.uplot?.data[0].length ?? 0;
    const step = event.shiftKey ? 10 : 1;
    const to = { ArrowRight: (this.at ?? -1) + step, ArrowLeft: (this.at ?? length) - step, Home: 0, End: length - 1 }[event.key];
    if (to === undefined || !length) return;
    event.preventDefault();
    this.go(Math.min(length - 1, Math.max(0, to)));
  }

  go(index) {
    this.at = index;
    const [left, top] = this.made.place?.(this.uplot, index) ?? [this.uplot.valToPos(this.uplot.data[0][index], "x"), 0];
    this.uplot.setCursor({ left, top }, false);
    this.made.focus?.(this.uplot, index);
    this.readout.textContent = this.made.describe(index);
  }

  showLegend(items) {
    this.legend.replaceChildren(...items.map(({ name, className, line }) => {
      const item = document.createElement("span");
      item.className = "param";
      const swatch = document.createElement("span");
      swatch.className = `swatch ${className}${line ? ` ${line}` : ""}`;
      item.append(swatch, name);
      return item;
    }));
  }

  // Small choices above the chart: { name, label, kind: "check" | "select", items, value }.
  controls(wanted) {
    const spelled = JSON.stringify(wanted);
    if (this.spelled === spelled) return;
    this.spelled = spelled;
    this.bar.replaceChildren(...wanted.map(({ name, label, kind, items, value }) => {
      const outer = document.createElement("label");
      const input = document.createElement(kind === "select" ? "select" : "input");
      if (kind === "select") for (const [key, text] of items) input.append(new Option(text, key, false, key === value));
      else Object.assign(input, { type: "checkbox", checked: Boolean(value) });
      input.addEventListener("change", () => {
        this.choices[name] = kind === "select" ? input.value : input.checked;
        if (name.startsWith("_")) this.draw();
        else this.refresh();
      });
      outer.append(...(kind === "select" ? [`${label} `, input] : [input, ` ${label}`]));
      return outer;
    }));
  }

  destroy() {
    clearTimeout(this.due);
    this.sized.disconnect();
    this.uplot?.destroy();
  }
}
