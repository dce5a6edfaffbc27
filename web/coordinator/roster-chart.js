/** People wanted and people on the floor through one day: a picture, and the same numbers as a table. */

import { h, setAttribute, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { topOf } from "./day.js";
import { clock, gapsOf, QUARTER_MIN, stretches } from "./roster-model.js";
import { s, stripes } from "./svg.js";

const QUARTERS = 96;
const LEFT = 36;
const RIGHT = 12;
const TOP = 26;
const HEIGHT = 150;
const NARROW_PX = 240;
const LABEL_PX = 56;
const KINDS = /** @type {const} */ (["scheduled", "required", "missing"]);

export class RosterChart {
  constructor() {
    /** @type {number[]} */
    this.required = [];
    /** @type {number[]} */
    this.scheduled = [];
    this.day = "";
    this.tabled = false;
    this.width = 0;
    this.picture = h("div", { class: "chart-frame" });
    this.legend = h("ul", { class: "chart-legend small" });
    this.said = h("p", { class: "small" });
    this.rows = h("tbody");
    this.table = h(
      "div",
      {
        class: "table-frame day-frame",
        id: "roster-table",
        tabindex: "0",
        role: "region",
        "aria-label": t("roster.chart"),
      },
      h(
        "table",
        { class: "table" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["roster.col_time", "roster.kind.required", "roster.kind.scheduled", "roster.kind.missing"].map((key) =>
              h("th", { scope: "col", text: t(key) }),
            ),
          ),
        ),
        this.rows,
      ),
    );
    this.turn = h("button", {
      class: "button button-quiet",
      type: "button",
      "aria-controls": "roster-table",
      on: { click: () => ((this.tabled = !this.tabled), this.draw()) },
    });
    this.element = h(
      "section",
      { class: "card stack day" },
      h("div", { class: "row spread" }, h("h2", { text: t("roster.chart") }), this.turn),
      this.said,
      this.picture,
      this.legend,
      this.table,
    );
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  /**
   * @param {string} day in words
   * @param {number[]} required empty: not known
   * @param {number[]} scheduled
   */
  show(day, required, scheduled) {
    Object.assign(this, { day, required, scheduled });
    this.draw();
  }

  fit() {
    const width = Math.floor(this.picture.parentElement?.clientWidth ?? 0) - 32;
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  draw() {
    const { required, scheduled, tabled } = this;
    if (!scheduled.length) return;
    const known = required.length > 0;
    const gaps = gapsOf(required, scheduled);
    const missing = gaps.reduce((sum, gap) => sum + (gap.to - gap.from) * gap.missing, 0);
    this.said.textContent = !known
      ? t("roster.no_required")
      : missing
        ? t("roster.missing_hours", { day: this.day, h: (missing * QUARTER_MIN) / 60 })
        : t("roster.nobody_missing", { day: this.day });
    show(this.picture, !tabled);
    show(this.legend, !tabled);
    show(this.table, tabled);
    setAttribute(this.turn, "aria-expanded", String(tabled));
    this.turn.replaceChildren(
      icon(tabled ? "data" : "list"),
      h("span", { text: t(tabled ? "day.as_chart" : "day.as_table") }),
    );
    if (tabled) {
      this.rows.replaceChildren(...stretches(required, scheduled).map((each) => row(each, known)));
      return;
    }
    this.picture.replaceChildren(this.drawn(Math.max(NARROW_PX, this.width), gaps));
    const kinds = KINDS.slice(0, known ? 3 : 1);
    this.legend.replaceChildren(
      ...kinds.map((kind) => h("li", {}, swatch(kind), h("span", { text: t(`roster.kind.${kind}`) }))),
    );
  }

  /**
   * @param {number} width px
   * @param {import("./roster-model.js").Gap[]} gaps
   */
  drawn(width, gaps) {
    const most = topOf(Math.max(1, ...this.required, ...this.scheduled));
    const inner = width - LEFT - RIGHT;
    const x = (/** @type {number} */ quarter) => LEFT + (quarter / QUARTERS) * inner;
    const y = (/** @type {number} */ n) => TOP + HEIGHT * (1 - n / most);
    const parts = [
      stripes("roster-missing"),
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
        }),
      );
    }
    if (this.required.length) parts.push(s("path", { d: steps(this.required, x, y), class: "roster-required" }));
    const step = [2, 3, 4, 6, 12].find((hours) => (24 / hours) * LABEL_PX <= inner) ?? 24;
    for (let hour = 0; hour <= 24; hour += step) {
      parts.push(s("path", { d: `M${x(hour * 4)} ${y(0)}v6`, class: "chart-rule" }));
      const text = hour === 24 ? "24:00" : clock(hour * 60);
      parts.push(s("text", { x: x(hour * 4), y: y(0) + 24, class: "chart-text chart-middle" }, text));
    }
    const height = TOP + HEIGHT + 34;
    return s(
      "svg",
      {
        class: "chart",
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: "img",
        "aria-label": `${t("roster.chart")} ${this.said.textContent}`,
      },
      parts,
    );
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

/** @param {"scheduled" | "required" | "missing"} kind */
function swatch(kind) {
  const inside =
    kind === "required"
      ? s("path", { d: "M1 10h26", class: "roster-required" })
      : s("rect", { x: 3, y: 2, width: 22, height: 16, class: `roster-${kind}` });
  return s("svg", { class: "chart-swatch", viewBox: "0 0 28 20", "aria-hidden": "true", focusable: "false" }, [inside]);
}

/**
 * @param {{ from: number, to: number, required: number, scheduled: number }} each
 * @param {boolean} known whether anybody has said how many are wanted
 */
function row({ from, to, required, scheduled }, known) {
  const end = to === QUARTERS ? "24:00" : clock(to * QUARTER_MIN);
  const missing = Math.max(0, required - scheduled);
  const cells = known ? [required, scheduled, missing] : [t("records.nothing"), scheduled, t("records.nothing")];
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "figure", text: `${clock(from * QUARTER_MIN)}–${end}` }),
    cells.map((value) => h("td", { class: "figure", text: String(value) })),
  );
}
