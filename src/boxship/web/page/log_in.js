// A form for who somebody is. The password goes into the requests' headers, and nowhere else.

import { become } from "./api.js";
import { h } from "./dom.js";
import { showUser } from "./header.js";

/** The form; `then` is called once there is somebody to ask as. */
export function logIn(session, refused, then) {
  const user = h("input", { name: "username", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const enter = (event) => {
    event.preventDefault();
    become(user.value, password.value);
    showUser(user.value, then);
    then();
  };
  return h(
    "form",
    { class: "log-in", onsubmit: enter },
    h("h2", {}, `Log in at ${session.registry}`),
    h("p", { class: "faint", role: "alert" }, refused.error.why || refused.error.what),
    h("label", {}, "User", user),
    h("label", {}, "Password", password),
    h("button", { class: "button strong", type: "submit" }, "Log in"),
    h("p", { class: "faint small" }, "Kept until this page is closed or reloaded, and nowhere but in its memory."),
  );
}
