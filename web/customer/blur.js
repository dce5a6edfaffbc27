/** The wish that the room is not seen: a quiet switch, one line that says how it stands, and what to do without room. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

/** What the agent sees of this person, as the service says it: nothing here claims that a picture is blurred. */
const WORDS = { clear: "blur.clear", protected: "blur.covered", slate: "blur.covered", "": "blur.wait" };

export class BlurSwitch {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.word = h("p", { class: "blur-word small", role: "status", hidden: true });
    this.button = h(
      "button",
      { class: "button button-quiet blur-switch", type: "button", on: { click: () => app.wishBlur(!app.state.blur) } },
      (this.mark = h("span", { class: "blur-mark" })),
      h("span", { text: t("blur.switch") }),
    );
    /** There is no room for it: the picture stays off until the person says what to do. */
    this.choice = h(
      "div",
      { class: "blur-choice", role: "group", "aria-label": t("blur.switch"), hidden: true },
      choice("again", "blur.again", () => app.wishBlur(true)),
      choice("eye", "blur.show", () => app.wishBlur(false)),
    );
  }

  /** @param {State} state */
  draw({ blur, blurRefused, view, track, paused }) {
    if (this.button.getAttribute("aria-pressed") !== String(blur)) {
      setAttribute(this.button, "aria-pressed", String(blur));
      this.button.classList.toggle("is-on", blur);
      // Not by its colour alone.
      this.mark.replaceChildren(icon(blur ? "check" : "room"));
    }
    const inCall = view?.state === "connected";
    show(this.word, blur && inCall && !blurRefused && track !== null && !paused);
    setText(this.word, t(WORDS[view?.own_picture ?? ""]));
    show(this.choice, blurRefused);
  }
}

/**
 * @param {import("../shared/icons.js").IconName} mark
 * @param {string} key
 * @param {() => void} act
 */
function choice(mark, key, act) {
  return h("button", { class: "button", type: "button", on: { click: act } }, icon(mark), h("span", { text: t(key) }));
}
