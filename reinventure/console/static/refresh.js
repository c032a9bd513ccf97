// The content of the page anew, in place. To load the page anew would cancel a navigation that has
// just begun, and lose the focus.

import { released } from "./press.js";

const FOCUSABLE = "a[href], button, summary, input:not([type=hidden])";

const main = document.querySelector("main");
let next = Promise.resolve();
let waiting = false;

/** Fetch the page and show its `main` in place of the one that is there, one after the other. */
export function refresh() {
  if (waiting) return;
  waiting = true;
  next = next.then(async () => {
    // What happens from here on may be missing in the reply.
    waiting = false;
    const reply = await fetch(location.href);
    const found = new DOMParser().parseFromString(await reply.text(), "text/html");
    const content = found.querySelector("main");
    // Another console at this port refuses without one; the frame says so.
    if (!content) return;
    await released();
    replace(content, found.title);
  }).catch(() => {
    // The server is gone: the frame says so, and the page is loaded anew when it is back.
  });
}

function replace(content, title) {
  const focused = main.contains(document.activeElement) && named(document.activeElement);
  const open = [...main.querySelectorAll("details")].map((each) => each.open);
  main.replaceChildren(...content.childNodes);
  document.title = title;
  main.querySelectorAll("details").forEach((each, n) => { each.open = open[n] ?? each.open; });
  if (!focused) return;
  const same = [...main.querySelectorAll(FOCUSABLE)].find((each) => named(each) === focused);
  (same ?? main).focus({ preventScroll: true });
}

/** Return what names a link or button: it is another element after each time. */
function named(element) {
  const { tagName, textContent, form } = element;
  return [tagName, element.getAttribute("href") ?? form?.action, textContent].join(" ");
}
