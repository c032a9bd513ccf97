// The page of the system: numbers in their places, changes in the list, and light on their ways.

import { on } from "./events.js";

const MAX_ROWS = 40;
const FADE = 900; // Milliseconds that a way stays lit.
const MAX_LIGHTS = 4; // On one way at the same time: more are not seen.

const ways = JSON.parse(document.querySelector("[data-ways]").dataset.ways);
const still = matchMedia("(prefers-reduced-motion: reduce)");

const all = (selector) => document.querySelectorAll(selector);
const quoted = (text) => `"${CSS.escape(text)}"`;

on("numbers", ({ parts, problem }) => {
  for (const [id, numbers] of Object.entries(parts)) {
    for (const part of all(`[data-part=${quoted(id)}]`)) {
      if (part.classList.contains("off")) continue;
      for (const line of part.querySelectorAll("[data-line]")) {
        line.textContent = numbers[line.dataset.line];
      }
      part.classList.toggle("failing", numbers.failing);
      part.querySelector(".failures")?.classList.toggle("waiting", numbers.waiting > 0);
    }
    for (const way of all(`[data-way$=${quoted(` ${id}`)}]`)) {
      way.classList.toggle("failing", numbers.failing);
    }
  }
  tell("numbers", problem);
});

on("following", ({ problem }) => tell("following", problem));

function tell(name, problem) {
  document.querySelector(`[data-problem="${name}"]`).textContent = problem ?? "";
}

const list = document.querySelector("[data-changes]");
const template = document.querySelector('[data-template="change"]');

on("change", ({ bucket, href, milliseconds, texts }) => {
  const row = template.content.firstElementChild.cloneNode(true);
  for (const field of row.querySelectorAll("[data-field]")) {
    field.textContent = texts[field.dataset.field];
  }
  row.querySelector("[data-kind]").dataset.kind = texts.kind;
  row.querySelector("a").href = href;
  row.classList.add("new");
  list.prepend(row);
  while (list.children.length > MAX_ROWS) list.lastElementChild.remove();
  list.nextElementSibling.hidden = true;
  if (milliseconds !== null && !still.matches) light(ways[bucket] ?? [], milliseconds);
});

/** Light the ways of a change, one step after the other, in the time that it took. */
function light(steps, milliseconds) {
  const each = milliseconds / steps.length;
  steps.forEach((step, number) => {
    for (const way of step) {
      for (const glow of all(`[data-way=${quoted(way)}] .glow`)) {
        if (glow.getAnimations().length < MAX_LIGHTS) shine(glow, number * each, each);
      }
    }
  });
}

function shine(glow, delay, duration) {
  const arrived = duration / (duration + FADE);
  glow.animate(
    [
      { strokeDashoffset: 1, opacity: 1 },
      { strokeDashoffset: 0, opacity: 1, offset: arrived },
      { strokeDashoffset: 0, opacity: 0 },
    ],
    { delay, duration: duration + FADE },
  );
}
