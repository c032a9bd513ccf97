// What every page does: the badge, the number of failures, and whether the server answers.

import { on, onConnection } from "./events.js";
import { refresh } from "./refresh.js";

const badge = document.querySelector(".badge");
const place = (name) => badge.querySelector(`[data-badge="${name}"]`);

function showAge() {
  const time = place("at");
  if (!time.dateTime) {
    time.textContent = "";
    return;
  }
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
  const text = seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
  time.textContent = `${text} ago`;
}

on("comparison", (found) => {
  if (place("word").textContent !== found.word) place("word").textContent = found.word;
  place("keys").textContent = found.keys;
  place("at").dateTime = found.at ?? "";
  badge.dataset.state = found.state;
  badge.toggleAttribute("data-running", found.running);
  showAge();
});

// Without this script the button leads to the page of the differences; with it, the page stays.
badge.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  fetch(event.target.action, { method: "POST", redirect: "manual" });
});

const failures = document.querySelector('nav [data-page="/failures"]');
on("numbers", ({ failed }) => {
  failures.querySelector(".count")?.remove();
  if (failed) {
    const count = document.createElement("span");
    count.className = "count";
    count.textContent = failed.toLocaleString("en");
    failures.append(count);
  }
});

const cost = document.querySelector('nav [data-page="/cost"]');
on("cost", ({ total }) => {
  cost.querySelector(".sum")?.remove();
  if (!total) return;
  const sum = document.createElement("span");
  sum.className = "sum";
  sum.textContent = total;
  cost.append(sum);
});

// A page that shows the end state of something shows it anew when it has changed.
for (const section of document.querySelectorAll("[data-refresh-on]")) {
  on(section.dataset.refreshOn, (state) => {
    if (!state.running) refresh();
  });
}

onConnection((state) => {
  for (const each of document.querySelectorAll(".offline")) each.hidden = each.dataset.connection !== state;
});

showAge();
setInterval(showAge, 1000);
