/** How long messages and follow-ups wait, as colours and words. Functions of data. */

import { count, t } from "../shared/i18n.js";
import { dayText, hourText, lengthText } from "../shared/time.js";

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {"message" | "follow_up"} kind
 * @property {number} at_ms
 * @property {number} due_ms 0 for a message
 * @property {string} customer
 * @property {boolean} verified
 * @property {string} locale
 * @property {string} text
 * @property {string} contact
 * @property {string} call
 * @property {string} owner_name
 * @property {number} [urged_ms] when the customer asked after a follow-up
 * @property {"" | "disabled" | "leave"} [away] why its owner cannot keep it
 * @property {"open" | "done"} state
 * @property {boolean} readable
 * @property {import("../shared/message-film.js").Film | null} [video] of a signed message
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A message should be answered on the day it came; after a day its wait is too long. */
const LONG_MS = 4 * HOUR_MS;
const TOO_LONG_MS = DAY_MS;

/**
 * How urgent an entry is, as a colour and words.
 * @param {Entry} entry
 * @param {number} now milliseconds since 1970
 * @returns {{ tone: "good" | "accent" | "attention" | "danger", text: string }}
 */
export function waitOf({ state, kind, at_ms, due_ms }, now) {
  if (state === "done") return { tone: "good", text: t("inbox.is_done") };
  if (kind === "follow_up") {
    const soon = due_ms - now < LONG_MS ? "attention" : "accent";
    if (due_ms > now) return { tone: soon, text: t("inbox.due", { time: momentOf(due_ms) }) };
    return { tone: "danger", text: t("inbox.overdue", { time: ageText(now - due_ms) }) };
  }
  const time = ageText(now - at_ms);
  if (now - at_ms >= TOO_LONG_MS) return { tone: "danger", text: t("inbox.waits_too_long", { time }) };
  if (now - at_ms >= LONG_MS) return { tone: "attention", text: t("inbox.waits_long", { time }) };
  return { tone: "accent", text: t("inbox.waits", { time }) };
}

/** @param {number} ms */
function ageText(ms) {
  if (ms >= 2 * DAY_MS) return count("inbox.days", Math.floor(ms / DAY_MS));
  const step = ms >= HOUR_MS ? HOUR_MS : 60_000;
  return lengthText(Math.floor(ms / step) * step);
}

/** @param {number} ms */
export function momentOf(ms) {
  return `${dayText(ms)} ${hourText(ms)}`;
}
