// How an image was made, step by step: the last one first.

import { link } from "./address.js";
import { recall } from "./api.js";
import { fill, h } from "./dom.js";
import { framed } from "./image_frame.js";
import { madeBy } from "./made_by.js";
import { empty, waiting } from "./waiting.js";
import { ago, bytes, exact, moment } from "./words.js";

export async function show(stage) {
  fill(stage.body, waiting(6));
  const image = await framed(stage);
  if (!image) return;
  const { steps, uneven } = await recall("history", image.query);
  if (stage.signal.aborted) return;
  const note = uneven && h("p", { class: "note" }, "The history tells of another number of layers than there is: which step made which is a guess.");
  const list = h("ol", { class: "steps", reversed: true }, steps.toReversed().map((one) => step(stage, one)));
  fill(stage.body, note, steps.length ? list : empty("The image does not say how it was made."));
  stage.settled();
}

function step(stage, { created, created_by: by, author, comment, empty_layer: isEmpty, digest, size }) {
  const { repository, reference, options } = stage.address;
  const at = moment(created);
  const files = digest && link({ repository, reference, view: "files", platform: options.get("platform") ?? "", layer: digest });
  return h(
    "li",
    { class: isEmpty ? "no-layer" : null },
    h("div", { class: "what" }, madeBy(by), comment && comment !== "buildkit.dockerfile.v0" && h("p", { class: "faint small" }, comment)),
    h(
      "p",
      { class: "beside" },
      files ? h("a", { href: files, "data-row": true }, bytes(size)) : h("span", { class: "faint" }, "no files"),
      at ? h("time", { class: "faint", datetime: new Date(at).toISOString(), title: exact(at) }, ago(at)) : null,
      author && h("span", { class: "faint" }, author),
    ),
  );
}
