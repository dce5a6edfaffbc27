/** Starts the agent's page: sign-in, then the desk. */

import { h, setText } from "../shared/dom.js";
import { loadTexts, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { fetchMe } from "../shared/service.js";
import { SignIn } from "../shared/signin.js";
import { AgentApp } from "./app.js";
import { Desk } from "./desk.js";
import { actOfKey, actsOf, choiceOfKey, phraseOfKey, targetOfKey } from "./state.js";

/** @typedef {import("./state.js").State} State */

async function main() {
  await loadTexts();
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  /** @type {string} */
  let shown = "";
  /** @type {Desk | null} */
  let desk = null;
  /** @type {SignIn | null} */
  let signIn = null;
  const app = new AgentApp((state) => {
    const wanted = screenOf(state);
    if (wanted !== shown) {
      shown = wanted;
      root.dataset.screen = wanted;
      desk?.leave();
      desk = wanted === "desk" ? new Desk(app) : null;
      signIn =
        wanted === "sign_in"
          ? new SignIn({ title: t("agent.sign_in"), roles: ["agent"], onSignedIn: (me) => app.enter(me) })
          : null;
      root.replaceChildren(desk?.element ?? signIn?.element ?? stopped(app, state.link));
      signIn?.name.focus();
    }
    signIn?.explain(state.trouble);
    desk?.draw(state);
    const ringing = state.view?.state === "reserved";
    root.classList.toggle("calls-you", wanted === "desk" && ringing);
    setText(document.head.querySelector("title") ?? document.body, t(ringing ? "title.agent_ringing" : "title.agent"));
  });
  document.addEventListener("keydown", (event) => {
    if (shown !== "desk") return;
    const focus = focusOf(event.target);
    const act = actOfKey(event, focus, actsOf(app.state), app.state.keysOn);
    const phrase = phraseOfKey(event, focus, app.state);
    const choice = choiceOfKey(event, focus, app.state);
    const target = targetOfKey(event, focus, app.state);
    if (!act && !phrase && !choice && !target) return;
    event.preventDefault();
    if (target) desk?.transfer.choose(target);
    else if (phrase) app.phrase(phrase);
    else if (choice) app.disposition.choose(choice);
    else if (act === "write" || act === "note") desk?.focus(act);
    else if (act) app.act(act);
  });
  const me = await fetchMe();
  if (me?.role === "agent" && !me.must_change) app.enter(me);
  else app.set({ trouble: !me ? "" : me.must_change ? "password_change_first" : "wrong_role" });
}

/**
 * @param {State} state
 * @returns {"sign_in" | "desk" | "replaced" | "version"}
 */
function screenOf({ me, link }) {
  if (!me) return "sign_in";
  return link === "replaced" || link === "version" ? link : "desk";
}

/**
 * @param {EventTarget | null} target
 * @returns {"text" | "control" | "page"}
 */
function focusOf(target) {
  if (!(target instanceof HTMLElement)) return "page";
  if (target.matches("input, textarea, select, [contenteditable]")) return "text";
  return target.matches("button, a, summary") ? "control" : "page";
}

/**
 * @param {AgentApp} app
 * @param {string} link
 */
function stopped(app, link) {
  return h(
    "main",
    { class: "sign-in" },
    h("h1", { text: t(`stopped.${link}_title`) }),
    h("p", { text: t(`stopped.${link}`) }),
    h(
      "button",
      { class: "button button-main", type: "button", on: { click: () => app.takeOver() } },
      icon("again"),
      h("span", { text: t(`stopped.${link}_act`) }),
    ),
  );
}

main().catch(() => {
  // No texts or no service: the words in the page's own markup stay, and a link tries again.
  document.getElementById("boot-retry")?.removeAttribute("hidden");
});
