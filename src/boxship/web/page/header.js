// The bar at the top: whose registry this is, and what is the same in every view.

import { become } from "./api.js";
import { link } from "./address.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { help } from "./keys.js";
import { themeSwitch } from "./theme_switch.js";

/** The bar's content. */
export function header(session) {
  return [
    h("a", { class: "home", href: link() }, mark(), h("span", { class: "brand" }, "boxship")),
    h("span", { class: "registry", title: session.registry }, session.registry),
    h(
      "nav",
      { class: "tools", "aria-label": "The page" },
      h("span", { id: "who", class: "who" }),
      h("a", { class: "tool", href: link({ view: "doctor" }) }, icon("pulse"), h("span", { class: "word" }, "Doctor")),
      themeSwitch(),
      h("button", { class: "tool", type: "button", "aria-label": "Help: keys", onclick: help }, icon("help")),
    ),
  ];
}

/** Say as whom requests are made, with a button that ends it. */
export function showUser(user, leave) {
  const end = () => {
    become("", "");
    document.getElementById("who").replaceChildren();
    leave();
  };
  const button = h("button", { class: "tool", type: "button", onclick: end }, "Log out");
  document.getElementById("who").replaceChildren(h("span", { class: "user" }, user), button);
}

const mark = () => h("span", { class: "mark", "aria-hidden": "true" });
