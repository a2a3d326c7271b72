// The submit form's estimate: what the request as it stands would cost, asked for when the form has changed.
import { bodyOf } from "./forms.js";

const form = document.getElementById("job");
const place = document.getElementById("estimate");
let due = null;

async function ask() {
  if (!form.checkValidity()) {
    place.textContent = "The estimate comes when every required field is filled.";
    return;
  }
  let body;
  try {
    body = JSON.stringify(bodyOf(form));
  } catch {
    return;
  }
  const response = await fetch("/submit/estimate", { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
  if (response?.ok) place.innerHTML = await response.text();
  else if (response?.status === 422) place.textContent = "The estimate comes when every field is valid.";
}

form?.addEventListener("input", () => {
  clearTimeout(due);
  due = setTimeout(ask, 300);
});
if (form) ask();
