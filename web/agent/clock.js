/** The clock of signing and rest: a ring with a figure, and what it means in words. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clockText } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").AgentView} AgentView */

/**
 * @typedef {object} Reading
 * @property {"calm" | "soon" | "over" | "rest"} level
 * @property {number} part of the ring that is drawn, 0 to 1
 * @property {number} ms signed so far; in a rest what is left of it
 * @property {number} leftMs until a rest is due
 */

const SVG = "http://www.w3.org/2000/svg";
const MINUTE_MS = 60_000;
const SOON_MS = 5 * MINUTE_MS;
const RADIUS = 42;

/**
 * What the clock says at a moment; null when there is no limit to show. Minutes of signing run with the call, and stop
 * with it; a rest runs backwards.
 * @param {Pick<AgentView, "signing_ms" | "signing_from_ms" | "signing_limit_ms" | "rest_until_ms" | "since_ms">} view
 * @param {number} nowMs
 * @returns {Reading | null}
 */
export function readClock(view, nowMs) {
  if (view.rest_until_ms) {
    const leftMs = Math.max(0, view.rest_until_ms - nowMs);
    const wholeMs = Math.max(1, view.rest_until_ms - view.since_ms);
    return { level: "rest", part: Math.min(1, leftMs / wholeMs), ms: leftMs, leftMs };
  }
  if (!view.signing_limit_ms) return null;
  const running = view.signing_from_ms ? Math.max(0, nowMs - view.signing_from_ms) : 0;
  const ms = view.signing_ms + running;
  const leftMs = Math.max(0, view.signing_limit_ms - ms);
  const level = leftMs === 0 ? "over" : leftMs <= SOON_MS ? "soon" : "calm";
  return { level, part: Math.min(1, ms / view.signing_limit_ms), ms, leftMs };
}

export class SigningClock {
  constructor() {
    this.arc = circle("clock-arc");
    this.arc.setAttribute("pathLength", "100");
    const ring = document.createElementNS(SVG, "svg");
    ring.setAttribute("viewBox", "0 0 100 100");
    ring.setAttribute("aria-hidden", "true");
    ring.append(circle("clock-track"), this.arc);
    this.figure = h("span", { class: "clock-figure figure", "aria-hidden": "true" });
    this.mark = h("span", { class: "clock-mark" });
    this.word = h("span");
    this.next = h("p", { class: "small soft" });
    this.today = h("p", { class: "small soft figure" });
    this.element = h(
      "div",
      { class: "clock", hidden: true },
      h("span", { class: "clock-ring" }, /** @type {any} */ (ring), this.figure),
      h("div", {}, h("p", { class: "clock-word" }, this.mark, this.word), this.next, this.today),
    );
    /** @type {Reading["level"] | ""} */
    this.level = "";
  }

  /**
   * Once a second at most; words change with the minute, so that a screen reader that is here is not talked at.
   * @param {AgentView} view
   * @param {number} nowMs
   */
  draw(view, nowMs) {
    const reading = readClock(view, nowMs);
    show(this.element, reading !== null);
    if (!reading) return;
    const { level, part, ms, leftMs } = reading;
    setAttribute(this.arc, "stroke-dasharray", `${(Math.round(part * 1000) / 10).toFixed(1)} 100`);
    const limit = minutes(view.signing_limit_ms);
    const left = Math.ceil(leftMs / MINUTE_MS);
    const today = minutes(signedToday(view, nowMs));
    show(this.today, Boolean(view.day_limit_ms));
    setText(this.today, t("clock.today", { n: today, limit: minutes(view.day_limit_ms ?? 0) }));
    if (level === "rest" && isSpent(view, nowMs)) {
      setText(this.figure, t("clock.figure", { n: today }));
      setText(this.word, t("clock.day_over"));
      setText(this.next, t("clock.day_over_next"));
    } else if (level === "rest") {
      setText(this.figure, clockText(Math.ceil(ms / 1000) * 1000));
      setText(this.word, t("clock.rest"));
      setText(this.next, left > 1 ? t("clock.rest_left", { n: left }) : t("clock.rest_soon"));
    } else {
      setText(this.figure, t("clock.figure", { n: minutes(ms) }));
      setText(this.word, t("clock.signed", { n: minutes(ms), limit }));
      setText(this.next, level === "over" ? t("clock.over") : t("clock.left", { n: left }));
    }
    this.turn(level);
  }

  /** @param {Reading["level"]} level */
  turn(level) {
    if (level === this.level) return;
    const first = this.level === "";
    this.level = level;
    this.element.dataset.level = level;
    this.mark.replaceChildren(level === "rest" ? icon("cup") : level === "calm" ? "" : icon("urgent"));
    if (!first && level !== "calm") announce(`${this.word.textContent} ${this.next.textContent}`);
  }
}

/**
 * Milliseconds signed since the service's midnight, the running call included.
 * @param {Pick<AgentView, "day_signing_ms" | "day_from_ms">} view
 * @param {number} nowMs
 */
export function signedToday(view, nowMs) {
  return (view.day_signing_ms ?? 0) + (view.day_from_ms ? Math.max(0, nowMs - view.day_from_ms) : 0);
}

/**
 * Whether the day's limit of signing is reached.
 * @param {Pick<AgentView, "day_signing_ms" | "day_limit_ms" | "day_from_ms">} view
 * @param {number} nowMs
 */
export function isSpent(view, nowMs) {
  return Boolean(view.day_limit_ms) && signedToday(view, nowMs) >= (view.day_limit_ms ?? 0);
}

/** Whole minutes that have passed. @param {number} ms */
function minutes(ms) {
  return Math.floor(ms / MINUTE_MS);
}

/** @param {string} name */
function circle(name) {
  const element = document.createElementNS(SVG, "circle");
  element.setAttribute("class", name);
  element.setAttribute("cx", "50");
  element.setAttribute("cy", "50");
  element.setAttribute("r", String(RADIUS));
  return element;
}
