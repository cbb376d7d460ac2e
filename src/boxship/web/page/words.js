// Numbers, sizes and times as people read them. Pure.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const SPANS = [
  ["year", 365.25 * 86400],
  ["month", 30.44 * 86400],
  ["week", 7 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const grouped = new Intl.NumberFormat("en");

/** `1,234`. */
export const number = (value) => grouped.format(value);

/** `1 tag`, `2,000 tags`. */
export const counted = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** So many bytes, as the command line says them: `12 B`, `3.4 MiB`. */
export function bytes(value) {
  let size = value;
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit += 1) size /= 1024;
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}

/** So many milliseconds: `0.4 ms`, `12 ms`, `1.02 s`. */
export function spoken(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 10 || ms === 0 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

/** A moment's milliseconds since the epoch, or NaN where the text is none, or says "not known" as builders do. */
export function moment(text) {
  const at = Date.parse(text);
  return at > 0 ? at : NaN;
}

/** `3 days ago`. */
export function ago(at, now = Date.now()) {
  const seconds = (at - now) / 1000;
  const [unit, length] = SPANS.find(([, span]) => Math.abs(seconds) >= span) ?? [];
  return unit ? relative.format(Math.round(seconds / length), unit) : "just now";
}

/** `2026-11-01 08:00:00 UTC`. */
export const exact = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** A digest as people compare them: its algorithm left out, its first letters. */
export const short = (digest) => digest.slice(digest.indexOf(":") + 1).slice(0, 12);
