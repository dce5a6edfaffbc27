/** The pictures of the desk: the customer's, and the own one as the customer sees it, each with one word. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clockText, nowMs } from "../shared/time.js";
import { LineMark, lineWord } from "./line.js";
import { bannerOf, customerWord, previewSentence, previewWord } from "./words.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./words.js").Word} Word */

/** The customer, as large as there is room for. */
export class CustomerPicture {
  /**
   * @param {AgentApp} app
   * @param {HTMLElement} sound switches the sound of this call
   */
  constructor(app, sound) {
    this.picture = app.theirs;
    this.pill = pill();
    this.say = h(
      "p",
      { class: "notice notice-attention", hidden: true },
      icon("info"),
      (this.sayText = h("span")),
    );
    this.clock = h("span", { class: "figure" });
    this.line = new LineMark("theirs");
    this.element = h(
      "section",
      { class: "customer" },
      h(
        "div",
        { class: "row spread picture-head" },
        h("span", { class: "row" }, h("h2", { text: t("agent.customer") }), sound),
        h("span", { class: "row" }, this.clock, this.line.element, this.pill.element),
      ),
      h("div", { class: "picture-room" }, this.picture.element),
      this.say,
    );
    // Someone who holds a phone upright gets the whole height, and what else stands here goes beside the picture.
    this.follow = () => {
      const { videoWidth: width, videoHeight: height } = this.picture.video;
      this.element.parentElement?.classList.toggle("is-tall", height > width);
    };
    this.picture.video.addEventListener("resize", this.follow);
  }

  leave() {
    this.picture.video.removeEventListener("resize", this.follow);
  }

  /** @param {State} state */
  draw(state) {
    const word = customerWord(state);
    const sentence = t(`agent.customer_say.${word.name}`);
    this.pill.draw(word, t(`agent.customer_word.${word.name}`));
    this.picture.explain(word.icon === "pause" ? "pause" : "hands", sentence);
    this.picture.dim(state.stalled || state.peer === "interrupted" || word.name === "lost");
    this.line.draw(state);
    // Of a line that is poor, or too narrow for signing, nobody reads beside it that the picture is clear.
    const slow = Boolean(state.view?.call && state.view.narrow) || lineWord(state, "theirs") === "poor";
    show(this.pill.element, word.name !== "clear" || !slow);
    show(this.say, word.name !== "clear" && state.customerShown);
    setText(this.sayText, sentence);
    this.tick(state);
  }

  /** @param {State} state */
  tick({ view }) {
    setText(this.clock, view?.call ? clockText(nowMs() - view.call.since_ms) : "");
  }
}

/** The own picture, exactly as the customer sees it. */
export class Preview {
  /**
   * @param {AgentApp} app
   * @param {HTMLElement[]} acts what can be done with it
   */
  constructor(app, acts) {
    this.picture = app.preview;
    this.pill = pill();
    this.say = h("p", { class: "soft small" });
    this.line = new LineMark("mine");
    this.acts = h("div", { class: "preview-acts" }, acts);
    this.element = h(
      "section",
      { class: "preview", "aria-label": t("agent.preview") },
      h("div", { class: "row spread picture-head" }, h("h2", { text: t("agent.preview") }), h("span", { class: "row" }, this.line.element, this.pill.element)),
      h("div", { class: "picture-room" }, this.picture.element),
      this.acts,
      this.say,
    );
  }

  /** @param {State} state */
  draw(state) {
    const word = previewWord(state);
    const sentence = t(`agent.preview_say.${previewSentence(word, state.look)}`);
    this.pill.draw(word, t(`agent.preview_word.${word.name}`));
    setText(this.say, sentence);
    this.line.draw(state);
    this.picture.explain(word.icon, sentence);
    this.picture.dim(state.peer === "interrupted" || state.view?.media === "reconnecting");
    show(this.say, state.previewShown && !bannerOf(state));
  }
}

function pill() {
  const mark = h("span");
  const word = h("span");
  const element = h("span", { class: "pill" }, mark, word);
  let shown = "";
  return {
    element,
    /**
     * @param {Word} look
     * @param {string} text
     */
    draw(look, text) {
      if (look.name !== shown) {
        shown = look.name;
        element.className = `pill pill-${look.tone}`;
        element.dataset.name = look.name;
        mark.replaceChildren(icon(look.icon));
      }
      setText(word, text);
    },
  };
}
