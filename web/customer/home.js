/** The first screen: one large button, and the truth about who is there. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { count, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { languageChoice } from "../shared/language.js";
import { errorText } from "../shared/words.js";
import { signedClip } from "./clip.js";
import { hoursWords } from "./hours.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

/** @type {readonly ["airport" | "hotel" | "car", import("../shared/icons.js").IconName][]} */
const URGENT = [
  ["airport", "plane"],
  ["hotel", "hotel"],
  ["car", "car"],
];

export class HomeScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.open = false;
    this.heading = h("h1", { text: t("home.title"), tabindex: "-1" });
    this.startText = h("span", { text: t("home.start") });
    this.startButton = h(
      "button",
      { class: "button button-main button-wide start", type: "button", on: { click: () => this.start() } },
      icon("hands"),
      this.startText,
    );
    this.truthText = h("span");
    this.truthIcon = h("span", { class: "truth-mark" });
    this.truth = h("p", { class: "truth", role: "status" }, this.truthIcon, this.truthText);
    this.trouble = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.urgentChoices = h(
      "div",
      { class: "urgent-choices", id: "urgent-choices", hidden: true },
      URGENT.map(([reason, name]) =>
        h(
          "button",
          { class: "button button-danger", type: "button", on: { click: () => app.prepare(true, reason) } },
          icon(name),
          h("span", { text: t(`reason.${reason}`) }),
        ),
      ),
      h("p", { class: "small", text: t("home.urgent_danger") }),
    );
    this.urgentButton = h(
      "button",
      {
        class: "urgent-open",
        type: "button",
        "aria-expanded": "false",
        "aria-controls": "urgent-choices",
        on: { click: () => this.toggleUrgent() },
      },
      icon("urgent"),
      h(
        "span",
        { class: "urgent-words" },
        h("b", { text: t("home.urgent") }),
        h("span", { class: "small", text: t("home.urgent_first") }),
      ),
      (this.urgentArrow = h("span", {}, icon("fold"))),
    );
    this.hours = h("p", { class: "small", hidden: true });
    this.messageButton = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => app.writeMessage() } },
      icon("write"),
      h("span", { text: t("home.message") }),
    );
    this.callback = h("div", { hidden: true });
    /** @type {Record<string, import("./more.js").More>} */
    this.parts = {};
    this.urgent = h("section", { class: "urgent" }, this.urgentButton, this.urgentChoices);
    this.element = h(
      "div",
      { class: "page home" },
      h(
        "header",
        { class: "row spread" },
        h(
          "p",
          { class: "brand" },
          h("span", { class: "brand-mark" }, icon("hands")),
          h("span", { text: t("company") }),
        ),
        languageChoice(),
      ),
      h(
        "main",
        { class: "home-main" },
        h(
          "div",
          { class: "stack home-words" },
          (this.queue = h("p", { class: "soft", hidden: true })),
          this.heading,
          h("p", { class: "lead soft", text: t("home.lead") }),
          steps(),
          (this.clip = signedClip("home")),
          (this.closedClip = signedClip("closed")),
        ),
        h("div", { class: "stack home-acts" }, this.trouble, this.startButton, this.truth, this.hours, this.urgent, this.callback, this.messageButton),
      ),
    );
  }

  start() {
    if (this.startButton.getAttribute("aria-disabled") !== "true") this.app.prepare();
  }

  /**
   * What few need comes when the rest is there.
   * @param {"callback" | "promise" | "push"} name
   * @param {State} state
   */
  async drawMore(name, state) {
    const more = await import("./more.js").catch(() => null);
    if (!more) return;
    if (!this.parts[name]) this.callback.append((this.parts[name] = new more.More(this.app, name)).element);
    show(this.callback, true);
    this.parts[name].draw(state);
  }

  toggleUrgent() {
    this.open = !this.open;
    show(this.urgentChoices, this.open);
    setAttribute(this.urgentButton, "aria-expanded", String(this.open));
    this.urgentArrow.replaceChildren(icon(this.open ? "unfold" : "fold"));
    if (this.open) this.urgentChoices.scrollIntoView({ block: "nearest" });
  }

  /** @param {State} state */
  draw(state) {
    const { service, view, link, trouble } = state;
    const said = service === "unreachable" ? null : service;
    const known = link === "open" && view ? view : service;
    const stranger = said?.guests === false && !said.known;
    const closed = stranger || (known !== null && known !== "unreachable" && !known.open);
    // Whoever is stranded is not turned away by a closed button, only by the service itself.
    setAttribute(this.startButton, "aria-disabled", closed ? "true" : null);
    show(this.urgent, !closed || isUrgentOnly(known, stranger));
    if (this.clip) show(this.clip, !closed);
    if (this.closedClip) show(this.closedClip, closed);
    const [mark, tone, text] = truthOf(known, stranger, own(said?.notice));
    if (this.truthText.textContent !== text) {
      this.truth.className = `truth truth-${tone}`;
      this.truthIcon.replaceChildren(icon(mark));
      setText(this.truthText, text);
    }
    const queue = own(said?.title);
    setText(this.queue, queue);
    show(this.queue, queue !== "");
    const hours = stranger ? null : said?.hours;
    show(this.hours, Boolean(hours));
    if (hours) setText(this.hours, hoursWords(hours).join(" · "));
    show(this.messageButton, !stranger);
    this.messageButton.classList.toggle("button-main", closed);
    if (said?.callbacks && !stranger) this.drawMore("callback", state);
    if (said?.promises) this.drawMore("promise", state);
    if (said?.push && (this.parts.push || said.promises || said.callbacks?.booked)) this.drawMore("push", state);
    show(this.trouble, trouble !== "");
    if (trouble) setText(this.troubleText, errorText(trouble));
  }
}

/**
 * Words that a coordinator wrote, "" when there are none that this person reads.
 * @param {Record<string, string> | null | undefined} words
 */
export function own(words) {
  return (words && (words[locale()] || (locale() === "zh-HK" && words["zh-CN"]))) || "";
}

/**
 * Whether everybody here has signed enough for today, so that only who is stranded may still call.
 * @param {{ open: boolean, urgent_open?: boolean } | "unreachable" | null} known
 * @param {boolean} stranger
 */
function isUrgentOnly(known, stranger) {
  return known !== null && known !== "unreachable" && !stranger && !known.open && known.urgent_open === true;
}

/**
 * @param {{ open: boolean, urgent_open?: boolean, agents_on: number } | "unreachable" | null} known
 * @param {boolean} stranger this service takes only people whom a host application sends
 * @param {string} notice
 * @returns {[import("../shared/icons.js").IconName, string, string]}
 */
function truthOf(known, stranger, notice) {
  if (known === null) return ["clock", "soft", t("home.asking")];
  if (known === "unreachable") return ["lost", "attention", t("home.unreachable")];
  if (stranger) return ["door", "attention", t("home.stranger")];
  if (!known.open)
    return ["clock", "attention", notice || t(isUrgentOnly(known, stranger) ? "home.urgent_only" : "home.closed")];
  return ["people", "good", count("home.agents_on", known.agents_on)];
}

/** How it goes, in three pictures. */
function steps() {
  /** @type {readonly [import("../shared/icons.js").IconName, string][]} */
  const three = [
    ["camera", "home.step_look"],
    ["clock", "home.step_wait"],
    ["hands", "home.step_sign"],
  ];
  return h(
    "ol",
    { class: "steps" },
    three.map(([name, key]) => h("li", {}, h("span", { class: "step-mark" }, icon(name)), h("span", { text: t(key) }))),
  );
}
