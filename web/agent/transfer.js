/** To whom a call is passed on, or who shall come in, and what goes along: every choice by its number, and nothing that must be typed. */

import { h, keyed, setText, show } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { needsText, signText } from "./context.js";
import { key } from "./ring.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */

const MOST_NOTE = 500;
/** Of a label in the choice of needs: a way of signing takes the place of another, anything else comes on top. */
const SIGN = "sign:";

export class TransferPanel {
  /** @param {AgentApp} app */
  constructor(app) {
    this.app = app;
    /** The call that the fields are about. */
    this.call = "";
    this.offered = "";
    this.need = h("select", { class: "input", id: "transfer-need", on: { change: () => this.draw(app.state) } });
    this.note = h("input", {
      class: "input",
      id: "transfer-note",
      maxlength: String(MOST_NOTE),
      autocomplete: "off",
      on: {
        keydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Enter" && !event.isComposing) this.note.blur();
        },
      },
    });
    this.targets = h("ol", { class: "phrase-list" });
    this.nobody = h("p", { class: "soft small", text: t("transfer.nobody") });
    this.needField = h("div", { class: "field" }, h("label", { for: "transfer-need", text: t("transfer.need") }), this.need);
    this.title = h("h2", { id: "transfer-title", text: t("transfer.title") });
    this.element = h(
      "section",
      {
        class: "card stack transfer",
        "aria-labelledby": "transfer-title",
        hidden: true,
        on: { keydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && !event.isComposing && this.close() },
      },
      h(
        "div",
        { class: "row spread" },
        this.title,
        h(
          "button",
          { class: "button button-quiet", type: "button", on: { click: () => this.close() } },
          icon("back"),
          h("span", { text: t("transfer.back") }),
        ),
      ),
      this.targets,
      this.nobody,
      h(
        "div",
        { class: "transfer-more" },
        this.needField,
        h("div", { class: "field" }, h("label", { for: "transfer-note", text: t("transfer.note") }), this.note),
      ),
    );
  }

  close() {
    this.app.set({ passing: "" });
    if (this.element.contains(document.activeElement)) /** @type {HTMLElement} */ (document.activeElement).blur();
  }

  /** @param {number} number from 1, as on the buttons */
  choose(number) {
    const to = targetsOf(this.app.state)[number - 1];
    if (to === undefined) return;
    if (this.app.state.passing === "invite") {
      this.app.invite(to, this.note.value.trim());
      return;
    }
    const label = this.need.value;
    const sign = label.startsWith(SIGN);
    this.app.passOn({
      to,
      sign_language: sign ? label.slice(SIGN.length) : "",
      need: sign ? "" : label,
      note: this.note.value.trim(),
    });
  }

  /** @param {State} state */
  draw(state) {
    const call = state.view?.call ?? null;
    const open = Boolean(call && state.passing);
    const opened = open && this.element.hidden;
    show(this.element, open);
    const invites = state.passing === "invite";
    setText(this.title, t(invites ? "invite.title" : "transfer.title"));
    setText(this.nobody, t(invites ? "invite.nobody" : "transfer.nobody"));
    show(this.needField, !invites);
    if (!call) return;
    if (call.call !== this.call) {
      this.call = call.call;
      this.note.value = "";
      this.need.value = "";
    }
    this.offer(call);
    const names = new Map((call.colleagues ?? []).map((one) => [one.agent, one.name]));
    keyed(
      this.targets,
      targetsOf(state).map((to, at) => ({ to, at })),
      ({ to }) => to || "anybody",
      () => {
        const word = h("span");
        const mark = key("");
        let number = 0;
        const button = h(
          "button",
          { class: "button phrase", type: "button", on: { click: () => this.choose(number) } },
          mark,
          word,
        );
        return {
          element: h("li", {}, button),
          update: ({ to, at }) => {
            number = at + 1;
            setText(mark, String(number));
            setText(word, to ? (names.get(to) ?? "") : t("transfer.anybody"));
          },
        };
      },
    );
    show(this.nobody, names.size === 0);
    if (opened) this.element.querySelector("button")?.focus();
  }

  /**
   * What whoever takes it must have beside what the call asks for already: what somebody else at work has.
   * @param {AgentCall} call
   */
  offer(call) {
    const asked = [...call.needs.map((need) => need.split(":")[0]), call.about?.sign_language];
    const labels = (call.skills_on ?? []).filter((label) => !asked.includes(label));
    if (this.offered === labels.join()) return;
    this.offered = labels.join();
    const chosen = this.need.value;
    const options = labels.map((label) => ({
      value: has(`sign.${label}`) ? SIGN + label : label,
      text: has(`sign.${label}`) ? signText(label) : needsText([label]),
    }));
    this.need.replaceChildren(
      h("option", { value: "", text: t("transfer.need_same") }),
      ...options.map(({ value, text }) => h("option", { value, text })),
    );
    this.need.value = options.some(({ value }) => value === chosen) ? chosen : "";
  }
}

/**
 * Whom a call can be passed on to, in the order of the numbers: "" is anybody, who is free and has what it needs follows.
 * Whoever is asked to come in need not have it.
 * @param {Pick<State, "view" | "passing">} state
 * @returns {string[]}
 */
export function targetsOf({ view, passing }) {
  if (passing === "invite") return (view?.call?.colleagues ?? []).map((one) => one.agent);
  return ["", ...(view?.call?.colleagues ?? []).filter((one) => one.covers).map((one) => one.agent)];
}
