// The top of a view: where it is, what it shows, and what can be done there.

import { link, nameOf } from "./address.js";
import { copyButton } from "./copy_button.js";
import { h } from "./dom.js";

/** The way up, a heading with the name, and actions beside it. */
export function heading(stage, { kind, name, up, copy, actions = [] }) {
  const trail = [h("a", { href: link(), "data-up": up ? null : true }, "Repositories"), ...(up ?? [])];
  const last = trail.at(-1);
  for (const place of trail) place.toggleAttribute("data-up", place === last);
  return h(
    "div",
    { class: "heading" },
    h("nav", { class: "trail", "aria-label": "Where this is" }, trail.map((place) => [place, h("span", { "aria-hidden": "true" }, "/")])),
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, h("span", { class: "unseen" }, `${kind} `), name, copy && copyButton(copy, `the name ${copy}`)), h("p", { class: "actions" }, actions)),
  );
}

/** A link to a repository, for the way up from what is in it. */
export const toRepository = (repository) => h("a", { href: link({ repository }) }, repository);

/** The name as commands write it: `reg.corp/team/app:1.2`. */
export const fullName = (stage, reference = stage.address.reference) =>
  `${stage.session.registry}/${nameOf(stage.address.repository, reference)}`;
