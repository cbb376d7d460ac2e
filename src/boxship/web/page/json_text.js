// A JSON document for people: indented, its names and values told apart. Its bytes are shown as they are where it is none.

import { h } from "./dom.js";

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)/g;
const MOST = 200_000; // letters that are coloured

/** The document in a block. */
export const jsonText = (text, label) => h("pre", { class: "json", tabindex: "0", "aria-label": label }, coloured(indented(text)));

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function coloured(text) {
  if (text.length > MOST) return text;
  const made = [];
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [whole, words, colon, value] = found;
    made.push(text.slice(from, found.index));
    if (value) made.push(h("span", { class: "value" }, value));
    else made.push(h("span", { class: colon ? "name" : "words" }, words), colon ?? "");
    from = found.index + whole.length;
  }
  return [...made, text.slice(from)];
}
