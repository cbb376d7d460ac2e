// All repositories, and those that are searched for, as somebody types.

import { link } from "./address.js";
import { announce } from "./announce.js";
import { ask } from "./api.js";
import { fill, h } from "./dom.js";
import { failure } from "./failure.js";
import { marked } from "./marked.js";
import { searchField } from "./search_field.js";
import { empty, waiting } from "./waiting.js";
import { counted, number } from "./words.js";

const PAGE = 100;
const MOST = 1000; // that the server gives at once
const AGAIN = 500; // ms, while the server still lists the registry

// How far the list had been followed, for whoever comes back to it.
const followed = { match: "", count: PAGE };

export async function show(stage) {
  await new Repositories(stage).begin();
}

class Repositories {
  #asking = new AbortController();
  #names = [];
  #timer = 0;

  constructor(stage) {
    this.stage = stage;
    this.match = stage.address.options.get("q") ?? "";
    this.count = h("p", { class: "count" }, " ");
    this.list = h("ol", { class: "rows names", "aria-label": "Repositories" });
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => this.#follow() }, "Show more");
    this.rest = h("div", {});
    stage.signal.addEventListener("abort", () => this.#end());
  }

  async begin() {
    const field = searchField({
      label: "Search repositories",
      value: this.match,
      changed: (match) => this.#search(match),
      entered: (match) => this.#enter(match),
    });
    const title = h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Repositories"), this.count);
    this.stage.put(this.match, h("div", { class: "heading" }, title), field);
    fill(this.stage.body, this.list, this.rest, this.more);
    fill(this.rest, waiting(8));
    this.#watch();
    const count = followed.match === this.match ? followed.count : PAGE;
    await this.#ask(Math.min(count, MOST));
    this.stage.settled();
  }

  #end() {
    this.#asking.abort();
    clearTimeout(this.#timer);
    this.watcher?.disconnect();
  }

  #search(match) {
    this.match = match;
    history.replaceState(history.state, "", link({ q: match }));
    this.#ask(PAGE);
  }

  // Enter opens the first one found; where there is none, what was typed: not every registry lists what it has.
  #enter(match) {
    if (match !== this.shownFor) return;
    const first = this.list.querySelector("a");
    if (first) first.click();
    else if (match) location.hash = link({ repository: match });
  }

  async #ask(count) {
    this.#asking.abort();
    clearTimeout(this.#timer);
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { match } = this;
    try {
      const answer = await ask("repositories", { match, n: count }, signal);
      if (!signal.aborted) this.#show(answer, match, count);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #show(answer, match, count) {
    const isNew = match !== this.shownFor;
    this.shownFor = match;
    Object.assign(followed, { match, count });
    this.#names = answer.repositories;
    fill(this.list, this.#names.map((name) => row(name, match)));
    this.#tell(answer, match);
    fill(this.rest, this.#names.length ? null : this.#nothing(match, answer));
    this.more.hidden = this.#names.length >= answer.matched;
    if (isNew && match) announce(counted(answer.matched, "repository", "repositories"));
    if (!answer.complete) this.#timer = setTimeout(() => this.#ask(this.#names.length || PAGE), AGAIN);
  }

  #tell({ matched, total, complete }, match) {
    const words = match ? `${number(matched)} of ${number(total)}` : number(total);
    fill(this.count, words, !complete && h("span", { class: "faint" }, " so far, the registry is still being listed"));
  }

  #nothing(match, { complete }) {
    if (!complete) return waiting(3, "The registry is being listed…");
    if (match) return empty(`No repository has “${match}” in its name.`, opening(match));
    const { registry } = this.stage.session;
    return empty(
      "There is nothing here yet.",
      h("p", { class: "faint" }, "An image comes here for example by:"),
      h("pre", { tabindex: "0", "aria-label": "A command" }, `boxship copy docker.io/library/busybox ${registry}/busybox`),
    );
  }

  async #follow() {
    const from = this.#names.length;
    this.more.disabled = true;
    try {
      const answer = await ask("repositories", { match: this.match, from, n: PAGE }, this.#asking.signal);
      const known = new Set(this.#names); // more may have been listed meanwhile, in between
      const fresh = answer.repositories.filter((name) => !known.has(name));
      this.#names.push(...fresh);
      this.list.append(...fresh.map((name) => row(name, this.match)));
      this.more.hidden = this.#names.length >= answer.matched || !answer.repositories.length;
      followed.count = this.#names.length;
    } catch (error) {
      if (!this.#asking.signal.aborted) this.#fail(error);
    }
    this.more.disabled = false;
  }

  #watch() {
    this.watcher = new IntersectionObserver(
      ([seen]) => seen.isIntersecting && !this.more.disabled && this.#follow(),
      { rootMargin: "400px" },
    );
    this.watcher.observe(this.more);
  }

  #fail(error) {
    if (error.status === 401 && this.stage.session.login) {
      this.stage.fail(error);
      return;
    }
    fill(this.count, " ");
    fill(this.list);
    this.more.hidden = true;
    this.shownFor = this.match;
    announce(error.message);
    const open = this.match ? opening(this.match) : h("p", {}, "A repository can still be opened: type its name above, and press Enter.");
    fill(this.rest, failure(error, () => this.#ask(PAGE)), open);
  }
}

const row = (repository, match) => h("li", {}, h("a", { href: link({ repository }), "data-row": true }, marked(repository, match)));

const opening = (repository) => h("p", {}, h("a", { class: "button", href: link({ repository }) }, `Open ${repository} by its name`));
