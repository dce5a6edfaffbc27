/** What is known of a roster that was made: how good it is, where people are missing and why, and what would help. */

import { h, setText, show } from "../shared/dom.js";
import { locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clock, minuteOf } from "./roster-model.js";
import { faultText, rosterDay } from "./roster-words.js";

/** @typedef {import("./roster-model.js").Draft} Draft */

/**
 * @typedef {object} Lack
 * @property {string} day
 * @property {number} from_min
 * @property {number} to_min
 * @property {number} missing
 * @property {string} skill
 * @property {boolean} floor
 * @property {string[] | null} why
 */

/**
 * @typedef {object} Way
 * @property {"overtime" | "extra" | "relaxed"} kind
 * @property {string} rule
 * @property {number} price
 * @property {number} saves
 * @property {number} missing_min
 * @property {{ weekday: number, start: string, minutes: number, times: number }[]} extra
 * @property {import("./roster-model.js").Fault[]} uses
 */

/**
 * What the hours cost in people; minutes of the day, null for closed.
 * @typedef {object} Truth
 * @property {number} takes
 * @property {number} seat
 * @property {number} has
 * @property {number} hours
 * @property {boolean} enough
 * @property {number} share
 * @property {[number, number] | null} workdays
 * @property {[number, number] | null} weekend
 */

/** @typedef {{ truth?: Truth | null, proved: boolean, gap: number, missing_min: number, lacks: Lack[], ways: Way[] }} Explained */

const SHOWN = 12;
const MONDAY = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;
const NOTES = ["cut_off", "no_calls", "usual_length"];

export class RosterWhy {
  constructor() {
    this.summary = h("h2", { text: t("plan.known") });
    this.said = h("div", {});
    this.lacks = h("ul", { class: "plan-lacks" });
    this.lackTitle = h("h3", { text: t("plan.lacks") });
    this.ways = h("ol", { class: "plan-ways" });
    this.wayTitle = h("h3", { text: t("plan.ways") });
    this.noWay = h("p", { class: "soft", text: t("plan.no_way") });
    this.truth = h("div", { class: "plan-truth", hidden: true });
    this.element = h(
      "section",
      { class: "card stack plan-why", hidden: true },
      this.summary,
      this.said,
      this.truth,
      this.lackTitle,
      this.lacks,
      this.wayTitle,
      this.ways,
      this.noWay,
    );
  }

  /**
   * @param {Draft & { explained?: Explained | null, notes?: string[] }} draft
   * @param {string[]} days
   */
  draw(draft, days) {
    const known = draft.explained;
    show(this.element, Boolean(known));
    if (!known) return;
    const left = known.gap * 100;
    const lines = [
      ...(draft.notes ?? []).filter((note) => NOTES.includes(note)).map((note) => t(`plan.note.${note}`)),
      known.proved ? t("plan.proved") : t("plan.gap", { p: left.toFixed(left < 10 ? 1 : 0) }),
      known.missing_min ? t("plan.short", { h: hours(known.missing_min) }) : t("plan.not_short"),
    ];
    this.said.replaceChildren(...lines.map((text) => h("p", { text })));
    const { lacks, ways, truth } = known;
    show(this.truth, Boolean(truth));
    if (truth) this.truth.replaceChildren(h("h3", { text: t("truth.title") }), ...truthLines(truth).map((text) => h("p", { text })));
    show(this.lackTitle, lacks.length > 0);
    this.lacks.replaceChildren(...lacks.slice(0, SHOWN).map(lackRow));
    if (lacks.length > SHOWN) {
      this.lacks.append(h("li", { class: "soft", text: t("plan.more_lacks", { n: lacks.length - SHOWN }) }));
    }
    // Without a reason asked for, nothing was looked for either.
    const asked = lacks.some((lack) => lack.why !== null);
    show(this.wayTitle, asked);
    show(this.noWay, asked && ways.length === 0);
    this.ways.replaceChildren(...ways.map((way) => wayRow(way, draft, days)));
    setText(this.summary, t("plan.known"));
  }
}

/**
 * @param {Truth} truth
 * @returns {string[]}
 */
export function truthLines({ takes, seat, has, hours: week, enough, share, workdays, weekend }) {
  const span = (/** @type {[number, number] | null} */ each) =>
    each ? `${clock(each[0])}–${each[1] === 1440 ? "24:00" : clock(each[1])}` : t("truth.closed");
  return [
    t(enough ? "truth.enough" : "truth.too_few", { takes, has, h: week }),
    t("truth.seat", { n: seat }),
    share < 0 ? t("truth.none") : t("truth.keeps", { workdays: span(workdays), weekend: span(weekend), p: Math.floor(share * 100) }),
  ];
}

/** @param {Lack} lack */
function lackRow({ day, from_min: from, to_min: to, missing, skill, floor, why }) {
  const when = { day: rosterDay(day), from: clock(from), to: to === 1440 ? "24:00" : clock(to) };
  const because = why && t("plan.because", { rules: why.map(whyText).join(t("list.comma")) || t("plan.why.other") });
  return h(
    "li",
    {},
    h("span", { class: "figure", text: t("plan.when", when) }),
    h("span", { text: t(skill ? "plan.lack_skill" : "plan.lack", { n: missing, skill }) }),
    floor && h("span", { class: "pill pill-danger" }, icon("urgent"), h("span", { text: t("plan.lack_floor") })),
    because && h("span", { class: "small soft", text: because }),
  );
}

/** @param {string} rule */
function whyText(rule) {
  return t(`plan.why.${rule}`);
}

/**
 * @param {Way} way
 * @param {Draft} draft
 * @param {string[]} days
 */
function wayRow({ kind, rule, price, saves, missing_min: missing, extra, uses }, draft, days) {
  const details = [
    ...extra.map((one) => t("plan.extra", { weekday: weekdayText(one.weekday), ...timesOf(one), n: one.times })),
    ...uses.map((fault) => faultText(fault, draft, days)),
  ];
  return h(
    "li",
    {},
    h("p", { class: "plan-way", text: t(`plan.way.${kind}`, { rule: rule && whyText(rule) }) }),
    h("p", { class: "small", text: t("plan.way_left", { h: hours(missing), price, saves }) }),
    details.length > 0 &&
      h(
        "ul",
        { class: "small soft" },
        details.map((text) => h("li", { text })),
      ),
  );
}

/** @param {{ start: string, minutes: number }} extra */
function timesOf({ start, minutes }) {
  return { from: start, to: clock(minuteOf({ start }) + minutes) };
}

/** @param {number} weekday 0 is Monday */
function weekdayText(weekday) {
  return new Intl.DateTimeFormat(locale(), { weekday: "short", timeZone: "UTC" }).format(MONDAY + weekday * DAY_MS);
}

/** @param {number} minutes */
function hours(minutes) {
  return String(Math.round(minutes / 6) / 10);
}
