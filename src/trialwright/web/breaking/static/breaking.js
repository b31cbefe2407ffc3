// The page works without this. It keeps a second click from sending twice, a scanner's Enter from sending too early,
// and a page from the browser's memory from showing anything again.
"use strict";
const form = document.querySelector("form");
if (form) {
  const button = form.querySelector("button");
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    sent = true;
    button.textContent = "Opening …";
    setTimeout(() => { button.disabled = true; }, 0);
  });
  form.elements.label.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !form.elements.passphrase.value) {
      event.preventDefault();
      form.elements.category[0].focus();
    }
  });
  const problems = document.getElementById("problems");
  if (problems && !document.querySelector("[autofocus]")) problems.focus();
}
addEventListener("pageshow", (event) => { if (event.persisted) location.replace("/"); });
