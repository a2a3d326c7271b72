// A form whose data-api names a method and a path of the API: its fields become a JSON body by their JSON
// pointers, and a problem that comes back is shown beside the fields it names.

function put(body, pointer, value) {
  const steps = pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop();
  let place = body;
  for (const step of steps) place = place[step] ??= {};
  const merges = value && typeof value === "object" && !Array.isArray(value) && place[last];
  place[last] = merges ? { ...value, ...place[last] } : value;
}

function valueOf(field) {
  if (field.dataset.kind === "text") return field.value;
  if (field.dataset.kind === "json") return JSON.parse(field.value);
  if (field.dataset.kind === "names") return field.value.split(",").map((name) => name.trim()).filter(Boolean);
  if (field.dataset.kind === "moment") return new Date(field.value).toISOString();
  const value = Number(field.value);
  return Number.isFinite(value) ? value : field.value;
}

// The JSON body; empty fields, and ticks as they were, are left out, so that they keep their defaults, or null with data-clear.
export function bodyOf(form) {
  const body = JSON.parse(form.dataset.body ?? "{}");
  for (const field of form.querySelectorAll("[data-path]")) {
    if (field.dataset.kind === "flag") {
      if (field.checked !== field.defaultChecked) put(body, field.dataset.path, field.checked);
      continue;
    }
    if (field.value.trim() === "") {
      if (form.dataset.clear !== undefined) put(body, field.dataset.path, null);
      continue;
    }
    try {
      put(body, field.dataset.path, valueOf(field));
    } catch {
      throw { errors: [{ field: field.dataset.path, detail: "This is not JSON.", remedy: 'Write for example {"momentum": 0.9}.' }] };
    }
  }
  for (const list of form.querySelectorAll("[data-list]")) put(body, list.dataset.list, [...list.querySelectorAll(":checked")].map((box) => box.value));
  return body;
}

function tell(element, text) {
  element.textContent = text;
  element.hidden = false;
}

function words(problem) {
  return [problem.detail, problem.remedy].filter(Boolean).join(" ");
}

function showErrors(form, problem) {
  const rest = [];
  for (const error of problem.errors ?? []) {
    const places = [...form.querySelectorAll("[data-error]")].filter((each) => error.field === each.dataset.error || error.field.startsWith(`${each.dataset.error}/`));
    const place = places.sort((a, b) => b.dataset.error.length - a.dataset.error.length)[0];
    if (place) {
      tell(place, words(error));
      place.closest("details")?.setAttribute("open", "");
      form.querySelector(`[data-path="${CSS.escape(place.dataset.error)}"], [name="${CSS.escape(place.dataset.error.slice(1))}"]`)?.setAttribute("aria-invalid", "true");
    } else rest.push(`${error.field}: ${words(error)}`);
  }
  const summary = form.querySelector(".problem:not([data-error])");
  tell(summary, rest.join(" ") || (problem.errors?.length ? "Some fields need another value." : words(problem)));
  (form.querySelector("[aria-invalid]") ?? summary).focus();
}

// One key for each content: sending the same form twice makes one thing.
const keys = new WeakMap();
function keyOf(form, body) {
  if (keys.get(form)?.body !== body) keys.set(form, { body, key: [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("") });
  return keys.get(form).key;
}

function json(form) {
  const body = JSON.stringify(bodyOf(form));
  const headers = { "Content-Type": "application/json" };
  if (form.dataset.idempotent !== undefined) headers["Idempotency-Key"] = keyOf(form, body);
  return { headers, body: body === "{}" ? undefined : body };
}

// A form with data-upload is sent as it is, with its file; what is empty is left out.
function filled(form) {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value === "" || value.size === 0) data.delete(name);
  return data;
}

// Send a form to the API, {name} in its path being a field of it; afterwards go where data-then says ({name} is a field of the reply), or reload.
export async function send(form) {
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  for (const each of form.querySelectorAll(".problem")) each.hidden = true;
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  const [method, spelled] = form.dataset.api.split(" ");
  const path = spelled.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value.trim()));
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  try {
    const response = await fetch(path, { method, ...(form.dataset.upload === undefined ? json(form) : { body: filled(form) }) });
    const text = await response.text();
    const found = text ? JSON.parse(text) : {};
    if (response.ok) finish(form, found);
    else showErrors(form, found);
  } catch (error) {
    showErrors(form, error.errors ? error : { detail: "The server cannot be reached.", remedy: "Try again." });
  }
  button.disabled = false;
}

function finish(form, found) {
  const shown = form.dataset.reveal && document.getElementById(form.dataset.reveal);
  if (shown) {
    const place = shown.querySelector("[data-field]");
    place.textContent = place.dataset.field.split(".").reduce((value, name) => value[name], found);
    shown.hidden = false;
    shown.focus();
    form.reset();
  } else if (form.dataset.then) location.assign(form.dataset.then.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(found[name])));
  else location.reload();
}
