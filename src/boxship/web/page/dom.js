// Elements are made here and nowhere else. Words become text, whoever's they are: never markup, never an address.

const SVG = "http://www.w3.org/2000/svg";
// Control characters, and those that turn or hide the line.
const UNPRINTABLE = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu;

/** The words as they may be shown. */
export const shown = (words) => String(words).replace(UNPRINTABLE, " ");

/** An element with attributes (and listeners, as `onclick`) and children: elements and words, nested as you like. */
export const h = (name, given, ...children) => made(document.createElement(name), given, children);

/** The same of a drawing. */
export const drawn = (name, given, ...children) => made(document.createElementNS(SVG, name), given, children);

/** The nodes of children that are there. */
export const nodes = (...children) =>
  children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : document.createTextNode(shown(child))));

/** Put the children in the place of what is in the element. */
export const fill = (element, ...children) => element.replaceChildren(...nodes(children));

function made(element, given, children) {
  for (const [name, value] of Object.entries(given ?? {})) set(element, name, value);
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "href" && !value.startsWith("#")) throw new Error("links lead to places of this page only");
  else element.setAttribute(name, value === true ? "" : shown(value));
}
