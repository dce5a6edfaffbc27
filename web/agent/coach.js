/**
 * The coordinator beside the call: a mark with the name that stays as long as it is so, and lines for the agent alone,
 * which stay until they are read. It takes no focus and makes no sound: both hands are busy.
 */

import { h, keyed, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { unreadOf } from "./coached.js";
import { key } from "./ring.js";
import { KEYS } from "./state.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */

/** Answers that need no typing: `coach.answer.<name>`. */
const ANSWERS = /** @type {const} */ (["yes", "wait", "help"]);
/** What was read before is not needed while signing. */
const SHOWN = 3;
const MARKS = /** @type {const} */ ({ asked: "clock", in: "eye", coach: "write", joined: "people", picture: "clock", shown: "people" });

export class CoachCard {
  /** @param {AgentApp} app */
  constructor(app) {
    this.mark = h("span");
    this.name = h("span");
    this.who = h("p", { class: "pill pill-accent beside-mark" }, this.mark, this.name);
    this.lines = h("div", { class: "beside-lines", role: "log", "aria-label": t("coach.lines") });
    this.heard = h(
      "button",
      { class: "button button-main", type: "button", "data-act": "heard", on: { click: () => app.act("heard") } },
      icon("check"),
      h("span", { text: t("agent.heard") }),
      key(KEYS.heard),
    );
    this.acts = h(
      "div",
      { class: "beside-acts" },
      this.heard,
      ANSWERS.map((name) =>
        h("button", {
          class: "button",
          type: "button",
          text: t(`coach.answer.${name}`),
          on: { click: () => app.answerCoach(t(`coach.answer.${name}`)) },
        }),
      ),
    );
    this.element = h(
      "section",
      { class: "card beside", "aria-label": t("coach.title"), hidden: true },
      h("div", { role: "status" }, this.who),
      this.lines,
      this.acts,
    );
  }

  /** @param {State} state */
  draw({ view }) {
    const call = view?.call ?? null;
    const onlooker = call?.onlooker ?? null;
    // Nothing of an earlier call stays on the page.
    const lines = onlooker ? (call?.coach ?? []) : [];
    show(this.element, onlooker !== null);
    this.drawLines(call?.call ?? "", lines);
    if (!onlooker || !call) return;
    const state = onlooker.picture === "asked" ? "picture" : onlooker.picture || onlooker.state;
    if (this.who.dataset.name !== state) {
      this.who.dataset.name = state;
      this.mark.replaceChildren(icon(MARKS[state]));
    }
    setText(this.name, t(`coach.${state}`, { name: onlooker.name }));
    const unread = unreadOf(call) > 0;
    this.element.classList.toggle("is-unread", unread);
    show(this.lines, lines.length > 0);
    show(this.acts, lines.length > 0);
    show(this.heard, unread);
  }

  /**
   * @param {string} call
   * @param {readonly import("../shared/messages.js").CoachLine[]} lines
   */
  drawLines(call, lines) {
    keyed(
      this.lines,
      lines.slice(-SHOWN),
      (line) => `${call} ${line.seq}`,
      () => {
        const element = h("p", { class: "beside-line" });
        return {
          element,
          update: (line) => {
            element.dataset.who = line.mine ? "me" : "coordinator";
            element.classList.toggle("is-new", !line.mine && !line.read);
            setText(element, line.mine ? t("coach.mine", { text: line.text }) : line.text);
          },
        };
      },
    );
  }
}
