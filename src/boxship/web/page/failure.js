// An error as the command line says it, with what was waited for, and what can be done about it from here.

import { link } from "./address.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { timeline } from "./timeline.js";

/** The panel for an error; `again` is what trying once more is. */
export function failure(problem, again) {
  const error = problem.error ?? unforeseen(problem);
  return h(
    "section",
    { class: "failure", role: "alert" },
    h("h2", {}, error.what),
    error.why && h("p", {}, error.why),
    error.remedy && h("p", { class: "remedy" }, h("b", {}, "What helps: "), error.remedy),
    changes(error.changes),
    h(
      "p",
      { class: "actions" },
      again && h("button", { class: "button", type: "button", onclick: again }, "Try again"),
      error.doctor && h("a", { class: "button", href: examined(error.doctor) }, icon("pulse"), "Examine the connection"),
    ),
    said(error),
    waited(error),
  );
}

/** An error in a line, where it is of one thing among many. */
export const failureLine = (error) =>
  h("span", { class: "failed-line", title: (error.lines ?? []).join("\n") }, [error.what, error.why].filter(Boolean).join(": "));

const examined = ({ repository = "", reference = "" }) => link({ repository, reference, view: "doctor" });

const changes = (sentences) => sentences?.length && h("ul", {}, sentences.map((sentence) => h("li", {}, sentence)));

function said({ lines, took }) {
  if (!lines?.length) return null;
  const words = took ? [...lines, `  took: ${took}`] : lines;
  return [h("h3", {}, "On the command line"), h("pre", { tabindex: "0", "aria-label": "On the command line" }, words.join("\n"))];
}

const waited = ({ timeline: hops }) => hops?.length > 0 && [h("h3", {}, "What was waited for"), timeline(hops)];

// A mistake of the page's own: said as it is.
function unforeseen(problem) {
  const what = `the page has a fault: ${problem.message}`;
  return { what, remedy: "reload it; where that does not help, please report this", lines: String(problem.stack ?? "").split("\n") };
}

