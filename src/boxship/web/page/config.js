// The image's documents as they are stored: its configuration, its manifest, and the index it is in.

import { recall } from "./api.js";
import { copyButton } from "./copy_button.js";
import { fill, h } from "./dom.js";
import { failure } from "./failure.js";
import { framed } from "./image_frame.js";
import { jsonText } from "./json_text.js";
import { waiting } from "./waiting.js";
import { bytes } from "./words.js";

export async function show(stage) {
  fill(stage.body, waiting(8));
  const image = await framed(stage);
  if (!image) return;
  const { repository } = stage.address;
  const documents = [
    ["Configuration", recall("config", image.query)],
    ["Manifest", recall("manifest", image.query)],
    image.whole.images && ["Index", recall("manifest", { repository, reference: image.whole.digest })],
  ].filter(Boolean);
  const sections = await Promise.all(documents.map(([title, answer]) => section(title, answer)));
  if (stage.signal.aborted) return;
  fill(stage.body, sections);
  stage.settled();
}

async function section(title, answer) {
  return h("section", {}, h("h2", {}, title), await content(title, answer));
}

async function content(title, answer) {
  try {
    const { digest, media_type: kind, text } = await answer;
    const size = bytes(new TextEncoder().encode(text).length);
    const facts = h("p", { class: "faint small documented" }, h("code", {}, kind), ` ${size} `, h("code", {}, digest), copyButton(text, `the ${title.toLowerCase()}`));
    return [facts, jsonText(text, title)];
  } catch (error) {
    return failure(error);
  }
}
