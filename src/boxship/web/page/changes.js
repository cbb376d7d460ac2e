// What changed from one image to another, in words.

import { h } from "./dom.js";
import { bytes, exact } from "./words.js";

const LONGEST = 400; // letters of a value
const TOLD = {
  kind: ({ type }) => type,
  content: ({ size }) => bytes(size),
  target: ({ target }) => target || "nothing",
  mode: ({ mode }) => mode,
  owner: ({ uid, gid }) => `${uid}:${gid}`,
  attributes: ({ attributes }) => Object.keys(attributes ?? {}).join(", ") || "none",
  device: ({ device }) => (device ?? []).join(":"),
  modified: ({ modified }) => exact(modified * 1000),
};

function ownOf(list, other) {
  const known = new Set(other.map((one) => JSON.stringify(one)));
  const own = list.filter((one) => !known.has(JSON.stringify(one)));
  // Where they have the same in another order, that is what differs.
  return (own.length || list.length !== other.length ? own : list).map((one) => h("div", {}, valueWords(one)));
}

/** Whether something was added, removed or changed. */
export const signed = ({ before, after }) => ({ sign: before && after ? "~" : after ? "+" : "-" });

/** A file and what of it changed. */
export function fileWords({ path, before, after, what }) {
  const name = h("span", { class: "file-name" }, path);
  if (!before || !after) {
    const { size } = after ?? before;
    return [name, size > 0 && h("span", { class: "faint" }, ` ${bytes(size)}`)];
  }
  const words = what.map((one) => `${one} ${TOLD[one]?.(before) ?? ""} → ${TOLD[one]?.(after) ?? ""}`);
  return [name, h("span", { class: "faint" }, ` ${words.join(", ")}`)];
}

/** A value of a configuration; of a list, where the other one is a list too, what that has not. */
export function valueWords(value, other) {
  if (value === null || value === undefined) return h("span", { class: "faint" }, "nothing");
  if (Array.isArray(value) && Array.isArray(other)) return ownOf(value, other);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return h("code", {}, text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}
