// What is shown until an answer comes: in the size of what will be there, so that nothing jumps.

import { h } from "./dom.js";

/** So many lines that are not there yet. */
export const waiting = (lines = 5, words = "Loading…") =>
  h(
    "div",
    { class: "waiting", role: "status" },
    h("span", { class: "unseen" }, words),
    Array.from({ length: lines }, () => h("span", { class: "line", "aria-hidden": "true" })),
  );

/** What is said where there is nothing to show: a sentence, and what to do about it. */
export const empty = (words, ...more) => h("div", { class: "empty" }, h("p", {}, words), more);
