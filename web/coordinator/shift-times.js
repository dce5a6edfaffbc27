/** Between moments and the fields of a form, in the zone of whoever looks. */

/**
 * The span of a shift from a form's fields, in the viewer's zone; an end at or before the start is on the next day.
 * @param {string} day YYYY-MM-DD
 * @param {string} from HH:MM
 * @param {string} to HH:MM
 * @returns {{ start: string, end: string } | null} ISO 8601 in UTC; null when a field is not filled
 */
export function spanOf(day, from, to) {
  if (!day || !from || !to) return null;
  const start = new Date(`${day}T${from}`);
  const end = new Date(`${day}T${to}`);
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) return null;
  if (end <= start) end.setDate(end.getDate() + 1);
  return { start: start.toISOString(), end: end.toISOString() };
}

/**
 * The time of such a form that no clock shows that day, because clocks go forward over it, as "YYYY-MM-DD HH:MM"; "" for none.
 * @param {string} day
 * @param {string} from
 * @param {string} to
 */
export function skipped(day, from, to) {
  const span = spanOf(day, from, to);
  if (!span) return "";
  const [start, end] = [new Date(span.start), new Date(span.end)];
  if (timeField(start) !== from) return `${day} ${from}`;
  return timeField(end) === to ? "" : `${dayField(end)} ${to}`;
}

/**
 * YYYY-MM-DD of a moment in the viewer's zone, as a date field wants it.
 * @param {Date} moment
 */
export function dayField(moment) {
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/**
 * HH:MM of a moment in the viewer's zone, as a time field wants it.
 * @param {Date} moment
 */
export function timeField(moment) {
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** @param {number} n */
function two(n) {
  return String(n).padStart(2, "0");
}
