// A repository: its tags, the newest first, each filled in as soon as it is known.

import { link } from "./address.js";
import { announce } from "./announce.js";
import { ask } from "./api.js";
import { fill, h } from "./dom.js";
import { fullName, heading } from "./heading.js";
import { icon } from "./icons.js";
import { searchField } from "./search_field.js";
import { TagTable } from "./tag_table.js";
import { TagDetails } from "./tag_details.js";
import { empty, waiting } from "./waiting.js";
import { counted, number } from "./words.js";

const PAGE = 200;
const FEW = 300; // of which everything is asked, to show the newest first
const PATIENCE = 600; // ms that rows wait for their places

export async function show(stage) {
  const { repository, options } = stage.address;
  const count = h("span", { class: "count" }, " ");
  const actions = [count, h("a", { class: "button", href: link({ repository, view: "doctor" }) }, icon("pulse"), "Examine")];
  stage.put(repository, heading(stage, { kind: "Repository", name: repository, copy: fullName(stage, ""), actions }));
  const view = new Tags(stage, count, options.get("q") ?? "");
  await view.begin();
}

class Tags {
  #asking = new AbortController();

  constructor(stage, count, match) {
    Object.assign(this, { stage, count, match });
    this.compare = h("p", { class: "compare", hidden: true });
    this.table = new TagTable(stage.address.repository, (chosen) => this.#choose(chosen));
    this.details = new TagDetails(stage.address.repository, stage.signal, (detail) => this.#fill(detail));
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => this.#follow() }, "Show more");
    this.rest = h("div", {}, waiting(6));
    stage.signal.addEventListener("abort", () => this.#asking.abort());
  }

  async begin() {
    const label = "Search tags";
    const changed = (match) => this.#search(match);
    const entered = () => this.table.element.querySelector("a[data-row]")?.click();
    this.field = searchField({ label, value: this.match, changed, entered });
    fill(this.stage.body, this.field, this.table.element, this.rest, this.more, this.compare);
    this.table.element.hidden = true;
    await this.#ask();
    this.stage.settled();
  }

  #search(match) {
    this.match = match;
    const { repository } = this.stage.address;
    history.replaceState(history.state, "", link({ repository, q: match }));
    this.#ask().catch((error) => this.#asking.signal.aborted || this.stage.fail(error));
  }

  async #ask() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { repository } = this.stage.address;
    const answer = await asked({ repository, match: this.match, n: PAGE }, signal);
    if (!answer) return;
    this.matched = answer.matched;
    const isAll = answer.matched <= FEW;
    if (isAll && answer.tags.length < answer.matched) {
      answer.tags.push(...(await ask("tags", { repository, match: this.match, from: PAGE, n: FEW }, signal)).tags);
    }
    fill(this.count, this.match ? `${number(answer.matched)} of ${counted(answer.total, "tag")}` : counted(answer.total, "tag"));
    if (this.match) announce(counted(answer.matched, "tag"));
    await this.#show(answer.tags, isAll, signal);
  }

  // Rows wait a moment for what is known of them: most have their right place as soon as they are seen.
  async #show(tags, isAll, signal) {
    const all = this.details.ask(isAll ? tags : []);
    if (isAll) await Promise.race([all, new Promise((done) => setTimeout(done, PATIENCE))]);
    if (signal.aborted) return;
    this.table.show(tags, this.details.known, { newest: isAll });
    this.table.element.hidden = !tags.length;
    fill(this.rest, tags.length ? null : this.#nothing());
    this.more.hidden = tags.length >= this.matched;
    if (isAll) {
      await all;
      if (!signal.aborted) this.table.settle();
    } else {
      this.table.watch((seen) => this.details.ask(seen));
    }
  }

  async #follow() {
    this.more.disabled = true;
    const { repository } = this.stage.address;
    const from = this.table.length;
    const answer = await asked({ repository, match: this.match, from, n: PAGE }, this.#asking.signal);
    this.more.disabled = false;
    if (!answer) return;
    this.table.add(answer.tags, this.details.known);
    this.more.hidden = !answer.tags.length || this.table.length >= answer.matched;
  }

  #fill(detail) {
    this.table.fill(detail);
  }

  #nothing() {
    if (this.match) return empty(`No tag has “${this.match}” in it.`);
    const name = fullName(this.stage, "TAG");
    return empty("There is no tag here.", h("p", { class: "faint" }, "One comes here for example by ", h("code", {}, `boxship copy IMAGE ${name}`)));
  }

  #choose(chosen) {
    this.compare.hidden = !chosen.length;
    if (chosen.length === 1) fill(this.compare, h("b", {}, chosen[0]), h("span", { class: "faint" }, "Choose another tag to compare it with"));
    if (chosen.length < 2) return;
    const [before, after] = this.table.inTime(chosen);
    const { repository } = this.stage.address;
    const go = h("a", { class: "button strong", href: link({ repository, view: "diff", before, after }) }, icon("compare"), "Compare");
    fill(this.compare, h("span", {}, h("b", {}, before), " → ", h("b", {}, after)), go);
    announce(`${before} and ${after} chosen: a link to compare them follows the table`);
  }
}

// Nothing where somebody has asked for something else meanwhile.
async function asked(query, signal) {
  try {
    return await ask("tags", query, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

