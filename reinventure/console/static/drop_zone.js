// Files and folders, dropped or chosen: sent a few at a time, with the progress of each.

import { printable } from "./printable.js";

const AT_ONCE = 3; // A browser has six connections to one host, and events take one.
const MAX_SHOWN = 60; // Elements of the list. What needs no one any more goes first.

const zone = document.querySelector("[data-drop]");
if (zone) start();

function start() {
  const { drop: address, bucket, max, part } = zone.dataset;
  const folder = decodeURIComponent(zone.dataset.folder);
  const place = (name) => zone.querySelector(`[data-upload="${name}"]`);
  const template = zone.querySelector("template").content.firstElementChild;
  const dialog = zone.querySelector("dialog");
  const files = []; // Of this page: waiting, sending, done, there, failed or cancelled.
  let telling = null;

  const all = (...states) => files.filter((each) => states.includes(each.state));

  /** Upload files, each with its path below the folder; against an account ask first. */
  async function take(chosen) {
    if (!chosen.length || !(await confirmed(chosen))) return;
    for (const { file, path } of chosen) {
      files.push({ file, key: folder + path, path, state: "waiting", overwrite: false });
    }
    send();
    tell();
  }

  function confirmed(chosen) {
    if (!dialog) return true;
    const bytes = chosen.reduce((sum, { file }) => sum + file.size, 0);
    const number = `${chosen.length.toLocaleString("en")} file${chosen.length === 1 ? "" : "s"}`;
    place("question").textContent = `Upload ${number}, ${decimal(bytes)}?`;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  function send() {
    let free = AT_ONCE - all("sending").length;
    for (const each of files) {
      if (free <= 0) break;
      if (each.state !== "waiting") continue;
      free -= 1;
      upload(each);
    }
  }

  async function upload(each) {
    each.state = "sending";
    show(each);
    if (each.file.size > Number(max)) return end(each, "failed", `Larger than ${decimal(max)}.`);
    const named = new URLSearchParams({ bucket, key: each.key });
    try {
      // Before much is sent. The write itself has the same condition.
      if (!each.overwrite && each.file.size > Number(part)) {
        const reply = await fetch(`${address}?${named}`);
        const found = await reply.json();
        if (!reply.ok) return end(each, "failed", found.problem);
        if (found.exists) return end(each, "there");
      }
      if (each.state !== "sending") return;
      if (each.overwrite) named.set("overwrite", "yes");
      if (dialog) named.set("confirmed", "yes");
      const [status, reply] = await put(each, `${address}?${named}`);
      if (status === 201) end(each, "done", "", reply.href);
      else if (status === 409) end(each, "there");
      else end(each, "failed", reply.problem);
    } catch (problem) {
      if (each.state === "sending") end(each, "failed", problem.message);
    }
  }

  function put(each, url) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      each.request = request;
      request.open("PUT", url);
      request.setRequestHeader("content-type", each.file.type || "application/octet-stream");
      request.responseType = "json";
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        if (each.element) each.element.querySelector("progress").value = total ? loaded / total : 1;
      });
      request.addEventListener("load", () => resolve([request.status, request.response ?? {}]));
      request.addEventListener("error", () => reject(new Error("The file cannot be read, or the console does not answer.")));
      request.addEventListener("abort", () => reject(new Error("cancelled")));
      request.send(each.file);
    });
  }

  function end(each, state, problem = "", href = null) {
    Object.assign(each, { state, problem, href, request: null });
    show(each);
    send();
    tell();
  }

  function again(each, overwrite) {
    Object.assign(each, { state: "waiting", overwrite });
    show(each);
    send();
    tell();
  }

  function cancel(each) {
    const { request } = each;
    end(each, "cancelled");
    request?.abort();
  }

  const WORDS = { waiting: "waiting", sending: "uploading", done: "uploaded", there: "exists already", cancelled: "cancelled" };

  function show(each) {
    each.element ??= made(each);
    const { element, state } = each;
    const part_ = (name) => element.querySelector(`[data-file="${name}"]`);
    element.dataset.state = state;
    part_("state").textContent = state === "failed" ? each.problem || "It failed." : WORDS[state];
    const focused = element.contains(document.activeElement);
    element.querySelector("progress").hidden = state !== "sending";
    part_("overwrite").hidden = state !== "there";
    part_("again").hidden = state !== "failed" && state !== "cancelled";
    part_("cancel").hidden = state !== "sending" && state !== "waiting";
    const link = element.querySelector("a");
    if (each.href) link.href = each.href;
    // A button that is gone must not take the focus with it.
    if (focused && document.activeElement === document.body) {
      (element.querySelector("button:not([hidden])") ?? link).focus();
    }
  }

  function made(each) {
    const element = template.cloneNode(true);
    const name = printable(each.path);
    const part_ = (field) => element.querySelector(`[data-file="${field}"]`);
    element.querySelector("a").textContent = name;
    element.querySelector("progress").setAttribute("aria-label", `Progress of ${name}`);
    part_("size").textContent = decimal(each.file.size);
    for (const [field, act] of [
      ["overwrite", () => again(each, true)],
      ["again", () => again(each, each.overwrite)],
      ["cancel", () => cancel(each)],
    ]) {
      part_(field).setAttribute("aria-label", `${part_(field).textContent} ${name}`);
      part_(field).addEventListener("click", act);
    }
    const list = place("files");
    list.prepend(element);
    if (list.children.length > MAX_SHOWN) {
      const old = list.querySelector('[data-state="done"]:nth-last-child(-n + 40)') ?? list.querySelector('[data-state="done"]');
      if (old) old.remove();
      else list.lastElementChild.remove();
    }
    return element;
  }

  function tell() {
    telling ??= setTimeout(() => {
      telling = null;
      const [done, failed, there] = ["done", "failed", "there"].map((state) => all(state).length);
      const open = all("waiting", "sending").length;
      const text = [`${done.toLocaleString("en")} of ${files.length.toLocaleString("en")} uploaded`];
      if (there) text.push(`${there.toLocaleString("en")} exist${there === 1 ? "s" : ""} already`);
      if (failed) text.push(`${failed.toLocaleString("en")} failed`);
      place("told").textContent = files.length ? text.join(", ") : "";
      place("overwrite").hidden = there < 2;
      place("cancel").hidden = open < 2;
      place("clear").hidden = !files.length || open > 0;
    }, 200);
  }

  place("overwrite").addEventListener("click", () => all("there").forEach((each) => again(each, true)));
  place("cancel").addEventListener("click", () => all("waiting", "sending").reverse().forEach(cancel));
  place("clear").addEventListener("click", () => {
    files.length = 0;
    place("files").replaceChildren();
    tell();
    zone.querySelector("input").focus();
  });

  for (const input of zone.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      const chosen = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
      input.value = "";
      take(chosen);
    });
  }

  addEventListener("beforeunload", (event) => {
    if (all("waiting", "sending").length) event.preventDefault();
  });

  // What is dropped, anywhere on the page.
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = () => document.body.classList.toggle("dropping", depth > 0);
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    mark();
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    mark();
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark();
    // At once: after the first wait the browser has forgotten them.
    const dropped = [...event.dataTransfer.items]
      .filter((item) => item.kind === "file")
      .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
    const found = [];
    for (const each of dropped) {
      if (each instanceof File) found.push({ file: each, path: each.name });
      else if (each) await walk(each, found);
    }
    take(found);
  });
}

/** Add each file of `entry`, with its path, to `found`. */
async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A hundred at a time, until there are none.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const each of entries) await walk(each, found);
  }
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

function decimal(bytes) {
  let [value, unit] = [Number(bytes), 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  if (unit) return `${value.toFixed(1)} ${UNITS[unit]}`;
  return value === 1 ? "1 byte" : `${value} bytes`;
}
