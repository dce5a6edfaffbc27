/** The words of rosters: a day, a fault with its row, a person. */

import { locale, t } from "../shared/i18n.js";
import { lengthText } from "../shared/time.js";
import { QUARTER_MIN } from "./roster-model.js";

/** @typedef {import("./roster-model.js").Draft} Draft */
/** @typedef {import("./roster-model.js").Fault} Fault */

const MINUTE_MS = 60_000;
const IN_QUARTERS = new Set(["rest", "split_gap", "no_break", "break_rule"]);

/**
 * A day of the roster in words, whatever the viewer's zone.
 * @param {string} day YYYY-MM-DD
 * @param {boolean} [short] weekday and day of the month only
 */
export function rosterDay(day, short = false) {
  /** @type {Intl.DateTimeFormatOptions} */
  const parts = short
    ? { weekday: "short", day: "numeric", timeZone: "UTC" }
    : { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat(locale(), parts).format(Date.parse(`${day}T00:00:00Z`));
}

/**
 * @param {{ people: readonly { name: string, title: string }[] }} draft
 * @param {string} name sign-in name
 */
export function titleOf(draft, name) {
  return draft.people.find((each) => each.name === name)?.title || name;
}

/** @param {number} minutes */
export function hoursText(minutes) {
  return lengthText(minutes * MINUTE_MS);
}

/**
 * What is wrong, without whose it is and when.
 * @param {Fault} fault
 */
export function ruleText({ rule, shift, has, limit }) {
  const amount = (/** @type {number} */ n) =>
    IN_QUARTERS.has(rule) ? hoursText(Math.max(0, n) * QUARTER_MIN) : rule === "hours" ? hoursText(n) : String(n);
  return t(`roster.rule.${rule}`, { shift, has: amount(has), limit: amount(limit) });
}

/**
 * A fault as a sentence with its row.
 * @param {Fault} fault
 * @param {Draft} draft
 * @param {readonly string[]} days
 */
export function faultText(fault, draft, days) {
  const day = fault.day === null ? t("roster.whole") : rosterDay(days[fault.day] ?? days[0]);
  return t("roster.fault", { name: titleOf(draft, fault.person), day, what: ruleText(fault) });
}
