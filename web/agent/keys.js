/** What the keys do: quick phrases by their number, and the list of all keys, with what they would do now. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { key } from "./ring.js";
import { KEYS, PHRASES } from "./state.js";

/** @typedef {import("./state.js").Act} Act */

/** Sentences that are said by one press; each appears in the text strip like any line. */
export class Phrases {
  /** @param {(number: number) => void} onPhrase */
  constructor(onPhrase) {
    this.element = h(
      "section",
      { class: "phrases" },
      h("h2", { class: "visually-hidden", text: t("agent.phrases") }),
      h(
        "ol",
        { class: "phrase-list" },
        Array.from({ length: PHRASES }, (_, i) =>
          h(
            "li",
            {},
            h(
              "button",
              { class: "button phrase", type: "button", on: { click: () => onPhrase(i + 1) } },
              key(String(i + 1)),
              h("span", { text: t(`phrase.${i + 1}`) }),
            ),
          ),
        ),
      ),
    );
  }
}

const SHOWN = /** @type {readonly Act[]} */ (["accept", "decline", "write", "end", "hide", "me", "ready", "break"]);

export class KeyList {
  constructor() {
    /** @type {Map<Act, { row: HTMLElement, word: HTMLElement }>} */
    this.rows = new Map();
    const rows = SHOWN.map((act) => {
      const word = h("span", { text: t(`agent.${act}`) });
      const row = h("li", { class: "key-row" }, key(KEYS[act]), word);
      this.rows.set(act, { row, word });
      return row;
    });
    rows.push(h("li", { class: "key-row" }, key(`1–${PHRASES}`), h("span", { text: t("agent.phrases") })));
    this.element = h(
      "section",
      { class: "card key-card" },
      h("h2", { text: t("agent.keys") }),
      h("ul", { class: "key-list" }, rows),
    );
  }

  /**
   * @param {readonly Act[]} acts what may be done now
   * @param {boolean} keysOn
   * @param {boolean} hidden
   */
  draw(acts, keysOn, hidden) {
    show(this.element, keysOn);
    for (const [act, { row, word }] of this.rows) {
      row.classList.toggle("is-now", acts.includes(act));
      if (act === "hide") setText(word, t(hidden ? "agent.unhide" : "agent.hide"));
    }
  }
}
