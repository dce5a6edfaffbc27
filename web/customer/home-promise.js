/** What was promised to this customer: by whom, by when, asked after once; and the owner who calls back in sign. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { vibrate } from "../shared/phone.js";
import { refusalText } from "../shared/promise-words.js";
import { request } from "../shared/service.js";
import { dayText, momentText, nowMs } from "../shared/time.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */
/**
 * @typedef {{ call: string, name: string, about_ms: number, reason: string, due_ms: number,
 *   state: "open" | "late" | "done", urged: boolean, calls_until_ms: number, called_ms: number }} Promised
 */

/** @type {Record<Promised["state"], [string, import("../shared/icons.js").IconName]>} */
const LOOKS = { open: ["accent", "clock"], late: ["attention", "clock"], done: ["good", "check-circle"] };

export class Part {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    /** @type {State["service"]} */
    this.asked = null;
    /** @type {Promised[]} */
    this.promises = [];
    this.told = "";
    this.ring = h(
      "section",
      { class: "notice notice-accent promise-ring", role: "alert", hidden: true },
      icon("hands"),
      h(
        "div",
        { class: "stack" },
        (this.ringText = h("h2")),
        button("button button-main button-wide", "hands", "promise.answer", () => app.prepare()),
        button("button button-wide", "end", "promise.not_now", () => this.say("/api/call-back/decline")),
      ),
    );
    this.list = h("ul", { class: "stack" });
    this.trouble = h("p", { class: "notice notice-attention", role: "alert", hidden: true }, icon("info"), h("span"));
    this.element = h(
      "section",
      { class: "stack promises", "aria-label": t("promise.title"), hidden: true },
      this.ring,
      this.list,
      this.trouble,
    );
  }

  /** @param {State} state */
  draw({ service }) {
    if (service && service !== "unreachable" && service !== this.asked) {
      this.asked = service;
      this.read();
    }
    this.edge();
  }

  /** The edge says it, as for every ring; a page that draws anew takes it away first. */
  edge() {
    if (this.caller() && this.element.isConnected) document.getElementById("app")?.classList.add("calls-you");
  }

  caller() {
    return this.promises.find((each) => each.calls_until_ms > nowMs());
  }

  async read() {
    try {
      this.promises = (await request("GET", "/api/promises")).promises;
    } catch {
      return; // what was read before stays; it is asked for again in a while
    }
    const caller = this.caller();
    if (caller) vibrate("ringing");
    else if (!this.ring.hidden) document.getElementById("app")?.classList.remove("calls-you");
    show(this.ring, Boolean(caller));
    if (caller) setText(this.ringText, t("promise.calls", { name: caller.name }));
    // It is asked for again and again: what is as it was stays, with the focus that it may have.
    const told = `${dayText(nowMs())} ${JSON.stringify(this.promises)}`;
    if (told !== this.told) this.list.replaceChildren(...this.promises.map((each) => this.row(each)));
    this.told = told;
    show(this.element, this.promises.length > 0);
    // Before all else on the screen.
    const acts = this.element.closest(".home-acts");
    if (acts && acts.firstElementChild !== this.element) acts.prepend(this.element);
    this.edge();
  }

  /** @param {Promised} promised */
  row({ call, name, about_ms, reason, due_ms, state, urged, called_ms }) {
    const [tone, mark] = LOOKS[state];
    const about = [t("promise.about", { day: dayText(about_ms) }), reason && t(`reason.${reason}`)];
    const open = state !== "done";
    return h(
      "li",
      { class: `notice notice-${tone}` },
      icon(mark),
      h(
        "div",
        { class: "stack" },
        h("b", { text: t(`promise.${state}`, { name, time: momentText(due_ms) }) }),
        h("span", { text: about.filter(Boolean).join(" · ") }),
        open && called_ms > 0 && h("span", { text: t("promise.called", { time: momentText(called_ms) }) }),
        open && urged && h("span", { text: t("promise.urged") }),
        open && !urged && button("button", "people", "promise.urge", () => this.say(`/api/promises/${call}/urge`)),
      ),
    );
  }

  /** @param {string} path */
  async say(path) {
    show(this.trouble, false);
    try {
      await request("POST", path);
    } catch (error) {
      setText(/** @type {HTMLElement} */ (this.trouble.lastChild), refusalText(error));
      show(this.trouble, true);
    }
    await this.read();
  }
}

/**
 * @param {string} look
 * @param {import("../shared/icons.js").IconName} mark
 * @param {string} key
 * @param {() => void} press
 */
function button(look, mark, key, press) {
  return h("button", { class: look, type: "button", on: { click: press } }, icon(mark), h("span", { text: t(key) }));
}
