/**
 * One day of the roster by quarter hours: a line for each person, a bar for each shift with its breaks. Arrow keys move
 * a shift, with Shift they move its end, Delete takes it away; a pointer drags the bar or its end; two fields do the same.
 */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import {
  clock,
  DAY_MIN,
  dutiesAt,
  dutyOf,
  faultsAt,
  minuteOf,
  QUARTER_MIN,
  retimed,
  timesOf,
  withDay,
} from "./roster-model.js";
import { rosterDay, ruleText, titleOf } from "./roster-words.js";

/** @typedef {import("./roster-model.js").Draft} Draft */
/** @typedef {import("./roster-model.js").Duty} Duty */

/** @typedef {{ minute: number, minutes: number }} Times minutes of the day, and how many */
/** @typedef {Times & { startX: number, perMin: number, end: boolean, at: Times | null }} Drag */

const EDGE_PX = 14;

export class RosterDay {
  /** @param {{ change: (duties: Duty[]) => void }} on */
  constructor(on) {
    this.on = on;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {Duty[]} */
    this.duties = [];
    this.day = "";
    this.column = 0;
    /** @type {{ person: string, n: number } | null} the shift in the fields, by its place in the person's day */
    this.chosen = null;
    /** @type {Drag | null} */
    this.drag = null;
    this.heading = h("h2", { tabindex: "-1" });
    this.from = h("input", { class: "input", type: "time", id: "roster-from", step: 900 });
    this.to = h("input", { class: "input", type: "time", id: "roster-to", step: 900 });
    for (const input of [this.from, this.to]) input.addEventListener("change", () => this.fields());
    this.chosenText = h("p", { class: "roster-chosen" });
    this.form = h(
      "div",
      { class: "row roster-times", hidden: true },
      this.chosenText,
      h("div", { class: "field" }, h("label", { for: "roster-from", text: t("shifts.from") }), this.from),
      h("div", { class: "field" }, h("label", { for: "roster-to", text: t("shifts.to") }), this.to),
      h(
        "button",
        { class: "button", type: "button", on: { click: () => this.replace([]) } },
        icon("remove"),
        h("span", { text: t("shifts.remove") }),
      ),
    );
    this.lines = h("div", { class: "roster-lines" });
    this.lines.addEventListener("keydown", (event) => this.key(event));
    this.lines.addEventListener("focusin", (event) => this.choose(barOf(event.target)));
    this.lines.addEventListener("pointerdown", (event) => this.grab(event));
    this.lines.addEventListener("pointermove", (event) => this.move(event));
    this.lines.addEventListener("pointerup", () => this.drop());
    this.lines.addEventListener("pointercancel", () => this.cancel());
    this.element = h(
      "section",
      { class: "card stack" },
      this.heading,
      h("p", { class: "small soft roster-keys", text: t("roster.day_keys") }),
      this.form,
      (this.frame = h("div", { class: "roster-frame" }, this.lines)),
    );
  }

  /** Where the day is wider than the window its first shift is seen, not the night before it. */
  reveal() {
    const left = (/** @type {Element} */ element) => element.getBoundingClientRect().left;
    const bars = [...this.lines.querySelectorAll(".roster-bar")].map(left);
    const track = this.lines.querySelector(".roster-track");
    if (!bars.length || !track) return;
    // Names may stand on the left, over what is scrolled.
    const names = left(track) - left(this.lines);
    this.frame.scrollLeft += Math.min(...bars) - left(this.frame) - names;
  }

  /**
   * @param {Draft} draft
   * @param {Duty[]} duties
   * @param {string} day
   * @param {number} column
   */
  draw(draft, duties, day, column) {
    const active = document.activeElement;
    const had = active instanceof HTMLElement && this.lines.contains(active) ? (active.dataset.person ?? "") : "";
    const onBar = barOf(active) !== null;
    if (day !== this.day) this.chosen = null;
    Object.assign(this, { draft, duties, day, column });
    setText(this.heading, t("roster.day_title", { day: rosterDay(day) }));
    const hours = Array.from({ length: 13 }, (_, n) => {
      const mark = h("span", { class: "small soft figure", text: n === 12 ? "24:00" : clock(n * 120) });
      mark.style.insetInlineStart = `${(n / 12) * 100}%`;
      return mark;
    });
    this.lines.replaceChildren(
      h(
        "div",
        { class: "roster-line", "aria-hidden": "true" },
        h("span", { class: "roster-who" }),
        h("div", { class: "roster-hours" }, hours),
      ),
      ...draft.people.map((person) => this.line(draft, person.name)),
    );
    this.fill();
    if (had) ((onBar && this.chosen && this.bar(this.chosen)) || this.inLine(had))?.focus();
  }

  /**
   * @param {Draft} draft
   * @param {string} person
   */
  line(draft, person) {
    const mine = dutiesAt(this.duties, person, this.day);
    const faults = faultsAt(draft.faults, person, this.column);
    const add = h(
      "button",
      {
        class: "button button-quiet roster-add",
        type: "button",
        "data-person": person,
        "aria-label": t("roster.add_for", { name: titleOf(draft, person) }),
        on: { click: () => this.add(person) },
      },
      icon("add"),
    );
    return h(
      "div",
      { class: "roster-line" },
      h(
        "span",
        { class: "roster-who" },
        h("span", { text: titleOf(draft, person) }),
        faults.length > 0 &&
          h(
            "span",
            { class: "roster-warn", role: "img", "aria-label": faults.map(ruleText).join(t("list.comma")) },
            icon("urgent"),
          ),
        mine.length === 0 && add,
      ),
      h(
        "div",
        { class: "roster-track" },
        mine.map((duty, n) => this.drawBar(draft, duty, n)),
      ),
    );
  }

  /**
   * @param {Draft} draft
   * @param {Duty} duty
   * @param {number} n
   */
  drawBar(draft, duty, n) {
    const at = minuteOf(duty);
    const shown = Math.min(duty.minutes, DAY_MIN - at);
    const breaks = duty.pauses.map((pause) => `${clock(at + pause.from_min)}–${clock(at + pause.to_min)}`);
    const name = titleOf(draft, duty.person);
    const label = [name, duty.shift || t("roster.own_times"), timesOf(duty)];
    if (breaks.length) label.push(t("roster.breaks", { times: breaks.join(t("list.comma")) }));
    const bar = h(
      "button",
      {
        class: "roster-bar",
        type: "button",
        "data-person": duty.person,
        "data-n": n,
        "aria-label": label.join(t("list.comma")),
      },
      duty.pauses
        .filter((pause) => at + pause.from_min < DAY_MIN)
        .map((pause) => {
          const hole = h("span", { class: "roster-pause" });
          hole.style.insetInlineStart = `${(pause.from_min / shown) * 100}%`;
          hole.style.inlineSize = `${((pause.to_min - pause.from_min) / shown) * 100}%`;
          return hole;
        }),
      h("span", { class: "roster-label figure small", text: timesOf(duty) }),
    );
    place(bar, at, shown);
    return bar;
  }

  /** @param {{ person: string, n: number }} which */
  bar({ person, n }) {
    const bars = /** @type {HTMLElement[]} */ ([...this.lines.querySelectorAll(".roster-bar")]);
    return bars.find((bar) => bar.dataset.person === person && Number(bar.dataset.n) === n) ?? null;
  }

  /**
   * What can be pressed first in somebody's line.
   * @param {string} person
   */
  inLine(person) {
    const all = /** @type {HTMLElement[]} */ ([...this.lines.querySelectorAll("[data-person]")]);
    return all.find((each) => each.dataset.person === person) ?? null;
  }

  /** @param {HTMLElement | null} bar */
  choose(bar) {
    if (!bar) return;
    this.chosen = { person: bar.dataset.person ?? "", n: Number(bar.dataset.n) };
    this.fill();
  }

  /** The shift that is chosen. @returns {Duty | null} */
  duty() {
    if (!this.chosen) return null;
    return dutiesAt(this.duties, this.chosen.person, this.day)[this.chosen.n] ?? null;
  }

  fill() {
    const duty = this.duty();
    show(this.form, duty !== null);
    for (const bar of this.lines.querySelectorAll(".roster-bar")) {
      const on = this.chosen !== null && this.bar(this.chosen) === bar;
      bar.classList.toggle("is-chosen", on);
    }
    if (!duty || !this.draft) return;
    setText(this.chosenText, titleOf(this.draft, duty.person));
    this.from.value = duty.start;
    this.to.value = clock(minuteOf(duty) + duty.minutes);
  }

  fields() {
    const duty = this.duty();
    if (!duty || !this.from.value || !this.to.value) return;
    const [from, to] = [this.from.value, this.to.value].map((text) => minuteOf({ ...duty, start: text }));
    this.retime(from, (to - from + DAY_MIN - 1) % DAY_MIN + 1);
  }

  /**
   * @param {number} startMin
   * @param {number} minutes
   */
  retime(startMin, minutes) {
    const duty = this.duty();
    if (duty && this.draft) this.replace([retimed(duty, startMin, minutes, this.draft.shifts)]);
  }

  /** @param {Duty[]} wanted instead of the shift that is chosen */
  replace(wanted) {
    const { chosen } = this;
    if (!chosen) return;
    const mine = dutiesAt(this.duties, chosen.person, this.day);
    mine.splice(chosen.n, 1, ...wanted);
    if (!wanted.length) this.chosen = null;
    this.on.change(withDay(this.duties, chosen.person, this.day, mine));
    if (!wanted.length) this.inLine(chosen.person)?.focus(); // what was pressed or focused is gone
  }

  /** @param {string} person */
  add(person) {
    const [kind] = this.draft?.shifts ?? [];
    if (!kind) return;
    this.chosen = { person, n: 0 };
    this.on.change(withDay(this.duties, person, this.day, [dutyOf(person, this.day, kind)]));
    this.bar(this.chosen)?.focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const duty = this.duty();
    if (!duty || !barOf(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.key === "ArrowLeft" ? -QUARTER_MIN : event.key === "ArrowRight" ? QUARTER_MIN : 0;
    if (by && event.shiftKey) this.retime(minuteOf(duty), duty.minutes + by);
    else if (by) this.retime(minuteOf(duty) + by, duty.minutes);
    else if (event.key === "Delete" || event.key === "Backspace") this.replace([]);
    else return;
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  grab(event) {
    const bar = barOf(event.target);
    if (!bar || event.button !== 0) return;
    bar.focus();
    this.choose(bar);
    const duty = this.duty();
    const track = bar.parentElement;
    if (!duty || !track || event.pointerType === "touch") return;
    bar.setPointerCapture(event.pointerId);
    const end = bar.getBoundingClientRect().right - event.clientX < EDGE_PX;
    const perMin = track.clientWidth / DAY_MIN;
    this.drag = { startX: event.clientX, perMin, minute: minuteOf(duty), minutes: duty.minutes, end, at: null };
  }

  /** @param {PointerEvent} event */
  move(event) {
    const bar = this.drag && this.chosen && this.bar(this.chosen);
    if (!this.drag || !bar) return;
    const { startX, perMin, minute, minutes, end } = this.drag;
    const by = Math.round((event.clientX - startX) / perMin / QUARTER_MIN) * QUARTER_MIN;
    const at = end
      ? { minute, minutes: Math.max(QUARTER_MIN, minutes + by) }
      : { minute: Math.max(0, Math.min(DAY_MIN - QUARTER_MIN, minute + by)), minutes };
    place(bar, at.minute, Math.min(at.minutes, DAY_MIN - at.minute));
    this.drag.at = at;
  }

  drop() {
    const at = this.drag?.at;
    const was = this.drag;
    this.drag = null;
    if (at && was && (at.minute !== was.minute || at.minutes !== was.minutes)) this.retime(at.minute, at.minutes);
  }

  cancel() {
    this.drag = null;
    if (this.draft) this.draw(this.draft, this.duties, this.day, this.column);
  }
}

/**
 * @param {HTMLElement} bar
 * @param {number} minute of the day
 * @param {number} minutes
 */
function place(bar, minute, minutes) {
  bar.style.insetInlineStart = `${(minute / DAY_MIN) * 100}%`;
  bar.style.inlineSize = `${(minutes / DAY_MIN) * 100}%`;
}

/**
 * @param {EventTarget | null} target
 * @returns {HTMLElement | null}
 */
function barOf(target) {
  return target instanceof Element ? target.closest(".roster-bar") : null;
}
