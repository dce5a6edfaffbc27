/** The coming two weeks: calls with their band, people and hours, and what would be with other calls, goals or people. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { request } from "../shared/service.js";
import { OutlookCharts, shareText, waitText } from "./outlook-charts.js";
import { truthLines } from "./roster-why.js";
import { rosterDay } from "./roster-words.js";

/**
 * @typedef {object} Day shares and seconds less than 0 where nobody calls
 * @property {string} day
 * @property {number} calls
 * @property {number} low
 * @property {number} high
 * @property {number} most
 * @property {number} hours
 * @property {{ mean: number, low: number, high: number }} level
 * @property {number} wait_s
 * @property {number} occupancy
 */
/** @typedef {{ days: Day[], goal: number, within_s: number, truth: import("./roster-why.js").Truth | null }} Outlook */

const AGAIN_MS = 1500;
const SOON_MS = 500;
const TROUBLES = ["planning_no_history", "planning_target", "no_planner", "bad_roster", "nobody_able"];

export class RosterAhead {
  /**
   * @param {(error: unknown) => string} refused
   * @param {() => string} queue whose days are meant
   */
  constructor(refused, queue) {
    this.refused = refused;
    this.queue = queue;
    this.attempt = 0;
    this.timer = 0;
    /** @type {Outlook | null} */
    this.outlook = null;
    /** As long as nobody moves it the slider stands at the goal that is planned for. */
    this.ownGoal = true;
    this.calls = slider("ahead-calls", 50, 200, 5, 100, (n) => `${n}%`);
    this.length = slider("ahead-length", 50, 200, 5, 100, (n) => `${n}%`);
    this.goal = slider("ahead-goal", 70, 99, 1, 95, (n) => `${n}%`);
    this.people = slider("ahead-people", 0, 40, 1, 0, (n) => (n ? String(n) : t("outlook.own_team")));
    this.goal.input.addEventListener("input", () => (this.ownGoal = false));
    for (const one of this.sliders()) one.input.addEventListener("input", () => this.changed());
    this.status = h("p", { role: "status" });
    this.rows = h("tbody");
    this.truth = h("div", { class: "plan-truth" });
    this.charts = new OutlookCharts();
    this.body = h(
      "div",
      { class: "stack", hidden: true },
      h("h3", { text: t("truth.title") }),
      this.truth,
      this.charts.element,
      h("p", { class: "small soft", text: t("outlook.source") }),
      h(
        "div",
        { class: "table-frame import-frame", tabindex: "0", role: "region", "aria-label": t("outlook.title") },
        h(
          "table",
          { class: "table" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["day", "calls", "band", "most", "hours", "level", "wait", "busy"].map((name) =>
                h("th", { scope: "col", text: t(`outlook.col_${name}`) }),
              ),
            ),
          ),
          this.rows,
        ),
      ),
    );
    this.details = h(
      "details",
      { class: "roster-ahead", on: { toggle: () => this.details.open && !this.outlook && this.ask() } },
      h("summary", {}, h("h2", { text: t("outlook.title") })),
      h(
        "div",
        { class: "stack" },
        h("p", { class: "small soft", text: t("outlook.what") }),
        h(
          "div",
          { class: "outlook-sliders" },
          field("outlook.calls", this.calls),
          field("outlook.length", this.length),
          field("outlook.goal", this.goal),
          field("outlook.people", this.people),
        ),
        this.status,
        this.body,
      ),
    );
    this.element = h("section", { class: "card stack" }, this.details);
  }

  /** Another queue has other days, and another goal. */
  other() {
    this.outlook = null;
    this.ownGoal = true;
    show(this.body, false);
    if (this.details.open) this.ask();
    else this.attempt++;
  }

  sliders() {
    return [this.calls, this.length, this.goal, this.people];
  }

  /** What is moved often is reckoned once, when it stands still. */
  changed() {
    for (const one of this.sliders()) one.say();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), SOON_MS);
  }

  async ask() {
    clearTimeout(this.timer);
    const attempt = ++this.attempt;
    setText(this.status, t("outlook.pending"));
    const wish = {
      queue: this.queue(),
      calls_factor: this.calls.value() / 100,
      length_factor: this.length.value() / 100,
      share: this.ownGoal ? 0 : this.goal.value() / 100,
      people: this.people.value(),
    };
    try {
      const { pending, trouble, outlook } = await request("POST", "/api/plan/outlook", wish);
      if (attempt !== this.attempt) return;
      if (pending) {
        this.timer = setTimeout(() => this.element.isConnected && this.ask(), AGAIN_MS);
        return;
      }
      if (outlook) this.take(outlook);
      else this.fail(trouble);
    } catch (error) {
      const code = this.refused(error);
      if (attempt === this.attempt) this.fail(code);
    }
  }

  /** @param {Outlook} outlook */
  take(outlook) {
    this.outlook = outlook;
    setText(this.status, t("outlook.goal_is", { p: Math.round(outlook.goal * 100), s: Math.round(outlook.within_s) }));
    if (this.ownGoal) this.goal.set(Math.round(outlook.goal * 100));
    show(this.body, true);
    this.truth.replaceChildren(...(outlook.truth ? truthLines(outlook.truth) : []).map((text) => h("p", { text })));
    this.rows.replaceChildren(
      ...outlook.days.map(({ day, calls, low, high, most, hours, level, wait_s: wait, occupancy }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", text: rosterDay(day) }),
          [
            calls.toFixed(1),
            `${Math.floor(low)}–${Math.ceil(high)}`,
            String(most),
            hours.toFixed(1),
            shareText(level.mean),
            waitText(wait),
            shareText(occupancy),
          ].map((text) => h("td", { class: "figure", text })),
        ),
      ),
    );
    this.charts.show(outlook);
  }

  /** @param {string} code */
  fail(code) {
    setText(this.status, t(`outlook.trouble.${TROUBLES.includes(code) ? code : "other"}`));
  }
}

/**
 * @param {string} id
 * @param {number} min
 * @param {number} max
 * @param {number} step
 * @param {number} first
 * @param {(n: number) => string} words
 */
function slider(id, min, max, step, first, words) {
  const input = h("input", { class: "outlook-slider", id, type: "range", min, max, step, value: first });
  const output = h("span", { class: "figure", "aria-hidden": "true" }); // the slider says it itself
  const value = () => Number(input.value);
  const say = () => {
    setText(output, words(value()));
    input.setAttribute("aria-valuetext", words(value()));
  };
  const set = (/** @type {number} */ n) => {
    input.value = String(n);
    say();
  };
  say();
  return { input, output, value, say, set };
}

/**
 * @param {string} key
 * @param {ReturnType<typeof slider>} one
 */
function field(key, { input, output }) {
  return h("div", { class: "field" }, h("label", { for: input.id, text: t(key) }), h("div", { class: "row" }, input, output));
}
