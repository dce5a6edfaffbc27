/** What a coordinator begins: somebody cannot come, and a shift that anybody may take. One form is open at a time. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { nowMs } from "../shared/time.js";
import { dayField, skipped, spanOf } from "./shift-times.js";

/** @typedef {import("../shared/icons.js").IconName} IconName */

/** @typedef {(path: string, wish: object) => Promise<string>} Send answers why it was not done, "" when it was */

export class RequestForms {
  /** @param {Send} send */
  constructor(send) {
    this.send = send;
    this.agent = h("select", { class: "input", id: "away-agent" });
    this.first = h("input", { class: "input", id: "away-from", type: "date" });
    this.last = h("input", { class: "input", id: "away-to", type: "date" });
    this.first.addEventListener("change", () => {
      if (!this.last.value || this.last.value < this.first.value) this.last.value = this.first.value;
    });
    this.day = h("input", { class: "input", id: "open-day", type: "date" });
    this.from = h("input", { class: "input", id: "open-from", type: "time", value: "09:00" });
    this.to = h("input", { class: "input", id: "open-to", type: "time", value: "17:00" });
    this.awayForm = new Fold("leave", "requests.away_title", "requests.away_how", () => this.away(), [
      field("away-agent", "shifts.agent", this.agent),
      field("away-from", "requests.first", this.first),
      field("away-to", "requests.last", this.last),
      submit("leave", "requests.away"),
    ]);
    this.openForm = new Fold("add", "requests.open_title", "requests.open_how", () => this.openShift(), [
      field("open-day", "shifts.day", this.day),
      field("open-from", "shifts.from", this.from),
      field("open-to", "shifts.to", this.to),
      submit("send", "requests.open_send"),
    ]);
    this.awayForm.others = [this.openForm];
    this.openForm.others = [this.awayForm];
    this.buttons = [this.awayForm.button, this.openForm.button];
    this.forms = [this.awayForm.form, this.openForm.form];
  }

  /** @param {Record<string, string>} people names by id */
  fill(people) {
    const chosen = this.agent.value;
    this.agent.replaceChildren(
      ...Object.entries(people).map(([value, text]) => h("option", { value, text, selected: value === chosen })),
    );
    const today = dayField(new Date(nowMs()));
    for (const input of [this.first, this.last, this.day]) {
      input.value ||= today;
      input.min = today;
    }
  }

  async away() {
    const wish = { agent: this.agent.value, first_day: this.first.value, last_day: this.last.value };
    if (!wish.agent || !wish.first_day || !wish.last_day) return t("requests.wrong.no_days");
    return this.send("/api/requests/away", wish);
  }

  async openShift() {
    const span = spanOf(this.day.value, this.from.value, this.to.value);
    if (!span) return t("requests.wrong.no_times");
    const gone = skipped(this.day.value, this.from.value, this.to.value);
    if (gone) return t("import.fault.time_skipped", { value: gone });
    return this.send("/api/requests/open", span);
  }
}

class Fold {
  /**
   * @param {IconName} mark
   * @param {string} title
   * @param {string} how
   * @param {() => Promise<string>} send
   * @param {HTMLElement[]} fields
   */
  constructor(mark, title, how, send, fields) {
    /** @type {Fold[]} */
    this.others = [];
    this.button = h(
      "button",
      { class: "button", type: "button", "aria-expanded": "false", on: { click: () => this.turn(this.form.hidden === true) } },
      icon(mark),
      h("span", { text: t(title) }),
    );
    this.trouble = h("p", { class: "notice notice-danger", role: "alert", hidden: true }, icon("info"), (this.words = h("span")));
    this.form = h(
      "form",
      { class: "card stack", novalidate: true, hidden: true, "aria-label": t(title) },
      h("p", { class: "soft", text: t(how) }),
      this.trouble,
      h("div", { class: "filters" }, fields),
    );
    this.form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (this.form.getAttribute("aria-busy")) return;
      setAttribute(this.form, "aria-busy", "true");
      this.fail(await send());
      setAttribute(this.form, "aria-busy", null);
    });
  }

  /** @param {boolean} open */
  turn(open) {
    show(this.form, open);
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    for (const other of this.others) other.turn(false);
    this.fail("");
    /** @type {HTMLElement | null} */ (this.form.querySelector("select, input"))?.focus();
  }

  /** @param {string} words why it was not done; "": it was, and the form folds */
  fail(words) {
    setText(this.words, words);
    show(this.trouble, words !== "");
  }
}

/**
 * @param {IconName} mark
 * @param {string} key
 */
function submit(mark, key) {
  return h("button", { class: "button button-main", type: "submit" }, icon(mark), h("span", { text: t(key) }));
}

/**
 * @param {string} id
 * @param {string} key
 * @param {HTMLElement} control
 */
function field(id, key, control) {
  return h("div", { class: "field" }, h("label", { for: id, text: t(key) }), control);
}
