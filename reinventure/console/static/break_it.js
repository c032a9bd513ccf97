// The page that breaks the local cloud: it stays, and its changing part is fetched when a fault
// begins, ends, or is healed.

import { on } from "./events.js";
import { released } from "./press.js";

const place = document.querySelector("[data-breaking]");
const live = document.querySelector("[data-said]");
const start = document.querySelector('form[action$="/tour/start"] button');
let shown = null;
let [faulty, touring] = [false, false];
let next = Promise.resolve();

on("breaking", ({ phase, fault, problem }) => {
  const now = JSON.stringify([phase, fault, problem]);
  if (now !== shown) refresh();
  shown = now;
  faulty = phase === "on" || phase === "healing";
  allow();
});
// After `repair`, and whenever a comparison ends that was not the page's own.
on("comparison", ({ running }) => {
  if (!running && place.querySelector(".state")) refresh();
});
on("tour", ({ running }) => {
  touring = running;
  allow();
  refresh();
});

/** Let the tour start when nothing else runs. */
function allow() {
  start.disabled = faulty || touring || start.hasAttribute("data-read-only");
}

/** Fetch the part that changes, one request after the other, and keep the focus where it is. */
function refresh() {
  next = next.then(async () => {
    const reply = await fetch(place.dataset.breaking);
    if (!reply.ok) return;
    const part = new DOMParser().parseFromString(await reply.text(), "text/html");
    await released();
    const focused = document.activeElement?.id;
    place.replaceChildren(...part.body.childNodes);
    if (focused) document.getElementById(focused)?.focus();
    say();
    count();
  }, console.error);
}

function say() {
  const said = place.querySelector(".state .said");
  if (!said) return;
  const text = `${place.querySelector(".state h2").textContent}: ${said.textContent}`;
  // The seconds that are left are seen, not read out again and again.
  if (live.textContent !== text) live.textContent = text;
}

function count() {
  const until = place.querySelector("[data-until]");
  if (!until) return;
  const seconds = Math.max(0, Math.ceil((Date.parse(until.dateTime) - Date.now()) / 1000));
  until.textContent = `It ends by itself in ${seconds} s.`;
}

// Without this script a button leads to the page anew; with it, the page stays.
place.addEventListener("submit", (event) => {
  const { action } = event.target;
  if (!action.endsWith("/begin") && !action.endsWith("/end")) return;
  event.preventDefault();
  fetch(action, {
    method: "POST",
    body: new URLSearchParams(new FormData(event.target)),
    redirect: "manual",
  }).then(refresh);
});

count();
setInterval(count, 1000);
