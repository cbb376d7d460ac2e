// Addresses of the page: after `#/` an image's name as everybody writes it, after `?` how it is looked at. Pure.
//
//     #/?q=web    #/team/app    #/team/app:1.2?view=layers&platform=linux/arm64    #/team/app@sha256:…?view=files

/** What an address names: `repository`, `reference` (a tag or a digest) and `view` may be empty. */
export function read(hash) {
  const [path, query = ""] = split(hash.replace(/^#\/?/, ""), "?");
  const options = new URLSearchParams(query);
  const view = options.get("view") ?? "";
  options.delete("view");
  return { ...named(unescaped(path)), view, options };
}

/** The address of a place. */
export function link({ repository = "", reference = "", view = "", ...options } = {}) {
  const said = Object.entries({ view, ...options }).filter(([, value]) => value !== "" && value !== undefined);
  const query = said.map(([name, value]) => `${name}=${escaped(String(value))}`).join("&");
  return `#/${escaped(nameOf(repository, reference))}${query && `?${query}`}`;
}

/** `team/app:1.2`, `team/app@sha256:…`. */
export function nameOf(repository, reference) {
  if (!reference) return repository;
  return `${repository}${reference.includes(":") ? "@" : ":"}${reference}`;
}

function named(name) {
  const at = name.indexOf("@");
  if (at >= 0) return { repository: name.slice(0, at), reference: name.slice(at + 1) };
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  if (colon >= 0) return { repository: name.slice(0, colon), reference: name.slice(colon + 1) };
  return { repository: name, reference: "" };
}

function split(text, letter) {
  const at = text.indexOf(letter);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

// What a name or a platform has in it stays readable.
const escaped = (text) => encodeURIComponent(text).replace(/%(2F|3A|40)/g, decodeURIComponent);

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a broken escape: the name is wrong, and the registry says so
  }
}
