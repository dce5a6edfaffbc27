/** After a call: how it ended by one key, a follow-up by one key, a note if there is something to note, and no hurry. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { lengthText, nowMs } from "../shared/time.js";
import { CHOICES, MOST_NOTE } from "./disposition.js";
import { stateSentence } from "./me.js";
import { key } from "./ring.js";
import { KEYS } from "./state.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./disposition.js").Choice} Choice */
/** @typedef {import("./disposition.js").Saved} Saved */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */
/** @typedef {import("../shared/messages.js").AfterCall} AfterCall */

/** @type {Readonly<Record<string, IconName>>} */
const LOOKS = { solved: "check", follow_up: "calendar", referred: "next", cut_off: "lost", misdirected: "question" };

/** @type {Readonly<Record<Saved, { icon: IconName, tone: string }>>} */
const SAVED = {
  empty: { icon: "keys", tone: "" },
  unchosen: { icon: "info", tone: "pill-attention" },
  saving: { icon: "clock", tone: "pill-accent" },
  waiting: { icon: "lost", tone: "pill-attention" },
  refused: { icon: "info", tone: "pill-danger" },
  saved: { icon: "check", tone: "pill-good" },
};

const OUTCOMES = 5;
// The service ends the work when the time is over: what is being written goes out before.
const LAST_CALL_MS = 1500;

export class AfterPanel {
  /** @param {AgentApp} app */
  constructor(app) {
    this.app = app;
    /** @type {AfterCall | null} */
    this.after = null;
    /** @type {Saved} */
    this.spoken = "empty";
    this.say = h("p", { class: "after-say" });
    this.savedMark = h("span");
    this.savedText = h("span");
    this.saved = h("span", { class: "pill" }, this.savedMark, this.savedText);
    this.bar = h("span", { class: "ring-time-bar" });
    this.left = h("span", { class: "figure small" });
    this.time = h("div", { class: "ring-time" }, h("span", { class: "ring-time-track" }, this.bar), this.left);
    this.outcomes = CHOICES.slice(0, OUTCOMES).map((choice, i) => this.choice(choice, i, `outcome.${choice.outcome}`));
    this.dues = CHOICES.slice(OUTCOMES).map((choice, i) => this.choice(choice, OUTCOMES + i, `due.h${choice.due_in_h}`));
    this.note = h("textarea", {
      class: "input after-note",
      id: "after-note",
      rows: "3",
      maxlength: String(MOST_NOTE),
      autocomplete: "off",
      on: {
        input: () => app.disposition.write(this.note.value),
        blur: () => app.disposition.flush(),
        keydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && !event.isComposing && this.note.blur(),
      },
    });
    /** Where the buttons that end the work stand. */
    this.acts = h("div", { class: "after-acts" });
    this.element = h(
      "section",
      { class: "card after", "aria-labelledby": "after-title", hidden: true },
      h(
        "div",
        { class: "row spread" },
        h("h2", { id: "after-title", text: t("after.title") }),
        this.saved,
      ),
      this.say,
      this.time,
      h("div", { class: "choices", role: "group", "aria-label": t("after.title") }, this.outcomes),
      h(
        "div",
        { class: "dues", role: "group", "aria-labelledby": "after-due" },
        h("p", { class: "small", id: "after-due", text: t("after.due") }),
        h("div", { class: "choices" }, this.dues),
      ),
      h(
        "div",
        { class: "field" },
        h("label", { for: "after-note" }, key(KEYS.note), ` ${t("after.note")}`),
        this.note,
        h("p", { class: "soft small after-escape", text: t("after.escape") }),
      ),
      this.acts,
    );
    this.lostText = h("p", { class: "after-lost-note" });
    this.lost = h(
      "div",
      { class: "notice notice-attention after-lost", role: "alert", hidden: true },
      icon("info"),
      h("div", {}, h("p", { text: t("after.lost") }), this.lostText),
      h(
        "button",
        { class: "button", type: "button", on: { click: () => app.disposition.dismiss() } },
        icon("check"),
        h("span", { text: t("after.lost_read") }),
      ),
    );
  }

  /**
   * @param {Choice} choice
   * @param {number} index
   * @param {string} text
   */
  choice(choice, index, text) {
    return h(
      "button",
      {
        class: "button choice",
        type: "button",
        "data-outcome": choice.outcome,
        "data-due": String(choice.due_in_h),
        on: { click: () => this.app.disposition.choose(choice) },
      },
      index < OUTCOMES && icon(LOOKS[choice.outcome]),
      h("span", { text: t(text) }),
      key(String(index + 1)),
    );
  }

  /** @param {State} state */
  draw({ view, work }) {
    const after = view?.after_call ?? null;
    show(this.element, after !== null);
    show(this.lost, work.lost !== "");
    setText(this.lostText, work.lost);
    if (!view || !after) {
      this.after = null;
      this.spoken = "empty";
      return;
    }
    if (this.note.value !== work.said.note) this.note.value = work.said.note;
    this.after = after;
    setText(this.say, stateSentence(view));
    const { outcome, due_in_h: due } = work.said;
    this.outcomes.forEach((button, i) => press(button, CHOICES[i].outcome === outcome));
    this.dues.forEach((button) => press(button, outcome === "follow_up" && Number(button.dataset.due) === due));
    if (this.saved.dataset.saved !== work.saved) {
      this.saved.dataset.saved = work.saved;
      this.saved.className = `pill ${SAVED[work.saved].tone}`.trim();
      this.savedMark.replaceChildren(icon(SAVED[work.saved].icon));
      setText(this.savedText, t(`after.saved.${work.saved}`));
      // What is kept again and again while somebody writes is said once.
      if (work.saved !== "saving" && work.saved !== this.spoken) {
        this.spoken = work.saved;
        announce(this.savedText.textContent ?? "");
      }
    }
    this.tick();
  }

  /** The time that is left: a bar that shrinks, and words; calm until the service's own moment to warn. */
  tick() {
    if (!this.after) return;
    const { since_ms: since, warn_ms: warn, limit_ms: limit } = this.after;
    const spent = nowMs() - since;
    const left = Math.max(0, limit - spent);
    show(this.time, limit > 0);
    this.bar.style.setProperty("transform", `scaleX(${limit ? Math.min(1, left / limit) : 0})`);
    const late = warn > 0 && spent >= warn;
    this.time.classList.toggle("is-late", late);
    // Whole minutes while there is time: a figure that runs hurries.
    const length = late ? left : Math.ceil(left / 60_000) * 60_000;
    setText(this.left, t(late ? "after.left_late" : "after.left", { time: lengthText(length) }));
    if (left < LAST_CALL_MS) this.app.disposition.flush();
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean} pressed
 */
function press(button, pressed) {
  setAttribute(button, "aria-pressed", String(pressed));
}
