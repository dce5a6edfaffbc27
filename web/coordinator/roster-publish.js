/** Publishing a roster: what would change is shown first, day by day; then all of it is done, or nothing. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { timesOf } from "./roster-model.js";
import { rosterDay, titleOf } from "./roster-words.js";

/** @typedef {import("./roster-model.js").Draft} Draft */
/** @typedef {import("./roster-model.js").Duty} Duty */
/** @typedef {{ person: string, day: string, before: Duty[], after: Duty[] }} DayChange */

/**
 * @typedef {object} Changes
 * @property {string} token
 * @property {DayChange[]} days
 * @property {number} added
 * @property {number} removed
 * @property {number} kept
 * @property {number} late
 */

export class RosterPublish {
  /** @param {{ refused: (error: unknown) => string, published: (version: number) => void, back: () => void }} on */
  constructor(on) {
    this.on = on;
    this.token = "";
    this.heading = h("h2", { tabindex: "-1", text: t("roster.publish_title") });
    this.said = h("p", {});
    this.late = h("p", { class: "notice notice-attention", hidden: true }, icon("info"), (this.lateText = h("span")));
    this.faults = h("p", { class: "notice notice-attention", hidden: true }, icon("urgent"), (this.faultText = h("span")));
    this.trouble = h(
      "div",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("div", { class: "stack" })),
    );
    this.rows = h("tbody");
    this.table = h(
      "div",
      { class: "table-frame import-frame", tabindex: "0", role: "region", "aria-label": t("roster.changes") },
      h(
        "table",
        { class: "table" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["shifts.day", "shifts.agent", "roster.before", "roster.after"].map((key) =>
              h("th", { scope: "col", text: t(key) }),
            ),
          ),
        ),
        this.rows,
      ),
    );
    this.go = h(
      "button",
      { class: "button button-main", type: "button", on: { click: () => this.publish() } },
      icon("check"),
      h("span", { text: t("roster.publish_now") }),
    );
    this.element = h(
      "section",
      { class: "card stack", hidden: true },
      this.heading,
      this.said,
      this.faults,
      this.late,
      this.trouble,
      this.table,
      h(
        "div",
        { class: "row" },
        this.go,
        h(
          "button",
          { class: "button", type: "button", on: { click: () => this.close() } },
          icon("back"),
          h("span", { text: t("roster.publish_back") }),
        ),
      ),
    );
  }

  /** @param {Draft} draft as it is kept */
  async open(draft) {
    this.draft = draft;
    show(this.trouble, false);
    show(this.element, true);
    this.heading.focus();
    await this.look();
  }

  async look() {
    const { draft } = this;
    if (!draft) return;
    setAttribute(this.go, "aria-disabled", "true");
    try {
      /** @type {Changes} */
      const found = await request("GET", `/api/rosters/${draft.draft}/changes`);
      this.token = found.token;
      setText(this.said, t("roster.counts", { a: found.added, r: found.removed, k: found.kept }));
      show(this.late, found.late > 0);
      setText(this.lateText, count("roster.late", found.late));
      show(this.faults, draft.faults.length > 0);
      setText(this.faultText, count("roster.publish_faults", draft.faults.length));
      show(this.table, found.days.length > 0);
      this.rows.replaceChildren(...found.days.map((day) => changeRow(draft, day)));
      setAttribute(this.go, "aria-disabled", found.days.length ? null : "true");
    } catch (error) {
      this.fail([t(`roster.refused.${known(this.on.refused(error))}`)]);
    }
  }

  async publish() {
    if (this.go.getAttribute("aria-disabled") === "true" || !this.draft) return;
    setAttribute(this.go, "aria-disabled", "true");
    try {
      const { version } = await request("POST", `/api/rosters/${this.draft.draft}/publish`, { token: this.token });
      this.close();
      this.on.published(version);
    } catch (error) {
      const { draft } = this;
      const code = known(this.on.refused(error));
      const rows = error instanceof RequestError ? (error.answer?.rows ?? []) : [];
      if (code === "roster_changed") await this.look();
      else setAttribute(this.go, "aria-disabled", null); // once the cause is gone it may be tried again
      this.fail([
        t(`roster.refused.${code}`),
        ...rows.map((/** @type {{ person: string, start: string, other: string }} */ row) =>
          t("roster.overlap", { name: titleOf(draft, row.person), start: row.start, other: row.other }),
        ),
      ]);
    }
  }

  /** @param {string[]} lines */
  fail(lines) {
    this.troubleText.replaceChildren(...lines.map((text) => h("p", { text })));
    show(this.trouble, true);
  }

  close() {
    show(this.element, false);
    this.on.back();
  }
}

const CODES = ["roster_changed", "roster_overlaps", "not_published", "roster_time_skipped", "unknown_roster", "rosters_full"];

/**
 * @param {string} code
 * @returns {string} one that has a sentence
 */
export function known(code) {
  return CODES.includes(code) ? code : "other";
}

/**
 * @param {Draft} draft
 * @param {DayChange} change
 */
function changeRow(draft, { person, day, before, after }) {
  return h(
    "tr",
    {},
    h("th", { scope: "row", text: rosterDay(day) }),
    h("td", { text: titleOf(draft, person) }),
    [before, after].map((duties) => h("td", { class: "figure", text: spansText(duties) })),
  );
}

/** @param {Duty[]} duties */
function spansText(duties) {
  return duties.map(timesOf).join(t("list.comma")) || t("roster.free");
}
