// Loading the page anew, when events are lost that its scripts needed.

import { released } from "./press.js";

const STAYED = 10_000; // Milliseconds after which a navigation that began was cancelled.

let leaving = false;
addEventListener("beforeunload", () => {
  leaving = true;
  setTimeout(() => { leaving = false; }, STAYED);
});
addEventListener("pageshow", () => { leaving = false; });

/** Load the page anew, unless a link or form was followed: that would be cancelled. */
export async function reload() {
  await released();
  if (!leaving) location.reload();
}
