// The page of one object: fetched anew when its row has changed.

import { on } from "./events.js";
import { refresh } from "./refresh.js";

const place = document.querySelector("[data-object]").dataset;

on("change", ({ bucket, texts }) => {
  if (bucket === place.bucket && texts.key === place.key) refresh();
});

// What cannot be shown as a picture, for example because it has another format than its name says.
const picture = document.querySelector(".picture");
if (picture?.complete && !picture.naturalWidth) picture.remove();
document.addEventListener("error", ({ target }) => { if (target.matches(".picture")) target.remove(); }, true);
