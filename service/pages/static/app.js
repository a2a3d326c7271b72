// What every page needs beside htmx: the offline banner, copying, and forms that speak to the API.
import { send } from "./forms.js";

const offline = document.getElementById("offline");

document.addEventListener("htmx:sse:error", () => { offline.hidden = false; });
document.addEventListener("htmx:sse:after:connection", () => { offline.hidden = true; });
document.addEventListener("htmx:error", (event) => { offline.hidden = !event.detail.ctx; });
document.addEventListener("htmx:after:request", (event) => {
  const { status, raw } = event.detail.ctx.response;
  offline.hidden = status < 500;
  // Signed out meanwhile: the reply is the login page.
  if (raw.redirected && new URL(raw.url).pathname === "/login") location.reload();
});
addEventListener("offline", () => { offline.hidden = false; });
addEventListener("online", () => { offline.hidden = true; });

// The stream of a job that has ended ends with it, and is not opened again.
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.detail.connection.attempt > 0 && document.querySelector("#live[data-final]")) event.preventDefault();
});

// A stream that could not begin is tried again; one that broke off htmx resumes by itself.
function beginAgain(event) {
  const feed = event.target;
  if (feed.id === "feed") setTimeout(() => globalThis.htmx.process(feed, true), 3000);
}
document.addEventListener("htmx:error", beginAgain);
document.addEventListener("htmx:response:error", beginAgain);

// A refresh leaves open what the reader has opened.
globalThis.htmx.registerExtension("keep-open", {
  htmx_before_morph_attr: (element, { attrName }) => !(attrName === "open" && element.tagName === "DETAILS"),
});

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  let told = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS there is no clipboard: select the text, so that one key copies it.
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    told = "Press Ctrl+C";
  }
  button.textContent = told;
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.api) return;
  event.preventDefault();
  send(event.target);
});
