// A field to search in: `/` leads there, Esc empties it.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { hint, sought } from "./keys.js";

/** The field; `changed` gets the words whenever they change, `entered` when Enter is pressed. */
export function searchField({ label, value = "", changed, entered = () => {} }) {
  const input = h("input", {
    type: "search",
    "aria-label": label,
    placeholder: label,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: 255,
    oninput: () => changed(input.value.trim()),
    onkeydown: (event) => event.key === "Enter" && !event.isComposing && entered(input.value.trim()),
  });
  input.value = value;
  // Once it is in its place, and after the heading of the view has had the focus.
  if (sought()) queueMicrotask(() => input.focus());
  return h("div", { class: "search" }, icon("search"), input, hint());
}
