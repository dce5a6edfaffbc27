/** Today of a queue against its plan: what would help, the day in charts, and who is where. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { hourText } from "../shared/time.js";
import { FloorCharts } from "./floor-charts.js";
import { QueueChoice } from "./queue-choice.js";

/** @typedef {import("../shared/messages.js").CoordinatorView} CoordinatorView */
/** @typedef {{ mean: number, low: number, high: number }} Level shares, -1 where nobody calls */

/**
 * @typedef {object} Advice
 * @property {"break" | "reserve" | "text"} kind
 * @property {Level} level
 * @property {string} shift
 * @property {string} agent
 * @property {[number, number]} old
 * @property {[number, number]} new
 * @property {number} calls
 */

/**
 * @typedef {object} Plan by hour of the day; `required` by quarter hour
 * @property {number[]} said
 * @property {number[]} now
 * @property {number[]} low
 * @property {number[]} high
 * @property {number[]} came
 * @property {number[]} required
 * @property {Level} level
 * @property {number} goal
 * @property {Advice[]} advice
 */

/** @typedef {{ agent: string, now: string, adherence: number, conformance: number, off_min: number }} Person */

/**
 * @typedef {object} Today
 * @property {number} at_ms
 * @property {boolean} pending
 * @property {string} trouble
 * @property {Plan | null} plan
 * @property {number} goal_percent
 * @property {number} target_s
 * @property {number[]} scheduled by quarter hour
 * @property {number[]} present by quarter hour, on average, -1 where nobody looked
 * @property {number[]} occupancy by hour, -1 where nobody was there
 * @property {import("./floor-charts.js").Hour[]} hours
 * @property {Person[]} people
 */

const SOON_MS = 3000;
const TROUBLES = ["planning_no_history", "planning_roster", "planning_target", "no_planner", "nobody_able"];

export class IntradayCard {
  /**
   * @param {object} on
   * @param {(error: unknown) => string} on.refused
   * @param {() => Map<string, string>} on.names of agents by id
   * @param {() => number} on.here how many agents are on the floor now
   * @param {() => CoordinatorView | null} on.wall
   */
  constructor(on) {
    this.on = on;
    /** @type {Today | null} */
    this.today = null;
    this.attempt = 0;
    this.timer = 0;
    this.drawn = "";
    this.queue = new QueueChoice("intraday-queue", () => this.change());
    this.charts = new FloorCharts();
    this.level = h("p", { class: "intraday-level figure" });
    this.people = h("p", {});
    this.note = h("p", { class: "soft", text: t("plan_day.loading") });
    this.advice = h("ul", { class: "intraday-advice" });
    this.adviceTitle = h("h3", { text: t("plan_day.advice") });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.rows = h("tbody");
    this.who = h(
      "details",
      { class: "intraday-who" },
      h("summary", { text: t("plan_day.who") }),
      h("p", { class: "small soft", text: t("plan_day.who_say") }),
      h(
        "div",
        { class: "table-frame", tabindex: "0", role: "region", "aria-label": t("plan_day.who") },
        h(
          "table",
          { class: "table" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["agent", "now", "adherence", "conformance"].map((name) =>
                h("th", { scope: "col", text: t(`plan_day.col_${name}`) }),
              ),
            ),
          ),
          this.rows,
        ),
      ),
    );
    this.body = h(
      "div",
      { class: "stack", hidden: true },
      this.level,
      this.people,
      this.adviceTitle,
      this.advice,
    );
    this.source = h("p", { class: "small soft" });
    this.element = h(
      "section",
      { class: "card stack intraday" },
      h("div", { class: "row spread" }, h("h2", { text: t("plan_day.title") }), this.queue.element),
      this.note,
      this.trouble,
      this.body,
      (this.floor = h("div", { hidden: true }, this.charts.element)),
      this.who,
      this.source,
    );
    this.queue.look();
  }

  async look() {
    const attempt = ++this.attempt;
    try {
      const today = await request("GET", `/api/intraday?queue=${encodeURIComponent(this.queue.value)}`);
      if (attempt === this.attempt) this.take(today);
    } catch (error) {
      // What was read before stays; being signed out is said by the page. A queue that is gone is not asked for again.
      const code = this.on.refused(error);
      if (attempt !== this.attempt) return;
      if (code === "unknown_queue") this.queue.look();
      else if (!this.today) this.fail();
    }
  }

  /** Another queue: nothing of the one before stays. */
  change() {
    this.today = null;
    this.drawn = "";
    setText(this.note, t("plan_day.loading"));
    for (const part of [this.body, this.floor, this.who, this.source, this.trouble]) show(part, false);
    show(this.note, true);
    this.look();
  }

  /** Nothing has been read yet, and could not be. */
  fail() {
    setText(this.note, t("plan_day.not_read"));
  }

  /** @param {Today} today */
  take(today) {
    this.today = today;
    // What does not come with this answer is being reckoned: it is there in a moment.
    clearTimeout(this.timer); // however often it is looked at, one look comes after this one
    if (today.pending) this.timer = setTimeout(() => this.element.isConnected && this.look(), SOON_MS);
    this.draw();
  }

  draw() {
    const { today } = this;
    if (!today) return;
    const { plan, trouble, pending } = today;
    show(this.note, !plan);
    const known = TROUBLES.includes(trouble) ? trouble : "other";
    setText(this.note, t(pending ? "plan_day.loading" : `plan_day.trouble.${known}`));
    show(this.body, plan !== null);
    show(this.source, plan !== null);
    this.drawPeople(today.people);
    show(this.floor, true);
    const wall = this.on.wall();
    this.charts.show(today, wall?.agents ?? [], wall?.day_limit_ms ?? 0);
    if (!plan) return;
    setText(this.source, t("plan_day.source", { time: hourText(today.at_ms) }));
    setText(this.level, levelText(plan));
    const quarter = quarterNow();
    const wanted = plan.required[quarter] ?? 0;
    const values = { wanted, rostered: today.scheduled[quarter] ?? 0, here: this.on.here() };
    setText(this.people, t("plan_day.people", values));
    // A button that has the focus must not be made anew because nothing changed.
    const drawn = JSON.stringify([plan, [...this.on.names()]]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    show(this.adviceTitle, plan.advice.length > 0);
    this.advice.replaceChildren(...plan.advice.map((advice) => this.adviceRow(advice)));
  }

  /** @param {Advice} advice */
  adviceRow({ kind, level, shift, agent, old, new: wanted, calls }) {
    const name = this.on.names().get(agent) ?? agent;
    const values = { name, from: hourText(old[0]), to: hourText(wanted[0]), until: hourText(wanted[1]), n: Math.round(calls) };
    const text = t(`plan_day.do.${kind}`, values);
    const then = t("plan_day.then", { p: percent(level.mean), low: percent(level.low), high: percent(level.high) });
    const words = h("div", {}, h("p", { text }), h("p", { class: "small soft figure", text: then }));
    if (kind === "break") {
      const act = h("button", { class: "button", type: "button" }, icon("cup"), h("span", { text: t("plan_day.act.break") }));
      act.addEventListener("click", () => this.move(act, { shift, old, new: wanted }, text));
      return h("li", {}, words, act);
    }
    const href = kind === "reserve" ? `#shifts/${wanted[0]}/${wanted[1]}` : "#now";
    const act = h("a", { class: "button", href }, icon(kind === "reserve" ? "add" : "write"), h("span", { text: t(`plan_day.act.${kind}`) }));
    if (kind === "text") {
      act.addEventListener("click", (event) => {
        event.preventDefault();
        const door = document.querySelector(".now-door button");
        if (door instanceof HTMLElement) (door.scrollIntoView({ block: "center" }), door.focus());
      });
    }
    return h("li", {}, words, act);
  }

  /**
   * @param {HTMLElement} button
   * @param {{ shift: string, old: [number, number], new: [number, number] }} wish
   * @param {string} text what was done
   */
  async move(button, wish, text) {
    if (button.getAttribute("aria-disabled") === "true") return;
    setAttribute(button, "aria-disabled", "true");
    show(this.trouble, false);
    try {
      await request("POST", "/api/intraday/break", wish);
      announce(t("plan_day.moved", { text }));
      button.replaceChildren(icon("check"), h("span", { text: t("plan_day.done") }));
    } catch (error) {
      const code = this.on.refused(error);
      setText(this.troubleText, t(code === "no_such_break" ? "plan_day.gone" : "plan_day.failed"));
      show(this.trouble, true);
      setAttribute(button, "aria-disabled", null);
    }
    await this.look();
  }

  /** @param {Person[]} people */
  drawPeople(people) {
    const names = this.on.names();
    show(this.who, people.length > 0);
    const byName = people.map((one) => ({ ...one, name: names.get(one.agent) ?? one.agent }));
    byName.sort((a, b) => a.name.localeCompare(b.name));
    this.rows.replaceChildren(
      ...byName.map((one) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", text: one.name }),
          h("td", { text: t(`plan_day.now.${one.now}`) }),
          [one.adherence, one.conformance].map((share) =>
            h("td", { class: "figure", text: share < 0 ? t("records.nothing") : `${percent(share)}%` }),
          ),
        ),
      ),
    );
  }
}

/** @param {Plan} plan */
function levelText({ level, goal }) {
  if (level.mean < 0) return t("plan_day.no_level");
  const values = { p: percent(level.mean), low: percent(level.low), high: percent(level.high), goal: percent(goal) };
  return t(level.mean >= goal ? "plan_day.level_kept" : "plan_day.level_short", values);
}

/** @param {number} share never rounded up */
function percent(share) {
  return Math.floor(share * 100 + 1e-9);
}

/** The quarter hour of the viewer's clock, which is the team's as a rule. */
function quarterNow() {
  const now = new Date();
  return now.getHours() * 4 + Math.floor(now.getMinutes() / 15);
}
