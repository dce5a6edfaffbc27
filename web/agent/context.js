/** What an agent should know of the person on the line, as words. */

import { h, setText, show } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { lengthText } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */

/**
 * Why a call is urgent, in a word; "" when it is not.
 * @param {{ urgent: boolean, reason: string }} call
 */
export function matterText({ urgent, reason }) {
  if (reason && has(`reason.${reason}`)) return t(`reason.${reason}`);
  return urgent ? t("agent.urgent") : "";
}

/**
 * What the person asked for; "" for nothing in particular.
 * @param {readonly string[]} needs
 */
export function needsText(needs) {
  return needs.map((need) => (has(`need.${need}`) ? t(`need.${need}`) : need)).join(t("list.comma"));
}

export class Context {
  constructor() {
    this.urgent = h(
      "p",
      { class: "notice notice-danger", hidden: true },
      icon("urgent"),
      (this.urgentText = h("span")),
    );
    this.note = h("dd");
    this.needs = h("dd");
    this.waited = h("dd", { class: "figure" });
    this.needsRow = row("agent.fact_needs", this.needs);
    this.element = h(
      "section",
      { class: "card stack context" },
      h("h2", { text: t("agent.who") }),
      this.urgent,
      h(
        "dl",
        { class: "facts" },
        row("agent.fact_note", this.note),
        this.needsRow,
        row("agent.fact_waited", this.waited),
      ),
    );
  }

  /** @param {AgentCall} call */
  draw(call) {
    const matter = matterText(call);
    show(this.urgent, matter !== "");
    setText(this.urgentText, matter);
    setText(this.note, call.note || t("agent.fact_no_note"));
    const needs = needsText(call.needs);
    show(this.needsRow, needs !== "");
    setText(this.needs, needs);
    setText(this.waited, lengthText(call.waited_ms));
  }
}

/**
 * @param {string} key
 * @param {HTMLElement} value
 */
function row(key, value) {
  return h("div", {}, h("dt", { class: "soft small", text: t(key) }), value);
}
