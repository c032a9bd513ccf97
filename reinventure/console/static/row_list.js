// The list of rows: page by page as one scrolls, with as many elements as a screen has.

import { on } from "./events.js";

const AHEAD = 100; // Rows below the last visible one, at which the next page is read.
const MARGIN = 8; // Rows above and below the visible ones that have elements.

const place = (name) => document.querySelector(`[data-rows="${name}"]`);
const grid = document.querySelector("[data-source]");
if (grid) start();

function start() {
  const template = grid.querySelector("template").content.firstElementChild;
  const [frame, body] = [place("window"), place("rows")];
  const elements = new Map(); // By the number of the row.
  let [rows, cursor, read] = [[], "", 0]; // A cursor that is null is the end.
  let [active, loading, stopped, waiting] = [0, null, false, false];
  let [height, changed] = [0, 0];

  measure();
  load();

  function measure() {
    height = parseFloat(getComputedStyle(grid).getPropertyValue("--row"));
    render();
  }

  function visible() {
    const first = Math.floor(frame.scrollTop / height);
    return [first, first + Math.ceil(frame.clientHeight / height)];
  }

  function render() {
    // First, as the window is as high as its rows, up to a limit.
    body.style.height = `${rows.length * height}px`;
    const [first, last] = visible();
    const wanted = new Set();
    for (let n = Math.max(0, first - MARGIN); n < Math.min(rows.length, last + MARGIN); n += 1) {
      wanted.add(n);
    }
    // What has the focus stays, wherever one scrolls.
    if (active < rows.length) wanted.add(active);
    for (const [number, element] of elements) {
      if (!wanted.has(number)) {
        element.remove();
        elements.delete(number);
      }
    }
    for (const number of [...wanted].sort((a, b) => a - b)) {
      if (!elements.has(number)) add(number);
    }
    for (const [number, element] of elements) {
      element.style.transform = `translateY(${number * height}px)`;
      element.querySelector("a").tabIndex = number === active ? 0 : -1;
    }
    if (rows.length < last + AHEAD) load();
  }

  function add(number) {
    const row = rows[number];
    const element = template.cloneNode(true);
    const link = element.querySelector("a");
    link.textContent = row.key;
    link.title = row.key;
    link.href = row.href;
    element.querySelector('[data-cell="time"]').textContent = row.time;
    element.querySelector('[data-cell="size"]').textContent = row.size;
    element.setAttribute("aria-rowindex", number + 2);
    if (row.picture) {
      const image = Object.assign(new Image(), { src: row.picture, alt: "" });
      image.addEventListener("error", () => image.remove());
      link.before(image);
    }
    // In the order of the rows, for those who read without seeing.
    const after = [...elements.keys()].filter((each) => each < number);
    const before = after.length ? elements.get(Math.max(...after)) : null;
    if (before) before.after(element);
    else body.prepend(element);
    elements.set(number, element);
  }

  async function load() {
    if (loading || cursor === null || stopped || !place("problem").matches(":empty")) return;
    const mine = (loading = new AbortController());
    tell();
    try {
      const source = `${grid.dataset.source}&cursor=${encodeURIComponent(cursor)}`;
      const reply = await fetch(source, { signal: mine.signal });
      const found = await reply.json();
      if (mine !== loading) return;
      if (!reply.ok) throw new Error(found.problem);
      rows.push(...found.rows);
      [cursor, read] = [found.next, read + found.read];
    } catch (error) {
      if (mine !== loading) return;
      const gone = error instanceof TypeError || error instanceof SyntaxError;
      place("problem").textContent = gone ? "The console does not answer." : error.message;
    }
    loading = null;
    render();
    if (waiting && active + 1 < rows.length) move(active + 1);
    waiting = false;
    tell();
  }

  function tell() {
    const failed = !place("problem").matches(":empty");
    const number = rows.length.toLocaleString("en");
    const ended = cursor === null;
    const searching = grid.hasAttribute("data-conditional");
    let end = ", more as you scroll";
    if (ended) end = "";
    else if (failed) end = ", not all";
    else if (stopped) end = ", stopped";
    else if (loading && searching) end = ", searching";
    if (searching) {
      place("told").textContent = `${number} found in ${read.toLocaleString("en")} rows read${end}`;
    } else if (rows.length) {
      place("told").textContent = ended ? `${number}, all shown` : `${number} read${end}`;
    } else {
      place("told").textContent = ended || failed ? "" : "Reading …";
    }
    place("stop").hidden = ended || failed || !searching;
    place("stop").textContent = stopped ? "Go on" : "Stop";
    if (failed) place("again").textContent = "Try again";
    place("again").hidden = !failed && !changed;
    place("empty").hidden = !(ended && rows.length === 0);
    grid.hidden = ended && rows.length === 0;
    grid.setAttribute("aria-rowcount", ended ? rows.length + 1 : -1);
    grid.setAttribute("aria-busy", loading !== null);
  }

  function move(number) {
    active = Math.max(0, Math.min(rows.length - 1, number));
    const top = active * height;
    if (top < frame.scrollTop) frame.scrollTop = top;
    if (top + height > frame.scrollTop + frame.clientHeight) {
      frame.scrollTop = top + height - frame.clientHeight;
    }
    render();
    elements.get(active)?.querySelector("a").focus({ preventScroll: true });
  }

  frame.addEventListener("scroll", render, { passive: true });
  addEventListener("resize", measure);

  body.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(frame.clientHeight / height) - 1);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    waiting = to >= rows.length && cursor !== null;
    move(to);
  });

  body.addEventListener("focusin", (event) => {
    const found = [...elements].find(([, element]) => element.contains(event.target));
    if (found && found[0] !== active) {
      [active] = found;
      render();
    }
  });

  place("stop").addEventListener("click", () => {
    stopped = !stopped;
    load();
    tell();
  });

  place("again").addEventListener("click", () => {
    const failed = !place("problem").matches(":empty");
    place("problem").textContent = "";
    if (!failed) {
      loading?.abort();
      [rows, cursor, read, active, loading, changed] = [[], "", 0, 0, null, 0];
      for (const element of elements.values()) element.remove();
      elements.clear();
      frame.scrollTop = 0;
    }
    load();
    frame.focus();
  });

  // The list stays as it is while one reads it. What came since is said.
  const { bucket, folder } = document.querySelector(".place").dataset;
  on("change", (change) => {
    const everywhere = grid.hasAttribute("data-everywhere");
    if (!everywhere && (change.bucket !== bucket || !change.texts.key.startsWith(folder))) return;
    changed += 1;
    if (place("problem").matches(":empty")) {
      const number = changed.toLocaleString("en");
      place("again").textContent = `${number} change${changed === 1 ? "" : "s"} since: show`;
    }
    place("again").hidden = false;
  });
}
