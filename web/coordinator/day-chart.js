/** The day's curve: the service level so far over its target, and below it the calls of each interval. */

import { t } from "../shared/i18n.js";
import { hourText } from "../shared/time.js";
import { hoursOf, lateOf, levelsSoFar, spanOf, topOf } from "./day.js";
import { s, stripes } from "./svg.js";

/** @typedef {import("./day.js").Day} Day */

const LEFT = 46;
const RIGHT = 24;
const LEVEL = { top: 30, height: 120 };
const CALLS = { top: 194, height: 70 };
const HEIGHT = 296;
const GAP = 2;

/**
 * A sample of one kind of bar for the legend.
 * @param {"within" | "late" | "left" | "level" | "goal"} kind
 */
export function swatch(kind) {
  const inside =
    kind === "level" || kind === "goal"
      ? s("path", { d: "M1 10h26", class: `chart-${kind}` })
      : s("rect", { x: 6, y: 2, width: 16, height: 16, class: `chart-bar chart-${kind}` });
  return s("svg", { class: "chart-swatch", viewBox: "0 0 28 20", "aria-hidden": "true", focusable: "false" }, [inside]);
}

/**
 * @param {Day} day with at least one interval
 * @param {number} width px
 * @returns {SVGElement}
 */
export function drawDay(day, width) {
  const [from, to] = spanOf(day.intervals, day.interval_ms);
  const inner = Math.max(60, width - LEFT - RIGHT);
  const x = (/** @type {number} */ ms) => LEFT + ((ms - from) / (to - from)) * inner;
  const levelY = (/** @type {number} */ percent) => LEVEL.top + LEVEL.height * (1 - percent / 100);
  const most = topOf(Math.max(...day.intervals.map((each) => each.offered)));
  const callsY = (/** @type {number} */ n) => CALLS.top + CALLS.height * (1 - n / most);
  const levels = levelsSoFar(day.intervals);
  const last = levels[levels.length - 1] ?? 0;

  const parts = [stripes("chart-late")];
  const rule = (/** @type {number} */ y, /** @type {string} */ text, name = "chart-rule") => {
    parts.push(s("path", { d: `M${LEFT} ${y}H${width - RIGHT}`, class: name }));
    parts.push(s("text", { x: LEFT - 8, y: y + 5, class: "chart-text chart-end" }, text));
  };
  parts.push(s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, t("day.unit_level")));
  for (const percent of [0, 50, 100]) rule(levelY(percent), String(percent));
  parts.push(s("path", { d: `M${LEFT} ${levelY(day.goal_percent)}H${width - RIGHT}`, class: "chart-goal" }));
  parts.push(
    s(
      "text",
      { x: 0, y: CALLS.top - 16, class: "chart-text chart-unit" },
      t("day.unit_calls", { m: day.interval_ms / 60_000 }),
    ),
  );
  for (const n of [0, most / 2, most]) rule(callsY(n), String(n));

  const points = day.intervals.map((each, i) => {
    const end = Math.min(each.start_ms + day.interval_ms, Math.max(day.now_ms, each.start_ms));
    return `${x(end).toFixed(1)} ${levelY(levels[i] ?? 0).toFixed(1)}`;
  });
  const start = `${x(day.intervals[0].start_ms).toFixed(1)} ${points[0].split(" ")[1]}`;
  parts.push(s("path", { d: `M${[start, ...points].join("L")}`, class: "chart-level" }));
  const [endX, endY] = points[points.length - 1].split(" ");
  parts.push(s("circle", { cx: endX, cy: endY, r: 5, class: "chart-now" }));

  const wide = Math.max(2, x(from + day.interval_ms) - LEFT - GAP);
  for (const each of day.intervals) {
    let base = 0;
    for (const [name, n] of /** @type {const} */ ([
      ["within", each.within_target],
      ["late", lateOf(each)],
      ["left", each.abandoned],
    ])) {
      if (!n) continue;
      const y = callsY(base + n);
      parts.push(
        s("rect", {
          x: x(each.start_ms) + GAP / 2,
          y,
          width: wide,
          height: Math.max(1, callsY(base) - y - 1),
          class: `chart-bar chart-${name}`,
        }),
      );
      base += n;
    }
  }
  for (const at of hoursOf(from, to, inner)) {
    parts.push(s("path", { d: `M${x(at)} ${CALLS.top + CALLS.height}v6`, class: "chart-rule" }));
    parts.push(s("text", { x: x(at), y: HEIGHT - 6, class: "chart-text chart-middle" }, hourText(at)));
  }
  return s(
    "svg",
    {
      class: "chart",
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: "img",
      "aria-label": t("day.chart_label", {
        from: hourText(day.intervals[0].start_ms),
        to: hourText(day.now_ms),
        p: last,
        goal: day.goal_percent,
      }),
    },
    parts,
  );
}
