// What made a layer, as builders write it, without what they all write.

import { h } from "./dom.js";

const SHELL = /^(?:RUN )?\/bin\/(?:ba)?sh -c(?: #\(nop\))?\s+/;
const BUILDKIT = /\s*# buildkit$/;
const INSTRUCTION = /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)(?=\s)/;

/** The step, its instruction marked; or that nothing is said. */
export function madeBy(text) {
  if (!text) return h("span", { class: "faint" }, "not said");
  const words = text.replace(BUILDKIT, "").replace(SHELL, (start) => (start.includes("nop") ? "" : "RUN "));
  const [instruction] = words.match(INSTRUCTION) ?? [];
  return h("code", { class: "step", title: text }, instruction && h("b", {}, instruction), words.slice(instruction?.length ?? 0));
}
