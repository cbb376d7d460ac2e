// From an address to a view, and back: what is shown, where it was scrolled to, and what had the focus.

import { read } from "./address.js";
import { announce } from "./announce.js";
import { nodes } from "./dom.js";
import { failure } from "./failure.js";
import { logIn } from "./log_in.js";

// Views that are looked at less often are fetched when they are.
const WITHOUT_REPOSITORY = {
  "": () => import("./repositories.js"),
  doctor: () => import("./doctor.js"),
};
const OF_REPOSITORY = {
  "": () => import("./tags.js"),
  diff: () => import("./difference.js"),
  doctor: () => import("./doctor.js"),
};
const OF_IMAGE = {
  "": () => import("./overview.js"),
  layers: () => import("./layers.js"),
  history: () => import("./history.js"),
  config: () => import("./config.js"),
  files: () => import("./files.js"),
  referrers: () => import("./referrers.js"),
  commands: () => import("./commands.js"),
  delete: () => import("./deletion.js"),
  doctor: () => import("./doctor.js"),
};

const main = document.getElementById("main");
const left = new Map(); // what was left behind, by the number of its place in the history
let session = null;
let view = new AbortController();
let place = 0;
let places = 0;

/** Show what the address says, now and whenever it changes. */
export function start(given) {
  session = given;
  history.scrollRestoration = "manual";
  window.addEventListener("hashchange", move);
  arrive();
}

/** Show the same again, from the beginning: somebody logged in, or wants to try again. */
export const again = () => arrive();

function move() {
  const link = document.activeElement?.closest("a")?.getAttribute("href");
  left.set(place, { scroll: window.scrollY, link });
  arrive();
}

async function arrive() {
  view.abort();
  view = new AbortController();
  const before = left.get(history.state?.place);
  place = history.state?.place ?? (places += 1);
  history.replaceState({ place }, "");
  const stage = new Stage(read(location.hash), view.signal, before);
  main.setAttribute("aria-busy", "true");
  try {
    const { show } = await loader(stage.address)();
    if (!stage.signal.aborted) await show(stage);
  } catch (error) {
    if (!stage.signal.aborted) stage.fail(error);
  }
  if (!stage.signal.aborted) main.removeAttribute("aria-busy");
}

function loader({ repository, reference, view: name }) {
  const views = reference ? OF_IMAGE : repository ? OF_REPOSITORY : WITHOUT_REPOSITORY;
  return Object.hasOwn(views, name) ? views[name] : views[""];
}

/** What a view has: its `address`, the `session`, a `signal` that it is left, and where to put what it shows. */
class Stage {
  #before;
  #focused = false;

  constructor(address, signal, before) {
    this.address = address;
    this.session = session;
    this.signal = signal;
    this.#before = before;
    this.body = document.createElement("div");
  }

  /** Put the view's head, and a body below it that is filled later. */
  put(title, ...head) {
    const focused = document.activeElement;
    const link = main.contains(focused) ? focused.getAttribute("href") : null;
    document.title = title ? `${title} · boxship` : `${session.registry} · boxship`;
    main.replaceChildren(...nodes(head), this.body);
    if (!this.#focused) this.#receive(link);
    return this.body;
  }

  /** What is to be seen first is there: a place that somebody comes back to is as it was. */
  settled() {
    if (!this.#before) return;
    window.scrollTo(0, this.#before.scroll);
    if (this.#before.link) linked(this.#before.link)?.focus({ preventScroll: true });
    this.#before = undefined;
  }

  /** Show an error in the place of the body. */
  fail(error) {
    if (this.signal.aborted) return;
    if (!this.body.isConnected) this.put("");
    if (error.status === 401 && session.login) this.body.replaceChildren(logIn(session, error, again));
    else this.body.replaceChildren(failure(error, again));
    announce(error.message);
  }

  // The focus goes to the same link in the new view, or to its heading; not when the page has just been opened.
  #receive(link) {
    this.#focused = true;
    if (!this.#before) window.scrollTo(0, 0);
    if (places === 1 && !this.#before) return;
    const target = (link && linked(link)) || main.querySelector("h1");
    target?.focus({ preventScroll: true });
  }
}

const linked = (href) => main.querySelector(`a[href="${CSS.escape(href)}"]`);
