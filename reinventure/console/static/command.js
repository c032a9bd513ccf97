// The page of a running command: its lines as they are printed.

import { on } from "./events.js";

const place = (name) => document.querySelector(`[data-command="${name}"]`);

on("command", ({ lines, status }) => {
  place("lines").replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
  if (status !== null) {
    place("ending").textContent = status === 0 ? "Done." : `It ended with exit code ${status}.`;
  }
});
