/** The others of a call: who is asked, whether that one comes, and the pictures beside the customer's. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clockText, nowMs } from "../shared/time.js";
import { seenOf } from "./state.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */

export class OtherAgents {
  /** @param {AgentApp} app */
  constructor(app) {
    this.words = h("span");
    this.line = h("p", { class: "notice notice-accent", role: "status", hidden: true }, icon("people"), this.words);
    this.places = app.others.map((picture) => {
      const name = h("h2");
      const element = h("div", { hidden: true }, name, h("div", { class: "picture-room" }, picture.element));
      return { picture, name, element };
    });
    this.element = h(
      "section",
      { class: "card others", hidden: true },
      this.places.map(({ element }) => element),
    );
    this.untilMs = 0;
    this.asked = "";
  }

  /** @param {State} state */
  draw({ view, link }) {
    const call = view?.call;
    const asked = call?.others?.find(({ state }) => state === "asked");
    this.untilMs = asked?.until_ms ?? 0;
    this.asked = asked?.name || t("agent.colleague");
    const ended = call?.invite_ended ?? "";
    show(this.line, Boolean(call) && (this.untilMs > 0 || ended !== ""));
    if (ended) setText(this.words, t(`second.${ended}`));
    const seen = seenOf(call);
    show(this.element, seen.some(Boolean));
    this.places.forEach(({ picture, name, element }, at) => {
      const other = seen[at];
      show(element, Boolean(other));
      const word = other?.name || t("agent.colleague");
      setText(name, word);
      picture.explain("hands", t("second.comes", { name: word }));
      picture.dim(link !== "open" || other?.media === "reconnecting");
    });
    this.tick();
  }

  tick() {
    if (!this.untilMs) return;
    const time = clockText(Math.max(0, this.untilMs - nowMs()));
    setText(this.words, t("second.asked", { name: this.asked, time }));
  }
}
