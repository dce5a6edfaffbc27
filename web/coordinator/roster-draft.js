/** One draft on the screen: the grid or a day of it, what is wrong in it, undo, publish. Each change is kept at once. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { count, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { RosterChart } from "./roster-chart.js";
import { RosterClash } from "./roster-clash.js";
import { RosterDay } from "./roster-day.js";
import { RosterGrid } from "./roster-grid.js";
import { daysFrom, History } from "./roster-model.js";
import { known, RosterPublish } from "./roster-publish.js";
import { RosterWhy } from "./roster-why.js";
import { faultText, rosterDay } from "./roster-words.js";

/** @typedef {import("./roster-model.js").Draft} Draft */
/** @typedef {import("./roster-model.js").Duty} Duty */

export class RosterDraft {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {Draft | null} */
    this.draft = null;
    this.history = new History([]);
    this.column = 0;
    this.byDay = false;
    this.name = "";
    this.unsaved = false;
    this.kept = Promise.resolve();
    this.heading = h("h1", { tabindex: "-1" });
    this.state = h("span", { class: "pill" });
    this.status = h("p", { class: "small soft", role: "status" });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.clash = new RosterClash({ mine: () => this.meet(false), theirs: () => this.meet(true) });
    this.undo = button("again", "roster.undo", () => this.turn("undo"));
    this.redo = button("next", "roster.redo", () => this.turn("redo"));
    this.publish = button("send", "roster.publish", () => this.openPublish());
    this.publish.classList.add("button-main");
    this.file = h(
      "a",
      { class: "button button-quiet", download: true },
      icon("download"),
      h("span", { text: t("roster.file") }),
    );
    this.workbook = h(
      "a",
      { class: "button button-quiet", download: true },
      icon("download"),
      h("span", { text: t("roster.workbook") }),
    );
    this.calendar = h(
      "a",
      { class: "button button-quiet", download: true },
      icon("calendar"),
      h("span", { text: t("roster.calendar") }),
    );
    this.print = button("list", "roster.print", () => window.print());
    this.print.classList.add("button-quiet");
    const change = (/** @type {Duty[]} */ duties) => this.change(duties);
    this.grid = new RosterGrid({ change, openDay: (day) => this.openDay(day) });
    this.day = new RosterDay({ change });
    this.chart = new RosterChart();
    this.why = new RosterWhy();
    this.publishing = new RosterPublish({
      refused,
      published: (version) => this.published(version),
      back: () => this.publish.focus(),
    });
    this.toGrid = button("calendar", "roster.all_days", () => this.showGrid());
    this.earlier = button("back", "roster.day_before", () => this.openDay(this.column - 1));
    this.later = button("next", "roster.day_after", () => this.openDay(this.column + 1));
    this.turnDay = h("div", { class: "row", hidden: true }, this.toGrid, this.earlier, this.later);
    this.faultTitle = h("h2", {});
    this.faults = h("ul", { class: "roster-faults" });
    this.element = h(
      "div",
      { class: "stack" },
      h("a", { class: "button button-quiet roster-back", href: "#roster/" }, icon("back"), h("span", { text: t("roster.list") })),
      h("div", { class: "row spread" }, this.heading, this.state),
      h("div", { class: "row roster-acts" }, this.undo, this.redo, this.publish, this.file, this.workbook, this.calendar, this.print),
      this.status,
      this.trouble,
      this.clash.element,
      this.publishing.element,
      this.turnDay,
      this.grid.element,
      this.day.element,
      this.chart.element,
      h("section", { class: "card stack" }, this.faultTitle, this.faults),
      this.why.element,
    );
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {string} name the draft's id */
  async open(name) {
    this.name = name;
    show(this.trouble, false);
    this.clash.close();
    show(this.publishing.element, false);
    this.byDay = false;
    this.column = 0;
    // The answer to what is being kept of an earlier draft belongs to that one.
    await this.kept;
    try {
      const draft = await request("GET", `/api/rosters/${encodeURIComponent(name)}`);
      if (name !== this.name) return;
      this.draft = draft;
      this.unsaved = false;
      this.history = new History(draft.duties);
      this.drawAll();
    } catch (error) {
      if (name === this.name) this.fail(known(this.refused(error)));
    }
  }

  /** @param {Duty[]} duties */
  change(duties) {
    this.history.push(duties);
    this.drawAll();
    this.save();
  }

  /** @param {"undo" | "redo"} which */
  turn(which) {
    if (!this.history[which]()) return;
    announce(t(`roster.done.${which}`));
    this.drawAll();
    this.save();
  }

  /** Keep the newest state, after what is being kept already. @returns {Promise<void>} */
  save() {
    this.unsaved = true;
    this.kept = this.kept.then(() => this.keep());
    return this.kept;
  }

  /** Keep the newest state, unless that was done with an earlier one. */
  async keep() {
    if (!this.unsaved || !this.draft) return;
    this.unsaved = false;
    setText(this.status, t("roster.saving"));
    const sent = this.history.now;
    try {
      const { draft, rev } = this.draft;
      const answer = await request("PUT", "/api/rosters/duties", { draft, rev, duties: sent });
      this.draft = { ...this.draft, ...answer };
      if (this.history.now === sent) this.history.settle(answer.duties);
      setText(this.status, t("roster.saved"));
      show(this.trouble, false);
      this.drawAll();
    } catch (error) {
      this.unsaved = true;
      setText(this.status, "");
      const code = known(this.refused(error));
      if (code !== "roster_changed") this.fail(code);
      else {
        show(this.trouble, false);
        this.clash.open("roster.clash.draft");
      }
    }
  }

  /**
   * Go on from the state that somebody else has made: with what is here in its place, or with theirs, one step of undo
   * away from what is here.
   * @param {boolean} theirs
   */
  async meet(theirs) {
    if (!this.draft) return;
    try {
      const draft = await request("GET", `/api/rosters/${encodeURIComponent(this.draft.draft)}`);
      if (draft.draft !== this.name) return;
      this.draft = draft;
      show(this.trouble, false);
      if (theirs) {
        this.unsaved = false;
        this.history.push(draft.duties);
        setText(this.status, t("roster.clash.undo"));
        this.drawAll();
        this.heading.focus();
      } else await this.save();
    } catch (error) {
      this.fail(known(this.refused(error)));
    }
  }

  drawAll() {
    const { draft, history } = this;
    if (!draft) return;
    const days = daysFrom(draft.first_day, draft.days);
    setText(
      this.heading,
      t("roster.title_of", { from: rosterDay(days[0]), to: rosterDay(days[days.length - 1]) }),
    );
    this.file.href = `/api/rosters/${draft.draft}/roster.csv`;
    this.workbook.href = `/api/rosters/${draft.draft}/roster.xlsx`;
    this.calendar.href = `/api/rosters/${draft.draft}/roster.ics?lang=${locale()}`;
    setText(this.state, t(`roster.state.${draft.state}`));
    this.state.className = `pill ${draft.state === "published" ? "pill-good" : "pill-accent"}`;
    setAttribute(this.undo, "aria-disabled", history.before.length ? null : "true");
    setAttribute(this.redo, "aria-disabled", history.after.length ? null : "true");
    show(this.grid.element, !this.byDay);
    show(this.day.element, this.byDay);
    show(this.turnDay, this.byDay);
    setAttribute(this.earlier, "aria-disabled", this.column > 0 ? null : "true");
    setAttribute(this.later, "aria-disabled", this.column < days.length - 1 ? null : "true");
    if (this.byDay) this.day.draw(draft, history.now, days[this.column], this.column);
    else this.grid.draw(draft, history.now);
    this.chart.show(rosterDay(days[this.column]), draft.required[this.column] ?? [], draft.scheduled[this.column] ?? []);
    this.drawFaults(draft, days);
    this.why.draw(draft, days);
  }

  /**
   * @param {Draft} draft
   * @param {string[]} days
   */
  drawFaults(draft, days) {
    const { faults } = draft;
    setText(this.faultTitle, faults.length ? count("roster.faults", faults.length) : t("roster.no_faults"));
    this.faults.replaceChildren(
      ...faults.map((fault) => {
        const text = h("span", { text: faultText(fault, draft, days) });
        const { day } = fault;
        if (day === null) return h("li", { class: "roster-fault" }, icon("urgent"), text);
        const go = h("button", { class: "button button-quiet", type: "button" }, icon("urgent"), text);
        go.addEventListener("click", () => {
          this.column = day;
          this.showGrid();
          this.grid.go(fault.person, day);
        });
        return h("li", { class: "roster-fault" }, go);
      }),
    );
  }

  /** @param {number} column */
  openDay(column) {
    if (column < 0 || column >= (this.draft?.days ?? 0)) return;
    const first = !this.byDay;
    this.column = column;
    this.byDay = true;
    this.drawAll();
    this.day.reveal();
    if (first) this.day.heading.focus();
  }

  showGrid() {
    this.byDay = false;
    this.grid.at.column = this.column;
    this.drawAll();
    this.grid.cellAt(this.grid.at.row, this.column)?.focus();
  }

  /** What was not kept is kept first: what is published is what is seen. */
  async openPublish() {
    await (this.unsaved ? this.save() : this.kept);
    if (this.unsaved || !this.draft) return;
    await this.publishing.open(this.draft);
  }

  /** @param {number} version */
  async published(version) {
    if (!this.draft) return;
    await this.open(this.draft.draft);
    setText(this.status, t("roster.published", { n: version }));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    const key = event.key.toLowerCase();
    if (key === "z") this.turn(event.shiftKey ? "redo" : "undo");
    else if (key === "y") this.turn("redo");
    else return;
    event.preventDefault();
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, true);
    setText(this.troubleText, t(`roster.refused.${code}`));
  }
}

/**
 * @param {import("../shared/icons.js").IconName} name
 * @param {string} key
 * @param {() => void} press
 */
function button(name, key, press) {
  const made = h("button", { class: "button", type: "button" }, icon(name), h("span", { text: t(key) }));
  made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && press());
  return made;
}
