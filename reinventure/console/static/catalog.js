// The totals of a place: read again while changes come, and until they are counted.

import { on } from "./events.js";
import { released } from "./press.js";

// Milliseconds after a change, or after the reading before. Totals may gather changes for a minute.
const DELAYS = [1000, 2000, 5000, 15000, 60000];

const section = document.querySelector(".place");
const totals = section.querySelector("[data-totals]");
let shown = totals.innerHTML;
let timer = null;
let step = 0;

on("change", ({ bucket }) => {
  if (section.dataset.bucket && bucket !== section.dataset.bucket) return;
  step = 0;
  timer ??= setTimeout(read, DELAYS[0]);
});

async function read() {
  // Nobody looks: once, when the page is seen again.
  if (document.hidden) {
    document.addEventListener("visibilitychange", read, { once: true });
    return;
  }
  try {
    const reply = await fetch(totals.dataset.totals);
    if (reply.ok) {
      const text = await reply.text();
      await released();
      show(text);
    }
  } catch {
    // The server is gone: the frame says so, and the page is loaded anew when it is back.
  }
  step += 1;
  timer = step < DELAYS.length ? setTimeout(read, DELAYS[step]) : null;
}

function show(text) {
  if (text === shown) return;
  shown = text;
  const focused = totals.contains(document.activeElement) ? document.activeElement : null;
  const [href, inList] = [focused?.getAttribute("href"), focused?.closest("ul") !== null];
  const scrolled = totals.querySelector(".totals")?.scrollTop ?? 0;
  const found = document.createElement("template");
  // Made by the server, which escapes each text.
  found.innerHTML = text;
  totals.replaceChildren(found.content);
  const list = totals.querySelector(".totals");
  if (list) list.scrollTop = scrolled;
  if (href) {
    totals
      .querySelector(`${inList ? "ul" : ""} a[href="${CSS.escape(href)}"]`)
      ?.focus({ preventScroll: true });
  }
}
