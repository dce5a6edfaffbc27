/** Requests about shifts in words: what is asked, how far it is, and why not. */

import { has, locale, t } from "./i18n.js";
import { ruleText } from "./rule-words.js";
import { dayText, hourText } from "./time.js";

/**
 * @typedef {object} Row a request as the service gives it
 * @property {string} request
 * @property {number} rev
 * @property {"open" | "offer" | "swap" | "leave" | "away" | "wish" | "busy"} kind
 * @property {"waiting" | "asked" | "noted" | "granted" | "declined" | "refused" | "withdrawn" | "lapsed"} state
 * @property {string} person
 * @property {string} other
 * @property {"" | "too_few" | "rules" | "skill" | "others" | "talk"} [why] of a coordinator's no
 * @property {number} changed_ms
 * @property {string} [start]
 * @property {string} [end]
 * @property {string} [their_start]
 * @property {string} [their_end]
 * @property {string} [first_day]
 * @property {string} [last_day]
 * @property {string} [named]
 * @property {boolean} [fresh]
 * @property {import("./rule-words.js").Rule[]} [broken]
 */

const TONES = Object.freeze({
  waiting: "attention",
  asked: "attention",
  noted: "accent",
  granted: "good",
  declined: "danger",
  refused: "danger",
  withdrawn: "accent",
  lapsed: "accent",
});

/** @type {Record<Row["state"], import("./icons.js").IconName>} */
const ICONS = Object.freeze({
  waiting: "clock",
  asked: "clock",
  noted: "check",
  granted: "check-circle",
  declined: "end",
  refused: "end",
  withdrawn: "back",
  lapsed: "back",
});

/** @param {Row} row */
export function stateLook({ state }) {
  return { tone: TONES[state], icon: ICONS[state], text: t(`requests.state.${state}`) };
}

/**
 * A shift by its times, in the viewer's own zone.
 * @param {string} start
 * @param {string} end
 */
export function shiftText(start, end) {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  return `${dayText(from)} ${hourText(from)}–${hourText(to)}`;
}

/** @param {Row} row */
export function mineText({ start, end }) {
  return shiftText(start ?? "", end ?? "");
}

/** @param {Row} row */
export function theirsText({ their_start, their_end }) {
  return shiftText(their_start ?? "", their_end ?? "");
}

/**
 * Days of the calendar, whatever the viewer's zone.
 * @param {Row} row
 */
export function daysText({ first_day = "", last_day = "" }) {
  const from = calendarDay(first_day);
  return first_day === last_day ? from : t("requests.days", { from, to: calendarDay(last_day) });
}

/** @param {string} day YYYY-MM-DD */
export function calendarDay(day) {
  return new Intl.DateTimeFormat(locale(), { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" }).format(
    Date.parse(`${day}T00:00:00Z`),
  );
}

/**
 * What is asked, without by whom.
 * @param {Row} row
 */
export function whatText(row) {
  if (row.kind === "swap") return t("requests.swap", { mine: mineText(row), theirs: theirsText(row) });
  if (row.kind === "open" || row.kind === "offer") return mineText(row);
  const days = daysText(row);
  const named = row.named ?? "";
  if (row.kind === "wish") return t(named ? "requests.wish_shift" : "requests.wish_off", { days, shift: named });
  if (row.kind === "busy") return t(named ? "requests.busy_shift" : "requests.busy_all", { days, shift: named });
  return days;
}

/**
 * Rules that would be broken, as one line.
 * @param {readonly import("./rule-words.js").Rule[]} rules
 */
export function brokenText(rules) {
  return [...new Set(rules.map(ruleText))].join(t("list.comma"));
}

/**
 * Why the service did not do it.
 * @param {string} code
 * @param {string} [rule] of what cannot be asked: which of it is wrong
 */
export function refusalText(code, rule = "") {
  if (has(`requests.wrong.${rule}`)) return t(`requests.wrong.${rule}`);
  const key = `requests.refused.${code}`;
  return has(key) ? t(key) : t("requests.refused.other");
}
