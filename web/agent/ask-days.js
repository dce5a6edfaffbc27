/** Asking for days: leave, a day that I would like to have free, a shift that I would like, days that I cannot work. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { nowMs } from "../shared/time.js";
import { localDay } from "./shift-acts.js";

/** @type {readonly [string, string, boolean][]} value, text, whether a shift is named */
const KINDS = [
  ["leave", "agent.requests.kind_leave", false],
  ["wish", "agent.requests.kind_wish_off", false],
  ["wish-shift", "agent.requests.kind_wish_shift", true],
  ["busy", "agent.requests.kind_busy", false],
  ["busy-shift", "agent.requests.kind_busy_shift", true],
];

export class AskDays {
  /** @param {import("./my-requests.js").MyRequests} requests */
  constructor(requests) {
    this.requests = requests;
    this.kind = h(
      "select",
      { class: "input", id: "days-kind", on: { change: () => this.draw() } },
      KINDS.map(([value, key]) => h("option", { value, text: t(key) })),
    );
    this.first = h("input", { class: "input", id: "days-first", type: "date", required: true });
    this.last = h("input", { class: "input", id: "days-last", type: "date", required: true });
    this.first.addEventListener("change", () => {
      if (!this.last.value || this.last.value < this.first.value) this.last.value = this.first.value;
    });
    this.shift = h("select", { class: "input", id: "days-shift" });
    this.shiftField = h("div", { class: "stack" }, label("days-shift", "agent.requests.which"), this.shift);
    this.how = h("p", { class: "small soft" });
    this.element = h(
      "details",
      { class: "ask-days" },
      h("summary", {}, icon("add"), h("span", { text: t("agent.requests.days") })),
      h(
        "form",
        { class: "stack", on: { submit: (/** @type {Event} */ event) => this.send(event) } },
        label("days-kind", "agent.requests.what"),
        this.kind,
        this.how,
        label("days-first", "agent.requests.first"),
        this.first,
        label("days-last", "agent.requests.last"),
        this.last,
        this.shiftField,
        h("button", { class: "button", type: "submit" }, icon("send"), h("span", { text: t("agent.requests.send") })),
      ),
    );
    this.element.addEventListener("toggle", () => this.element.open && this.start());
    this.draw();
  }

  start() {
    const today = localDay(nowMs());
    this.first.min = this.last.min = today;
    this.first.value ||= today;
    this.last.value ||= today;
  }

  /** @param {readonly string[]} shifts the names of the team's shifts */
  choices(shifts) {
    const chosen = this.shift.value;
    this.shift.replaceChildren(...shifts.map((name) => h("option", { value: name, text: name, selected: name === chosen })));
  }

  draw() {
    const named = KINDS.some(([value, , shift]) => value === this.kind.value && shift);
    show(this.shiftField, named);
    const kind = this.kind.value.split("-")[0];
    setText(this.how, t(`agent.requests.how.${kind}`));
  }

  /** @param {Event} event */
  async send(event) {
    event.preventDefault();
    const [kind, shift] = this.kind.value.split("-");
    const wish = { kind, first_day: this.first.value, last_day: this.last.value, named: shift ? this.shift.value : "" };
    if (await this.requests.send("POST", "/api/my/requests", wish, t("agent.requests.sent"))) this.element.open = false;
  }
}

/**
 * @param {string} id
 * @param {string} key
 */
function label(id, key) {
  return h("label", { class: "label", for: id, text: t(key) });
}
