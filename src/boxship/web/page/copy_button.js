// A button that puts words onto the clipboard, and says so.

import { announce } from "./announce.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN = 1600; // ms

/** The button for these words; `what` they are is said to people who do not see it. */
export function copyButton(words, what) {
  const button = h("button", { class: "copy", type: "button", "aria-label": `Copy ${what}`, title: `Copy ${what}` }, icon("copy"));
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const done = await copied(words);
    announce(done ? `Copied ${what}` : `The browser does not permit copying: ${words}`);
    if (!done) return;
    button.classList.add("done");
    fill(button, icon("done"));
    setTimeout(() => {
      button.classList.remove("done");
      fill(button, icon("copy"));
    }, SHOWN);
  });
  return button;
}

async function copied(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copiedTheOldWay(words); // a page that came over plain HTTP from another machine has no clipboard
  }
}

function copiedTheOldWay(words) {
  const before = document.activeElement;
  const field = h("textarea", { class: "unseen", "aria-hidden": "true" });
  field.value = words;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus();
  return done;
}
