// What refers to an image (signatures, attestations, bills of materials), and to that in turn, as a tree.

import { link } from "./address.js";
import { recall } from "./api.js";
import { copyButton } from "./copy_button.js";
import { fill, h } from "./dom.js";
import { framed } from "./image_frame.js";
import { empty, waiting } from "./waiting.js";
import { ago, bytes, counted, moment, short } from "./words.js";

const CREATED = "org.opencontainers.image.created";
// What people call the kinds that are seen most.
const KINDS = [
  [/cosign.*(sig|bundle)|sigstore\.bundle|notary|signature/i, "Signature"],
  [/spdx|cyclonedx|sbom|syft/i, "Bill of materials"],
  [/in-toto|attestation|slsa|provenance/i, "Attestation"],
  [/sarif|vuln|scan/i, "Report of a scan"],
];

export async function show(stage) {
  fill(stage.body, waiting(4));
  const image = await framed(stage);
  if (!image) return;
  const { repository, reference } = stage.address;
  const subjects = [{ words: "", reference }];
  if (image.one && image.one !== image.whole) subjects.push({ words: image.platform, reference: image.one.digest });
  const trees = await Promise.all(subjects.map(async (one) => ({ ...one, tree: await recall("referrers", { repository, reference: one.reference }) })));
  if (stage.signal.aborted) return;
  const found = trees.filter(({ tree }) => tree.referrers.length);
  if (!found.length) {
    const words = empty("Nothing refers to this image.", h("p", { class: "faint" }, "Signatures, attestations and bills of materials would be shown here."));
    fill(stage.body, words);
  } else {
    fill(stage.body, found.map((one) => section(repository, one, found.length > 1 || one.words)));
  }
  stage.settled();
}

function section(repository, { words, tree }, hasTitle) {
  const subject = h("code", { title: tree.digest }, short(tree.digest));
  return h(
    "section",
    { class: "referrers" },
    hasTitle && h("h2", {}, words ? `To the image for ${words}` : "To the whole"),
    h("p", { class: "root" }, subject, h("span", { class: "faint" }, ` ${counted(count(tree), "referrer")}`)),
    branches(repository, tree.referrers),
  );
}

const count = (tree) => tree.referrers.reduce((sum, one) => sum + 1 + count(one), 0);

const branches = (repository, referrers) =>
  referrers.length > 0 && h("ul", { class: "tree" }, referrers.map((one) => h("li", {}, leaf(repository, one), branches(repository, one.referrers))));

function leaf(repository, one) {
  const kind = one.artifactType || one.mediaType;
  const [, name] = KINDS.find(([pattern]) => pattern.test(kind)) ?? [];
  const { [CREATED]: created, ...annotations } = one.annotations ?? {};
  const at = moment(created ?? "");
  return h(
    "div",
    { class: "leaf-of-tree" },
    h("a", { href: link({ repository, reference: one.digest }), "data-row": true }, name ?? kind),
    name && h("code", { class: "faint kind" }, kind),
    h("span", { class: "faint" }, [bytes(one.size), at && ago(at), one.tag].filter(Boolean).join(" · ")),
    h("span", { class: "digest" }, h("code", { class: "faint", title: one.digest }, short(one.digest)), copyButton(one.digest, `the digest of the ${(name ?? kind).toLowerCase()}`)),
    noted(annotations),
  );
}

function noted(annotations) {
  const entries = Object.entries(annotations);
  if (!entries.length) return null;
  const rows = entries.map(([name, value]) => [h("dt", {}, h("code", {}, name)), h("dd", {}, value)]);
  return h("details", {}, h("summary", {}, counted(entries.length, "annotation")), h("dl", { class: "facts pairs" }, rows));
}
