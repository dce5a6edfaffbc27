/** Opening hours as sentences, and their faults at their rows. Functions of data. */

import { locale, t } from "../shared/i18n.js";

/** @typedef {[string, string]} Span HH:MM, as the service writes them */
/** @typedef {{ date: string, hours: Span[] }} Different */
/** @typedef {{ region: string, hours: Span[], make_up_as: number }} HolidayRule `make_up_as`: a weekday, 0 is Monday */
/** @typedef {{ date: string, kind: "holiday" | "make-up", name: string, hours: Span[] }} SpecialDay */
/**
 * @typedef {object} Hours
 * @property {Span[][]} week Monday first
 * @property {Different[]} exceptions
 * @property {HolidayRule | null} [holidays]
 * @property {SpecialDay[]} [special_days] the next ones
 * @property {string[]} [regions] whose holidays are known
 * @property {boolean} set
 * @property {string} zone
 * @property {boolean} open_now
 * @property {number} closes_ms
 * @property {number} next_open_ms
 */
/** @typedef {{ code: string, day?: number, date?: string, holiday?: boolean, row?: number, other?: number }} Fault */

// A Monday.
const MONDAY_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/**
 * @param {number} day 0 is Monday
 * @param {"long" | "short"} [form]
 */
export function dayName(day, form = "long") {
  const words = new Intl.DateTimeFormat(locale(), { weekday: form, timeZone: "UTC" });
  return words.format(MONDAY_MS + day * DAY_MS);
}

/**
 * The week in few lines: neighbours with the same hours stand together.
 * @param {Span[][]} week
 * @returns {string[]}
 */
export function weekLines(week) {
  const lines = [];
  for (let first = 0; first < 7; ) {
    let last = first;
    while (last < 6 && same(week[first], week[last + 1])) last += 1;
    const days =
      last === first
        ? dayName(first, "short")
        : t("hours.day_range", { first: dayName(first, "short"), last: dayName(last, "short") });
    lines.push(t("hours.week_line", { days, hours: spansText(week[first]) }));
    first = last + 1;
  }
  return lines;
}

const FEW = 5;

/**
 * The next public holidays and make-up workdays, each with its hours.
 * @param {Hours} hours
 * @returns {string[]}
 */
export function specialLines({ special_days }) {
  return (special_days ?? []).slice(0, FEW).map(({ date, kind, name, hours }) => {
    const day = new Intl.DateTimeFormat(locale(), { month: "short", day: "numeric", weekday: "short", timeZone: "UTC" });
    const what = kind === "make-up" ? t("hours.make_up") : name || t("hours.holiday");
    return t("hours.special_line", { day: day.format(Date.parse(date)), what, hours: spansText(hours) });
  });
}

/** @param {Span[]} spans */
export function spansText(spans) {
  return spans.map(([from, to]) => `${from}–${to}`).join(t("list.comma")) || t("hours.closed");
}

/**
 * How it stands at this moment with such hours, in one sentence.
 * @param {Hours} hours
 */
export function standingText({ set, zone, open_now, closes_ms, next_open_ms }) {
  if (!set) return t("hours.open_shifts");
  if (open_now) return closes_ms ? t("hours.open_until", { time: timeIn(closes_ms, zone) }) : t("hours.open_always");
  return next_open_ms ? t("hours.closed_until", { time: timeIn(next_open_ms, zone) }) : t("hours.closed_always");
}

/**
 * Day and time of a moment by the clock of `zone`.
 * @param {number} ms milliseconds since 1970
 * @param {string} zone
 */
export function timeIn(ms, zone) {
  /** @type {Intl.DateTimeFormatOptions} */
  const form = {
    weekday: "short",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  };
  try {
    return new Intl.DateTimeFormat(locale(), { ...form, timeZone: zone }).format(ms);
  } catch {
    return new Intl.DateTimeFormat(locale(), form).format(ms); // a zone that this browser does not know
  }
}

/**
 * A time as the service wants it: the midnight that ends a day is 24:00, which a time field cannot show.
 * @param {string} time as in the field
 */
export function endTime(time) {
  return time === "00:00" ? "24:00" : time;
}

/**
 * A time as its field shows it.
 * @param {string} time as the service writes it
 */
export function fieldTime(time) {
  return time === "24:00" ? "00:00" : time;
}

/**
 * @param {Span[]} a
 * @param {Span[]} b
 */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
