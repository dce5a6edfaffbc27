/** Somebody else has changed the same thing meanwhile: a sentence, and a choice. Nothing is lost before it is made. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";

export class RosterClash {
  /** @param {{ mine: () => unknown, theirs: () => unknown }} on */
  constructor(on) {
    this.text = h("p");
    this.mine = choice("check", "roster.clash.mine", () => this.chosen(on.mine));
    this.theirs = choice("person", "roster.clash.theirs", () => this.chosen(on.theirs));
    this.element = h(
      "div",
      { class: "notice notice-danger roster-clash", role: "alert", hidden: true },
      h("div", { class: "row" }, icon("info"), this.text),
      h("div", { class: "row" }, this.mine, this.theirs),
    );
  }

  /** @param {string} key of the sentence */
  open(key) {
    setText(this.text, t(key));
    show(this.element, true);
  }

  close() {
    show(this.element, false);
  }

  /** @param {() => unknown} what */
  chosen(what) {
    this.close();
    what();
  }
}

/**
 * @param {import("../shared/icons.js").IconName} name
 * @param {string} key
 * @param {() => void} press
 */
function choice(name, key, press) {
  return h("button", { class: "button", type: "button", on: { click: press } }, icon(name), h("span", { text: t(key) }));
}
