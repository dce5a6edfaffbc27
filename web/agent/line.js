/** How well a picture reaches the other side: one plain word with an icon, beside each of the two pictures. */

import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/** @typedef {"" | "good" | "fair" | "poor"} LineWord */

/** @type {Readonly<Record<Exclude<LineWord, "">, { icon: IconName, tone: string }>>} */
const LOOKS = Object.freeze({
  good: { icon: "signal", tone: "good" },
  fair: { icon: "fair", tone: "accent" },
  poor: { icon: "weak", tone: "attention" },
});

/**
 * The word to show; "" while there is no call, no word yet, or something else is said of that picture already: of a line
 * that is too narrow for signing a notice speaks, and only "poor" fits beside it.
 * @param {State} state
 * @param {"mine" | "theirs"} side
 * @returns {LineWord}
 */
export function lineWord({ view, link, peer, camera, hidden, stalled }, side) {
  const call = view?.call;
  if (!view || !call || link !== "open" || peer === "interrupted") return "";
  if (call.other_media !== "live") return "";
  if (side === "mine" ? camera !== "on" || hidden : call.other_paused || stalled) return "";
  const word = (side === "mine" ? view.line_mine : view.line_theirs) ?? "";
  const narrow = view.narrow === "both" || view.narrow === side;
  return narrow && word !== "poor" ? "" : word;
}

/** The word beside one picture. A reader hears of it when it changes, and never of a line that is good from the start. */
export class LineMark {
  /** @param {"mine" | "theirs"} side */
  constructor(side) {
    this.side = side;
    this.mark = h("span");
    this.word = h("span");
    this.element = h("span", { class: "line-word", hidden: true }, this.mark, this.word);
    /** @type {LineWord} */
    this.shown = "";
    /** @type {LineWord} */
    this.said = "good";
  }

  /** @param {State} state */
  draw(state) {
    const word = lineWord(state, this.side);
    if (!state.view?.call) this.said = "good";
    if (word === this.shown) return;
    this.shown = word;
    show(this.element, word !== "");
    if (!word) return;
    const look = LOOKS[word];
    this.element.className = `line-word line-${look.tone}`;
    this.element.dataset.name = word;
    this.element.title = t(`agent.line_say.${this.side}`, { word: t(`agent.line.${word}`) });
    this.mark.replaceChildren(icon(look.icon));
    setText(this.word, t(`agent.line.${word}`));
    if (word !== this.said) announce(this.element.title);
    this.said = word;
  }
}
