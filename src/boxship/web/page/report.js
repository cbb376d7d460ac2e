// What an examination found: the verdict, what to write, the timeline, and every check.

import { copyButton } from "./copy_button.js";
import { h } from "./dom.js";
import { timeline } from "./timeline.js";
import { spoken } from "./words.js";

const LAYERS = {
  reference: "Reference",
  settings: "Settings",
  secret: "Pull secret",
  proxy: "Proxy",
  names: "Names",
  tcp: "TCP",
  tls: "TLS",
  http: "HTTP",
  clock: "Clock",
  reach: "Reaching it",
  auth: "Log-in",
  content: "Content",
  limits: "Limits",
};
const STATUSES = ["error", "warning", "ok", "skipped"];

/** The report (what `boxship doctor -o json` says). */
export function report({ verdict, remedies, checks, endpoints, seconds, timeline: hops }) {
  return [
    h("section", { class: `verdict ${worst(checks)}` }, h("p", { tabindex: "-1" }, verdict)),
    remedies.length > 0 && h("section", {}, h("h2", {}, "What to write"), h("div", { class: "remedies" }, remedies.map(remedy))),
    hops.length > 0 && h("section", {}, h("h2", {}, "Timeline"), timeline(hops)),
    h("section", { class: "checks" }, h("h2", {}, "Checks", h("span", { class: "count" }, `${counts(checks)} in ${spoken(seconds * 1000)}`)), grouped(checks)),
    endpoints.length > 0 && h("section", {}, h("h2", {}, "Hosts and ports that were needed"), h("pre", { tabindex: "0", "aria-label": "Hosts and ports" }, endpoints.join("\n"))),
  ];
}

const worst = (checks) => ["error", "warning"].find((status) => checks.some((check) => check.status === status)) ?? "ok";

const counts = (checks) =>
  STATUSES.map((status) => [checks.filter((check) => check.status === status).length, status])
    .filter(([count]) => count)
    .map((pair) => pair.join(" "))
    .join(", ");

const remedy = ({ program, where, text }) =>
  h(
    "article",
    {},
    h("h3", {}, program),
    h("p", { class: "faint small" }, where),
    h("div", { class: "command" }, h("pre", { tabindex: "0", "aria-label": `For ${program}` }, text), copyButton(text, `what to write for ${program}`)),
  );

function grouped(checks) {
  const names = Object.keys(LAYERS);
  const layers = [...new Set(checks.map(layerOf))].sort((a, b) => rank(names, a) - rank(names, b));
  return layers.map((layer) => [h("h3", {}, LAYERS[layer] ?? layer), checks.filter((check) => layerOf(check) === layer).map(check)]);
}

const layerOf = ({ id }) => id.split(".")[0];
const rank = (names, layer) => (names.includes(layer) ? names.indexOf(layer) : names.length);

function check({ id, status, at, words, ms, evidence, remedy: help, link }) {
  return h(
    "div",
    { class: `check ${status}` },
    h("b", {}, status),
    h(
      "div",
      {},
      h("p", {}, h("code", {}, id), at && [" ", h("code", { class: "faint" }, at)], `: ${words}`, ms !== undefined && h("span", { class: "faint" }, ` ${spoken(ms)}`)),
      evidence && h("ul", {}, evidence.map((line) => h("li", {}, line))),
      help && status !== "ok" && h("p", {}, h("b", {}, "What helps: "), help),
      (status === "error" || status === "warning") && h("p", { class: "faint small" }, "More: ", h("code", {}, link)),
    ),
  );
}
