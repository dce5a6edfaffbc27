/** How today goes, below the large figure: the curve, or the same numbers as a table, and where they come from. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { hourText, lengthText } from "../shared/time.js";
import { levelsSoFar } from "./day.js";
import { drawDay, swatch } from "./day-chart.js";

/** @typedef {import("./day.js").Day} Day */

const NARROW_PX = 240;

export class DayCard {
  constructor() {
    /** @type {Day | null} */
    this.day = null;
    this.tabled = false;
    this.width = 0;
    this.picture = h("div", { class: "chart-frame" });
    this.legend = h("ul", { class: "chart-legend small" });
    this.rows = h("tbody");
    this.heads = h("tr");
    this.table = h(
      "div",
      { class: "table-frame day-frame", id: "day-table", tabindex: "0", role: "region", "aria-label": t("day.title") },
      h("table", { class: "table" }, h("thead", {}, this.heads), this.rows),
    );
    this.none = h("p", { class: "soft", text: t("day.none") });
    this.turn = h("button", {
      class: "button button-quiet",
      type: "button",
      "aria-controls": "day-table",
      on: { click: () => ((this.tabled = !this.tabled), this.draw()) },
    });
    this.source = h("p", { class: "small soft" });
    this.element = h(
      "div",
      { class: "stack day", hidden: true },
      h("div", { class: "row spread" }, h("h3", { text: t("day.title") }), this.turn),
      this.none,
      this.picture,
      this.legend,
      this.table,
      this.source,
    );
    // The picture is drawn for its width: scaled down, its words could not be read.
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  /** @param {Day} day */
  show(day) {
    this.day = day;
    show(this.element, true);
    this.draw();
  }

  fit() {
    const width = Math.floor(this.element.clientWidth);
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  draw() {
    const { day, tabled } = this;
    if (!day) return;
    const any = day.intervals.length > 0;
    show(this.none, !any);
    show(this.turn, any);
    show(this.picture, any && !tabled);
    show(this.legend, any && !tabled);
    show(this.table, any && tabled);
    setAttribute(this.turn, "aria-expanded", String(tabled));
    this.turn.replaceChildren(
      icon(tabled ? "data" : "list"),
      h("span", { text: t(tabled ? "day.as_chart" : "day.as_table") }),
    );
    setText(this.source, t("day.source", { m: day.interval_ms / 60_000, time: hourText(day.now_ms) }));
    if (!any) return;
    if (tabled) this.drawTable(day);
    else {
      this.picture.replaceChildren(drawDay(day, Math.max(NARROW_PX, this.width)));
      this.legend.replaceChildren(
        ...legendOf(day).map(([kind, text]) => h("li", {}, swatch(kind), h("span", { text }))),
      );
    }
  }

  /** @param {Day} day */
  drawTable(day) {
    const levels = levelsSoFar(day.intervals);
    const heads = ["time", "offered", "answered", "within", "left", "wait", "level"];
    this.heads.replaceChildren(
      ...heads.map((name) => h("th", { scope: "col", text: t(`day.col_${name}`, { s: day.target_s }) })),
    );
    this.rows.replaceChildren(
      ...day.intervals.map((each, i) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", class: "figure", text: hourText(each.start_ms) }),
          [
            each.offered,
            each.answered,
            each.within_target,
            each.abandoned,
            each.answered ? lengthText(each.mean_wait_ms) : t("records.nothing"),
            t("now.level_share", { p: levels[i] ?? 0 }),
          ].map((value) => h("td", { class: "figure", text: String(value) })),
        ),
      ),
    );
  }
}

/**
 * @param {Day} day
 * @returns {[Parameters<typeof swatch>[0], string][]}
 */
function legendOf(day) {
  return [
    ["level", t("day.level")],
    ["goal", t("day.goal", { p: day.goal_percent })],
    ["within", t("day.within", { s: day.target_s })],
    ["late", t("day.late")],
    ["left", t("day.left")],
  ];
}
