/** The words of rosters: a day, a fault with its row, a person. */

import { locale, t } from "../shared/i18n.js";
import { hoursText, ruleText } from "../shared/rule-words.js";

export { hoursText, ruleText };

/** @typedef {import("./roster-model.js").Draft} Draft */
/** @typedef {import("./roster-model.js").Fault} Fault */

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
