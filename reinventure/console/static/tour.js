// The tour, on every page: what its bar says, which page it shows, and whether that page has shown
// what the step promises.

import { on } from "./events.js";

const bar = document.querySelector(".tour");
const place = (name) => bar.querySelector(`[data-tour="${name}"]`);
let state = JSON.parse(bar.dataset.state);
let told = 0;

on("tour", (now) => {
  state = now;
  show();
});

function show() {
  bar.hidden = !state.running && state.ending === null;
  place("place").textContent = state.running ? state.place : "";
  place("title").textContent = state.running ? state.title : "";
  place("text").textContent = state.running ? state.text : (state.ending ?? "");
  place("button").textContent = state.running ? "Stop the tour" : "Close the tour";
  bar.classList.toggle("completed", state.completed);
  if (state.running && state.page && state.page !== location.pathname + location.search) {
    location.assign(state.page);
    return;
  }
  look();
}

/** Tell the console once what is seen, not what was sent: only text that has a place on the page. */
function look() {
  if (!state.running || !state.page || told === state.view) return;
  const text = [...document.querySelectorAll(state.within)].map((each) => each.innerText).join("\n");
  if (!state.seen.every((each) => text.includes(each))) return;
  told = state.view;
  fetch("/break-it/tour/saw", { method: "POST", body: new URLSearchParams({ view: state.view }) });
}

new MutationObserver(look).observe(document.body, {
  childList: true,
  subtree: true,
  characterData: true,
});

// The page stays: the bar says how the tour ended.
bar.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  fetch(event.target.action, { method: "POST", redirect: "manual" });
});

// A live region is read out when it changes, not when a page comes with it.
for (const name of ["place", "title", "text"]) place(name).textContent = "";
setTimeout(show, 100);
