// The page of the command: the one that runs, also if it has begun after the page, and its lines as
// they are printed.

import { on } from "./events.js";

const place = (name) => document.querySelector(`[data-command="${name}"]`);

on("command", ({ command, lines, status }) => {
  const name = Object.assign(document.createElement("code"), { textContent: command });
  if (place("name").textContent !== command) place("name").replaceChildren(name);
  place("lines").replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
  const ended = status === 0 ? "Done." : `It ended with exit code ${status}.`;
  place("ending").textContent = status === null ? "Running." : ended;
});
