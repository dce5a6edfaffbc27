/** The card of a call that rings: who, since when, how long there is to answer, one key to accept, one to decline. */

import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { lengthText, nowMs } from "../shared/time.js";
import { earlierText, matterText, needsText, queueText, signText, topicText } from "./context.js";
import { KEYS } from "./state.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("../shared/messages.js").Reservation} Reservation */

export class RingCard {
  /** @param {AgentApp} app */
  constructor(app) {
    /** @type {Reservation | null} */
    this.reservation = null;
    this.wholeMs = 1;
    this.heading = h("h2");
    this.matter = h("p", { class: "ring-matter" });
    this.note = h("p", { class: "ring-note" });
    this.handover = h("p", { class: "ring-note", hidden: true });
    this.rest = h("p", { class: "ring-note", hidden: true, text: t("agent.ringing_in_rest") });
    this.waited = h("p", { class: "soft figure" });
    this.last = h("p", { class: "ring-last" }, icon("again"), (this.lastText = h("span")));
    this.bar = h("span", { class: "ring-time-bar" });
    this.left = h("span", { class: "figure" });
    this.element = h(
      "section",
      { class: "card ring-card", role: "alert", hidden: true },
      h(
        "div",
        { class: "row" },
        h("span", { class: "ring-mark" }, icon("hands")),
        h("div", {}, this.heading, this.waited),
      ),
      this.matter,
      this.handover,
      this.last,
      this.note,
      this.rest,
      h(
        "div",
        { class: "ring-time", "aria-hidden": "true" },
        h("span", { class: "ring-time-track" }, this.bar),
        this.left,
      ),
      h(
        "div",
        { class: "ring-acts" },
        h(
          "button",
          { class: "button button-main", type: "button", "data-act": "accept", on: { click: () => app.act("accept") } },
          icon("check"),
          h("span", { text: t("agent.accept") }),
          key(KEYS.accept),
        ),
        h(
          "button",
          { class: "button", type: "button", "data-act": "decline", on: { click: () => app.act("decline") } },
          icon("end"),
          h("span", { text: t("agent.decline") }),
          key(KEYS.decline),
        ),
      ),
    );
  }

  /**
   * @param {Reservation | null} reservation
   * @param {boolean} inRest it came while the agent rests, who may refuse it
   */
  draw(reservation, inRest) {
    show(this.element, reservation !== null);
    show(this.rest, inRest);
    if (!reservation) {
      this.reservation = null;
      return;
    }
    if (this.reservation?.call !== reservation.call || this.reservation.epoch !== reservation.epoch) {
      this.wholeMs = Math.max(1000, reservation.ring_until_ms - nowMs());
      announce(t("agent.ringing"));
    }
    this.reservation = reservation;
    this.element.classList.toggle("is-urgent", reservation.urgent);
    const joins = reservation.joins ? t("agent.ringing_joins", { name: reservation.handover?.from_name ?? "" }) : "";
    setText(this.heading, joins || t(reservation.urgent ? "agent.ringing_urgent" : "agent.ringing"));
    setText(this.waited, t("agent.waited", { time: lengthText(reservation.waited_ms) }));
    show(this.handover, Boolean(reservation.handover));
    setText(this.handover, handoverText(reservation.handover));
    setText(this.matter, reservedFor(reservation));
    show(this.matter, this.matter.textContent !== "");
    const last = lastTogether(reservation.about.earlier);
    show(this.last, last !== null);
    setText(this.lastText, last ? t("agent.last_time", { text: earlierText(last) }) : "");
    setText(this.note, reservation.note ? t("agent.note", { text: reservation.note }) : t("agent.no_note"));
    this.tick();
  }

  tick() {
    if (!this.reservation) return;
    const leftMs = Math.max(0, this.reservation.ring_until_ms - nowMs());
    this.bar.style.setProperty("transform", `scaleX(${Math.min(1, leftMs / this.wholeMs)})`);
    setText(this.left, t("time.s", { s: Math.ceil(leftMs / 1000) }));
  }
}

/**
 * What the call needs, in one line: the queue, the matter, the topic, the needs, how the person signs, what the host application said.
 * @param {Reservation} reservation
 */
function reservedFor({ about, needs, ...call }) {
  const sign = about.sign_language ? signText(about.sign_language) : "";
  return [queueText(call), matterText(call), topicText(call), needsText(needs), sign, about.context].filter(Boolean).join(" · ");
}

/**
 * The last call of this customer with this agent, or else with anybody; null for a new customer.
 * @param {readonly import("../shared/messages.js").Earlier[]} earlier newest first
 */
export function lastTogether(earlier) {
  return earlier.find((call) => call.with_me) ?? earlier[0] ?? null;
}

/**
 * Who passed the call on, and what there is to know; "" for nobody.
 * @param {import("../shared/messages.js").Handover | null | undefined} handover
 */
function handoverText(handover) {
  return handover ? t("agent.handover", { name: handover.from_name, note: handover.note }).trim() : "";
}

/** @param {string} letter */
export function key(letter) {
  return h("kbd", { class: "key", text: letter });
}
