// What tags stand for, asked for some at a time, and remembered while the repository is looked at.

import { lines } from "./api.js";

const AT_ONCE = 25; // tags in a question
const QUESTIONS = 2; // at the same time

export class TagDetails {
  #wanted = new Set();
  #running = new Set();

  constructor(repository, signal, told) {
    Object.assign(this, { repository, signal, told });
    this.known = new Map();
  }

  /** Ask for these, whichever are not known yet; ends when they are. */
  async ask(tags) {
    for (const tag of tags) if (!this.known.has(tag)) this.#wanted.add(tag);
    while (this.#wanted.size || this.#running.size) {
      while (this.#wanted.size && this.#running.size < QUESTIONS) this.#begin();
      await Promise.race(this.#running);
      if (this.signal.aborted) return;
    }
  }

  #begin() {
    const some = [...this.#wanted].slice(0, AT_ONCE);
    for (const tag of some) this.#wanted.delete(tag);
    const question = this.#read(some).finally(() => this.#running.delete(question));
    this.#running.add(question);
  }

  async #read(tags) {
    try {
      for await (const detail of lines("details", { repository: this.repository, tag: tags }, this.signal)) this.#tell(detail);
    } catch (error) {
      if (this.signal.aborted) return;
      for (const tag of tags) if (!this.known.has(tag)) this.#tell({ tag, error: error.error ?? { what: error.message } });
    }
  }

  #tell(detail) {
    this.known.set(detail.tag, detail);
    this.told(detail);
  }
}
