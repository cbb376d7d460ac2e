// A command to copy.

import { copyButton } from "./copy_button.js";
import { h } from "./dom.js";

/** The block for a command (docs/web-api.md) about an image. */
export const commandBlock = ({ program, purpose, text }, image) =>
  h(
    "div",
    { class: "command" },
    h("pre", { tabindex: "0", "aria-label": `${program}: ${purpose}` }, text),
    copyButton(text, `the ${program} command: ${purpose} ${image}`.trim()),
  );
