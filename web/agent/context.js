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

/**
 * A variety of signing by its name; a code without one stands for itself.
 * @param {string} code
 */
export function signText(code) {
  return has(`sign.${code}`) ? t(`sign.${code}`) : code;
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
    this.sign = h("dd");
    this.signRow = row("agent.fact_sign", this.sign);
    this.order = h("dd");
    this.orderRow = row("agent.fact_context", this.order);
    this.known = h("span", { class: "pill" });
    this.element = h(
      "section",
      { class: "card stack context" },
      h("div", { class: "row spread" }, h("h2", { text: t("agent.who") }), this.known),
      this.urgent,
      h(
        "dl",
        { class: "facts" },
        row("agent.fact_note", this.note),
        this.orderRow,
        this.needsRow,
        this.signRow,
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
    const { verified, sign_language: sign, context } = call.about;
    setText(this.known, t(verified ? "agent.verified" : "agent.guest"));
    this.known.className = `pill ${verified ? "pill-good" : ""}`.trim();
    show(this.signRow, sign !== "");
    setText(this.sign, sign ? signText(sign) : "");
    show(this.orderRow, context !== "");
    setText(this.order, context);
  }
}

/**
 * @param {string} key
 * @param {HTMLElement} value
 */
function row(key, value) {
  return h("div", {}, h("dt", { class: "soft small", text: t(key) }), value);
}
