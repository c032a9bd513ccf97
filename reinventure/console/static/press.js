// What replaces a part of the page waits while a pointer is down: a click is lost if what was pressed
// is gone when it is let go.

let letGo = null;
let released_ = Promise.resolve();

addEventListener("pointerdown", ({ button }) => {
  // The menu of another button may keep its pointerup.
  if (button === 0 && !letGo) released_ = new Promise((resolve) => { letGo = resolve; });
}, true);

for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, () => {
    // The click comes after this event.
    setTimeout(() => {
      letGo?.();
      letGo = null;
    });
  }, true);
}

/** Return a promise that is kept when no pointer is down. */
export function released() {
  return released_;
}
