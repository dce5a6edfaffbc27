/** The second agent of a call: who is asked, whether that one comes, and the picture beside the customer's. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clockText, nowMs } from "../shared/time.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */

export class SecondAgent {
  /** @param {AgentApp} app */
  constructor(app) {
    this.picture = app.second;
    this.words = h("span");
    this.line = h("p", { class: "notice notice-accent", role: "status", hidden: true }, icon("people"), this.words);
    this.name = h("h2");
    this.element = h(
      "section",
      { class: "card stack second", hidden: true },
      this.name,
      h("div", { class: "picture-room" }, this.picture.element),
    );
    this.untilMs = 0;
    this.asked = "";
  }

  /** @param {State} state */
  draw({ view, link }) {
    const call = view?.call;
    const second = call?.second ?? null;
    const isIn = second?.state === "in";
    const name = second?.name || t("agent.colleague");
    this.untilMs = second && !isIn ? (second.until_ms ?? 0) : 0;
    this.asked = name;
    const ended = call?.invite_ended ?? "";
    show(this.line, Boolean(call) && (this.untilMs > 0 || ended !== ""));
    if (ended) setText(this.words, t(`second.${ended}`));
    show(this.element, isIn);
    setText(this.name, name);
    this.picture.explain("hands", t("second.comes", { name }));
    this.picture.dim(link !== "open" || second?.media === "reconnecting");
    this.tick();
  }

  tick() {
    if (!this.untilMs) return;
    const time = clockText(Math.max(0, this.untilMs - nowMs()));
    setText(this.words, t("second.asked", { name: this.asked, time }));
  }
}
