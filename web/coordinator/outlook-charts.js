/** The coming days in charts: calls with their band, and what the people who are planned for them come to. */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { barSwatch, columns } from "./bar-chart.js";
import { ChartCard } from "./chart-card.js";
import { topOf } from "./day.js";
import { swatch } from "./intraday-chart.js";
import { rosterDay } from "./roster-words.js";
import { s } from "./svg.js";

/** @typedef {import("./roster-ahead.js").Day} Day */

const HEIGHT = 190;
const LEFT = 36;
const RIGHT = 12;
const TOP = 26;
const BARS = 130;
const LABEL_PX = 84;

export class OutlookCharts {
  constructor() {
    const card = (/** @type {string} */ name, /** @type {string[]} */ heads) =>
      new ChartCard({
        id: `outlook-${name}`,
        title: t(`outlook.${name}_title`),
        heads: ["outlook.col_day", ...heads].map((key) => t(key)),
        name: `outlook-${name}`,
      });
    this.forecast = card("calls", ["outlook.col_calls", "outlook.col_band"]);
    this.level = card("level", ["outlook.col_level", "outlook.col_interval"]);
    this.wait = card("wait", ["day.col_wait"]);
    this.busy = card("busy", ["floor.share_busy"]);
    const all = [this.forecast, this.level, this.wait, this.busy];
    this.element = h("div", { class: "floor-charts" }, all.map(({ element }) => element));
  }

  /** @param {import("./roster-ahead.js").Outlook} outlook */
  show({ days, goal }) {
    const all = Math.round(days.reduce((sum, each) => sum + each.calls, 0));
    this.forecast.show({
      said: t("outlook.chart", { n: all, d: days.length }),
      draw: (width) => chart(days, width),
      legend: /** @type {const} */ (["now", "band"]).map((kind) => [swatch(kind), t(`outlook.kind.${kind}`)]),
      rows: days.map(({ day, calls, low, high }) => [rosterDay(day), calls.toFixed(1), `${Math.floor(low)}–${Math.ceil(high)}`]),
    });
    const called = days.filter(({ level }) => level.mean >= 0);
    if (!called.length) {
      for (const card of [this.level, this.wait, this.busy]) card.show(t("outlook.nobody"));
      return;
    }
    const bars = (/** @type {(day: Day) => number} */ value, /** @type {Partial<Record<"low" | "high", (day: Day) => number>>} */ { low, high } = {}) =>
      days.map((each) => ({
        name: rosterDay(each.day, true),
        value: value(each),
        low: low?.(each),
        high: high?.(each),
      }));
    const wanted = Math.round(goal * 100);
    const least = called.reduce((one, each) => (each.level.mean < one.level.mean ? each : one));
    this.level.show({
      said: t("outlook.level_said", { goal: wanted, p: Math.floor(least.level.mean * 100), day: rosterDay(least.day) }),
      draw: (width) =>
        columns({
          bars: bars(({ level }) => (level.mean < 0 ? -1 : level.mean * 100), {
            low: ({ level }) => level.low * 100,
            high: ({ level }) => level.high * 100,
          }),
          top: 100,
          unit: t("floor.per_cent"),
          width,
          goal: wanted,
          label: LABEL_PX,
        }),
      legend: [
        [barSwatch("bar"), t("outlook.col_level")],
        [barSwatch("band"), t("outlook.col_interval")],
        [barSwatch("goal"), t("day.goal", { p: wanted })],
      ],
      rows: called.map(({ day, level }) => [
        rosterDay(day),
        shareText(level.mean),
        `${Math.floor(level.low * 100)}–${Math.floor(level.high * 100)}%`,
      ]),
    });
    const longest = called.reduce((one, each) => (each.wait_s > one.wait_s ? each : one));
    this.wait.show({
      said: t("outlook.wait_said", { time: waitText(longest.wait_s), day: rosterDay(longest.day) }),
      draw: (width) =>
        columns({
          bars: bars((each) => each.wait_s),
          top: topOf(Math.max(2, longest.wait_s)),
          unit: t("floor.seconds"),
          width,
          label: LABEL_PX,
        }),
      legend: [[barSwatch("bar"), t("day.col_wait")]],
      rows: called.map(({ day, wait_s: wait }) => [rosterDay(day), waitText(wait)]),
    });
    const busiest = called.reduce((one, each) => (each.occupancy > one.occupancy ? each : one));
    this.busy.show({
      said: t("outlook.busy_said", { p: shareText(busiest.occupancy), day: rosterDay(busiest.day) }),
      draw: (width) =>
        columns({ bars: bars((each) => each.occupancy * 100), top: 100, unit: t("floor.per_cent"), width, label: LABEL_PX }),
      legend: [[barSwatch("bar"), t("floor.share_busy")]],
      rows: called.map(({ day, occupancy }) => [rosterDay(day), shareText(occupancy)]),
    });
  }
}

/** @param {number} share less than 0: none */
export function shareText(share) {
  return share < 0 ? t("records.nothing") : `${Math.floor(share * 100 + 1e-9)}%`;
}

/** @param {number} seconds less than 0: none */
export function waitText(seconds) {
  return seconds < 0 ? t("records.nothing") : t("time.s", { s: seconds < 10 ? seconds.toFixed(1) : Math.round(seconds) });
}

/**
 * @param {Day[]} days
 * @param {number} width px
 */
function chart(days, width) {
  const most = topOf(Math.max(1, ...days.map((each) => each.high)));
  const inner = width - LEFT - RIGHT;
  const step = inner / days.length;
  const x = (/** @type {number} */ n) => LEFT + n * step;
  const y = (/** @type {number} */ n) => TOP + BARS * (1 - n / most);
  const parts = [s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, t("outlook.unit"))];
  for (const n of [0, most / 2, most]) {
    parts.push(s("path", { d: `M${LEFT} ${y(n)}H${width - RIGHT}`, class: "chart-rule" }));
    parts.push(s("text", { x: LEFT - 8, y: y(n) + 5, class: "chart-text chart-end" }, String(n)));
  }
  const every = Math.max(1, Math.ceil(LABEL_PX / step));
  days.forEach(({ day, calls, low, high }, n) => {
    const height = Math.max(1, y(low) - y(high));
    parts.push(s("rect", { x: x(n) + 1, y: y(high), width: Math.max(1, step - 2), height, class: "intraday-band" }));
    parts.push(s("path", { d: `M${x(n)} ${y(calls)}h${step}`, class: "chart-goal" }));
    if (n % every || x(n) + LABEL_PX > width) return;
    parts.push(s("text", { x: x(n) + 2, y: HEIGHT - 10, class: "chart-text" }, rosterDay(day, true)));
  });
  return s("svg", { class: "intraday-chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` }, parts);
}
