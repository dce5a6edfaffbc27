/** The hours of today as a picture: the band of what is expected, what is expected by now, and what came. */

import { t } from "../shared/i18n.js";
import { topOf } from "./day.js";
import { clock } from "./roster-model.js";
import { s } from "./svg.js";

/** @typedef {import("./intraday.js").Plan} Plan */

const HEIGHT = 190;
const LEFT = 36;
const RIGHT = 12;
const TOP = 26;
const BARS = 130;
const LABEL_PX = 52;

/**
 * @param {Plan} plan
 * @param {number} width px
 */
export function planChart(plan, width) {
  const hours = openHours(plan);
  const most = topOf(Math.max(1, ...plan.high, ...plan.came, ...plan.now));
  const inner = width - LEFT - RIGHT;
  const step = inner / Math.max(1, hours.length);
  const x = (/** @type {number} */ n) => LEFT + n * step;
  const y = (/** @type {number} */ n) => TOP + BARS * (1 - n / most);
  const parts = [s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, t("plan_day.unit"))];
  for (const n of [0, most / 2, most]) {
    parts.push(s("path", { d: `M${LEFT} ${y(n)}H${width - RIGHT}`, class: "chart-rule" }));
    parts.push(s("text", { x: LEFT - 8, y: y(n) + 5, class: "chart-text chart-end" }, String(n)));
  }
  const every = Math.max(1, Math.ceil(LABEL_PX / step));
  hours.forEach((hour, n) => {
    const [low, high] = [plan.low[hour], plan.high[hour]];
    const height = Math.max(1, y(low) - y(high));
    parts.push(s("rect", { x: x(n) + 1, y: y(high), width: Math.max(1, step - 2), height, class: "intraday-band" }));
    const came = plan.came[hour];
    if (came) {
      parts.push(s("rect", { x: x(n) + step * 0.25, y: y(came), width: step * 0.5, height: y(0) - y(came), class: "chart-bar chart-within" }));
    }
    parts.push(s("path", { d: `M${x(n)} ${y(plan.now[hour])}h${step}`, class: "chart-goal" }));
    if (n % every || x(n) + LABEL_PX > width) return;
    parts.push(s("text", { x: x(n) + 2, y: HEIGHT - 10, class: "chart-text" }, clock(hour * 60)));
  });
  return s("svg", { class: "intraday-chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` }, parts);
}

/** @param {Plan} plan hours in which calls are expected, or came */
export function openHours(plan) {
  const all = plan.said.map((_, hour) => hour).filter((hour) => plan.high[hour] > 0 || plan.said[hour] > 0 || plan.came[hour]);
  if (!all.length) return plan.said.map((_, hour) => hour);
  return Array.from({ length: all[all.length - 1] - all[0] + 1 }, (_, n) => all[0] + n);
}

/** @param {"came" | "now" | "band"} kind */
export function swatch(kind) {
  const inside =
    kind === "now"
      ? s("path", { d: "M1 10h26", class: "chart-goal" })
      : s("rect", { x: 6, y: 2, width: 16, height: 16, class: kind === "band" ? "intraday-band" : "chart-bar chart-within" });
  return s("svg", { class: "chart-swatch", viewBox: "0 0 28 20", "aria-hidden": "true", focusable: "false" }, [inside]);
}
