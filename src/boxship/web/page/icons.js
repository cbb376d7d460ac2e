// Small drawings, in the colour of the words beside them. People who do not see them have the words.

import { drawn } from "./dom.js";

const PATHS = {
  auto: "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5Zm0 0v12.5M8 4.5h4.9M8 8h6.2M8 11.5h4.9",
  light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13",
  dark: "M13.5 9.6A5.9 5.9 0 0 1 6.4 2.5a5.9 5.9 0 1 0 7.1 7.1Z",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  done: "m3 8.5 3.2 3.2L13 4.8",
  search: "M7 2.25a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5ZM10.5 10.5 14 14",
  pulse: "M1 8.5h3l2-5 3.5 9 2-4H15",
  file: "M4 1.75h5l3.25 3.25v9.25H4zM9 1.75V5h3.25",
  folder: "M1.75 3.5h4.5l1.5 2h6.5v7.75H1.75z",
  link: "M6.5 9.5 13 3M8.5 3H13v4.5M11 9.5V13H3V5h3.5",
  remove: "M2.5 4.5h11M6 4.5V2.5h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4",
  compare: "M5 2.5v11M5 2.5 2.5 5M5 2.5 7.5 5M11 13.5v-11M11 13.5 8.5 11M11 13.5l2.5-2.5",
  help: "M5.5 5.8A2.5 2.5 0 1 1 8.9 8.2c-.6.3-.9.7-.9 1.4M8 12.4v.1",
  up: "M8 13V3.5M4 7l4-4 4 4",
};

/** The drawing of that name. */
export const icon = (name) =>
  drawn("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, drawn("path", { d: PATHS[name] }));
