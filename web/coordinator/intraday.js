/** Today against its plan: calls forecast and come, people required and there, what would help, and who is where. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { hourText } from "../shared/time.js";
import { topOf } from "./day.js";
import { clock } from "./roster-model.js";
import { s, stripes } from "./svg.js";

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
 * @property {number[]} scheduled
 * @property {Person[]} people
 */

const HEIGHT = 190;
const LEFT = 36;
const RIGHT = 12;
const TOP = 26;
const BARS = 130;
const NARROW_PX = 240;
const LABEL_PX = 52;
const SOON_MS = 3000;
const TROUBLES = ["planning_no_history", "no_planner"];

export class IntradayCard {
  /**
   * @param {object} on
   * @param {(error: unknown) => string} on.refused
   * @param {() => Map<string, string>} on.names of agents by id
   * @param {() => number} on.here how many agents are on the floor now
   */
  constructor(on) {
    this.on = on;
    /** @type {Today | null} */
    this.today = null;
    this.width = 0;
    this.drawn = "";
    this.level = h("p", { class: "intraday-level figure" });
    this.people = h("p", {});
    this.note = h("p", { class: "soft", text: t("plan_day.loading") });
    this.picture = h("div", { class: "intraday-frame" });
    this.legend = h(
      "ul",
      { class: "intraday-legend small" },
      /** @type {const} */ (["came", "now", "band"]).map((kind) =>
        h("li", {}, swatch(kind), h("span", { text: t(`plan_day.kind.${kind}`) })),
      ),
    );
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
      this.picture,
      this.legend,
      this.adviceTitle,
      this.advice,
    );
    this.source = h("p", { class: "small soft" });
    this.element = h(
      "section",
      { class: "card stack intraday" },
      h("h2", { text: t("plan_day.title") }),
      this.note,
      this.trouble,
      this.body,
      this.who,
      this.source,
    );
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  async look() {
    try {
      this.take(await request("GET", "/api/intraday"));
    } catch (error) {
      // What was read before stays; being signed out is said by the page.
      this.on.refused(error);
    }
  }

  /** @param {Today} today */
  take(today) {
    this.today = today;
    // What does not come with this answer is being reckoned: it is there in a moment.
    if (today.pending) setTimeout(() => this.element.isConnected && this.look(), SOON_MS);
    this.draw();
  }

  fit() {
    const width = Math.floor(this.element.clientWidth) - 32;
    if (width === this.width) return;
    this.width = width;
    this.drawn = "";
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
    if (!plan) return;
    setText(this.source, t("plan_day.source", { time: hourText(today.at_ms) }));
    setText(this.level, levelText(plan));
    const quarter = quarterNow();
    const wanted = plan.required[quarter] ?? 0;
    const values = { wanted, rostered: today.scheduled[quarter] ?? 0, here: this.on.here() };
    setText(this.people, t("plan_day.people", values));
    // A button that has the focus must not be made anew because nothing changed.
    const drawn = JSON.stringify([plan, this.width, [...this.on.names()]]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.picture.replaceChildren(chart(plan, Math.max(NARROW_PX, this.width)));
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

/**
 * @param {Plan} plan
 * @param {number} width px
 */
function chart(plan, width) {
  const hours = openHours(plan);
  const most = topOf(Math.max(1, ...plan.high, ...plan.came, ...plan.now));
  const inner = width - LEFT - RIGHT;
  const step = inner / Math.max(1, hours.length);
  const x = (/** @type {number} */ n) => LEFT + n * step;
  const y = (/** @type {number} */ n) => TOP + BARS * (1 - n / most);
  const parts = [stripes("intraday-band"), s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, t("plan_day.unit"))];
  for (const n of [0, most / 2, most]) {
    parts.push(s("path", { d: `M${LEFT} ${y(n)}H${width - RIGHT}`, class: "chart-rule" }));
    parts.push(s("text", { x: LEFT - 8, y: y(n) + 5, class: "chart-text chart-end" }, String(n)));
  }
  const every = Math.max(1, Math.ceil(LABEL_PX / step));
  hours.forEach((hour, n) => {
    const [low, high] = [plan.low[hour], plan.high[hour]];
    const height = Math.max(1, y(low) - y(high));
    parts.push(s("rect", { x: x(n) + 1, y: y(high), width: Math.max(1, step - 2), height, class: "intraday-band" }));
    const came = plan.came[hour];
    if (came) {
      parts.push(s("rect", { x: x(n) + step * 0.25, y: y(came), width: step * 0.5, height: y(0) - y(came), class: "chart-bar chart-within" }));
    }
    parts.push(s("path", { d: `M${x(n)} ${y(plan.now[hour])}h${step}`, class: "chart-goal" }));
    if (n % every || x(n) + LABEL_PX > width) return;
    parts.push(s("text", { x: x(n) + 2, y: HEIGHT - 10, class: "chart-text" }, clock(hour * 60)));
  });
  const said = hours.reduce((sum, hour) => sum + plan.now[hour], 0);
  const came = plan.came.reduce((sum, n) => sum + n, 0);
  const label = t("plan_day.chart", { said: Math.round(said), came });
  const size = { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` };
  return s("svg", { class: "intraday-chart", ...size, role: "img", "aria-label": label }, parts);
}

/** @param {Plan} plan hours in which calls are expected, or came */
function openHours(plan) {
  const all = plan.said.map((_, hour) => hour).filter((hour) => plan.high[hour] > 0 || plan.said[hour] > 0 || plan.came[hour]);
  if (!all.length) return plan.said.map((_, hour) => hour);
  return Array.from({ length: all[all.length - 1] - all[0] + 1 }, (_, n) => all[0] + n);
}

/** @param {"came" | "now" | "band"} kind */
export function swatch(kind) {
  const inside =
    kind === "now"
      ? s("path", { d: "M1 10h26", class: "chart-goal" })
      : s("rect", { x: 6, y: 2, width: 16, height: 16, class: kind === "band" ? "intraday-band" : "chart-bar chart-within" });
  return s("svg", { class: "chart-swatch", viewBox: "0 0 28 20", "aria-hidden": "true", focusable: "false" }, [inside]);
}
