// The page of the cost: figures in their places. A table with other lines is fetched anew.

import { on } from "./events.js";
import { refresh } from "./refresh.js";

on("cost", ({ problem, sums, lines }) => {
  document.querySelector('[data-problem="cost"]').textContent = problem ?? "";
  for (const [name, text] of Object.entries(sums)) {
    document.querySelector(`[data-sum="${name}"]`).textContent = text;
  }
  const rows = [...document.querySelectorAll("tbody tr")];
  const place = (row, name) => row.querySelector(`[data-field="${name}"]`);
  const same =
    rows.length === lines.length &&
    rows.every((row, n) => ["service", "reason", "unit"].every((name) => place(row, name).textContent === lines[n][name]));
  if (!same) {
    refresh();
    return;
  }
  rows.forEach((row, n) => {
    for (const [name, text] of Object.entries(lines[n])) {
      if (place(row, name).textContent !== text) place(row, name).textContent = text;
    }
    row.dataset.from = lines[n].from;
  });
});
