/** What an agent should know of the person on the line, as words. */

import { h, keyed, setText, show } from "../shared/dom.js";
import { has, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { inWords, labelText, learnTopics, wordOf } from "../shared/label-words.js";
import { lengthText, nowMs } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */
/** @typedef {import("../shared/messages.js").Caller} Caller */
/** @typedef {import("../shared/messages.js").Earlier} Earlier */

/** Steps of a length of time, from the largest, in seconds. @type {readonly [Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

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
  return needs.map(labelText).join(t("list.comma"));
}

/**
 * What the customer said that it is about, "" for nothing.
 * @param {{ topic: string, topic_titles: import("../shared/messages.js").AgentCall["topic_titles"] }} call
 */
export function topicText({ topic, topic_titles }) {
  learnTopics(topic_titles);
  return topic && wordOf(topic);
}

/**
 * In which queue the call came, where there are several: what it is called, else its name.
 * @param {{ queue: string, queue_title: import("../shared/label-words.js").Words }} call
 */
export function queueText({ queue, queue_title }) {
  if (!Object.keys(queue_title).length) return "";
  return inWords(queue_title) || (queue === "main" ? t("queues.main") : queue);
}

/**
 * A variety of signing by its name; a code without one stands for itself.
 * @param {string} code
 */
export function signText(code) {
  return has(`sign.${code}`) ? t(`sign.${code}`) : code;
}

/**
 * How long ago something was, in the largest whole step: "3 days ago".
 * @param {number} atMs milliseconds since 1970
 */
export function agoText(atMs) {
  const seconds = Math.max(0, (nowMs() - atMs) / 1000);
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  const [unit, step] = STEPS.find(([, least]) => seconds >= least) ?? ["second", seconds || 1];
  return words.format(-Math.floor(seconds / step), unit);
}

/**
 * One earlier call in a line: when, with whom, what came of it.
 * @param {Earlier} call
 */
export function earlierText({ at_ms: atMs, agent_name: name, outcome, with_me: mine }) {
  const when = agoText(atMs);
  const who = mine ? t("earlier.me", { when }) : name ? t("earlier.name", { when, name }) : when;
  return outcome ? `${who} · ${t(`outcome.${outcome}`)}` : who;
}

export class Context {
  constructor() {
    this.urgent = h(
      "p",
      { class: "notice notice-danger", hidden: true },
      icon("urgent"),
      (this.urgentText = h("span")),
    );
    this.note = row("agent.fact_note", "fact-wide");
    this.handover = row("agent.fact_handover", "fact-wide");
    this.order = row("agent.fact_context", "fact-wide");
    this.queue = row("agent.fact_queue");
    this.topic = row("agent.fact_topic");
    this.needs = row("agent.fact_needs");
    this.sign = row("agent.fact_sign");
    this.waited = row("agent.fact_waited");
    this.known = h("span", { class: "pill" });
    this.earlier = h("ul", { class: "earlier-list small" });
    this.earlierPart = h(
      "div",
      { class: "earlier" },
      h("h3", { class: "soft small", text: t("earlier.title") }),
      this.earlier,
    );
    this.element = h(
      "section",
      { class: "card stack context" },
      h("div", { class: "row spread" }, h("h2", { text: t("agent.who") }), this.known),
      this.urgent,
      h(
        "dl",
        { class: "facts" },
        [this.handover, this.note, this.order, this.queue, this.topic, this.needs, this.sign, this.waited].map((fact) => fact.element),
      ),
      this.earlierPart,
    );
  }

  /**
   * The person of a call, or of one that has just ended: then only what is known of the person is left.
   * @param {AgentCall | null} call
   * @param {Caller} about
   */
  draw(call, about) {
    const matter = call ? matterText(call) : "";
    show(this.urgent, matter !== "");
    setText(this.urgentText, matter);
    this.note.draw(call ? call.note || t("agent.fact_no_note") : "");
    const passed = call?.handover;
    this.handover.draw(passed ? [passed.from_name, passed.note].filter(Boolean).join(" · ") : "");
    this.queue.draw(call ? queueText(call) : "");
    this.topic.draw(call ? topicText(call) : "");
    this.needs.draw(call ? needsText(call.needs) : "");
    this.waited.draw(call ? lengthText(call.waited_ms) : "");
    const { verified, sign_language: sign, context, earlier } = about;
    setText(this.known, t(verified ? "agent.verified" : "agent.guest"));
    this.known.className = `pill ${verified ? "pill-good" : ""}`.trim();
    this.sign.draw(sign ? signText(sign) : "");
    this.order.draw(context);
    show(this.earlierPart, earlier.length > 0);
    keyed(
      this.earlier,
      earlier,
      (one) => String(one.at_ms),
      () => {
        const text = h("li");
        return { element: text, update: (one) => setText(text, earlierText(one)) };
      },
    );
  }
}

/**
 * @param {string} key
 * @param {string} [look]
 */
function row(key, look = "") {
  const value = h("dd");
  const element = h("div", { class: look }, h("dt", { class: "soft small", text: t(key) }), value);
  return {
    element,
    /** @param {string} text "" hides the row */
    draw(text) {
      show(element, text !== "");
      setText(value, text);
    },
  };
}
