// The road to the server: questions, answers and refusals (docs/web-api.md).

const KEPT = 200; // answers
const FRESH = 30_000; // ms that what a tag stands for is believed

// Of whoever logged in. It is here and nowhere else: in no storage, no cookie and no address.
let credential = "";
let token = "";
const answers = new Map();

/** The server said no, or nothing: `error` has what the command line would say. */
export class Failure extends Error {
  constructor(status, error) {
    super(error.what);
    this.status = status;
    this.error = error;
  }
}

/** Whom requests are made as from now on; without a user, as nobody. */
export function become(user, password) {
  const letters = String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`));
  credential = user ? `Basic ${btoa(letters)}` : "";
  answers.clear();
}

/** The answer to a question. */
export async function ask(name, query = {}, signal = undefined) {
  return (await send(name, query, { signal })).json();
}

/** Who is asked, and what is possible at all. */
export async function askSession() {
  const session = await ask("session");
  token = session.token;
  return session;
}

/** The same answer as a moment ago where there is one: of a digest for long, of a tag for half a minute. */
export function recall(name, query) {
  const key = `${name}?${parameters(query)}`;
  const known = answers.get(key);
  if (known && (known.lasting || Date.now() - known.at < FRESH)) return known.answer;
  // Without the view's signal: whoever comes next may want the answer too.
  const answer = ask(name, query);
  answers.set(key, { answer, at: Date.now(), lasting: (query.reference ?? "").includes(":") && name !== "referrers" });
  answer.catch(() => answers.delete(key));
  if (answers.size > KEPT) answers.delete(answers.keys().next().value);
  return answer;
}

/** Forget what was answered: something has changed. */
export const forget = () => answers.clear();

/** The lines of an answer, as they come; an error ends them, unless it is of one of several things. */
export async function* lines(name, query, signal) {
  yield* read(await send(name, query, { signal }));
}

/** The lines that a change answers with. */
export async function* change(name, body, signal) {
  const headers = { "Content-Type": "application/json", "X-Boxship-Token": token };
  yield* read(await send(name, {}, { method: "POST", body: JSON.stringify(body), headers, signal }));
}

function parameters(query) {
  const pairs = Object.entries(query).flatMap(([key, value]) => [value].flat().map((one) => [key, one]));
  return new URLSearchParams(pairs.filter(([, value]) => value !== undefined && value !== ""));
}

async function send(name, query, { headers = {}, ...options }) {
  const asked = parameters(query).toString();
  const said = credential ? { ...headers, Authorization: credential } : headers;
  let response;
  try {
    response = await fetch(`api/${name}${asked && `?${asked}`}`, { ...options, headers: said, credentials: "omit" });
  } catch (error) {
    throw error.name === "AbortError" ? error : gone(error);
  }
  if (!response.ok) throw new Failure(response.status, await refusal(response));
  return response;
}

async function refusal(response) {
  try {
    return (await response.json()).error;
  } catch {
    const what = `the server of this page answers ${response.status} ${response.statusText}`.trim();
    return { kind: "", what, lines: [what], timeline: [] };
  }
}

function gone(error) {
  const what = "the server of this page does not answer";
  const remedy = "see whether it still runs, and reload the page";
  const lines = [what, `  why: ${error.message}`, `  remedy: ${remedy}`];
  return new Failure(0, { kind: "Gone", what, why: error.message, remedy, lines, timeline: [] });
}

async function* read(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await received(reader);
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const part of parts) if (part) yield line(part);
    }
    if (rest) yield line(rest);
  } finally {
    reader.cancel().catch(() => {}); // whoever reads no more wants no word of it
  }
}

async function received(reader) {
  try {
    return await reader.read();
  } catch (error) {
    throw error.name === "AbortError" ? error : gone(error);
  }
}

function line(text) {
  const said = JSON.parse(text);
  if (said.error && !said.tag) throw new Failure(200, said.error);
  return said;
}
