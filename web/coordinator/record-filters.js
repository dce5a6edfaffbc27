/** Which sessions are wanted: days, agent, how they ended, what came of them, and the same as a file. */

import { h, setAttribute } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { dayField } from "./shift-times.js";

const ENDS = [
  "customer_hung_up",
  "agent_hung_up",
  "customer_lost",
  "customer_cancelled",
  "agent_lost",
  "closed",
  "shutdown",
  "open",
];
const OUTCOMES = ["solved", "follow_up", "referred", "cut_off", "misdirected"];
const TICKS = ["urgent", "unanswered", "not_solved"];
const DAYS_BACK = 6;

/**
 * The query of whole days in the viewer's zone, both included.
 * @param {string} from YYYY-MM-DD
 * @param {string} to YYYY-MM-DD
 * @returns {URLSearchParams | null} null when a day is missing or the last lies before the first
 */
export function daysQuery(from, to) {
  const [start, end] = [new Date(`${from}T00:00`), new Date(`${to}T00:00`)];
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime()) || end < start) return null;
  end.setDate(end.getDate() + 1);
  return new URLSearchParams({ from: start.toISOString(), to: end.toISOString() });
}

export class RecordFilters {
  /** @param {() => void} onAsked */
  constructor(onAsked) {
    this.offered = lastDays();
    const [from, to] = this.offered;
    this.from = h("input", { class: "input", id: "records-from", type: "date", value: from });
    this.to = h("input", { class: "input", id: "records-to", type: "date", value: to });
    this.agent = h("select", { class: "input", id: "records-agent" });
    this.ended = select(
      "records-ended",
      "records.any_end",
      ENDS.map((end) => [end, t(`records.end.${end}`)]),
    );
    this.outcome = select(
      "records-outcome",
      "records.any_outcome",
      OUTCOMES.map((outcome) => [outcome, t(`outcome.${outcome}`)]),
    );
    this.drawAgents([]);
    /** @type {[string, HTMLInputElement][]} */
    this.ticks = TICKS.map((name) => [name, h("input", { type: "checkbox", id: `records-${name}` })]);
    this.csv = h("a", { class: "button", download: true, on: { click: () => this.query() } }, icon("download"), h("span", { text: t("records.csv") }));
    this.element = h(
      "form",
      {
        class: "filters",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), onAsked()) },
      },
      field("records.from", this.from),
      field("records.to", this.to),
      field("records.agent", this.agent),
      field("records.ended", this.ended),
      field("records.outcome", this.outcome),
      h(
        "fieldset",
        { class: "ticks" },
        h("legend", { text: t("records.only") }),
        this.ticks.map(([name, box]) => h("label", { class: "tick" }, box, h("span", { text: t(`records.${name}`) }))),
      ),
      h(
        "div",
        { class: "row" },
        h("button", { class: "button", type: "submit" }, icon("again"), h("span", { text: t("records.show") })),
        this.csv,
      ),
    );
  }

  /**
   * What is wanted now, for the list and for the file; null when the days are wrong.
   * @returns {URLSearchParams | null}
   */
  query() {
    this.follow();
    const query = daysQuery(this.from.value, this.to.value);
    for (const input of [this.from, this.to]) setAttribute(input, "aria-invalid", query ? null : "true");
    if (!query) return null;
    for (const [name, control] of Object.entries({ agent: this.agent, ended: this.ended, outcome: this.outcome })) {
      if (control.value) query.set(name, control.value);
    }
    for (const [name, box] of this.ticks) if (box.checked) query.set(name, "1");
    this.csv.href = `/api/records.csv?${query}`;
    return query;
  }

  /** A page that is open past midnight offers the new day too, unless somebody has chosen others. */
  follow() {
    const [from, to] = this.offered;
    if (this.from.value !== from || this.to.value !== to) return;
    this.offered = lastDays();
    [this.from.value, this.to.value] = this.offered;
  }

  /** @param {[string, string][]} agents ids and names */
  drawAgents(agents) {
    const kept = this.agent.value;
    this.agent.replaceChildren(
      ...[["", t("records.any_agent")], ...agents].map(([value, text]) => h("option", { value, text })),
    );
    if (agents.some(([agent]) => agent === kept)) this.agent.value = kept;
  }
}

/** @returns {[string, string]} the first and the last of the days that are shown when nobody chooses */
function lastDays() {
  const today = new Date();
  const first = new Date(today);
  first.setDate(first.getDate() - DAYS_BACK);
  return [dayField(first), dayField(today)];
}

/**
 * @param {string} id
 * @param {string} any key of the choice that does not choose
 * @param {string[][]} options values and words
 */
function select(id, any, options) {
  return h(
    "select",
    { class: "input", id },
    [["", t(any)], ...options].map(([value, text]) => h("option", { value, text })),
  );
}

/**
 * @param {string} key
 * @param {HTMLElement} control
 */
function field(key, control) {
  return h("div", { class: "field" }, h("label", { for: control.id, text: t(key) }), control);
}
