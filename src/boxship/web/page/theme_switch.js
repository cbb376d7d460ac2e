// Light, dark, or as the system is: a button that goes from one to the next, and remembers.

import { announce } from "./announce.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const WORDS = { auto: "as the system is", light: "light", dark: "dark" };
const NEXT = { auto: "light", light: "dark", dark: "auto" };

/** The button. */
export function themeSwitch() {
  const button = h("button", { class: "tool", type: "button" });
  const tell = () => {
    const name = chosen();
    fill(button, icon(name));
    button.setAttribute("aria-label", `Colours: ${WORDS[name]}`);
    button.title = `Colours: ${WORDS[name]}`;
  };
  button.addEventListener("click", () => {
    choose(NEXT[chosen()]);
    tell();
    announce(`Colours: ${WORDS[chosen()]}`);
  });
  tell();
  return button;
}

const chosen = () => document.documentElement.dataset.theme ?? "auto";

function choose(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    if (name === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", name);
  } catch {
    // A browser that keeps nothing shows it for as long as the page is open.
  }
}
