/** One day's opening hours as rows of two time fields, which say what is wrong with them. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { endTime, fieldTime } from "./hours-words.js";

/** @typedef {import("./hours-words.js").Span} Span */
/** @typedef {import("./hours-words.js").Fault} Fault */
/**
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {HTMLInputElement} from
 * @property {HTMLInputElement} to
 * @property {HTMLElement} remove
 * @property {HTMLElement} fault
 */

let made = 0;

export class DayRows {
  /**
   * @param {() => string} name how the day is called now
   * @param {() => void} onChange
   * @param {(HTMLElement | null)[]} more buttons beside the one that adds a row
   */
  constructor(name, onChange, ...more) {
    this.name = name;
    this.onChange = onChange;
    /** @type {Row[]} */
    this.rows = [];
    this.list = h("ul", { class: "hours-rows" });
    this.closed = h("p", { class: "soft", text: t("hours.closed") });
    this.add = h(
      "button",
      { class: "button button-quiet", type: "button", on: { click: () => this.append() } },
      icon("add"),
      h("span", { text: t("hours.add") }),
    );
    this.fault = h("p", { class: "hours-fault", id: `hours-${(made += 1)}`, hidden: true });
    this.element = h(
      "div",
      { class: "hours-day" },
      h("div", {}, this.closed, this.list, this.fault),
      h("div", { class: "hours-acts" }, this.add, more),
    );
  }

  /** @returns {Span[]} as the service wants them */
  get spans() {
    return this.rows.map(({ from, to }) => [from.value, endTime(to.value)]);
  }

  /** @param {Span[]} spans */
  set spans(spans) {
    this.rows = spans.map(([from, to]) => this.make(fieldTime(from), fieldTime(to)));
    this.draw();
  }

  append() {
    const before = this.rows.at(-1);
    // The usual day, or from where the last time ends.
    const row = this.make(before ? before.to.value : "09:00", before ? "" : "18:00");
    this.rows.push(row);
    this.draw();
    row.from.focus();
    this.onChange();
  }

  /**
   * @param {string} from
   * @param {string} to
   * @returns {Row}
   */
  make(from, to) {
    const id = `hours-${(made += 1)}`;
    const field = (/** @type {string} */ value) =>
      h("input", { class: "input", type: "time", value, on: { input: () => this.onChange() } });
    const fault = h("p", { class: "hours-fault", id, hidden: true });
    const remove = h("button", { class: "button button-quiet", type: "button" }, icon("remove"));
    /** @type {Row} */
    const row = { element: h("li", { class: "hours-row" }), from: field(from), to: field(to), remove, fault };
    remove.addEventListener("click", () => {
      this.rows = this.rows.filter((other) => other !== row);
      this.draw();
      this.add.focus();
      this.onChange();
    });
    row.element.append(row.from, h("span", { "aria-hidden": "true", text: "–" }), row.to, remove, fault);
    return row;
  }

  draw() {
    const day = this.name();
    setAttribute(this.add, "aria-label", t("hours.add_to", { day }));
    this.rows.forEach(({ from, to, remove }, i) => {
      setAttribute(from, "aria-label", t("hours.from_of", { day, row: i + 1 }));
      setAttribute(to, "aria-label", t("hours.to_of", { day, row: i + 1 }));
      setAttribute(remove, "aria-label", t("hours.remove_of", { day, row: i + 1 }));
    });
    this.list.replaceChildren(...this.rows.map(({ element }) => element));
    show(this.list, this.rows.length > 0);
    show(this.closed, this.rows.length === 0);
  }

  /** @param {Fault[]} faults of this day */
  blame(faults) {
    tell(this.fault, [], faults.find(({ row }) => !row));
    this.rows.forEach(({ from, to, fault }, i) => tell(fault, [from, to], faults.find(({ row }) => row === i + 1)));
  }
}

/**
 * Say a fault below the fields that it is about.
 * @param {HTMLElement} element
 * @param {HTMLElement[]} fields
 * @param {Fault | undefined} fault
 */
export function tell(element, fields, fault) {
  show(element, Boolean(fault));
  setText(element, fault ? t(`hours.fault.${fault.code}`, { other: fault.other ?? 0 }) : "");
  for (const field of fields) {
    setAttribute(field, "aria-invalid", fault ? "true" : null);
    setAttribute(field, "aria-describedby", fault ? element.id : null);
  }
}
