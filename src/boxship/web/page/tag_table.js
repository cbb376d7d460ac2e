// The table of tags: rows that are filled in where they are, sorted when everything is known or when somebody asks.

import { link } from "./address.js";
import { copyButton } from "./copy_button.js";
import { fill, h } from "./dom.js";
import { failureLine } from "./failure.js";
import { ago, bytes, exact, moment, short } from "./words.js";

const COLUMNS = [
  ["tag", "Tag", (a, b) => a.place - b.place],
  ["created", "Created", (a, b) => (b.at || 0) - (a.at || 0)],
  ["size", "Size", (a, b) => (b.size ?? -1) - (a.size ?? -1)],
];

export class TagTable {
  #rows = new Map(); // by tag
  #chosen = [];
  #sorted = { column: "tag", up: false };

  constructor(repository, chose) {
    Object.assign(this, { repository, chose });
    this.body = h("tbody", {});
    this.heads = COLUMNS.map(([column, words]) => this.#head(column, words));
    const rest = [h("th", { class: "platforms", scope: "col" }, "Platforms"), h("th", { class: "digest", scope: "col" }, "Digest")];
    const choose = h("th", { class: "choose", scope: "col" }, h("span", { class: "unseen" }, "Compare"));
    this.element = h("table", { class: "tags" }, h("thead", {}, h("tr", {}, choose, this.heads, rest)), this.body);
  }

  get length() {
    return this.#rows.size;
  }

  /** Show these tags, with what is known of them. */
  show(tags, known, { newest }) {
    this.watcher?.disconnect();
    this.#rows.clear();
    this.#chosen = [];
    this.chose([]);
    fill(this.body);
    this.#sorted = { column: newest ? "created" : "tag", up: false };
    this.add(tags, known);
    this.settle();
  }

  /** Show more tags below. */
  add(tags, known) {
    for (const tag of tags) {
      const row = { tag, place: this.#rows.size, element: this.#made(tag) };
      this.#rows.set(tag, row);
      this.body.append(row.element);
      if (known.has(tag)) this.fill(known.get(tag));
      else this.watcher?.observe(row.element);
    }
  }

  /** Tell of tags that come into sight and are not known. */
  watch(seen) {
    this.watcher = new IntersectionObserver((entries) => {
      const fresh = entries.filter((entry) => entry.isIntersecting).map(({ target }) => target);
      for (const element of fresh) this.watcher.unobserve(element);
      if (fresh.length) seen(fresh.map((element) => element.dataset.tag));
    }, { rootMargin: "300px" });
    for (const { element, detail } of this.#rows.values()) if (!detail) this.watcher.observe(element);
  }

  /** Fill in what is known of a tag now. */
  fill(detail) {
    const row = this.#rows.get(detail.tag);
    if (!row) return;
    const at = moment(detail.created);
    Object.assign(row, { detail, at, size: detail.size });
    const [, , created, size, platforms, digest] = row.element.children;
    row.element.classList.remove("unknown");
    if (detail.error) {
      fill(created, failureLine(detail.error));
      for (const cell of [size, platforms, digest]) fill(cell);
      return;
    }
    fill(created, at ? h("time", { datetime: new Date(at).toISOString(), title: exact(at) }, ago(at)) : h("span", { class: "faint" }, "not said"));
    fill(size, bytes(detail.size));
    fill(platforms, platformsOf(detail));
    fill(digest, h("code", { title: detail.digest }, short(detail.digest)), copyButton(detail.digest, `the digest of ${detail.tag}`));
  }

  /** Put the rows into their order; the focus stays where it is. */
  settle() {
    const { column, up } = this.#sorted;
    const [, , compare] = COLUMNS.find(([name]) => name === column);
    const rows = [...this.#rows.values()].sort((a, b) => compare(a, b) || a.place - b.place);
    if (up) rows.reverse();
    const focused = document.activeElement;
    this.body.append(...rows.map((row) => row.element));
    if (this.body.contains(focused)) focused.focus({ preventScroll: true });
    for (const head of this.heads) {
      const isSorted = head.dataset.column === column;
      head.setAttribute("aria-sort", isSorted ? (up ? "ascending" : "descending") : "none");
    }
  }

  /** These tags, the older one first. */
  inTime(tags) {
    return [...tags].sort((a, b) => {
      const [one, other] = [this.#rows.get(a), this.#rows.get(b)];
      return (one.at || 0) - (other.at || 0) || other.place - one.place;
    });
  }

  #head(column, words) {
    const sort = () => {
      const { column: before, up } = this.#sorted;
      this.#sorted = { column, up: before === column && !up };
      this.settle();
    };
    return h("th", { class: column, scope: "col", "data-column": column }, h("button", { type: "button", onclick: sort }, words));
  }

  #made(tag) {
    const box = h("input", { type: "checkbox", "aria-label": `Choose ${tag} to compare`, onchange: () => this.#choose(tag, box) });
    const name = h("a", { href: link({ repository: this.repository, reference: tag }), "data-row": true }, tag);
    const later = () => h("span", { class: "line", "aria-hidden": "true" });
    return h(
      "tr",
      { class: "unknown", "data-tag": tag },
      h("td", { class: "choose" }, box),
      h("th", { class: "tag", scope: "row" }, name),
      ["created", "size", "platforms", "digest"].map((kind) => h("td", { class: kind }, later())),
    );
  }

  // Two at most: the first one gives way.
  #choose(tag, box) {
    this.#chosen = this.#chosen.filter((one) => one !== tag && this.#rows.has(one));
    if (box.checked) this.#chosen.push(tag);
    while (this.#chosen.length > 2) this.#rows.get(this.#chosen.shift()).element.querySelector("input").checked = false;
    this.chose([...this.#chosen]);
  }
}

const PLATFORMS = 4; // that are shown; the others are counted

function platformsOf({ platforms, artifact_type: kind }) {
  if (!platforms.length) return kind && h("span", { class: "chip kind" }, kind);
  const shown = platforms.slice(0, PLATFORMS).map((platform) => h("span", { class: "chip" }, platform));
  const others = platforms.slice(PLATFORMS);
  return [shown, others.length > 0 && h("span", { class: "faint", title: others.join(", ") }, ` and ${others.length} more`)];
}
