// How two images of a repository differ: configuration, layers, packages, files.

import { link } from "./address.js";
import { recall } from "./api.js";
import { fill, h } from "./dom.js";
import { heading, toRepository } from "./heading.js";
import { fileWords, signed, valueWords } from "./changes.js";
import { empty, waiting } from "./waiting.js";
import { bytes, number, short } from "./words.js";

const MOST = 500; // lines of a part that are shown at first
const TAGS = 1000; // that are offered

export async function show(stage) {
  const { repository, options } = stage.address;
  const before = options.get("before") ?? "";
  const after = options.get("after") ?? "";
  const name = [h("span", { class: "folder" }, "Compare "), h("span", { class: "leaf" }, repository)];
  stage.put(`Compare ${repository}`, heading(stage, { kind: "", name, up: [toRepository(repository)] }), form(stage, before, after));
  if (!before || !after) {
    fill(stage.body, empty("Choose two tags, or write digests."));
    return;
  }
  fill(stage.body, waiting(8, "Both images are being read…"));
  const found = await recall("diff", { repository, before, after, platform: options.get("platform") ?? "" });
  if (stage.signal.aborted) return;
  fill(stage.body, found.different ? parts(found) : empty("There is no difference between the two.", sameness(found)));
  stage.settled();
}

function form(stage, before, after) {
  const { repository } = stage.address;
  const offered = h("datalist", { id: "tags" });
  const field = (label, name, value) => {
    const input = h("input", { name, list: "tags", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
    input.value = value;
    return h("label", {}, label, input);
  };
  const go = (event) => {
    event.preventDefault();
    const said = new FormData(event.target);
    location.hash = link({ repository, view: "diff", before: said.get("before").trim(), after: said.get("after").trim() });
  };
  offer(stage, offered);
  const swap = link({ repository, view: "diff", before: after, after: before });
  return h(
    "form",
    { class: "two", onsubmit: go },
    field("Before", "before", before),
    field("After", "after", after),
    offered,
    h("button", { class: "button strong", type: "submit" }, "Compare"),
    before && after && h("a", { class: "button", href: swap }, "Swap"),
  );
}

async function offer(stage, list) {
  try {
    const { tags } = await recall("tags", { repository: stage.address.repository, n: TAGS });
    fill(list, tags.map((tag) => h("option", { value: tag })));
  } catch (error) {
    if (error.status === undefined) throw error;
    // A registry that lists no tags still compares those that somebody knows.
  }
}

const sameness = ({ digests: [before, after] }) =>
  h("p", { class: "faint" }, before === after ? ["Both are ", h("code", {}, short(before)), "."] : "Their manifests differ, and nothing that they show.");

function parts(found) {
  const [before, after] = found.sizes;
  const [one, other] = found.digests.map((digest) => h("code", { title: digest }, short(digest)));
  const sizes = found.read.length > 0 && [` · ${bytes(before)} → ${bytes(after)} of files to be seen`];
  return [
    h("p", { class: "summary" }, one, " → ", other, sizes),
    fields(found.fields),
    layers(found.layers),
    part("Packages", found.packages.map(packageLine)),
    part("Files", found.files.map((file) => ({ ...signed(file), words: fileWords(file) }))),
  ];
}

function fields(changed) {
  if (!changed.length) return null;
  const rows = changed.map(({ path, before, after }) =>
    h("tr", {}, h("th", { scope: "row" }, h("code", {}, path)), h("td", { "data-label": "Before" }, valueWords(before, after)), h("td", { "data-label": "After" }, valueWords(after, before))),
  );
  const heads = ["What", "Before", "After"].map((words) => h("th", { scope: "col" }, words));
  return h("section", {}, h("h2", {}, "Configuration"), h("table", { class: "fields" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)));
}

function layers({ shared, before, after }) {
  const [gone, come] = [before.slice(shared), after.slice(shared)];
  const words = (layer) => [h("code", { title: layer.digest }, short(layer.digest)), ` ${bytes(layer.size)}`];
  const lines = [...gone.map((layer) => ({ sign: "-", words: words(layer) })), ...come.map((layer) => ({ sign: "+", words: words(layer) }))];
  const note = h("p", { class: "faint" }, sharedWords(shared));
  return part("Layers", lines, note);
}

function sharedWords(shared) {
  if (!shared) return "No layer is the same.";
  return shared === 1 ? "The lowest layer is the same." : `The lowest ${number(shared)} layers are the same.`;
}

function packageLine({ before, after }) {
  const { manager, name, architecture } = after ?? before;
  const version = before && after ? `${before.version} → ${after.version}` : (after ?? before).version;
  return { ...signed({ before, after }), words: [h("b", {}, name), ` ${version} `, h("span", { class: "faint" }, [manager, architecture].filter(Boolean).join(", "))] };
}

function part(title, lines, note = null) {
  if (!lines.length) return null;
  const count = (sign) => lines.filter((line) => line.sign === sign).length;
  const counts = [["+", "added"], ["-", "removed"], ["~", "changed"]].filter(([sign]) => count(sign)).map(([sign, words]) => `${number(count(sign))} ${words}`);
  const list = h("ul", { class: "changes" }, lines.slice(0, MOST).map(line));
  const rest = lines.slice(MOST);
  const more = rest.length > 0 && h("button", { class: "button more", type: "button", onclick: () => {
    list.append(...rest.map(line));
    more.remove();
  } }, `Show ${number(rest.length)} more`);
  return h("section", {}, h("h2", {}, title, h("span", { class: "count" }, counts.join(", "))), note, list, more);
}

const KINDS = { "+": ["added", "Added: "], "-": ["removed", "Removed: "], "~": ["changed", "Changed: "] };

function line({ sign, words }) {
  const [kind, said] = KINDS[sign];
  return h("li", { class: kind }, h("span", { class: "sign", "aria-hidden": "true" }, sign === "-" ? "−" : sign), h("span", { class: "unseen" }, said), h("span", { class: "change" }, words));
}
