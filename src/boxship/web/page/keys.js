// The keyboard: one way through every view, and a list of its keys.

import { fill, h } from "./dom.js";

const KEYS = [
  ["/", "search, in this view or among all repositories"],
  ["↓ ↑", "from the search to its results, and from one to the next (also j and k)"],
  ["Home End", "to the first and the last"],
  ["Enter", "open"],
  ["Esc", "empty the search, leave it, or go up a level"],
  ["?", "this help"],
];
const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

let isSought = false; // somebody is on the way to the search of another view

/** Whether somebody has come for the search; once. */
export function sought() {
  const before = isSought;
  isSought = false;
  return before;
}

/** Listen to keys from now on. */
export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const act = isTyping(event.target) ? typing(event) : moving(event);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** Show the keys. */
export function help() {
  const before = document.activeElement;
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Close");
  const rows = KEYS.map(([keys, words]) => [h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, words)]);
  const dialog = h(
    "dialog",
    { class: "help", "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    h("h2", { id: "help-title" }, "Keys"),
    h("dl", { class: "keys" }, rows),
    h("p", { class: "faint" }, "Every view has an address of its own, which can be shared."),
    close,
  );
  dialog.addEventListener("close", () => before?.focus());
  document.body.append(dialog);
  dialog.showModal();
}

/** The words about a search's key, for beside it. */
export const hint = () => h("kbd", { class: "hint", "aria-hidden": "true" }, "/");

function typing({ key, target }) {
  if (key === "Escape") return () => leave(target);
  if (key === "ArrowDown" && target.type === "search") return () => rows()[0]?.focus();
  return null;
}

function moving({ key, target }) {
  if (key === "/") return search;
  if (key === "?") return help;
  if (key === "Escape") return up;
  if (target.closest("select, summary, [role=tablist]")) return null;
  if (key === "Home" || key === "End") return rows().includes(target) ? () => rows().at(key === "Home" ? 0 : -1).focus() : null;
  return STEPS[key] ? step(STEPS[key]) : null;
}

const isTyping = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea");
const rows = () => [...document.querySelectorAll("main [data-row]")].filter((row) => row.checkVisibility());

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement);
  if (!all.length) return null;
  if (at < 0) return by > 0 ? () => all[0].focus() : null;
  if (at === 0 && by < 0) return () => (field() ?? all[0]).focus();
  return () => all[Math.min(at + by, all.length - 1)].focus();
}

const field = () => document.querySelector("main input[type=search]");

function search() {
  isSought = !field();
  if (isSought) location.hash = "#/";
  field()?.select();
}

function leave(input) {
  if (!input.value || input.type !== "search") return input.blur();
  fill(input);
  input.value = "";
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

const up = () => document.querySelector("main [data-up]")?.click();
