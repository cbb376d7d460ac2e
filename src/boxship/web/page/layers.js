// The layers of an image: how large each is, what made it, and what of it nobody ever sees.

import { link } from "./address.js";
import { announce } from "./announce.js";
import { recall } from "./api.js";
import { copyButton } from "./copy_button.js";
import { fill, h } from "./dom.js";
import { failure } from "./failure.js";
import { framed } from "./image_frame.js";
import { madeBy } from "./made_by.js";
import { empty, waiting } from "./waiting.js";
import { bytes, counted, number, short } from "./words.js";

const AT_ONCE = 32 * 1024 * 1024; // bytes of layers that are read without being asked for

export async function show(stage) {
  fill(stage.body, waiting(6));
  const image = await framed(stage);
  if (!image) return;
  const layers = image.one?.layers ?? [];
  if (!layers.length) {
    fill(stage.body, empty("There are no layers here."));
    return;
  }
  const view = new LayerTable(stage, image, layers);
  fill(stage.body, view.summary, view.bar, view.table);
  stage.settled();
  await Promise.all([view.tellSteps(), view.total <= AT_ONCE ? view.read() : view.offer()]);
}

class LayerTable {
  constructor(stage, image, layers) {
    Object.assign(this, { stage, image, layers });
    this.total = layers.reduce((sum, layer) => sum + layer.size, 0);
    this.waste = h("span", { class: "waste-told" });
    this.summary = h("p", { class: "summary" }, h("b", {}, bytes(this.total)), ` compressed, in ${counted(layers.length, "layer")}`, this.waste);
    this.bar = h("div", { class: "stack", "aria-hidden": "true" }, layers.map((layer, index) => this.#part(layer, index)));
    this.rows = layers.map((layer, index) => this.#row(layer, index));
    const heads = [["place", "#"], ["made", "Made by"], ["size", "Stored"], ["size", "Files"], ["size", "Unpacked"], ["size", "Waste"], ["digest", "Digest"]];
    this.table = h(
      "table",
      { class: "layers" },
      h("thead", {}, h("tr", {}, heads.map(([kind, words]) => h("th", { class: kind, scope: "col" }, words)))),
      h("tbody", {}, this.rows),
    );
  }

  /** Fill in what made each, which the configuration says. */
  async tellSteps() {
    try {
      const { steps } = await recall("history", this.image.query);
      const made = steps.filter((step) => step.digest);
      this.rows.forEach((row, index) => made[index] && fill(row.querySelector(".made a"), madeBy(made[index].created_by)));
    } catch (error) {
      if (error.status === undefined) throw error; // the registry's is told by the view of the history
    }
  }

  /** Offer to read what would take long. */
  offer() {
    const button = h("button", { class: "button", type: "button", onclick: () => this.read() }, `Read all ${bytes(this.total)}`);
    fill(this.waste, " ", button, h("span", { class: "faint" }, " to see what is wasted"));
  }

  /** Read every layer, and fill in what they have. */
  async read() {
    fill(this.waste, h("span", { class: "faint busy", role: "status" }, ", being read…"));
    try {
      const found = await recall("layers", this.image.query);
      if (!this.stage.signal.aborted) this.#tell(found);
    } catch (error) {
      if (this.stage.signal.aborted) return;
      fill(this.waste);
      this.table.before(failure(error, () => this.stage.signal.aborted || this.#retry()));
    }
  }

  #retry() {
    this.stage.body.querySelector(".failure")?.remove();
    this.read();
  }

  #tell(found) {
    const words = found.waste ? `${bytes(found.waste)} wasted` : "nothing wasted";
    fill(this.waste, ` · ${bytes(found.size)} of files to be seen, `, h("span", { class: found.waste ? "wasted" : "faint" }, words));
    announce(words);
    found.layers.forEach((layer, index) => {
      const cells = this.rows[index]?.querySelectorAll("td.size");
      if (!cells) return;
      const [, files, size, waste] = cells;
      fill(files, number(layer.files));
      fill(size, bytes(layer.size));
      fill(waste, layer.waste ? h("span", { class: "wasted", title: `${counted(layer.hidden, "file")} that upper layers hide` }, bytes(layer.waste)) : "–");
    });
  }

  #part(layer, index) {
    const part = h("span", { class: `shade-${index % 4}`, title: `${index + 1}: ${bytes(layer.size)}` });
    part.style.setProperty("--share", `${Math.max(layer.size / (this.total || 1), 0.002)}`);
    return part;
  }

  #row(layer, index) {
    const { repository, reference, options } = this.stage.address;
    const href = link({ repository, reference, view: "files", platform: options.get("platform") ?? "", layer: layer.digest });
    const meter = h("span", { class: "meter", "aria-hidden": "true" });
    meter.style.setProperty("--share", `${(layer.size / Math.max(...this.layers.map(({ size }) => size), 1)) * 100}%`);
    return h(
      "tr",
      {},
      h("td", { class: "place" }, h("span", { class: `dot shade-${index % 4}` }), index + 1),
      h("td", { class: "made" }, h("a", { href, "data-row": true }, h("span", { class: "faint" }, "files of the layer"))),
      h("td", { class: "size", "data-label": "Stored" }, h("span", {}, bytes(layer.size)), meter),
      ["Files", "Unpacked", "Waste"].map((label) => h("td", { class: "size later", "data-label": label })),
      h("td", { class: "digest" }, h("code", { title: layer.digest }, short(layer.digest)), copyButton(layer.digest, `the digest of layer ${index + 1}`)),
    );
  }
}
