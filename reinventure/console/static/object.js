// The page of one object: loaded anew when its row has changed.

import { on } from "./events.js";
import { reload } from "./reload.js";

const place = document.querySelector("[data-object]").dataset;

on("change", ({ bucket, texts }) => {
  if (bucket === place.bucket && texts.key === place.key) reload();
});

// What cannot be shown as a picture, for example because it has another format than its name says.
const picture = document.querySelector(".picture");
if (picture) {
  const gone = () => picture.remove();
  if (picture.complete && !picture.naturalWidth) gone();
  picture.addEventListener("error", gone);
}
