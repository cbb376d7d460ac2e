// A name with what was searched for in it marked: the words themselves, or their letters in this order.

import { h } from "./dom.js";

/** The name's parts: folders faint, the last part strong, and what matches marked. */
export function marked(name, match) {
  const found = places(name.toLowerCase(), match.toLowerCase());
  const cut = name.lastIndexOf("/") + 1;
  return [
    cut > 0 && h("span", { class: "folder" }, pieces(name, found, 0, cut)),
    h("span", { class: "leaf" }, pieces(name, found, cut, name.length)),
  ];
}

/** The positions of the letters of a name that match. */
export function places(name, match) {
  const at = match ? name.indexOf(match) : -1;
  if (at >= 0) return new Set(Array.from(match, (_, index) => at + index));
  const found = new Set();
  let from = 0;
  for (const letter of match) {
    const next = name.indexOf(letter, from);
    if (next < 0) return new Set();
    found.add(next);
    from = next + 1;
  }
  return found;
}

function pieces(name, found, from, to) {
  const made = [];
  for (let start = from, end; start < to; start = end) {
    const isFound = found.has(start);
    for (end = start + 1; end < to && found.has(end) === isFound; ) end += 1;
    const text = name.slice(start, end);
    made.push(isFound ? h("mark", {}, text) : text);
  }
  return made;
}
