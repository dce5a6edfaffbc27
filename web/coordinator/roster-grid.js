/**
 * The roster as a grid of people and days. Arrow keys walk, a digit gives a shift, 0 or Delete takes it, x c v cut, copy
 * and paste, Enter opens the day; a pointer drags a shift to another cell. The whole grid is one stop of the Tab key: the
 * days on top are reached by the arrow up. Source: WAI-ARIA APG, data grid.
 */

import { h, setAttribute } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { daysFrom, dutiesAt, dutyOf, exchanged, faultsAt, minutesOf, timesOf, withDay } from "./roster-model.js";
import { hoursText, rosterDay, ruleText } from "./roster-words.js";

/** @typedef {import("./roster-model.js").Draft} Draft */
/** @typedef {import("./roster-model.js").Duty} Duty */

const TOP = -1;

/** @type {Record<string, [number, number]>} key: rows and columns to go */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class RosterGrid {
  /**
   * @param {{ change: (duties: Duty[]) => void, openDay: (day: number) => void }} on
   */
  constructor(on) {
    this.on = on;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {Duty[]} */
    this.duties = [];
    /** @type {string[]} */
    this.days = [];
    this.at = { row: 0, column: 0 };
    /** @type {Duty[] | null} */
    this.held = null;
    /** @type {{ row: number, column: number } | null} */
    this.dragged = null;
    /** @type {Draft["shifts"] | null} what the palette has */
    this.offered = null;
    this.palette = h("div", { class: "row roster-palette", role: "group", "aria-label": t("roster.palette") });
    this.table = h("table", { class: "roster-grid", role: "grid", "aria-label": t("roster.grid") });
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("focusin", (event) => this.focused(event.target));
    this.table.addEventListener("pointerdown", (event) => this.grab(event));
    this.table.addEventListener("pointermove", (event) => this.drag(event));
    this.table.addEventListener("pointerup", (event) => this.drop(event));
    this.table.addEventListener("pointercancel", () => this.letGo());
    this.element = h(
      "div",
      { class: "stack" },
      this.palette,
      h("p", { class: "small soft roster-keys", text: t("roster.keys") }),
      h("div", { class: "roster-frame" }, this.table),
    );
  }

  /**
   * @param {Draft} draft
   * @param {Duty[]} duties
   */
  draw(draft, duties) {
    const had = this.table.contains(document.activeElement);
    Object.assign(this, { draft, duties, days: daysFrom(draft.first_day, draft.days) });
    this.at.row = Math.min(this.at.row, Math.max(0, draft.people.length - 1));
    this.at.column = Math.min(this.at.column, draft.days - 1);
    this.drawPalette(draft);
    this.table.replaceChildren(
      h(
        "thead",
        {},
        h(
          "tr",
          { role: "row" },
          h("th", { scope: "col", role: "columnheader", class: "roster-who", text: t("shifts.agent") }),
          this.days.map((day, column) => this.head(day, column)),
        ),
      ),
      h(
        "tbody",
        {},
        draft.people.map((person, row) =>
          h(
            "tr",
            { role: "row" },
            h(
              "th",
              { scope: "row", role: "rowheader", class: "roster-who" },
              h("span", { text: person.title || person.name }),
              h("span", { class: "small soft figure", text: hoursText(minutesOf(duties, person.name)) }),
            ),
            this.days.map((day, column) => this.cell(draft, row, column, day)),
          ),
        ),
      ),
    );
    this.mark();
    if (had) this.cellAt(this.at.row, this.at.column)?.focus();
  }

  /** @param {Draft} draft */
  drawPalette(draft) {
    if (this.offered === draft.shifts) return; // whoever has just pressed one stays on it
    this.offered = draft.shifts;
    const choices = draft.shifts.slice(0, 9).map((kind, n) => {
      const times = timesOf(dutyOf("", "", kind));
      return this.choice(String(n + 1), `${kind.name} ${times}`, () => this.give(n));
    });
    this.palette.replaceChildren(
      ...choices,
      this.choice("0", t("roster.free"), () => this.give(-1)),
    );
  }

  /**
   * @param {string} key
   * @param {string} text
   * @param {() => void} press
   */
  choice(key, text, press) {
    return h(
      "button",
      { class: "button", type: "button", on: { click: press } },
      h("kbd", { class: "key", text: key }),
      h("span", { text }),
    );
  }

  /**
   * @param {string} day
   * @param {number} column
   */
  head(day, column) {
    const open = h("button", {
      class: "roster-day",
      type: "button",
      "aria-label": t("roster.open_day", { day: rosterDay(day) }),
      tabindex: "-1",
      "data-row": TOP,
      "data-column": column,
      text: rosterDay(day, true),
      on: { click: () => this.on.openDay(column) },
    });
    return h("th", { scope: "col", role: "columnheader" }, open);
  }

  /**
   * @param {Draft} draft
   * @param {number} row
   * @param {number} column
   * @param {string} day
   */
  cell(draft, row, column, day) {
    const person = draft.people[row];
    const duties = dutiesAt(this.duties, person.name, day);
    const faults = faultsAt(draft.faults, person.name, column);
    const note = (draft.off[person.name] ?? []).includes(day)
      ? t("roster.off")
      : (draft.wishes_off[person.name] ?? []).includes(day)
        ? t("roster.wish_off")
        : "";
    const said = duties.map((duty) => `${duty.shift} ${timesOf(duty)}`.trim()).join(t("list.comma"));
    const label = [person.title || person.name, rosterDay(day), said || t("roster.free"), note];
    return h(
      "td",
      {
        role: "gridcell",
        tabindex: "-1",
        class: `roster-cell${faults.length ? " has-fault" : ""}${duties.length ? " is-worked" : ""}`,
        "data-row": row,
        "data-column": column,
        "aria-label": [...label.filter(Boolean), ...faults.map(ruleText)].join(t("list.comma")),
      },
      duties.map((duty) =>
        h(
          "span",
          { class: "roster-duty" },
          h("span", { class: "roster-name", text: duty.shift || t("roster.own_times") }),
          h("span", { class: "figure small", text: timesOf(duty) }),
        ),
      ),
      note !== "" && h("span", { class: "small roster-note", text: note }),
      faults.length > 0 && h("span", { class: "roster-warn" }, icon("urgent")),
    );
  }

  mark() {
    const current = this.cellAt(this.at.row, this.at.column);
    for (const cell of this.table.querySelectorAll("[role='gridcell']")) {
      const on = cell === current;
      setAttribute(cell, "tabindex", on ? "0" : "-1");
      setAttribute(cell, "aria-selected", on ? "true" : "false");
    }
  }

  /**
   * @param {number} row
   * @param {number} column
   * @returns {HTMLElement | null}
   */
  cellAt(row, column) {
    return this.table.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  }

  /**
   * Walk to a person's day: from a fault to its cell.
   * @param {string} person
   * @param {number} column
   */
  go(person, column) {
    const row = this.draft?.people.findIndex((each) => each.name === person) ?? -1;
    if (row >= 0) this.cellAt(row, column)?.focus();
  }

  /** @param {EventTarget | null} target */
  focused(target) {
    const cell = target instanceof Element ? target.closest("[role='gridcell']") : null;
    if (!(cell instanceof HTMLElement)) return;
    this.at = { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
    this.mark();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.draft) return;
    if (!(event.target instanceof HTMLElement) || !event.target.matches("[data-row]")) return;
    const [row, column] = [Number(event.target.dataset.row), Number(event.target.dataset.column)];
    const { key } = event;
    if (key in STEPS) this.cellAt(row + STEPS[key][0], column + STEPS[key][1])?.focus();
    else if (key === "Home") this.cellAt(row, 0)?.focus();
    else if (key === "End") this.cellAt(row, this.days.length - 1)?.focus();
    else if (row === TOP) return; // the day's own button
    else if (key === "Enter") this.on.openDay(column);
    else if (key === "Delete" || key === "Backspace" || key === "0") this.give(-1);
    else if (/^[1-9]$/.test(key) && Number(key) <= this.draft.shifts.length) this.give(Number(key) - 1);
    else if (key === "c" || key === "x") {
      this.held = this.here();
      if (key === "x") this.give(-1);
    } else if (key === "v" && this.held) this.put(this.held);
    else return;
    event.preventDefault();
  }

  here() {
    return dutiesAt(this.duties, this.draft?.people[this.at.row].name ?? "", this.days[this.at.column]);
  }

  /** @param {number} kind of the draft's shifts, -1 for none */
  give(kind) {
    const { draft } = this;
    if (!draft?.people.length) return;
    const person = draft.people[this.at.row].name;
    this.put(kind < 0 ? [] : [dutyOf(person, this.days[this.at.column], draft.shifts[kind])]);
  }

  /** @param {Duty[]} wanted */
  put(wanted) {
    const person = this.draft?.people[this.at.row].name ?? "";
    if (!wanted.length && !this.here().length) return;
    this.on.change(withDay(this.duties, person, this.days[this.at.column], wanted));
  }

  /** @param {PointerEvent} event a finger scrolls; a mouse or a pen drags */
  grab(event) {
    this.letGo(); // a button that was let go outside of the table was not seen
    const cell = event.target instanceof Element ? event.target.closest("[role='gridcell']") : null;
    if (!(cell instanceof HTMLElement) || event.button !== 0) return;
    cell.focus();
    if (event.pointerType !== "touch" && cell.classList.contains("is-worked")) this.dragged = { ...this.at };
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (!this.dragged) return;
    if (!event.buttons) return this.letGo();
    event.preventDefault();
    this.table.querySelector(".is-target")?.classList.remove("is-target");
    const cell = event.target instanceof Element ? event.target.closest("[role='gridcell']") : null;
    cell?.classList.add("is-target");
    this.table.classList.add("is-dragging");
  }

  /** @param {PointerEvent} event */
  drop(event) {
    const from = this.dragged;
    const cell = event.target instanceof Element ? event.target.closest("[role='gridcell']") : null;
    this.letGo();
    if (!from || !this.draft || !(cell instanceof HTMLElement)) return;
    const to = { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
    if (from.row === to.row && from.column === to.column) return;
    const people = this.draft.people;
    const [giver, taker] = [people[from.row].name, people[to.row].name];
    this.at = to;
    this.on.change(
      exchanged(
        this.duties,
        { person: giver, day: this.days[from.column] },
        { person: taker, day: this.days[to.column] },
      ),
    );
    this.cellAt(to.row, to.column)?.focus();
  }

  letGo() {
    this.dragged = null;
    this.table.classList.remove("is-dragging");
    this.table.querySelector(".is-target")?.classList.remove("is-target");
  }
}
