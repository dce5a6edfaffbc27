/** Keeping the place in the queue while the page is closed: one tap, until when, and the link back. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { hourText } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { More } from "./more.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

export class Part {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.link = "";
    this.keep = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => this.ask() } },
      icon("clock"),
      h("span", { text: t("place.keep") }),
    );
    this.kept = h(
      "div",
      { class: "notice notice-good", role: "status", hidden: true },
      icon("check-circle"),
      h("div", {}, (this.until = h("p")), h("p", { text: t("place.back") })),
    );
    this.copy = h(
      "button",
      { class: "button button-wide", type: "button", hidden: true, on: { click: () => this.copyLink() } },
      icon("copy"),
      (this.copyText = h("span", { text: t("place.copy") })),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.push = new More(app, "push");
    this.element = h("div", { class: "stack place-kept" }, this.keep, this.kept, this.copy, this.push.element, this.trouble);
  }

  /** The link works where this browser's memory does not reach; it is told once, so a new one is made each time. */
  async ask() {
    show(this.trouble, false);
    try {
      const { token } = await request("POST", "/api/place");
      this.link = `${location.origin}/customer/#place=${token}`;
    } catch (error) {
      setText(this.troubleText, errorText(error instanceof RequestError ? error.code : "internal"));
      show(this.trouble, true);
    }
  }

  async copyLink() {
    if (!this.link) await this.ask();
    if (!this.link) return;
    const copied = await navigator.clipboard?.writeText(this.link).then(
      () => true,
      () => false,
    );
    setText(this.copyText, copied ? t("place.copied") : this.link);
  }

  /** @param {State} state */
  draw(state) {
    const { view, service } = state;
    const kept = view?.kept_until_ms ?? 0;
    const waits = view?.state === "waiting";
    show(this.keep, waits && !kept);
    show(this.kept, kept > 0);
    show(this.copy, kept > 0);
    show(this.push.element, kept > 0);
    if (kept && service && service !== "unreachable" && service.push) this.push.draw(state);
    if (kept) setText(this.until, t("place.until", { time: hourText(kept) }));
    if (!waits) show(this.trouble, false);
  }
}
