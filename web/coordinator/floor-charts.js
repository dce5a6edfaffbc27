/**
 * Today in charts: calls against their forecast, people required, rostered and here, how many were answered in time, how
 * long they waited, how busy the team was, and how long each agent has signed. Nobody is ranked: agents stand by name.
 */

import { h } from "../shared/dom.js";
import { locale, t } from "../shared/i18n.js";
import { lengthText } from "../shared/time.js";
import { barSwatch, columns, rows } from "./bar-chart.js";
import { ChartCard } from "./chart-card.js";
import { levelOf, topOf } from "./day.js";
import { openHours, planChart, swatch } from "./intraday-chart.js";
import { RosterChart } from "./roster-chart.js";
import { clock } from "./roster-model.js";

/** @typedef {import("./intraday.js").Today} Today */
/** @typedef {import("./intraday.js").Plan} Plan */
/** @typedef {{ hour: number, offered: number, answered: number, within_target: number, abandoned: number, wait_ms: number }} Hour */
/** @typedef {{ name: string, state: string, day_signing_ms?: number }} Signer */

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const MINUTE_MS = 60_000;
const MANY = 20;

export class FloorCharts {
  constructor() {
    const card = (/** @type {string} */ name, /** @type {string[]} */ heads) =>
      new ChartCard({
        id: `floor-${name}`,
        title: t(`floor.${name}`),
        heads: heads.map((key) => t(key)),
        source: t(`floor.${name}_source`),
        name: `floor-${name}`,
      });
    this.calls = card("calls", ["floor.hour", "plan_day.kind.now", "plan_day.kind.band", "plan_day.kind.came"]);
    this.people = new RosterChart({
      id: "floor-people",
      title: t("floor.people"),
      level: "h3",
      source: t("floor.people_source"),
      name: "floor-people",
    });
    this.level = card("level", ["floor.hour", "day.col_offered", "floor.in_time", "floor.share"]);
    this.wait = card("wait", ["floor.hour", "day.col_answered", "day.col_wait"]);
    this.busy = card("busy", ["floor.hour", "floor.share_busy"]);
    this.signing = card("signing", ["plan_day.col_agent", "floor.signed", "floor.left"]);
    this.element = h(
      "div",
      { class: "floor-charts" },
      [this.calls, this.people, this.level, this.wait, this.busy, this.signing].map(({ element }) => element),
    );
  }

  /**
   * @param {Today} today
   * @param {readonly Signer[]} signers
   * @param {number} limitMs of signing in a day; 0: none
   */
  show(today, signers, limitMs) {
    const { plan, hours, occupancy, goal_percent: goal, target_s: target } = today;
    this.calls.show(plan ? callsDrawing(plan) : t("floor.no_plan"));
    this.people.show(t("floor.today"), plan?.required ?? [], today.scheduled, today.present);
    this.level.show(levelDrawing(hours, goal, target));
    this.wait.show(waitDrawing(hours, target));
    this.busy.show(busyDrawing(occupancy));
    this.signing.show(signingDrawing(signers, limitMs));
  }
}

/** @param {Plan} plan */
function callsDrawing(plan) {
  const hours = openHours(plan);
  const all = hours.reduce((sum, hour) => sum + plan.now[hour], 0);
  const came = plan.came.reduce((sum, n) => sum + n, 0);
  return {
    said: t("floor.calls_said", { said: Math.round(all), came }),
    draw: (/** @type {number} */ width) => planChart(plan, width),
    legend: /** @type {[Node, string][]} */ (
      /** @type {const} */ (["came", "now", "band"]).map((kind) => [swatch(kind), t(`plan_day.kind.${kind}`)])
    ),
    rows: hours.map((hour) => [
      hourName(hour),
      plan.now[hour].toFixed(1),
      `${plan.low[hour]}–${plan.high[hour]}`,
      plan.came[hour] ?? t("records.nothing"),
    ]),
  };
}

/**
 * @param {Hour[]} hours
 * @param {number} goal per cent
 * @param {number} target s
 */
function levelDrawing(hours, goal, target) {
  if (!hours.length) return t("day.none");
  const all = hours.reduce((sum, each) => sum + each.offered, 0);
  const within = hours.reduce((sum, each) => sum + each.within_target, 0);
  const share = (/** @type {Hour} */ each) => levelOf(each.within_target, each.offered) ?? -1;
  return {
    said: t("floor.level_said", { p: levelOf(within, all) ?? 0, goal, s: target }),
    draw: (/** @type {number} */ width) =>
      columns({ bars: byHour(hours, share), top: 100, unit: t("floor.per_cent"), width, goal }),
    legend: /** @type {[Node, string][]} */ ([
      [barSwatch("bar"), t("floor.in_time")],
      [barSwatch("goal"), t("day.goal", { p: goal })],
    ]),
    rows: hours.map((each) => [hourName(each.hour), each.offered, each.within_target, `${share(each)}%`]),
  };
}

/**
 * @param {Hour[]} hours
 * @param {number} target s
 */
function waitDrawing(hours, target) {
  const answered = hours.filter((each) => each.answered > 0);
  if (!answered.length) return t("floor.no_wait");
  const seconds = (/** @type {Hour} */ each) => (each.answered ? Math.round(each.wait_ms / 1000) : -1);
  const all = answered.reduce((sum, each) => sum + each.answered, 0);
  const waited = answered.reduce((sum, each) => sum + each.answered * each.wait_ms, 0);
  return {
    said: t("floor.wait_said", { time: lengthText(waited / all) }),
    draw: (/** @type {number} */ width) =>
      columns({
        bars: byHour(answered, seconds),
        top: topOf(Math.max(2, target, ...answered.map(seconds))),
        unit: t("floor.seconds"),
        width,
        goal: target,
      }),
    legend: /** @type {[Node, string][]} */ ([
      [barSwatch("bar"), t("day.col_wait")],
      [barSwatch("goal"), t("floor.target", { s: target })],
    ]),
    rows: answered.map((each) => [hourName(each.hour), each.answered, lengthText(each.wait_ms)]),
  };
}

/** @param {number[]} occupancy shares by hour, -1: nobody there */
function busyDrawing(occupancy) {
  const known = HOURS.filter((hour) => occupancy[hour] >= 0);
  if (!known.length) return t("floor.no_busy");
  const share = (/** @type {number} */ hour) => (occupancy[hour] >= 0 ? Math.round(occupancy[hour] * 100) : -1);
  const now = known[known.length - 1];
  return {
    said: t("floor.busy_said", { hour: hourName(now), p: share(now) }),
    draw: (/** @type {number} */ width) =>
      columns({
        bars: span(known[0], now).map((hour) => ({ name: clock(hour * 60), value: share(hour) })),
        top: 100,
        unit: t("floor.per_cent"),
        width,
      }),
    legend: /** @type {[Node, string][]} */ ([[barSwatch("bar"), t("floor.share_busy")]]),
    rows: known.map((hour) => [hourName(hour), `${share(hour)}%`]),
  };
}

/**
 * @param {readonly Signer[]} signers
 * @param {number} limitMs
 */
function signingDrawing(signers, limitMs) {
  const here = signers.filter(({ state, day_signing_ms: ms = 0 }) => state !== "offline" || ms > 0);
  if (!here.length) return t("floor.no_busy");
  const minutes = (/** @type {number} */ ms) => Math.floor(ms / MINUTE_MS);
  const words = (/** @type {number} */ ms) => t("time.min", { m: minutes(ms) });
  const byName = here.sort((a, b) => a.name.localeCompare(b.name, locale()));
  const signed = ({ day_signing_ms: ms = 0 }) => ms;
  return {
    said: limitMs ? t("floor.signing_said", { m: minutes(limitMs) }) : t("floor.no_limit"),
    draw: (/** @type {number} */ width) =>
      rows({
        people: byName.map((one) => ({ name: one.name, value: signed(one), words: words(signed(one)) })),
        limit: limitMs,
        width,
      }),
    tall: byName.length > MANY,
    legend: /** @type {[Node, string][]} */ ([
      [barSwatch("bar"), t("floor.signed")],
      ...(limitMs ? [[barSwatch("goal"), t("floor.limit", { m: minutes(limitMs) })]] : []),
    ]),
    rows: byName.map((one) => [
      one.name,
      words(signed(one)),
      limitMs ? words(Math.max(0, limitMs - signed(one))) : t("records.nothing"),
    ]),
  };
}

/**
 * @param {Hour[]} hours
 * @param {(hour: Hour) => number} value
 */
function byHour(hours, value) {
  const known = new Map(hours.map((each) => [each.hour, each]));
  return span(hours[0].hour, hours[hours.length - 1].hour).map((hour) => {
    const each = known.get(hour);
    return { name: clock(hour * 60), value: each ? value(each) : -1 };
  });
}

/**
 * @param {number} first
 * @param {number} last
 */
function span(first, last) {
  return HOURS.slice(first, last + 1);
}

/** @param {number} hour */
function hourName(hour) {
  return `${clock(hour * 60)}–${hour === 23 ? "24:00" : clock(hour * 60 + 60)}`;
}
