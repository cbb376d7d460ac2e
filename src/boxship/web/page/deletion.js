// Deleting: first the whole plan, then, once somebody has agreed, that and no more.

import { link } from "./address.js";
import { announce } from "./announce.js";
import { ask, change, forget } from "./api.js";
import { fill, h } from "./dom.js";
import { failure } from "./failure.js";
import { fullName, heading, toRepository } from "./heading.js";
import { icon } from "./icons.js";
import { waiting } from "./waiting.js";
import { number, short } from "./words.js";

export async function show(stage) {
  const { repository, reference } = stage.address;
  const name = [h("span", { class: "folder" }, "Delete "), h("span", { class: "leaf" }, fullName(stage))];
  const image = h("a", { href: link({ repository, reference }) }, reference.includes(":") ? short(reference) : reference);
  stage.put(`Delete ${repository}`, heading(stage, { kind: "", name, up: [toRepository(repository), image] }));
  fill(stage.body, waiting(5, "What would go is being looked at…"));
  const { plan, may } = await ask("plan", { repository, reference }, stage.signal);
  const parts = plan.repositories.map(planned);
  fill(stage.body, parts, stage.session.changes ? decision(stage, plan, may) : refusal());
  stage.settled();
}

function planned({ remove = [], untag = [], delete: gone = [], keep = [], notes = [] }) {
  const nothing = !remove.length && !untag.length && !gone.length;
  return h(
    "div",
    { class: "plan" },
    nothing && h("p", {}, "Nothing would go."),
    names("Tags that go", remove),
    names("Tags that go alone: what they stand for is needed elsewhere", untag),
    names("Manifests that go", gone),
    notes.map((note) => h("p", { class: "note" }, note)),
    kept(keep),
  );
}

function names(title, entries) {
  if (!entries.length) return null;
  const rows = entries.map(({ tag, digest, why }) =>
    h("li", {}, tag && h("b", {}, tag), h("code", { class: tag ? "faint" : null, title: digest }, short(digest)), h("span", { class: "faint" }, why)),
  );
  return h("section", {}, h("h2", {}, title, h("span", { class: "count" }, entries.length)), h("ul", { class: "planned" }, rows));
}

function kept(keep) {
  if (!keep.length) return null;
  const rows = keep.map(({ tag, digest, why }) => h("li", {}, h("b", {}, tag), h("code", { class: "faint", title: digest }, short(digest)), h("span", { class: "faint" }, why)));
  return h("details", {}, h("summary", {}, keep.length === 1 ? "1 tag stays" : `${number(keep.length)} tags stay`), h("ul", { class: "planned" }, rows));
}

const refusal = () => h("p", { class: "note" }, "Nothing can be deleted here: the page was started for looking only.");

function decision(stage, plan, may) {
  const { repository, reference } = stage.address;
  const result = h("div", {});
  const gone = h("button", { class: "button danger", type: "button", disabled: may === false }, icon("remove"), "Delete what is listed");
  const back = h("a", { class: "button", href: link({ repository, reference }) }, "Keep it");
  const buttons = h("p", { class: "actions" }, gone, back);
  gone.addEventListener("click", () => apply(stage, plan, { gone, buttons, result }));
  const words = may === false ? "You may not delete here." : may === null ? "Whether you may delete here is seen when it is tried." : "";
  return h("div", { class: "decision" }, words && h("p", { class: "note" }, words), buttons, result);
}

async function apply(stage, plan, { gone, buttons, result }) {
  const { repository } = stage.address;
  gone.disabled = true;
  const list = h("ul", { class: "planned" });
  fill(result, h("p", { class: "busy", role: "status" }, "Being deleted…"), list);
  try {
    // Not ended when the view is left: what was agreed to is done as a whole.
    for await (const { gone: name } of change("apply", { plan })) if (name) list.append(h("li", {}, h("code", {}, name), h("span", { class: "faint" }, "is gone")));
    forget();
    const back = h("a", { class: "button", href: link({ repository }) }, `Back to ${repository}`);
    buttons.remove();
    fill(result, h("p", { class: "success", tabindex: "-1" }, icon("done"), "Deleted as planned."), list, back);
    result.firstChild.focus();
    announce("Deleted as planned.");
  } catch (error) {
    forget();
    fill(result, failure(error), list);
    announce(error.message);
  }
}
