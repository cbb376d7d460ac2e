// The doctor: what stands between this machine and a registry, told while it is looked at.

import { link, nameOf, read } from "./address.js";
import { announce } from "./announce.js";
import { lines } from "./api.js";
import { fill, h } from "./dom.js";
import { heading, toRepository } from "./heading.js";
import { report } from "./report.js";
import { timeline } from "./timeline.js";

export async function show(stage) {
  const { repository, reference } = stage.address;
  const name = [h("span", { class: "folder" }, "Examine "), h("span", { class: "leaf" }, stage.session.registry)];
  const up = repository ? [toRepository(repository)] : [];
  stage.put(`Examine ${nameOf(repository, reference) || stage.session.registry}`, heading(stage, { kind: "", name, up }), form(stage));
  await examined(stage);
}

function form(stage) {
  const { repository, reference } = stage.address;
  const input = h("input", {
    name: "name",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    placeholder: "team/app:1.2, or nothing for the registry itself",
  });
  input.value = nameOf(repository, reference);
  const go = (event) => {
    event.preventDefault();
    const wanted = link({ ...read(`#/${input.value.trim()}`), options: undefined, view: "doctor" });
    if (location.hash === wanted) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = wanted;
  };
  return h("form", { class: "two", onsubmit: go }, h("label", {}, "Repository or image", input), h("button", { class: "button strong", type: "submit" }, "Examine"));
}

async function examined(stage) {
  const { repository, reference } = stage.address;
  const now = h("p", { class: "busy now", role: "status" }, "Beginning…");
  const past = h("ol", { class: "looked" });
  const drawing = h("div", { class: "drawing" });
  fill(stage.body, h("section", { class: "running" }, now, past), drawing);
  for await (const said of lines("doctor", { repository, reference }, stage.signal)) {
    if (said.words) tell(now, past, said.words);
    if (said.timeline) fill(drawing, h("h2", {}, "Timeline"), timeline(said.timeline));
    if (said.report) {
      fill(stage.body, report(said.report));
      announce(said.report.verdict);
      stage.settled();
    }
  }
}

function tell(now, past, words) {
  const before = now.dataset.words;
  if (before) past.append(h("li", {}, before));
  now.dataset.words = words;
  fill(now, words);
}
