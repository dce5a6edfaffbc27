/** One chart: what it says in a sentence, the picture, and behind a button the same numbers as a table. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";

/**
 * @typedef {object} Drawing
 * @property {string} said
 * @property {(width: number) => SVGElement} draw for so many px
 * @property {[Node, string][]} legend
 * @property {(string | number)[][]} rows the first of each is its name
 * @property {boolean} [tall] longer than a screen as a picture: it begins as its table, which scrolls
 */

const NARROW_PX = 240;

export class ChartCard {
  /**
   * @param {object} chart
   * @param {string} chart.id
   * @param {string} chart.title
   * @param {string[]} chart.heads of the table, the row's name first
   * @param {"h2" | "h3"} [chart.level]
   * @param {string} [chart.name] a class of its own
   * @param {string} [chart.source] where the numbers come from, and what they leave out
   */
  constructor({ id, title, heads, level = "h3", name = "", source = "" }) {
    this.title = title;
    this.tabled = false;
    this.chosen = false;
    this.width = 0;
    /** @type {Drawing | null} */
    this.drawing = null;
    this.said = h("p", { class: "small" });
    this.picture = h("div", { class: "chart-frame" });
    this.legend = h("ul", { class: "chart-legend small" });
    this.heads = h("tr");
    this.rows = h("tbody");
    this.table = h(
      "div",
      { class: "table-frame day-frame", id: `${id}-table`, tabindex: "0", role: "region", "aria-label": title },
      h("table", { class: "table" }, h("thead", {}, this.heads), this.rows),
    );
    this.setHeads(heads);
    this.turn = h("button", {
      class: "button button-quiet",
      type: "button",
      "aria-controls": `${id}-table`,
      on: { click: () => ((this.chosen = true), (this.tabled = !this.tabled), this.redraw()) },
    });
    this.element = h(
      "section",
      { class: `stack chart-card ${name}` },
      h("div", { class: "row spread" }, h(level, { text: title }), this.turn),
      this.said,
      this.picture,
      this.legend,
      this.table,
      source && h("p", { class: "small soft", text: source }),
    );
    // The picture is drawn for its width: scaled down, its words could not be read.
    new ResizeObserver(() => this.fit()).observe(this.element);
    this.redraw();
  }

  /** @param {string[]} heads */
  setHeads(heads) {
    this.heads.replaceChildren(...heads.map((text) => h("th", { scope: "col", text })));
  }

  /** @param {Drawing | string} drawing a text where there is nothing to draw */
  show(drawing) {
    this.drawing = typeof drawing === "string" ? null : drawing;
    setText(this.said, typeof drawing === "string" ? drawing : drawing.said);
    if (!this.chosen) this.tabled = this.drawing?.tall ?? false;
    this.redraw();
  }

  fit() {
    const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(this.element);
    const room = this.element.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd);
    if (!this.element.clientWidth || Math.floor(room) === this.width) return;
    this.width = Math.floor(room);
    this.redraw();
  }

  redraw() {
    const { drawing, tabled } = this;
    show(this.turn, drawing !== null);
    show(this.picture, drawing !== null && !tabled);
    show(this.legend, drawing !== null && !tabled && drawing.legend.length > 0);
    show(this.table, drawing !== null && tabled);
    const words = t(tabled ? "day.as_chart" : "day.as_table");
    setAttribute(this.turn, "aria-expanded", String(tabled));
    setAttribute(this.turn, "aria-label", t("floor.turn", { words, title: this.title }));
    this.turn.replaceChildren(icon(tabled ? "data" : "list"), h("span", { text: words }));
    if (!drawing) return;
    if (tabled) {
      this.rows.replaceChildren(
        ...drawing.rows.map(([name, ...cells]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row", class: "figure", text: String(name) }),
            cells.map((value) => h("td", { class: "figure", text: String(value) })),
          ),
        ),
      );
      return;
    }
    const svg = drawing.draw(Math.max(NARROW_PX, this.width));
    setAttribute(svg, "role", "img");
    setAttribute(svg, "aria-label", t("floor.picture", { title: this.title, said: drawing.said }));
    this.picture.replaceChildren(svg);
    this.legend.replaceChildren(...drawing.legend.map(([mark, text]) => h("li", {}, mark, h("span", { text }))));
  }
}
