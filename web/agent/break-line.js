/** One line about breaks: the one that goes on, comes after the call, was asked for, or is next. */

import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { hourText } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").AgentView} AgentView */

/** The agent is told of a break so long before it, also where calls are offered until it begins. */
const TOLD_MS = 5 * 60_000;

const MINUTE_MS = 60_000;

/**
 * What there is to say of breaks at a moment; null for nothing. `level`: "now" is worth being told, "calm" is not.
 * @param {AgentView} view
 * @param {number} nowMs
 * @returns {{ key: string, values: Record<string, string | number>, level: "calm" | "now" } | null}
 */
export function breakSaying(view, nowMs) {
  if (view.break_until_ms) return { key: "goes_on", values: { time: hourText(view.break_until_ms) }, level: "now" };
  if (view.break_owed_ms) {
    return { key: "after_call", values: { m: Math.round(view.break_owed_ms / MINUTE_MS) }, level: "now" };
  }
  if (view.break_asked_ms) {
    return { key: "asked", values: { time: hourText(view.break_latest_ms ?? 0) }, level: "now" };
  }
  if (!view.break_from_ms) return null;
  const values = {
    time: hourText(view.break_from_ms),
    m: Math.round((view.break_length_ms ?? 0) / MINUTE_MS),
  };
  const told = Math.min(view.break_quiet_ms ?? 0, view.break_from_ms - TOLD_MS);
  if (nowMs < told) return { key: "next", values, level: "calm" };
  return { key: nowMs < (view.break_quiet_ms ?? 0) ? "soon" : "quiet", values, level: "now" };
}

export class BreakLine {
  constructor() {
    this.words = h("span");
    this.element = h("p", { class: "break-line", hidden: true }, icon("cup"), this.words);
    this.spoken = "";
  }

  /**
   * @param {AgentView} view
   * @param {number} nowMs
   */
  draw(view, nowMs) {
    const saying = breakSaying(view, nowMs);
    show(this.element, saying !== null);
    if (!saying) {
      this.spoken = "";
      return;
    }
    const text = t(`break.${saying.key}`, saying.values);
    setText(this.words, text);
    this.element.dataset.level = saying.level;
    if (saying.level === "now" && text !== this.spoken) announce(text);
    this.spoken = text;
  }
}
