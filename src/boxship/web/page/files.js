// The files of an image as it shows them, or of one of its layers: a folder at a time.

import { link } from "./address.js";
import { recall } from "./api.js";
import { fill, h } from "./dom.js";
import { framed } from "./image_frame.js";
import { icon } from "./icons.js";
import { empty, waiting } from "./waiting.js";
import { bytes, exact, short } from "./words.js";

const PAGE = 500;
const ICONS = { folder: "folder", directory: "folder", dir: "folder", symlink: "link", link: "link" };

export async function show(stage) {
  fill(stage.body, waiting(8, "The layers are being read…"));
  const image = await framed(stage);
  if (!image) return;
  const { options } = stage.address;
  const view = new Folder(stage, image, options.get("layer") ?? "", options.get("path") ?? "");
  await view.begin();
}

class Folder {
  constructor(stage, image, layer, path) {
    Object.assign(this, { stage, image, layer, path });
    this.query = { ...image.query, layer, path, n: PAGE };
    this.tools = h("div", { class: "folder-tools" }, this.#layers(), this.#trail());
    this.body = h("tbody", {});
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => this.#follow() }, "Show more");
  }

  async begin() {
    fill(this.stage.body, this.tools, waiting(8, "The layers are being read…"));
    const answer = await recall("files", this.query);
    if (this.stage.signal.aborted) return;
    const { entries, removed = [] } = answer;
    const heads = [["name", "Name"], ["size", "Size"], ["rights", "Rights"], ["owner", "Owner"], ["modified", "Modified"], ["digest", "Layer"]];
    const shownHeads = heads.filter(([kind]) => kind !== "digest" || !this.layer);
    const head = h("thead", {}, h("tr", {}, shownHeads.map(([kind, words]) => h("th", { class: kind, scope: "col" }, words))));
    const table = h("table", { class: "files" }, head, this.body);
    fill(this.body, this.path && this.#up(), entries.map((entry) => this.#row(entry)), removed.map((name) => this.#gone(name)));
    const nothing = !entries.length && !removed.length && empty(this.layer ? "The layer has no files here." : "There are no files here.");
    fill(this.stage.body, this.tools, (this.path || !nothing) && table, nothing, this.more);
    this.more.hidden = entries.length >= answer.matched;
    this.stage.settled();
  }

  async #follow() {
    this.more.disabled = true;
    const from = this.body.querySelectorAll("[data-entry]").length;
    try {
      const answer = await recall("files", { ...this.query, from });
      if (this.stage.signal.aborted) return;
      this.body.append(...answer.entries.map((entry) => this.#row(entry)));
      this.more.hidden = from + answer.entries.length >= answer.matched || !answer.entries.length;
    } catch (error) {
      this.stage.fail(error);
    }
    this.more.disabled = false;
  }

  #at(path, layer = this.layer) {
    const { repository, reference, options } = this.stage.address;
    return link({ repository, reference, view: "files", platform: options.get("platform") ?? "", layer, path });
  }

  #layers() {
    const layers = this.image.one?.layers ?? [];
    const choices = layers.map(({ digest, size }, index) => choice(digest, `Layer ${index + 1}: ${short(digest)}, ${bytes(size)}`, this.layer));
    const go = (event) => {
      location.hash = this.#at("", event.target.value);
    };
    const select = h("select", { onchange: go }, choice("", "All layers, as the image shows them", this.layer), choices);
    return h("label", { class: "chooser" }, h("span", {}, "Files of"), select);
  }

  #trail() {
    const parts = this.path.split("/").filter(Boolean);
    const links = parts.map((part, index) => [
      h("span", { "aria-hidden": "true" }, "/"),
      h("a", { href: this.#at(parts.slice(0, index + 1).join("/")), "aria-current": index === parts.length - 1 ? "page" : null }, part),
    ]);
    return h("nav", { class: "path", "aria-label": "Folder" }, h("a", { href: this.#at(""), "aria-current": parts.length ? null : "page" }, "root"), links);
  }

  #up() {
    const above = this.path.split("/").slice(0, -1).join("/");
    const columns = this.layer ? 5 : 6;
    return h("tr", {}, h("td", { class: "name", colspan: columns }, h("a", { href: this.#at(above), "data-row": true, "aria-label": "The folder above" }, icon("up"), "..")));
  }

  #row(entry) {
    const { name, type, size, rights, uid, gid, modified, target, layer } = entry;
    const path = [this.path, name].filter(Boolean).join("/");
    const isFolder = ICONS[type] === "folder";
    const words = [icon(ICONS[type] ?? "file"), h("span", { class: "file-name" }, name), isFolder && h("span", { "aria-hidden": "true" }, "/")];
    return h(
      "tr",
      { "data-entry": type },
      h("td", { class: "name" }, isFolder ? h("a", { href: this.#at(path), "data-row": true }, words) : h("span", { class: "file" }, words), target && h("span", { class: "faint target" }, `→ ${target}`)),
      h("td", { class: "size" }, isFolder ? "" : bytes(size)),
      h("td", { class: "rights" }, h("code", {}, rights)),
      h("td", { class: "owner" }, `${uid}:${gid}`),
      h("td", { class: "modified" }, modified > 0 ? exact(modified * 1000).slice(0, 16) : ""),
      !this.layer && h("td", { class: "digest" }, layer && this.#layerOf(layer)),
    );
  }

  #layerOf(digest) {
    const place = (this.image.one?.layers ?? []).findIndex((layer) => layer.digest === digest) + 1;
    return h("span", { title: digest }, place ? `layer ${place}` : short(digest));
  }

  #gone(path) {
    const name = path.slice(this.path ? this.path.length + 1 : 0);
    return h("tr", { class: "gone" }, h("td", { class: "name", colspan: 5 }, h("span", { class: "file" }, icon("remove"), h("del", {}, name)), h("span", { class: "faint target" }, "taken away from the layers below")));
  }
}

function choice(value, words, current) {
  return h("option", { value, selected: value === current }, words);
}
