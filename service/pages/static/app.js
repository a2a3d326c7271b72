// Everything here is an addition: pages are whole without it, but for submitting and cancelling.
"use strict";

const offline = document.getElementById("offline");
const live = document.getElementById("live");
const PAUSE_MS = 1000;

function busy() {
  const selection = document.getSelection();
  const selecting = selection && !selection.isCollapsed && live.contains(selection.anchorNode);
  return document.hidden || selecting || (live.contains(document.activeElement) && document.activeElement.matches("select, input, button"));
}

// Replace the live part, but leave open what the reader has opened.
function show(html) {
  const open = [...live.querySelectorAll("details[open]")].map((each) => each.id);
  const checked = [...live.querySelectorAll("input:checked")].map((each) => each.id);
  live.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const id of checked) if (document.getElementById(id)) document.getElementById(id).checked = true;
}

async function fetchLive(url, pick) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" } });
    offline.hidden = response.ok;
    if (response.ok) show(pick(await response.text()));
  } catch {
    offline.hidden = false;
  }
}

function watchList(seconds) {
  const pick = (html) => new DOMParser().parseFromString(html, "text/html").getElementById("live").innerHTML;
  setInterval(() => busy() || fetchLive(location.href, pick), seconds * 1000);
}

// Events say that something changed; what the page shows is then asked for, at most once in PAUSE_MS.
function watchJob(eventsUrl, liveUrl) {
  const source = new EventSource(eventsUrl);
  let due = null;
  const refresh = () => {
    due = null;
    if (busy()) due = setTimeout(refresh, PAUSE_MS);
    else fetchLive(liveUrl, (html) => html);
  };
  const changed = (event) => {
    const ended = event.type === "state" && ["succeeded", "failed", "cancelled"].includes(JSON.parse(event.data).data.state);
    if (ended) source.close();
    due ??= setTimeout(refresh, PAUSE_MS);
  };
  for (const kind of ["state", "phase", "progress", "trial", "range_test", "engine", "warning", "answer"]) source.addEventListener(kind, changed);
  source.addEventListener("open", () => { offline.hidden = true; });
  source.addEventListener("error", () => { offline.hidden = false; });
}

if (live?.dataset.events) watchJob(live.dataset.events, live.dataset.live);
if (live?.dataset.refreshS) watchList(Number(live.dataset.refreshS));

function tell(element, text) {
  element.textContent = text;
  element.hidden = false;
}

function words(problem) {
  return [problem.detail, problem.remedy].filter(Boolean).join(" ");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copy) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
  if (button?.dataset.cancel && confirm("Cancel this job? What it has measured stays readable.")) {
    button.disabled = true;
    try {
      const response = await fetch(button.dataset.cancel, { method: "POST" });
      if (!response.ok) tell(document.getElementById("problem"), words(await response.json()));
      button.blur();
    } catch {
      offline.hidden = false;
    }
    button.disabled = false;
  }
});

// Learning rate under the pointer, in words, beside a line.
document.addEventListener("pointermove", (event) => {
  const svg = event.target.closest?.("svg[data-hover]");
  for (const each of document.querySelectorAll("svg[data-hover] .hover")) if (each.closest("svg") !== svg) each.setAttribute("hidden", "");
  if (!svg) return;
  const { xLow, xHigh, xStart, xEnd } = svg.dataset;
  const box = svg.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
  const hover = svg.querySelector(".hover");
  if (x < +xStart || x > +xEnd) { hover.setAttribute("hidden", ""); return; }
  const share = (x - xStart) / (xEnd - xStart);
  const lr = 10 ** (Math.log10(+xLow) + share * (Math.log10(+xHigh) - Math.log10(+xLow)));
  const [line, text] = [hover.querySelector("line"), hover.querySelector("text")];
  line.setAttribute("x1", x);
  line.setAttribute("x2", x);
  text.setAttribute("x", share > 0.8 ? x - 6 : x + 6);
  text.setAttribute("text-anchor", share > 0.8 ? "end" : "start");
  text.textContent = `LR ${lr.toPrecision(2)}`;
  hover.removeAttribute("hidden");
});

// The form as a request: empty fields keep their defaults.
const form = document.getElementById("job");

function put(request, pointer, value) {
  const steps = pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop();
  let place = request;
  for (const step of steps) place = place[step] ??= {};
  const merges = value && typeof value === "object" && !Array.isArray(value) && place[last];
  place[last] = merges ? { ...value, ...place[last] } : value;
}

function valueOf(field) {
  if (field.dataset.kind === "text") return field.value;
  if (field.dataset.kind === "json") return JSON.parse(field.value);
  const value = Number(field.value);
  return Number.isFinite(value) ? value : field.value;
}

function request() {
  const found = { task: form.dataset.task };
  for (const field of form.querySelectorAll("[data-path]")) {
    if (field.value.trim() === "") continue;
    try {
      put(found, field.dataset.path, valueOf(field));
    } catch {
      throw { errors: [{ field: field.dataset.path, detail: "This is not JSON.", remedy: 'Write for example {"momentum": 0.9}.' }] };
    }
  }
  for (const list of form.querySelectorAll("[data-list]")) put(found, list.dataset.list, [...list.querySelectorAll(":checked")].map((box) => box.value));
  return found;
}

function showErrors(problem) {
  const rest = [];
  for (const error of problem.errors ?? []) {
    const places = [...form.querySelectorAll("[data-error]")].filter((each) => error.field === each.dataset.error || error.field.startsWith(`${each.dataset.error}/`));
    const place = places.sort((a, b) => b.dataset.error.length - a.dataset.error.length)[0];
    if (place) {
      tell(place, words(error));
      place.closest("details")?.setAttribute("open", "");
      document.getElementById(`f${place.dataset.error}`)?.setAttribute("aria-invalid", "true");
    } else rest.push(`${error.field}: ${words(error)}`);
  }
  const summary = document.getElementById("problem");
  tell(summary, rest.join(" ") || (problem.errors?.length ? "Some fields need another value." : words(problem)));
  (form.querySelector("[aria-invalid]") ?? summary).focus();
}

// One key for each content: sending the same form twice gives one job.
let key = crypto.randomUUID?.() ?? String(Math.random());
form?.addEventListener("input", () => { key = crypto.randomUUID?.() ?? String(Math.random()); });

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const each of form.querySelectorAll(".problem")) each.hidden = true;
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  const button = form.querySelector("button.primary");
  button.disabled = true;
  try {
    const response = await fetch("/v1/jobs", { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": key }, body: JSON.stringify(request()) });
    const found = await response.json();
    if (response.ok) location.assign(`/jobs/${found.id}`);
    else showErrors(found);
  } catch (error) {
    showErrors(error.errors ? error : { detail: "The server cannot be reached.", remedy: "Try again." });
  }
  button.disabled = false;
});
