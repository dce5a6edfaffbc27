/** Opening hours: the week and days that are different as plain fields; what they would do, before they are saved. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { count, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { DayRows, tell } from "./hours-day.js";
import { HolidayFields } from "./hours-holidays.js";
import { dayName, specialLines, standingText, weekLines } from "./hours-words.js";

/** @typedef {import("./hours-words.js").Hours} Hours */
/** @typedef {import("./hours-words.js").Fault} Fault */
/** @typedef {{ element: HTMLElement, date: HTMLInputElement, day: DayRows, fault: HTMLElement }} DifferentDay */

const MAIN = "main";
const PREVIEW_MS = 400;
const OFFICE = /** @type {import("./hours-words.js").Span[]} */ ([["09:00", "18:00"]]);

export class HoursForm {
  /**
   * @param {object} options
   * @param {string} options.queue "main": those of the line
   * @param {(error: unknown) => string} options.refused
   * @param {() => number} options.waiting how many people wait now
   */
  constructor({ queue, refused, waiting }) {
    this.refused = refused;
    this.waiting = waiting;
    this.main = queue === MAIN;
    this.path = this.main ? "/api/hours" : `/api/hours?queue=${encodeURIComponent(queue)}`;
    this.attempt = 0;
    this.timer = 0;
    this.dates = 0;
    /** @type {Hours | null} */
    this.saved = null;
    /** @type {DifferentDay[]} */
    this.different = [];
    this.lead = h("p", { class: "soft" });
    this.use = h("input", { type: "checkbox", id: "hours-use", on: { change: () => this.used() } });
    this.without = h("p", { class: "soft", text: t(this.main ? "hours.without" : "queues.hours_of_line") });
    this.holidays = new HolidayFields(() => this.changed());
    this.week = Array.from({ length: 7 }, (_, day) => this.weekday(day));
    this.list = h("ul", { class: "hours-dates" });
    this.none = h("p", { class: "soft", text: t("hours.none_different") });
    this.whole = h("p", { class: "hours-fault", id: "hours-dates-fault", hidden: true });
    this.addDay = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.appendDay() } },
      icon("add"),
      h("span", { text: t("hours.add_day") }),
    );
    this.fields = h(
      "div",
      { class: "stack" },
      h(
        "section",
        { class: "card stack" },
        h("h3", { text: t("hours.week") }),
        h(
          "div",
          {},
          this.week.map(({ element }) => element),
        ),
        h("p", { class: "small soft", text: t("hours.midnight") }),
      ),
      this.holidays.element,
      h(
        "section",
        { class: "card stack" },
        h("h3", { text: t("hours.different") }),
        h("p", { class: "small soft", text: t("hours.different_say") }),
        this.none,
        this.list,
        this.whole,
        h("div", { class: "row" }, this.addDay),
      ),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.done = h(
      "p",
      { class: "notice notice-good", role: "status", hidden: true },
      icon("check"),
      h("span", { text: t("hours.saved") }),
    );
    this.effectTitle = h("h3", { text: t("hours.effect_now") });
    this.effect = h("ul", { class: "hours-effect" });
    this.unsaved = h(
      "p",
      { class: "notice notice-attention", hidden: true },
      icon("info"),
      h("span", { text: t("hours.unsaved") }),
    );
    this.save = h(
      "button",
      { class: "button button-main", type: "submit", "aria-disabled": "true" },
      icon("check"),
      h("span", { text: t("hours.save") }),
    );
    this.undo = h(
      "button",
      { class: "button", type: "button", on: { click: () => (this.restore(), this.use.focus()) } },
      icon("back"),
      h("span", { text: t("hours.undo") }),
    );
    this.form = h(
      "form",
      {
        class: "hours-grid",
        novalidate: true,
        hidden: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.send()) },
      },
      h(
        "div",
        { class: "stack" },
        h(
          "div",
          { class: "card" },
          h("label", { class: "tick", for: "hours-use" }, this.use, h("span", { text: t(this.main ? "hours.use" : "queues.hours_own") })),
          this.without,
        ),
        this.fields,
      ),
      h(
        "section",
        { class: "card stack hours-side" },
        this.effectTitle,
        h("div", { role: "status", class: "stack" }, this.effect),
        h("p", { class: "small soft", text: t("hours.above") }),
        this.unsaved,
        this.trouble,
        this.done,
        h("div", { class: "row" }, this.save, this.undo),
      ),
    );
    this.pending = h("p", { class: "soft", text: t("hours.loading") });
    this.loadTrouble = h("p", { class: "notice notice-danger", role: "alert", hidden: true });
    this.element = h("section", { class: "stack" }, h("h2", { text: t("hours.title") }), this.lead, this.pending, this.loadTrouble, this.form);
  }

  /** @param {number} day */
  weekday(day) {
    const same =
      day === 0
        ? null
        : h(
            "button",
            { class: "button button-quiet", type: "button", "aria-label": t("hours.same_of", { day: dayName(day) }) },
            icon("copy"),
            h("span", { text: t("hours.same") }),
          );
    const rows = new DayRows(() => dayName(day), () => this.changed(), same);
    same?.addEventListener("click", () => {
      rows.spans = this.week[day - 1].rows.spans;
      this.changed();
    });
    const element = h(
      "div",
      { class: "hours-line", role: "group", "aria-label": dayName(day) },
      h("span", { class: "hours-name", text: dayName(day) }),
      rows.element,
    );
    return { element, rows };
  }

  /** The address, with the language in which holidays are to be named. */
  get inWords() {
    return `${this.path}${this.main ? "?" : "&"}lang=${locale()}`;
  }

  async enter() {
    // What somebody wrote and has not saved yet is still there.
    if (this.saved && !this.isChanged()) show(this.done, false);
    if (this.saved && this.isChanged()) return;
    try {
      const hours = await request("GET", this.inWords);
      // Nor is what somebody has written meanwhile overwritten.
      if (!this.saved || !this.isChanged()) this.draw(hours);
      show(this.loadTrouble, false);
    } catch (error) {
      setText(this.loadTrouble, errorText(this.refused(error)));
      show(this.loadTrouble, !this.saved);
    }
    show(this.pending, false);
  }

  /** @param {Hours} hours */
  draw(hours) {
    this.saved = hours;
    show(this.form, true);
    setText(this.lead, t("hours.lead", { zone: hours.zone }));
    this.restore();
  }

  restore() {
    const { saved } = this;
    if (!saved) return;
    this.attempt += 1;
    clearTimeout(this.timer);
    this.use.checked = saved.set;
    this.week.forEach(({ rows }, day) => (rows.spans = saved.week[day]));
    this.different = saved.exceptions.map(({ date, hours }) => this.makeDay(date, hours));
    this.holidays.draw(saved.holidays ?? null, saved.regions ?? []);
    this.drawDays();
    this.blame([]);
    show(this.fields, saved.set);
    show(this.without, !saved.set);
    this.say(saved, false);
  }

  used() {
    show(this.fields, this.use.checked);
    show(this.without, !this.use.checked);
    if (this.use.checked && this.week.every(({ rows }) => !rows.rows.length) && !this.different.length)
      this.week.slice(0, 5).forEach(({ rows }) => (rows.spans = OFFICE));
    this.changed();
  }

  /**
   * @param {string} value YYYY-MM-DD
   * @param {import("./hours-words.js").Span[]} spans
   * @returns {DifferentDay}
   */
  makeDay(value, spans) {
    const id = `hours-date-${(this.dates += 1)}`;
    const date = h("input", { class: "input", id, type: "date", value });
    const fault = h("p", { class: "hours-fault", id: `${id}-fault`, hidden: true });
    const remove = h(
      "button",
      { class: "button button-quiet", type: "button" },
      icon("remove"),
      h("span", { text: t("hours.remove_day") }),
    );
    const name = () => date.value || t("hours.new_day");
    const day = new DayRows(name, () => this.changed(), remove);
    day.spans = spans;
    /** @type {DifferentDay} */
    const made = { element: h("li", { class: "hours-line" }), date, day, fault };
    const named = () => setAttribute(remove, "aria-label", t("hours.remove_day_of", { day: name() }));
    named();
    date.addEventListener("input", () => (day.draw(), named(), this.changed()));
    remove.addEventListener("click", () => {
      this.different = this.different.filter((other) => other !== made);
      this.drawDays();
      this.addDay.focus();
      this.changed();
    });
    made.element.append(
      h("div", { class: "field" }, h("label", { for: id, text: t("hours.date") }), date, fault),
      day.element,
    );
    return made;
  }

  appendDay() {
    const made = this.makeDay("", []);
    this.different.push(made);
    this.drawDays();
    made.date.focus();
    this.changed();
  }

  drawDays() {
    this.list.replaceChildren(...this.different.map(({ element }) => element));
    show(this.list, this.different.length > 0);
    show(this.none, this.different.length === 0);
  }

  /** What stands in the fields, as the service wants it. */
  get wish() {
    if (!this.use.checked) return { week: Array(7).fill([]), exceptions: [], set: false };
    const holidays = this.holidays.wish;
    return {
      week: this.week.map(({ rows }) => rows.spans),
      exceptions: this.different.map(({ date, day }) => ({ date: date.value, hours: day.spans })),
      ...(holidays && { holidays }),
      set: true,
    };
  }

  isChanged() {
    const { wish, saved } = this;
    if (!saved || wish.set !== saved.set) return wish.set !== saved?.set;
    return wish.set && textOf(wish) !== textOf(saved);
  }

  /** A field changed: in a moment say what it would do. */
  changed() {
    const attempt = ++this.attempt;
    show(this.done, false);
    clearTimeout(this.timer);
    if (!this.isChanged()) {
      this.blame([]);
      if (this.saved) this.say(this.saved, false);
      return;
    }
    setText(this.effectTitle, t("hours.effect"));
    show(this.unsaved, true);
    setAttribute(this.save, "aria-disabled", null);
    this.timer = setTimeout(() => this.preview(attempt), PREVIEW_MS);
  }

  /** @param {number} attempt */
  async preview(attempt) {
    try {
      const would = await request("PUT", this.inWords, { ...this.wish, apply: false });
      if (attempt === this.attempt) (this.blame([]), this.say(would, true));
    } catch (error) {
      if (attempt === this.attempt) this.fail(error);
    }
  }

  async send() {
    if (this.save.getAttribute("aria-disabled") === "true") return;
    const attempt = ++this.attempt;
    clearTimeout(this.timer);
    setAttribute(this.save, "aria-disabled", "true");
    try {
      const saved = await request("PUT", this.inWords, this.wish);
      if (attempt !== this.attempt) {
        // Somebody writes on: from now on against what has just been saved.
        this.saved = saved;
        this.changed();
        return;
      }
      this.draw(saved);
      show(this.done, true);
    } catch (error) {
      setAttribute(this.save, "aria-disabled", null);
      if (attempt === this.attempt) this.fail(error);
    }
  }

  /**
   * @param {Hours} hours
   * @param {boolean} changed
   */
  say(hours, changed) {
    setText(this.effectTitle, t(changed ? "hours.effect" : "hours.effect_now"));
    show(this.effectTitle, true);
    show(this.unsaved, changed);
    show(this.trouble, false);
    setAttribute(this.save, "aria-disabled", changed ? null : "true");
    show(this.undo, changed);
    const waiting = this.waiting();
    const lines = [
      ...(hours.set ? weekLines(hours.week) : []),
      ...(hours.set ? specialLines(hours) : []),
      standingText(hours),
      ...(changed && waiting ? [count("hours.stay", waiting)] : []),
      ...(changed ? [t("hours.calls_stay")] : []),
    ];
    if (lines.join("\n") === [...this.effect.children].map((line) => line.textContent).join("\n")) return;
    this.effect.replaceChildren(...lines.map((text) => h("li", { text })));
  }

  /** @param {unknown} error */
  fail(error) {
    const code = this.refused(error);
    /** @type {Fault[]} */
    const faults = (error instanceof RequestError && code === "bad_hours" && error.answer?.faults) || [];
    this.blame(faults);
    show(this.effectTitle, false); // what was said before is not what would be
    this.effect.replaceChildren();
    show(this.undo, true);
    show(this.trouble, true);
    setText(this.troubleText, faults.length ? count("hours.faulty", faults.length) : errorText(code));
  }

  /** @param {Fault[]} faults */
  blame(faults) {
    const dates = faults.filter(({ day, holiday }) => day === undefined && !holiday);
    this.week.forEach(({ rows }, day) => rows.blame(faults.filter((fault) => fault.day === day)));
    this.holidays.blame(faults.filter(({ holiday }) => holiday));
    tell(this.whole, [], dates.find(({ code }) => code === "too_many_dates"));
    const about = ["date_unreadable", "date_twice"];
    this.different.forEach(({ date, day, fault }, i) => {
      const mine = dates.filter((each) => (each.date ?? "") === date.value && each.code !== "too_many_dates");
      day.blame(mine.filter(({ code }) => !about.includes(code)));
      const earlier = this.different.slice(0, i).some((other) => other.date.value === date.value);
      tell(fault, [date], mine.find(({ code }) => code === "date_unreadable" || (code === "date_twice" && earlier)));
    });
  }
}

/**
 * What two hours have to share to be the same.
 * @param {{ week: unknown, exceptions: unknown, holidays?: unknown }} hours
 */
function textOf({ week, exceptions, holidays }) {
  return JSON.stringify([week, exceptions, holidays ?? null]);
}
