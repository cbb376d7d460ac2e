// The timeline: for each hop what was asked of whom, and under it a bar for each thing it waited for.

import { h } from "./dom.js";
import { spoken } from "./words.js";

const LAYERS = ["names", "TCP", "proxy", "TLS", "first byte", "transfer"];
const TICKS = 4;
const LEAST = 0.25; // per cent, of a bar that would not be seen

/** The drawing of hops (docs/web-api.md), or nothing where nothing was asked. */
export function timeline(hops) {
  if (!hops?.length) return null;
  // What had begun before the first moment that was told stands before it.
  const first = Math.min(0, ...hops.map((hop) => hop.start));
  const longest = Math.max(...hops.map((hop) => hop.start + hop.total)) - first || 1;
  const label = `Timeline: ${hops.length} ${hops.length === 1 ? "hop" : "hops"} in ${spoken(longest)}`;
  return h(
    "figure",
    { class: "timeline", "aria-label": label },
    legend(hops),
    scale(longest),
    h("ol", {}, hops.map((hop) => row(hop, first, longest))),
  );
}

const kind = (layer) => layer.toLowerCase().replace(" ", "-");

function legend(hops) {
  const drawn = new Set(hops.flatMap((hop) => hop.phases.map((phase) => phase.layer)));
  const entries = LAYERS.filter((layer) => drawn.has(layer));
  return h("p", { class: "legend", "aria-hidden": "true" }, entries.map((layer) => h("span", { class: kind(layer) }, layer)));
}

function scale(longest) {
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => h("span", {}, spoken((longest * tick) / TICKS)));
  return h("p", { class: "scale", "aria-hidden": "true" }, ticks);
}

function row(hop, first, longest) {
  const where = [hop.address, hop.reused && "same connection"].filter(Boolean).join(", ");
  return h(
    "li",
    {},
    h(
      "p",
      { class: "hop" },
      h("span", { class: "faint" }, hop.role),
      h("span", { class: "asked" }, [hop.method, hop.url].filter(Boolean).join(" ")),
      hop.status ? h("b", { class: hop.status >= 400 ? "bad" : null }, hop.status) : null,
      h("span", { class: "faint where" }, where),
      h("span", { class: "took" }, spoken(hop.total)),
    ),
    hop.error && h("p", { class: "hop-error" }, hop.error),
    h("div", { class: "track", role: "img", "aria-label": told(hop) }, hop.phases.map((phase) => bar(phase, first, longest))),
  );
}

const told = (hop) => hop.phases.map(phaseWords).join(", ") || "nothing was waited for";
const phaseWords = ({ layer, start, end, failure }) => [layer, spoken(end - start), failure].filter(Boolean).join(" ");

function bar(phase, first, longest) {
  const element = h("span", { class: `${kind(phase.layer)}${phase.failure ? " failed" : ""}`, title: phaseWords(phase) });
  const width = Math.max(LEAST, ((phase.end - phase.start) / longest) * 100);
  element.style.setProperty("--from", `${Math.min(((phase.start - first) / longest) * 100, 100 - width)}%`);
  element.style.setProperty("--width", `${width}%`);
  return element;
}
