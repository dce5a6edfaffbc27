/** Clocks and lengths of time as words. The service's clock counts, not the phone's. */

import { locale, t } from "./i18n.js";

let offsetMs = 0;

/**
 * Learn the service's clock from a message.
 * @param {number} serverTimeMs milliseconds since 1970; 0 is ignored
 */
export function learnClock(serverTimeMs) {
  if (serverTimeMs > 0) offsetMs = serverTimeMs - Date.now();
}

/** Milliseconds since 1970 by the service's clock. */
export function nowMs() {
  return Date.now() + offsetMs;
}

/**
 * A length of time in words, whole seconds under an hour, whole minutes above.
 * @param {number} ms
 */
export function lengthText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return t("time.s", { s: seconds });
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (!hours) return seconds % 60 ? t("time.min_s", { m: minutes, s: seconds % 60 }) : t("time.min", { m: minutes });
  return minutes ? t("time.h_min", { h: hours, m: minutes }) : t("time.h", { h: hours });
}

/**
 * A running clock, 3:07 or 1:03:07.
 * @param {number} ms
 */
export function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/**
 * Hour and minute of a moment, in the viewer's own zone.
 * @param {number} ms milliseconds since 1970
 */
export function hourText(ms) {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit", hour12: false }).format(ms);
}

/**
 * Day of a moment in words.
 * @param {number} ms milliseconds since 1970
 */
export function dayText(ms) {
  return new Intl.DateTimeFormat(locale(), { weekday: "short", month: "short", day: "numeric" }).format(ms);
}

/**
 * A moment to come or just gone: today and tomorrow by name, others by their day, in the viewer's own zone.
 * @param {number} ms milliseconds since 1970
 */
export function momentText(ms) {
  const time = hourText(ms);
  const day = (/** @type {number} */ at) => new Date(at).toDateString();
  const tomorrow = new Date(nowMs());
  tomorrow.setDate(tomorrow.getDate() + 1);
  if (day(ms) === day(nowMs())) return t("time.today", { time });
  return day(ms) === tomorrow.toDateString() ? t("time.tomorrow", { time }) : `${dayText(ms)} ${time}`;
}

/**
 * Call `tick` now and then each second, until the returned function is called.
 * @param {() => void} tick
 * @param {number} [everyMs]
 * @returns {() => void}
 */
export function everySecond(tick, everyMs = 1000) {
  tick();
  const timer = setInterval(tick, everyMs);
  return () => clearInterval(timer);
}
