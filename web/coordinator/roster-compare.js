/** Two rosters side by side: how many hours each person has, how many people are missing, and the days that differ. */

import { h, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { momentText } from "../shared/time.js";
import { daysFrom, minuteOf, minutesOf, QUARTER_MIN, timesOf } from "./roster-model.js";
import { hoursText, rosterDay } from "./roster-words.js";

/** @typedef {import("./roster-model.js").Duty} Duty */

/** @typedef {{ first_day: string, days: number, duties: Duty[], required: number[][] }} Roster */

const QUARTERS = 96;
const MOST_ROWS = 200;

/**
 * Rosters that can be compared, by what their address ends in: "versions/2" or a draft's id.
 * @typedef {{ path: string, text: string }} Choice
 */

export class RosterCompare {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {{ name: string, title: string }[]} */
    this.people = [];
    this.left = h("select", { class: "input", id: "compare-left" });
    this.right = h("select", { class: "input", id: "compare-right" });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      h("span", { text: t("compare.failed") }),
    );
    this.said = h("p", { role: "status" });
    this.result = h("div", { class: "stack" });
    this.element = h(
      "section",
      { class: "card stack roster-compare", hidden: true },
      h("h2", { text: t("compare.title") }),
      h(
        "form",
        { class: "row roster-begin", novalidate: true, on: { submit: (/** @type {Event} */ event) => this.compare(event) } },
        h("div", { class: "field" }, h("label", { for: "compare-left", text: t("compare.left") }), this.left),
        h("div", { class: "field" }, h("label", { for: "compare-right", text: t("compare.right") }), this.right),
        h("button", { class: "button", type: "submit" }, icon("list"), h("span", { text: t("compare.go") })),
      ),
      this.trouble,
      this.said,
      this.result,
    );
  }

  /**
   * @param {{ draft: string, name: string, changed_ms: number }[]} drafts
   * @param {{ number: number, name: string }[]} versions newest first
   * @param {{ name: string, title: string }[]} people
   */
  offer(drafts, versions, people) {
    this.people = people;
    /** @type {Choice[]} */
    const choices = [
      ...versions.map(({ number, name }) => ({ path: `versions/${number}`, text: t("compare.version", { n: number, name }) })),
      ...drafts.map(({ draft, name, changed_ms: at }) => ({
        path: draft,
        text: t("compare.draft", { name, time: momentText(at) }),
      })),
    ];
    show(this.element, choices.length > 1);
    for (const [select, first] of /** @type {const} */ ([
      [this.left, 1],
      [this.right, 0],
    ])) {
      const kept = select.value;
      select.replaceChildren(...choices.map(({ path, text }) => h("option", { value: path, text })));
      if (choices.some(({ path }) => path === kept)) select.value = kept;
      else select.selectedIndex = Math.min(first, choices.length - 1);
    }
  }

  /** @param {Event} event */
  async compare(event) {
    event.preventDefault();
    show(this.trouble, false);
    try {
      const [left, right] = await Promise.all(
        [this.left.value, this.right.value].map((path) => request("GET", `/api/rosters/${path}`)),
      );
      this.draw(left, right);
    } catch (error) {
      this.refused(error);
      show(this.trouble, true);
    }
  }

  /**
   * @param {Roster} left
   * @param {Roster} right
   */
  draw(left, right) {
    const days = differences(left, right);
    setText(this.said, days.length ? count("compare.differ", days.length) : t("compare.same"));
    const names = [...new Set([...left.duties, ...right.duties].map((duty) => duty.person))].sort();
    const heads = (/** @type {string[]} */ keys) =>
      h("thead", {}, h("tr", {}, keys.map((key) => h("th", { scope: "col", text: t(key) }))));
    const sums = [
      row(t("compare.shifts"), String(left.duties.length), String(right.duties.length)),
      row(t("compare.missing"), missingText(left), missingText(right)),
      ...names.map((name) =>
        row(this.titleOf(name), hoursText(minutesOf(left.duties, name)), hoursText(minutesOf(right.duties, name))),
      ),
    ];
    const table = (/** @type {string} */ label, /** @type {HTMLElement} */ head, /** @type {HTMLElement[]} */ rows) =>
      h(
        "div",
        { class: "table-frame import-frame", tabindex: "0", role: "region", "aria-label": label },
        h("table", { class: "table" }, head, h("tbody", {}, rows)),
      );
    this.result.replaceChildren(
      table(t("compare.sums"), heads(["compare.what", "compare.left", "compare.right"]), sums),
      ...(days.length
        ? [
            table(
              t("compare.days"),
              heads(["shifts.day", "shifts.agent", "compare.left", "compare.right"]),
              days.slice(0, MOST_ROWS).map(({ day, person, before, after }) =>
                h(
                  "tr",
                  {},
                  h("th", { scope: "row", text: rosterDay(day) }),
                  h("td", { text: this.titleOf(person) }),
                  [before, after].map((text) => h("td", { class: "figure", text: text || t("roster.free") })),
                ),
              ),
            ),
          ]
        : []),
    );
  }

  /** @param {string} name */
  titleOf(name) {
    return this.people.find((each) => each.name === name)?.title || name;
  }
}

/**
 * Everybody's days that differ, by day then by person; days that only one of the two has are left out.
 * @param {Roster} left
 * @param {Roster} right
 * @returns {{ day: string, person: string, before: string, after: string }[]}
 */
export function differences(left, right) {
  const shared = new Set(daysFrom(right.first_day, right.days));
  const days = daysFrom(left.first_day, left.days).filter((day) => shared.has(day));
  const people = [...new Set([...left.duties, ...right.duties].map((duty) => duty.person))].sort();
  const [before, after] = [byCell(left.duties), byCell(right.duties)];
  return days.flatMap((day) =>
    people
      .map((person) => ({ day, person, before: before.get(`${day} ${person}`) ?? "", after: after.get(`${day} ${person}`) ?? "" }))
      .filter((each) => each.before !== each.after),
  );
}

/** @param {Duty[]} duties */
function byCell(duties) {
  /** @type {Map<string, string>} */
  const cells = new Map();
  for (const duty of [...duties].sort((a, b) => minuteOf(a) - minuteOf(b))) {
    const key = `${duty.day} ${duty.person}`;
    cells.set(key, [cells.get(key), timesOf(duty)].filter(Boolean).join(t("list.comma")));
  }
  return cells;
}

/**
 * Minutes of people that are missing, breaks left out; null where nobody has said how many are wanted.
 * @param {Roster} roster
 * @returns {number | null}
 */
export function missingMinutes(roster) {
  if (!roster.required.length) return null;
  const days = daysFrom(roster.first_day, roster.days);
  const there = days.map(() => new Array(QUARTERS).fill(0));
  for (const duty of roster.duties) {
    const start = minuteOf(duty);
    for (let at = 0; at < duty.minutes; at += QUARTER_MIN) {
      if (duty.pauses.some((pause) => at < pause.to_min && pause.from_min < at + QUARTER_MIN)) continue;
      const quarter = Math.floor((start + at) / QUARTER_MIN);
      const day = days.indexOf(duty.day) + Math.floor(quarter / QUARTERS);
      if (there[day]) there[day][quarter % QUARTERS] += 1;
    }
  }
  const missing = roster.required.flatMap((wanted, day) => wanted.map((n, at) => Math.max(0, n - (there[day]?.[at] ?? 0))));
  return missing.reduce((sum, n) => sum + n, 0) * QUARTER_MIN;
}

/** @param {Roster} roster */
function missingText(roster) {
  const minutes = missingMinutes(roster);
  return minutes === null ? t("records.nothing") : hoursText(minutes);
}

/**
 * @param {string} head
 * @param {string} left
 * @param {string} right
 */
function row(head, left, right) {
  return h("tr", {}, h("th", { scope: "row", text: head }), [left, right].map((text) => h("td", { class: "figure", text })));
}
