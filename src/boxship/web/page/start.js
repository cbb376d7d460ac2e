// The beginning: who is asked, then what the address says.

import { askSession } from "./api.js";
import { fill } from "./dom.js";
import { failure } from "./failure.js";
import { header } from "./header.js";
import { listen } from "./keys.js";
import { start } from "./router.js";

const main = document.getElementById("main");

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // an address here is a view's
  main.focus();
});

async function begin() {
  try {
    const session = await askSession();
    fill(document.getElementById("bar"), header(session));
    listen();
    start(session);
  } catch (error) {
    main.removeAttribute("aria-busy");
    main.replaceChildren(failure(error, () => location.reload()));
  }
}

import("./repositories.js"); // what most visits begin with is read while the session is asked for
begin();
