// The stream of events of the console. The browser connects again by itself, and sends the id of the
// last event; `reload` says that some are lost, and the page is loaded anew.

import { reload } from "./reload.js";

const listeners = new Map();
const source = new EventSource(`/events?after=${encodeURIComponent(document.body.dataset.position)}`);

/** Call `act` with the data of each event `name`. */
export function on(name, act) {
  if (!listeners.has(name)) {
    listeners.set(name, []);
    source.addEventListener(name, (event) => {
      const data = JSON.parse(event.data);
      for (const each of listeners.get(name)) each(data);
    });
  }
  listeners.get(name).push(act);
}

/** Call `act` at each change of the connection with `open`, `lost` or, if it does not come again, `refused`. */
export function onConnection(act) {
  source.addEventListener("open", () => act("open"));
  // Another console at this port has another token.
  source.addEventListener("error", () => act(source.readyState === EventSource.CLOSED ? "refused" : "lost"));
}

on("reload", reload);

// A page that is left must not hold its connection: a browser has six for one host.
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => {
  if (event.persisted) reload();
});
