/** Today as the page draws it: functions of what GET /api/day answers. */

/**
 * Calls that arrived in one interval and are over.
 * @typedef {object} Interval
 * @property {number} start_ms
 * @property {number} offered
 * @property {number} answered
 * @property {number} within_target
 * @property {number} abandoned
 * @property {number} mean_wait_ms of answered calls
 */

/** @typedef {{ start_ms: number, end_ms: number, agents: string[], fewest: number }} HalfHour */

/**
 * @typedef {object} Day
 * @property {number} now_ms
 * @property {number} interval_ms
 * @property {number} target_s
 * @property {number} goal_percent
 * @property {Interval[]} intervals
 * @property {HalfHour[]} ahead
 */

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const LABEL_PX = 58;
const STEPS_H = [1, 2, 3, 4, 6, 12];
const LEAST_SPAN_MS = 2 * HOUR_MS;

/**
 * Share of calls answered within the target, in whole per cent, never rounded up; null while there is no call.
 * @param {number} within
 * @param {number} offered
 */
export function levelOf(within, offered) {
  return offered > 0 ? Math.floor((within / offered) * 100) : null;
}

/**
 * The service level of the day so far, at the end of each interval.
 * @param {readonly Interval[]} intervals
 * @returns {(number | null)[]}
 */
export function levelsSoFar(intervals) {
  let [within, offered] = [0, 0];
  return intervals.map((each) => {
    within += each.within_target;
    offered += each.offered;
    return levelOf(within, offered);
  });
}

/**
 * Answered later than the target.
 * @param {Interval} interval
 */
export function lateOf({ answered, within_target: within }) {
  return answered - within;
}

/**
 * From when to when the curve is drawn: whole hours of the viewer's zone, two at least.
 * @param {readonly Interval[]} intervals not empty
 * @param {number} intervalMs
 * @returns {[number, number]}
 */
export function spanOf(intervals, intervalMs) {
  const first = new Date(intervals[0].start_ms).setMinutes(0, 0, 0);
  const end = intervals[intervals.length - 1].start_ms + intervalMs;
  const lastHour = new Date(end).setMinutes(0, 0, 0);
  return [first, Math.max(lastHour < end ? lastHour + HOUR_MS : lastHour, first + LEAST_SPAN_MS)];
}

/**
 * The hours that get a word on the axis, as many as there is room for.
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} widthPx
 * @returns {number[]}
 */
export function hoursOf(fromMs, toMs, widthPx) {
  const hours = Math.round((toMs - fromMs) / HOUR_MS);
  const room = Math.max(1, Math.floor(widthPx / LABEL_PX) - 1);
  const step = STEPS_H.find((each) => hours / each <= room) ?? 24;
  const found = [];
  for (let at = fromMs; at <= toMs; at += step * HOUR_MS) found.push(at);
  return found;
}

/**
 * The top of an axis of counts: even, so that its middle is a count too.
 * @param {number} most
 */
export function topOf(most) {
  for (let unit = 1; ; unit *= 10) {
    for (const top of [2, 4, 6, 8, 10]) if (most <= top * unit) return top * unit;
  }
}

/**
 * The times in which nobody is on the roster, at moments at least; half hours that follow one another are one.
 * `never`: nobody in all of it.
 * @param {readonly HalfHour[]} ahead
 * @returns {{ from: number, to: number, never: boolean }[]}
 */
export function gapsOf(ahead) {
  /** @type {{ from: number, to: number, never: boolean }[]} */
  const gaps = [];
  for (const { start_ms: from, end_ms: to, agents, fewest } of ahead) {
    if (fewest > 0) continue;
    const last = gaps[gaps.length - 1];
    const never = agents.length === 0;
    if (last?.to === from && last.never === never) last.to = to;
    else gaps.push({ from, to, never });
  }
  return gaps;
}

/**
 * Whole minutes of signing without a rest, which go on while the agent is on a call.
 * @param {{ state: string, signing_ms: number }} agent
 * @param {number} sinceMs how old the view is
 */
export function signingMinutes({ state, signing_ms: signed }, sinceMs) {
  return Math.floor((signed + (state === "on_call" ? Math.max(0, sinceMs) : 0)) / MINUTE_MS);
}
