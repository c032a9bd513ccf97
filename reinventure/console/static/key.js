// The page of one key: loads its life anew when something has come, and keeps what is open.

import { on } from "./events.js";
import { released } from "./press.js";

const MINUTES = 60_000;

const place = document.querySelector("[data-life]");
let loading = false;
let again = false;

on("key", (found) => {
  if (found.place === place.dataset.place) load();
});

// At the log level `info` there are no lines, but each change still comes.
on("change", ({ bucket, texts }) => {
  if (bucket === place.dataset.bucket && texts.key === place.dataset.key) load();
});

on("comparison", ({ running }) => {
  if (!running) load();
});

async function load() {
  again = loading;
  if (loading) return;
  loading = true;
  try {
    const reply = await fetch(place.dataset.life);
    if (!reply.ok) return;
    const text = await reply.text();
    await released();
    show(text);
  } catch {
    // The server is gone: the frame says so, and the page is loaded anew when it is back.
  } finally {
    loading = false;
    if (again) load();
  }
}

function show(text) {
  const read = (name) => new Set([...place.querySelectorAll(name)].map(entryOf));
  const [known, open] = [read("[data-entry]"), read("details[open]")];
  const found = document.createElement("template");
  // Made by the server, which escapes each text.
  found.innerHTML = text;
  for (const entry of found.content.querySelectorAll("[data-entry]")) {
    if (!known.has(entryOf(entry))) entry.classList.add("new");
    if (open.has(entryOf(entry))) entry.querySelector("details")?.setAttribute("open", "");
  }
  const focused = place.contains(document.activeElement) && entryOf(document.activeElement);
  place.replaceChildren(found.content);
  if (focused) {
    const entry = place.querySelector(`[data-entry="${CSS.escape(focused)}"]`);
    entry?.querySelector("summary")?.focus({ preventScroll: true });
  }
}

function entryOf(element) {
  return element.closest("[data-entry]")?.dataset.entry;
}

// The server watches a key for some minutes after it was asked for.
setInterval(load, 4 * MINUTES);
