/** People wanted, rostered and there through one day: a picture, and the same numbers as a table. */

import { t } from "../shared/i18n.js";
import { ChartCard } from "./chart-card.js";
import { topOf } from "./day.js";
import { clock, gapsOf, QUARTER_MIN, stretches } from "./roster-model.js";
import { s, stripes } from "./svg.js";

const QUARTERS = 96;
const LEFT = 36;
const RIGHT = 22;
const TOP = 26;
const HEIGHT = 150;
const LABEL_PX = 56;

/** @typedef {"scheduled" | "required" | "missing" | "present"} Kind */

export class RosterChart {
  /** @param {{ id?: string, title?: string, level?: "h2" | "h3", source?: string, name?: string }} [chart] */
  constructor({ id = "roster", title = t("roster.chart"), level = "h2", source = "", name = "card" } = {}) {
    this.id = id;
    /** @type {number[]} */
    this.required = [];
    /** @type {number[]} */
    this.scheduled = [];
    /** @type {number[]} */
    this.present = [];
    this.day = "";
    this.card = new ChartCard({ id, title, heads: [], level, source, name });
    this.element = this.card.element;
  }

  /**
   * @param {string} day in words
   * @param {number[]} required empty: not known
   * @param {number[]} scheduled
   * @param {number[]} [present] on average, less than 0 where nobody looked; empty: not told
   */
  show(day, required, scheduled, present = []) {
    Object.assign(this, { day, required, scheduled, present });
    const known = required.length > 0;
    const told = present.some((n) => n >= 0);
    const gaps = gapsOf(required, scheduled);
    const missing = gaps.reduce((sum, gap) => sum + (gap.to - gap.from) * gap.missing, 0);
    const said = !known
      ? t("roster.no_required")
      : missing
        ? t("roster.missing_hours", { day, h: (missing * QUARTER_MIN) / 60 })
        : t("roster.nobody_missing", { day });
    /** @type {Kind[]} */
    const kinds = ["scheduled", ...(known ? /** @type {const} */ (["required", "missing"]) : []), ...(told ? /** @type {const} */ (["present"]) : [])];
    const columns = ["roster.col_time", "roster.kind.required", "roster.kind.scheduled", "roster.kind.missing"];
    this.card.setHeads([...columns, ...(told ? ["roster.kind.present"] : [])].map((key) => t(key)));
    this.card.show({
      said,
      draw: (width) => this.drawn(width, gaps),
      legend: kinds.map((kind) => [this.swatch(kind), t(`roster.kind.${kind}`)]),
      rows: stretches(required, scheduled, present).map((each) => row(each, known, told)),
    });
  }

  /**
   * @param {number} width px
   * @param {import("./roster-model.js").Gap[]} gaps
   */
  drawn(width, gaps) {
    const most = topOf(Math.max(1, ...this.required, ...this.scheduled, ...this.present));
    const inner = width - LEFT - RIGHT;
    const x = (/** @type {number} */ quarter) => LEFT + (quarter / QUARTERS) * inner;
    const y = (/** @type {number} */ n) => TOP + HEIGHT * (1 - n / most);
    const parts = [
      stripes(this.stripes()),
      s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, t("roster.unit", { day: this.day })),
    ];
    for (const n of [0, most / 2, most]) {
      parts.push(s("path", { d: `M${LEFT} ${y(n)}H${width - RIGHT}`, class: "chart-rule" }));
      parts.push(s("text", { x: LEFT - 8, y: y(n) + 5, class: "chart-text chart-end" }, String(n)));
    }
    parts.push(s("path", { d: `${steps(this.scheduled, x, y)}V${y(0)}H${x(0)}Z`, class: "roster-scheduled" }));
    for (const { from, to, missing } of gaps) {
      const wanted = this.required[from];
      parts.push(
        s("rect", {
          x: x(from),
          y: y(wanted),
          width: x(to) - x(from),
          height: y(wanted - missing) - y(wanted),
          class: "roster-missing",
          fill: `url("#${this.stripes()}")`,
        }),
      );
    }
    if (this.required.length) parts.push(s("path", { d: steps(this.required, x, y), class: "roster-required" }));
    if (this.present.some((n) => n >= 0)) parts.push(s("path", { d: known(this.present, x, y), class: "roster-present" }));
    const step = [2, 3, 4, 6, 12].find((hours) => (24 / hours) * LABEL_PX <= inner) ?? 24;
    for (let hour = 0; hour <= 24; hour += step) {
      parts.push(s("path", { d: `M${x(hour * 4)} ${y(0)}v6`, class: "chart-rule" }));
      const text = hour === 24 ? "24:00" : clock(hour * 60);
      parts.push(s("text", { x: x(hour * 4), y: y(0) + 24, class: "chart-text chart-middle" }, text));
    }
    const height = TOP + HEIGHT + 34;
    return s("svg", { class: "chart", width, height, viewBox: `0 0 ${width} ${height}` }, parts);
  }

  /** Patterns are found by their id in all of the page. */
  stripes() {
    return `${this.id}-missing`;
  }

  /** @param {Kind} kind */
  swatch(kind) {
    const lines = kind === "required" || kind === "present";
    const inside = lines
      ? s("path", { d: "M1 10h26", class: `roster-${kind}` })
      : s("rect", { x: 3, y: 2, width: 22, height: 16, class: `roster-${kind}` });
    if (kind === "missing") inside.setAttribute("fill", `url("#${this.stripes()}")`);
    return s("svg", { class: "chart-swatch", viewBox: "0 0 28 20", "aria-hidden": "true", focusable: "false" }, [inside]);
  }
}

/**
 * @param {number[]} counts
 * @param {(quarter: number) => number} x
 * @param {(n: number) => number} y
 */
function steps(counts, x, y) {
  return counts.reduce((path, n, at) => `${path}${at ? "V" : `M${x(0)} `}${y(n)}H${x(at + 1).toFixed(1)}`, "");
}

/**
 * The steps of what is known; where nobody looked there is no line.
 * @param {number[]} counts
 * @param {(quarter: number) => number} x
 * @param {(n: number) => number} y
 */
function known(counts, x, y) {
  return counts.reduce((path, n, at) => {
    if (n < 0) return path;
    const from = at && counts[at - 1] >= 0 ? `V${y(n)}` : `M${x(at).toFixed(1)} ${y(n)}`;
    return `${path}${from}H${x(at + 1).toFixed(1)}`;
  }, "");
}

/**
 * @param {{ from: number, to: number, required: number, scheduled: number, present: number }} each
 * @param {boolean} wanted whether anybody has said how many are wanted
 * @param {boolean} told whether it is told how many are there
 */
function row({ from, to, required, scheduled, present }, wanted, told) {
  const end = to === QUARTERS ? "24:00" : clock(to * QUARTER_MIN);
  const missing = Math.max(0, required - scheduled);
  const none = t("records.nothing");
  const cells = wanted ? [required, scheduled, missing] : [none, scheduled, none];
  if (told) cells.push(present < 0 ? none : Math.round(present * 10) / 10);
  return [`${clock(from * QUARTER_MIN)}–${end}`, ...cells];
}
