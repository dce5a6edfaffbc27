/** Making a roster: what is wanted, how far it is, stopping it with the best found, and the draft that comes of it. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { clockText } from "../shared/time.js";
import { daysFrom } from "./roster-model.js";
import { rosterDay } from "./roster-words.js";

/**
 * A roster in the making, as GET /api/plan/job answers.
 * @typedef {object} Job
 * @property {string} job
 * @property {"running" | "done" | "ended" | "failed"} state
 * @property {string} first_day
 * @property {number} days
 * @property {string} queue
 * @property {number} started_ms
 * @property {number} limit_s
 * @property {"" | "queue" | "forecast" | "staffing" | "search" | "why" | "ways"} phase
 * @property {number} done
 * @property {number} of
 * @property {number} cost of the best found, -1: none yet
 * @property {number} bound -1: not known
 * @property {number} cancel
 * @property {string} draft
 * @property {string} error
 * @property {string} words
 */

/** @typedef {{ name: string, title: string, ruled: boolean }} Person */

const LOOK_MS = 1000;
const SECONDS = /** @type {const} */ ([20, 60, 300]);
const CODES = ["plan_busy", "plan_days", "no_planner", "plan_lost", "plan_failed", "rosters_full", "bad_roster", "nobody_able"];

export class RosterMake {
  /**
   * @param {object} on
   * @param {(error: unknown) => string} on.refused
   * @param {() => { first_day: string, days: number }} on.span what is asked for
   * @param {() => void} on.made there is a new draft
   * @param {() => string} on.queue whose calls it is to serve
   * @param {(queue: string) => string} on.nameOf what a queue is called, "" where there is one only
   */
  constructor(on) {
    this.on = on;
    /** @type {Job | null} */
    this.job = null;
    this.behindMs = 0;
    this.timer = 0;
    this.seconds = h(
      "select",
      { class: "input", id: "plan-seconds" },
      SECONDS.map((s) => h("option", { value: String(s), text: t(`plan.seconds.${s}`) })),
    );
    this.seconds.value = "60";
    this.people = h("div", { class: "plan-people" });
    this.peopleText = h("summary", {});
    this.who = h("details", { class: "plan-who" }, this.peopleText, this.people);
    this.go = h(
      "button",
      { class: "button button-main", type: "button", on: { click: () => this.make() } },
      icon("data"),
      h("span", { text: t("plan.make") }),
    );
    this.fields = h(
      "div",
      { class: "field" },
      h("label", { for: "plan-seconds", text: t("plan.how_long") }),
      this.seconds,
    );
    this.title = h("h2", {});
    this.phase = h("p", { role: "status" });
    this.bar = h("progress", { class: "plan-bar" });
    this.found = h("p", { class: "figure" });
    this.clock = h("p", { class: "small soft figure" });
    this.stop = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.cancel() } },
      icon("end"),
      h("span", { text: t("plan.stop") }),
    );
    this.open = h(
      "a",
      { class: "button button-main" },
      icon("calendar"),
      h("span", { text: t("plan.open") }),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.card = h(
      "section",
      { class: "card stack plan-job", hidden: true },
      this.title,
      this.phase,
      this.bar,
      this.found,
      this.clock,
      h("div", { class: "row" }, this.stop, this.open),
    );
    this.element = h("div", { class: "stack" }, this.trouble, this.card);
  }

  /** @param {Person[]} people who can be rostered */
  offer(people) {
    const ruled = people.filter((person) => person.ruled);
    const off = new Set([...this.people.querySelectorAll("input")].filter((box) => !box.checked).map((box) => box.value));
    this.people.replaceChildren(
      ...ruled.map(({ name, title }) => {
        const box = h("input", { type: "checkbox", value: name });
        box.checked = !off.has(name);
        box.addEventListener("change", () => this.counted());
        return h("label", { class: "plan-person" }, box, h("span", { text: title || name }));
      }),
    );
    show(this.who, ruled.length > 1);
    this.counted();
  }

  counted() {
    const [all, chosen] = [this.people.querySelectorAll("input").length, this.chosen().length];
    setText(this.peopleText, chosen === all ? t("plan.with_all", { n: all }) : t("plan.with_some", { n: chosen, all }));
  }

  /** @returns {string[]} sign-in names */
  chosen() {
    return [...this.people.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
  }

  async make() {
    const all = this.people.querySelectorAll("input").length;
    const people = this.chosen();
    const span = this.on.span();
    if (!span.first_day || this.go.getAttribute("aria-disabled") === "true") return;
    if (all && !people.length) return this.fail("nobody", "");
    setAttribute(this.go, "aria-disabled", "true");
    try {
      const wish = { ...span, queue: this.on.queue(), seconds: Number(this.seconds.value), people: people.length === all ? [] : people };
      this.take(await request("POST", "/api/plan/roster", wish), true);
      this.title.scrollIntoView({ block: "nearest" });
    } catch (error) {
      this.fail(this.on.refused(error), "");
    }
    if (this.job?.state !== "running") setAttribute(this.go, "aria-disabled", null);
    return undefined;
  }

  async cancel() {
    if (!this.job || this.stop.getAttribute("aria-disabled") === "true") return;
    try {
      this.take(await request("POST", "/api/plan/cancel", { job: this.job.job }));
    } catch (error) {
      this.fail(this.on.refused(error), "");
    }
  }

  /** Look how far it is; again and again while something is made and the page shows it. */
  async look() {
    clearTimeout(this.timer);
    try {
      this.take(await request("GET", "/api/plan/job"));
    } catch (error) {
      // What was read before stays; being signed out is said by the page.
      if (this.on.refused(error) !== "sign_in_first") this.again();
    }
  }

  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.element.isConnected && this.look(), LOOK_MS);
  }

  /**
   * @param {{ job: Job | null, now_ms: number }} answer
   * @param {boolean} [asked] it was asked for just now: what is over already is told, too
   */
  take({ job, now_ms: now }, asked = false) {
    const before = this.job;
    this.job = job;
    this.behindMs = now - Date.now();
    show(this.trouble, false);
    this.draw();
    if (!job) return;
    if (job.state === "running") return this.again();
    if (asked || (before?.job === job.job && before.state === "running")) this.ended(job);
  }

  /** @param {Job} job */
  ended(job) {
    if (job.state === "done") {
      announce(t("plan.done"));
      this.on.made();
    } else this.fail(job.error, job.words);
  }

  draw() {
    const { job } = this;
    const running = job?.state === "running";
    setAttribute(this.go, "aria-disabled", running ? "true" : null);
    show(this.card, running || job?.state === "done");
    if (!job) return;
    const days = daysFrom(job.first_day, job.days);
    const span = { from: rosterDay(days[0]), to: rosterDay(days[days.length - 1]) };
    const name = this.on.nameOf(job.queue);
    setText(this.title, [t(running ? "plan.making" : "plan.made", span), name].filter(Boolean).join(" · "));
    setText(this.phase, running ? phaseText(job) : t("plan.done"));
    show(this.bar, running);
    if (job.of > 0 && job.phase !== "ways") Object.assign(this.bar, { max: job.of, value: job.done });
    else this.bar.removeAttribute("value"); // how far it is cannot be known
    setAttribute(this.bar, "aria-label", phaseText(job));
    setText(this.found, foundText(job));
    show(this.clock, running);
    setText(this.clock, t("plan.clock", { time: clockText(this.sinceS() * 1000) }));
    show(this.stop, running);
    setAttribute(this.stop, "aria-disabled", job.cancel ? "true" : null);
    setText(/** @type {Element} */ (this.stop.lastElementChild), t(job.cancel ? "plan.stopping" : "plan.stop"));
    show(this.open, job.state === "done");
    if (job.draft) this.open.href = `#roster/${job.draft}`;
  }

  /** @returns {number} seconds since it was begun */
  sinceS() {
    return this.job ? Math.max(0, (Date.now() + this.behindMs - this.job.started_ms) / 1000) : 0;
  }

  /**
   * @param {string} code
   * @param {string} words a sentence that names the row, in the words of the rules
   */
  fail(code, words) {
    const known = code === "nobody" || code === "plan_ended" || CODES.includes(code);
    setText(this.troubleText, known ? t(`plan.refused.${code}`) : t("plan.refused.other", { words }));
    show(this.trouble, true);
  }
}

/** @param {Job} job */
function phaseText({ phase, done, of }) {
  return t(`plan.phase.${phase || "forecast"}`, { done, of });
}

/** @param {Job} job */
function foundText({ cost, bound }) {
  if (cost < 0) return t("plan.nothing_yet");
  if (bound < 0) return t("plan.found", { cost });
  const left = cost > 0 ? Math.max(0, (cost - bound) / cost) * 100 : 0;
  return left < 0.05
    ? t("plan.found_best", { cost })
    : t("plan.found_bound", { cost, bound: Math.ceil(bound), p: left.toFixed(left < 10 ? 1 : 0) });
}
