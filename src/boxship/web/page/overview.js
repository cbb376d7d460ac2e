// An image at a glance: what it is, how it is pulled, how it runs, and what is written on it.

import { link } from "./address.js";
import { recall } from "./api.js";
import { commandBlock } from "./command_block.js";
import { copyButton } from "./copy_button.js";
import { fill, h } from "./dom.js";
import { fullName } from "./heading.js";
import { framed, runnable } from "./image_frame.js";
import { waiting } from "./waiting.js";
import { ago, bytes, counted, exact, moment, short } from "./words.js";

export async function show(stage) {
  fill(stage.body, waiting(8));
  const image = await framed(stage);
  if (!image) return;
  const { whole, one } = image;
  const pull = h("section", { class: "pull" });
  fill(
    stage.body,
    h("section", { class: "card" }, facts(stage, image)),
    pull,
    runs(one),
    pairs("Labels", one?.labels),
    pairs("Annotations", { ...whole.annotations, ...one?.annotations }),
    whole.images && platforms(stage, whole),
  );
  stage.settled();
  await pulled(stage, pull);
}

function facts(stage, { whole, one }) {
  const { repository } = stage.address;
  const at = moment(one?.created || whole.created || "");
  const subject = whole.subject && h("a", { href: link({ repository, reference: whole.subject }) }, h("code", {}, whole.subject));
  return h("dl", { class: "facts" }, [
    fact("Digest", digest(whole.digest, "the digest")),
    one && one !== whole && fact("Of this platform", digest(one.digest, "the platform's digest")),
    fact("Created", at ? [h("time", { datetime: new Date(at).toISOString() }, ago(at)), h("span", { class: "faint" }, ` ${exact(at)}`)] : h("span", { class: "faint" }, "not said")),
    one?.layers && fact("Size", [`${bytes(sizeOf(one))} `, h("span", { class: "faint" }, `compressed, in ${counted(one.layers.length, "layer")}`)]),
    one?.platform || one?.os ? fact("Platform", one.platform || [one.os, one.architecture, one.variant].filter(Boolean).join("/")) : null,
    fact("Media type", h("code", {}, whole.media_type)),
    whole.artifact_type && fact("Artifact type", h("code", {}, whole.artifact_type)),
    subject && fact("Refers to", subject),
    one?.author && fact("Author", one.author),
  ]);
}

const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, value)];
const digest = (value, what) => [h("code", {}, value), copyButton(value, what)];
const sizeOf = (image) => image.layers.reduce((sum, layer) => sum + layer.size, 0);

async function pulled(stage, section) {
  const { repository, reference } = stage.address;
  const { commands } = await recall("commands", { repository, reference });
  const first = commands.find(({ program }) => program === "docker") ?? commands[0];
  if (!first || stage.signal.aborted) return;
  const more = h("a", { href: link({ repository, reference, view: "commands" }) }, "Commands for other programs");
  fill(section, h("h2", {}, "Pull it"), commandBlock(first, fullName(stage)), h("p", { class: "small" }, more));
}

function runs(image) {
  const rows = [
    ["Entrypoint", words(image?.entrypoint)],
    ["Command", words(image?.cmd)],
    ["User", image?.user],
    ["Folder", image?.working_dir],
    ["Ports", names(image?.exposed_ports)],
    ["Volumes", names(image?.volumes)],
    ["Stop signal", image?.stop_signal],
    ["Health check", image?.healthcheck && JSON.stringify(image.healthcheck)],
  ].filter(([, value]) => value);
  const environment = image?.env?.length && h("dd", {}, image.env.map((line) => h("code", { class: "block" }, line)));
  if (!rows.length && !environment) return null;
  return h(
    "section",
    {},
    h("h2", {}, "How it runs"),
    h(
      "dl",
      { class: "facts" },
      rows.map(([name, value]) => fact(name, h("code", {}, value))),
      environment && [h("dt", {}, "Environment"), environment],
    ),
  );
}

const words = (list) => list?.map((word) => (/^[\w./:=@+,-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
const names = (given) => given && typeof given === "object" && Object.keys(given).join(", ");

function pairs(title, given = {}) {
  const entries = Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!entries.length) return null;
  const rows = entries.map(([name, value]) => [h("dt", {}, h("code", {}, name)), h("dd", {}, value)]);
  return h("section", {}, h("h2", {}, title), h("dl", { class: "facts pairs" }, rows));
}

function platforms(stage, whole) {
  const { repository, reference } = stage.address;
  const others = whole.images.length - runnable(whole).length;
  const rows = runnable(whole).map((image) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: link({ repository, reference, platform: image.platform }), "data-row": true }, image.platform)),
      h("td", { class: "size" }, image.layers ? bytes(sizeOf(image)) : ""),
      h("td", { class: "size" }, image.layers ? image.layers.length : ""),
      h("td", { class: "digest" }, h("code", { title: image.digest }, short(image.digest)), copyButton(image.digest, `the digest for ${image.platform}`)),
    ),
  );
  const heads = [["", "Platform"], ["size", "Size"], ["size", "Layers"], ["digest", "Digest"]].map(([kind, name]) => h("th", { scope: "col", class: kind }, name));
  return h(
    "section",
    {},
    h("h2", {}, "Platforms"),
    h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)),
    others > 0 && h("p", { class: "faint small" }, `and ${counted(others, "manifest")} that nobody runs, as attestations are`),
  );
}
