/** A broken rule of somebody's work in words: for whoever makes rosters, and for whoever asks for a shift. */

import { t } from "./i18n.js";
import { lengthText } from "./time.js";

const MINUTE_MS = 60_000;
const QUARTER_MIN = 15;
const IN_QUARTERS = new Set(["rest", "split_gap", "no_break", "break_rule"]);

/** @typedef {{ rule: string, shift: string, has: number, limit: number }} Rule */

/** @param {number} minutes */
export function hoursText(minutes) {
  return lengthText(minutes * MINUTE_MS);
}

/**
 * What is wrong, without whose it is and when.
 * @param {Rule} rule
 */
export function ruleText({ rule, shift, has, limit }) {
  const amount = (/** @type {number} */ n) =>
    IN_QUARTERS.has(rule) ? hoursText(Math.max(0, n) * QUARTER_MIN) : rule === "hours" ? hoursText(n) : String(n);
  return t(`roster.rule.${rule}`, { shift, has: amount(has), limit: amount(limit) });
}
