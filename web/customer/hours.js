/** Opening hours in words: today's by the service's clock, and when the line opens next by the viewer's. */

import { locale, t } from "../shared/i18n.js";
import { momentText, nowMs } from "../shared/time.js";

/** @typedef {import("../shared/service.js").Hours} Hours */

/**
 * @param {Hours} hours
 * @returns {string[]} one or two short sentences
 */
export function hoursWords({ zone, today, open_now, next_open_ms }) {
  const spans = today.map(([from, to]) => `${from}–${to}`).join(t("list.comma"));
  const name = spans && zoneName(zone);
  const hours = name ? t("home.in_zone", { hours: spans, zone: name }) : spans;
  const words = [hours ? t("home.hours", { hours }) : t("home.hours_none")];
  if (!open_now && next_open_ms) words.push(t("home.next_open", { time: momentText(next_open_ms) }));
  return words;
}

/**
 * The name of the service's zone for whoever's clock shows another time, else "".
 * @param {string} zone
 */
function zoneName(zone) {
  try {
    const clock = (/** @type {string} */ timeZone) =>
      new Intl.DateTimeFormat("en", { dateStyle: "short", timeStyle: "short", ...(timeZone && { timeZone }) });
    if (clock(zone).format(nowMs()) === clock("").format(nowMs())) return "";
    const named = new Intl.DateTimeFormat(locale(), { timeZone: zone, timeZoneName: "long" }).formatToParts(nowMs());
    return named.find((part) => part.type === "timeZoneName")?.value ?? zone;
  } catch {
    // A zone that this phone does not know.
    return zone;
  }
}
