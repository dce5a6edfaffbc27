/** Queues and hours: which queues there are, what each asks of an agent, its targets, and when it is open. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { HoursForm } from "./hours-form.js";
import { MAIN, queueName } from "./queue-words.js";

/** @typedef {import("./queue-words.js").Queue} Queue */
/** @typedef {import("./queue-words.js").House} House */

export class HoursPart {
  /**
   * @param {(error: unknown) => string} refused
   * @param {() => number} waiting how many people wait now
   */
  constructor(refused, waiting) {
    this.refused = refused;
    this.waiting = waiting;
    /** @type {Queue[]} */
    this.queues = [];
    /** @type {House | null} */
    this.house = null;
    this.shown = MAIN;
    /** @type {Map<string, HoursForm>} what somebody wrote and has not saved stays while the page is open */
    this.hours = new Map();
    /** @type {Map<string, import("./queue-form.js").QueueForm>} */
    this.forms = new Map();
    this.heading = h("h1", { text: t("queues.title"), tabindex: "-1" });
    this.list = h("div", { class: "queue-list", role: "group", "aria-label": t("queues.list") });
    this.trouble = h("p", { class: "notice notice-danger", role: "alert", hidden: true });
    this.done = h(
      "p",
      { class: "notice notice-good", role: "status", hidden: true },
      icon("check"),
      (this.doneText = h("span")),
    );
    this.rules = h("div", { class: "stack" });
    this.times = h("div", { class: "stack" });
    this.element = h(
      "div",
      { class: "stack" },
      this.heading,
      h("p", { class: "soft", text: t("queues.lead") }),
      this.list,
      this.trouble,
      this.done,
      this.rules,
      this.times,
    );
  }

  async enter() {
    show(this.done, false);
    this.showHours(true);
    try {
      const { queues, house } = await request("GET", "/api/queues");
      show(this.trouble, false);
      this.house = house;
      this.queues = queues;
      if (!queues.some((/** @type {Queue} */ { queue }) => queue === this.shown)) this.shown = MAIN;
      await this.draw();
    } catch (error) {
      setText(this.trouble, errorText(this.refused(error)));
      show(this.trouble, true);
    }
  }

  async draw() {
    const add = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.choose("") } },
      icon("add"),
      h("span", { text: t("queues.add") }),
    );
    setAttribute(add, "aria-pressed", String(this.shown === ""));
    this.list.replaceChildren(
      ...this.queues.map((queue) =>
        h(
          "button",
          {
            class: "button",
            type: "button",
            "aria-pressed": String(queue.queue === this.shown),
            "data-queue": queue.queue,
            on: { click: () => this.choose(queue.queue) },
          },
          icon("list"),
          h("span", { text: queueName(queue) }),
        ),
      ),
      add,
    );
    await this.showForm();
    this.showHours();
  }

  /** @param {string} name "" for a new one */
  async choose(name) {
    this.shown = name;
    show(this.done, false);
    await this.draw();
    /** @type {HTMLElement | null} */ (this.list.querySelector('[aria-pressed="true"]'))?.focus();
  }

  async showForm() {
    const { shown, house } = this;
    const { QueueForm } = await import("./queue-form.js");
    if (!house || shown !== this.shown) return;
    const queue = this.queues.find((each) => each.queue === shown) ?? null;
    const known = this.forms.get(shown);
    const form = known?.isChanged()
      ? known
      : new QueueForm({
          queue,
          house,
          refused: this.refused,
          onSaved: (saved) => this.saved(saved),
          onDeleted: (name) => this.deleted(name),
          onUndo: () => (this.forms.delete(shown), this.choose(queue ? shown : MAIN)),
        });
    this.forms.set(shown, form);
    if (form.element.parentElement !== this.rules) this.rules.replaceChildren(form.element);
  }

  /**
   * A queue that is being written down has its hours later.
   * @param {boolean} [again] they are read again, also when they are shown already
   */
  showHours(again = false) {
    const name = this.shown;
    show(this.times, name !== "");
    if (name === "") return;
    let form = this.hours.get(name);
    if (!form) {
      form = new HoursForm({ queue: name, refused: this.refused, waiting: this.waiting });
      this.hours.set(name, form);
    }
    if (form.element.parentElement === this.times && !again) return;
    this.times.replaceChildren(form.element);
    form.enter();
  }

  /** @param {Queue} saved */
  saved(saved) {
    this.forms.delete(this.shown);
    this.forms.delete(saved.queue);
    const others = this.queues.filter(({ queue }) => queue !== saved.queue);
    const [main, ...rest] = [...others, saved].sort(
      (a, b) => Number(b.queue === MAIN) - Number(a.queue === MAIN) || a.queue.localeCompare(b.queue),
    );
    this.queues = [main, ...rest];
    this.say(t("queues.saved", { name: queueName(saved) }), saved.queue);
  }

  /** @param {string} name */
  deleted(name) {
    const gone = this.queues.find(({ queue }) => queue === name);
    this.forms.delete(name);
    this.hours.delete(name);
    this.queues = this.queues.filter(({ queue }) => queue !== name);
    this.say(t("queues.deleted", { name: gone ? queueName(gone) : name }), MAIN);
  }

  /**
   * @param {string} text
   * @param {string} name the queue to show next
   */
  async say(text, name) {
    this.shown = name;
    await this.draw();
    setText(this.doneText, text);
    show(this.done, true);
    /** @type {HTMLElement | null} */ (this.list.querySelector('[aria-pressed="true"]'))?.focus();
  }
}
