/** The coming two weeks: calls with their band, people and hours, and what would be with other calls, goals or people. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { request } from "../shared/service.js";
import { topOf } from "./day.js";
import { swatch } from "./intraday.js";
import { truthLines } from "./roster-why.js";
import { rosterDay } from "./roster-words.js";
import { s } from "./svg.js";

/** @typedef {{ day: string, calls: number, low: number, high: number, most: number, hours: number, level: { mean: number } }} Day */
/** @typedef {{ days: Day[], goal: number, truth: import("./roster-why.js").Truth | null }} Outlook */

const AGAIN_MS = 1500;
const SOON_MS = 500;
const HEIGHT = 190;
const LEFT = 36;
const RIGHT = 12;
const TOP = 26;
const BARS = 130;
const NARROW_PX = 240;
const LABEL_PX = 84;
const TROUBLES = ["planning_no_history", "no_planner", "bad_roster"];

export class RosterAhead {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.attempt = 0;
    this.timer = 0;
    /** @type {Outlook | null} */
    this.outlook = null;
    this.width = 0;
    this.calls = slider("ahead-calls", 50, 200, 5, 100, (n) => `${n}%`);
    this.length = slider("ahead-length", 50, 200, 5, 100, (n) => `${n}%`);
    this.goal = slider("ahead-goal", 70, 99, 1, 95, (n) => `${n}%`);
    this.people = slider("ahead-people", 0, 40, 1, 0, (n) => (n ? String(n) : t("outlook.own_team")));
    for (const one of this.sliders()) one.input.addEventListener("input", () => this.changed());
    this.status = h("p", { role: "status" });
    this.picture = h("div", { class: "intraday-frame" });
    this.rows = h("tbody");
    this.truth = h("div", { class: "plan-truth" });
    this.body = h(
      "div",
      { class: "stack", hidden: true },
      this.picture,
      h(
        "ul",
        { class: "intraday-legend small" },
        /** @type {const} */ (["now", "band"]).map((kind) =>
          h("li", {}, swatch(kind), h("span", { text: t(`outlook.kind.${kind}`) })),
        ),
      ),
      this.truth,
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
              ["day", "calls", "band", "most", "hours", "level"].map((name) =>
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
    new ResizeObserver(() => this.fit()).observe(this.element);
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
    const goal = this.goal.value();
    const wish = {
      calls_factor: this.calls.value() / 100,
      length_factor: this.length.value() / 100,
      share: goal === 95 ? 0 : goal / 100,
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
    setText(this.status, "");
    show(this.body, true);
    this.truth.replaceChildren(...(outlook.truth ? truthLines(outlook.truth) : []).map((text) => h("p", { text })));
    this.rows.replaceChildren(
      ...outlook.days.map(({ day, calls, low, high, most, hours, level }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", text: rosterDay(day) }),
          [
            calls.toFixed(1),
            `${Math.floor(low)}–${Math.ceil(high)}`,
            String(most),
            hours.toFixed(1),
            level.mean < 0 ? t("records.nothing") : `${Math.floor(level.mean * 100)}%`,
          ].map((text) => h("td", { class: "figure", text })),
        ),
      ),
    );
    this.draw();
  }

  /** @param {string} code */
  fail(code) {
    setText(this.status, t(`outlook.trouble.${TROUBLES.includes(code) ? code : "other"}`));
  }

  fit() {
    const width = Math.floor(this.element.clientWidth) - 32;
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  draw() {
    if (this.outlook) this.picture.replaceChildren(chart(this.outlook.days, Math.max(NARROW_PX, this.width)));
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
  say();
  return { input, output, value, say };
}

/**
 * @param {string} key
 * @param {ReturnType<typeof slider>} one
 */
function field(key, { input, output }) {
  return h("div", { class: "field" }, h("label", { for: input.id, text: t(key) }), h("div", { class: "row" }, input, output));
}

/**
 * @param {Day[]} days
 * @param {number} width px
 */
function chart(days, width) {
  const most = topOf(Math.max(1, ...days.map((each) => each.high)));
  const inner = width - LEFT - RIGHT;
  const step = inner / days.length;
  const x = (/** @type {number} */ n) => LEFT + n * step;
  const y = (/** @type {number} */ n) => TOP + BARS * (1 - n / most);
  const parts = [s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, t("outlook.unit"))];
  for (const n of [0, most / 2, most]) {
    parts.push(s("path", { d: `M${LEFT} ${y(n)}H${width - RIGHT}`, class: "chart-rule" }));
    parts.push(s("text", { x: LEFT - 8, y: y(n) + 5, class: "chart-text chart-end" }, String(n)));
  }
  const every = Math.max(1, Math.ceil(LABEL_PX / step));
  days.forEach(({ day, calls, low, high }, n) => {
    const height = Math.max(1, y(low) - y(high));
    parts.push(s("rect", { x: x(n) + 1, y: y(high), width: Math.max(1, step - 2), height, class: "intraday-band" }));
    parts.push(s("path", { d: `M${x(n)} ${y(calls)}h${step}`, class: "chart-goal" }));
    if (n % every || x(n) + LABEL_PX > width) return;
    parts.push(s("text", { x: x(n) + 2, y: HEIGHT - 10, class: "chart-text" }, rosterDay(day, true)));
  });
  const all = Math.round(days.reduce((sum, each) => sum + each.calls, 0));
  const size = { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` };
  const label = t("outlook.chart", { n: all, d: days.length });
  return s("svg", { class: "intraday-chart", ...size, role: "img", "aria-label": label }, parts);
}
