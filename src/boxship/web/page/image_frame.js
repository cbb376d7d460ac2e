// What the views of an image have in common: its name, the ways to look at it, and its platforms.

import { link } from "./address.js";
import { recall } from "./api.js";
import { fill, h } from "./dom.js";
import { fullName, heading, toRepository } from "./heading.js";
import { icon } from "./icons.js";

const WAYS = [
  ["", "Overview"],
  ["layers", "Layers"],
  ["history", "History"],
  ["files", "Files"],
  ["config", "Config"],
  ["referrers", "Referrers"],
  ["commands", "Commands"],
];

/** Put the frame, and return the image that is looked at: `whole` as it is named, `one` of its platforms. */
export async function framed(stage) {
  const { repository, reference, view } = stage.address;
  const platforms = h("nav", { class: "chips", "aria-label": "Platforms", hidden: true });
  const name = [h("span", { class: "folder" }, repository), h("span", { class: "leaf" }, mark(reference), reference)];
  const head = heading(stage, { kind: "Image", name, up: [toRepository(repository)], copy: fullName(stage), actions: actions(stage) });
  const nav = ways(stage, view);
  stage.put(`${repository}${mark(reference)}${reference}`, head, nav, platforms);
  bringIntoSight(nav);
  const whole = await recall("image", { repository, reference });
  if (stage.signal.aborted) return null;
  const one = chosen(stage, whole);
  showPlatforms(stage, platforms, whole, one);
  return { whole, one, platform: whole.images ? (one?.platform ?? "") : "", query: queryOf(stage, whole, one) };
}

const mark = (reference) => (reference.includes(":") ? "@" : ":");

function ways(stage, view) {
  const { repository, reference, options } = stage.address;
  const platform = options.get("platform") ?? "";
  const links = WAYS.map(([way, words]) => {
    const href = link({ repository, reference, view: way, platform });
    return h("a", { href, "aria-current": way === view ? "page" : null }, words);
  });
  return h("nav", { class: "ways", "aria-label": "Ways to look at the image" }, links);
}

function actions(stage) {
  const { repository, reference } = stage.address;
  return [
    h("a", { class: "button", href: link({ repository, view: "diff", before: reference }) }, icon("compare"), "Compare"),
    h("a", { class: "button", href: link({ repository, reference, view: "doctor" }) }, icon("pulse"), "Examine"),
    stage.session.changes && h("a", { class: "button", href: link({ repository, reference, view: "delete" }) }, icon("remove"), "Delete"),
  ];
}

// On a narrow screen not all of them fit beside each other.
function bringIntoSight(nav) {
  const current = nav.querySelector("[aria-current]");
  if (current) nav.scrollLeft = current.offsetLeft - nav.offsetLeft - (nav.clientWidth - current.offsetWidth) / 2;
}

/** The images of an index that somebody can run, and not what is attached to them. */
export const runnable = (whole) => (whole.images ?? []).filter((image) => image.platform && image.platform !== "unknown/unknown");

function chosen(stage, whole) {
  if (!whole.images) return whole;
  const wanted = stage.address.options.get("platform") || stage.session.platform;
  const images = runnable(whole);
  return images.find((image) => image.platform === wanted) ?? images[0] ?? whole.images[0];
}

function showPlatforms(stage, nav, whole, one) {
  const images = runnable(whole);
  if (!images.length) return;
  const { repository, reference, view, options } = stage.address;
  const rest = Object.fromEntries([...options].filter(([name]) => name !== "platform" && name !== "path" && name !== "layer"));
  const links = images.map((image) => {
    const href = link({ repository, reference, view, ...rest, platform: image.platform });
    return h("a", { class: "chip", href, "aria-current": image === one ? "true" : null }, image.platform);
  });
  fill(nav, links);
  nav.hidden = false;
}

// The image itself is asked about, by its digest: whatever happens to the tag, all views are of the same.
function queryOf(stage, whole, one) {
  const { repository } = stage.address;
  return { repository, reference: one?.digest ?? whole.digest };
}
