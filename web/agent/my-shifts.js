/** My own shifts, what is asked about them, and the address under which my calendar fetches them. Read when it is opened. */

import { announce, h, setText, show } from "../shared/dom.js";
import { locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { dayText, hourText, nowMs } from "../shared/time.js";
import { AskDays } from "./ask-days.js";
import { MyRequests } from "./my-requests.js";
import { ShiftActs } from "./shift-acts.js";

/** @typedef {{ shift: string, start: string, end: string }} Shift */

const SHOWN = 8;

export class MyShifts {
  constructor() {
    this.asked = 0;
    this.newsMs = 0;
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.requests = new MyRequests(() => this.readShifts());
    this.acts = new ShiftActs(this.requests);
    this.days = new AskDays(this.requests);
    this.requests.told = ({ shifts }) => this.days.choices(shifts);
    this.list = h("ul", { class: "my-shift-list" });
    this.say = h("p", { class: "soft", role: "status" });
    this.address = h("input", { class: "input", id: "calendar-address", readonly: true, dir: "ltr" });
    this.address.addEventListener("focus", () => this.address.select());
    this.given = h(
      "div",
      { class: "stack", hidden: true },
      h("label", { class: "label", for: "calendar-address", text: t("agent.shifts.address") }),
      this.address,
      h(
        "div",
        { class: "row" },
        button("copy", h("span", { text: t("agent.shifts.copy") }), () => this.copy()),
        (this.subscribe = h("a", { class: "button" }, icon("calendar"), h("span", { text: t("agent.shifts.subscribe") }))),
      ),
      h("p", { class: "small soft", text: t("agent.shifts.once") }),
    );
    this.how = h("p", { class: "small soft", text: t("agent.shifts.how") });
    this.since = h("p", { class: "small soft", hidden: true });
    this.makeText = h("span", { text: t("agent.shifts.make") });
    this.make = button("calendar", this.makeText, () => this.made());
    this.end = button("remove", h("span", { text: t("agent.shifts.end") }), () => this.ended());
    this.element = h(
      "details",
      { class: "my-shifts own-shifts" },
      h(
        "summary",
        {},
        icon("calendar"),
        h("span", { text: t("agent.shifts.title") }),
        this.requests.pill,
        h("span", { class: "my-shifts-fold" }, icon("unfold")),
      ),
      h(
        "div",
        { class: "stack" },
        this.say,
        this.list,
        this.acts.element,
        this.requests.element,
        this.days.element,
        this.how,
        this.since,
        this.given,
        h("div", { class: "row" }, this.make, this.end),
      ),
    );
    this.element.addEventListener("toggle", () => this.element.open && this.read());
  }

  /**
   * Look for what was decided since the last look, also while this is folded.
   * @param {import("../shared/messages.js").AgentView | null} view
   */
  follow(view) {
    if (!view || view.shift_news_ms <= this.newsMs) return;
    this.newsMs = view.shift_news_ms;
    if (this.element.open) this.read();
    else this.requests.read();
  }

  async read() {
    await Promise.all([this.readShifts(), this.requests.read()]);
    if (this.element.open) this.requests.seen();
  }

  async readShifts() {
    const asked = ++this.asked;
    if (!this.list.childElementCount) setText(this.say, t("agent.shifts.reading"));
    try {
      const answer = await request("GET", "/api/my/shifts");
      if (asked !== this.asked) return;
      this.draw(answer.shifts);
      this.drawCalendar(answer.calendar_since_ms);
    } catch {
      if (asked === this.asked) setText(this.say, t("agent.shifts.not_read"));
    }
  }

  /** @param {Shift[]} shifts */
  draw(shifts) {
    const ahead = shifts.filter((shift) => Date.parse(shift.end) > nowMs()).slice(0, SHOWN);
    // A row that is as it was stays, with the focus that its button may have.
    const rows = new Map(
      ahead.map((shift) => {
        const name = `${shift.shift} ${shift.start} ${shift.end} ${runs(shift)}`;
        return [name, this.rows.get(name) ?? this.row(shift)];
      }),
    );
    if ([...rows.keys()].join() !== [...this.rows.keys()].join()) this.list.replaceChildren(...rows.values());
    this.rows = rows;
    setText(this.say, ahead.length ? "" : t("agent.shifts.none"));
  }

  /** @param {Shift} shift */
  row(shift) {
    const [from, to] = [Date.parse(shift.start), Date.parse(shift.end)];
    const times = `${hourText(from)}–${hourText(to)}`;
    const change = h(
      "button",
      { class: "button button-quiet my-shift-change", type: "button" },
      icon("turn"),
      h("span", { text: t("agent.requests.change") }),
    );
    change.setAttribute("aria-label", `${t("agent.requests.change")} ${dayText(from)} ${times}`);
    change.addEventListener("click", () => this.acts.open(shift, change));
    return h(
      "li",
      { class: "my-shift" },
      h("span", { text: dayText(from) }),
      h("span", { class: "figure", text: times }),
      runs(shift) && h("span", { class: "pill pill-good" }, icon("check"), h("span", { text: t("agent.shifts.now") })),
      change,
    );
  }

  /** @param {number} sinceMs 0: no calendar fetches them */
  drawCalendar(sinceMs) {
    show(this.since, sinceMs > 0);
    show(this.end, sinceMs > 0);
    setText(this.since, sinceMs ? t("agent.shifts.since", { day: dayText(sinceMs) }) : "");
    setText(this.makeText, t(sinceMs ? "agent.shifts.again" : "agent.shifts.make"));
  }

  async made() {
    try {
      const { path } = await request("POST", "/api/my/calendar", { locale: locale() });
      this.asked += 1; // what was asked for before does not know of it
      this.address.value = `${location.origin}${path}`;
      // Phones and calendar programs open this kind of address by themselves.
      this.subscribe.href = `webcal://${location.host}${path}`;
      this.drawCalendar(nowMs());
      show(this.given, true);
      setText(this.say, "");
      this.address.focus();
    } catch {
      setText(this.say, t("agent.shifts.not_made"));
    }
  }

  async ended() {
    try {
      await request("DELETE", "/api/my/calendar");
      this.asked += 1; // what was asked for before does not know of it
      show(this.given, false);
      this.address.value = "";
      this.drawCalendar(0);
      setText(this.say, t("agent.shifts.ended"));
      this.make.focus();
    } catch {
      setText(this.say, t("agent.shifts.not_made"));
    }
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.address.value);
      announce(t("agent.shifts.copied"));
      setText(this.say, t("agent.shifts.copied"));
    } catch {
      // No clipboard (an address without https): the words are marked, and the keyboard copies them.
      this.address.focus();
    }
  }
}

/** @param {Shift} shift */
function runs({ start, end }) {
  return Date.parse(start) <= nowMs() && nowMs() < Date.parse(end);
}

/**
 * @param {import("../shared/icons.js").IconName} name
 * @param {HTMLElement} text
 * @param {() => void} press
 */
function button(name, text, press) {
  return h("button", { class: "button", type: "button", on: { click: press } }, icon(name), text);
}
