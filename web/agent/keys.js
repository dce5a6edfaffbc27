/** What the keys do: quick phrases by their number, and the list of all keys, with what they would do now. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { CHOICES } from "./disposition.js";
import { OBJECT_KEY } from "./object.js";
import { key } from "./ring.js";
import { KEYS, mayShowObject, PHRASES } from "./state.js";
import { endWord, holdWord, inviteWord } from "./words.js";

/** @typedef {import("./state.js").Act} Act */
/** @typedef {import("./state.js").State} State */

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

/** Every key there is, and what it does; the order of the list on the page. @type {readonly { keys: string, act?: Act, text: string }[]} */
export const KEY_TABLE = [
  ...(/** @type {const} */ (["accept", "decline", "write", "speak", "hold", "transfer", "invite", "escalate", "end", "hide", "me", "heard", "note", "ready", "break", "ask"])).map((act) => ({
    keys: KEYS[act],
    act,
    text: act === "note" ? "agent.note_key" : `agent.${act}`,
  })),
  { keys: OBJECT_KEY, text: "agent.object" },
  { keys: `1–${PHRASES}`, text: "agent.keys_phrases" },
  { keys: `1–${CHOICES.length}`, text: "agent.keys_choices" },
];

export class KeyList {
  constructor() {
    /** @type {Map<string, { row: HTMLElement, word: HTMLElement }>} */
    this.rows = new Map();
    const rows = KEY_TABLE.map(({ keys, act, text }) => {
      const word = h("span", { text: t(text) });
      const row = h("li", { class: "key-row" }, key(keys), word);
      this.rows.set(act ?? text, { row, word });
      return row;
    });
    this.element = h(
      "section",
      { class: "card key-card" },
      h("h2", { text: t("agent.keys") }),
      h("ul", { class: "key-list" }, rows),
    );
  }

  /**
   * @param {readonly Act[]} acts what may be done now
   * @param {State} state
   */
  draw(acts, state) {
    const { keysOn, hidden, view } = state;
    show(this.element, keysOn);
    /** @type {Record<string, boolean>} */
    const others = {
      "agent.object": mayShowObject(state),
      "agent.keys_phrases": Boolean(view?.call),
      "agent.keys_choices": Boolean(view?.after_call),
    };
    for (const [name, { row, word }] of this.rows) {
      const now = others[name] ?? acts.includes(/** @type {Act} */ (name));
      row.classList.toggle("is-now", now);
      if (name === "hide") setText(word, t(hidden ? "agent.unhide" : "agent.hide"));
      if (name === "invite") setText(word, t(inviteWord(view)));
      if (name === "end") setText(word, t(endWord(view)));
      if (name === "hold") setText(word, t(holdWord(view)));
    }
  }
}
