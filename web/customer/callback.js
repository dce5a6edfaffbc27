/** A callback: choose a time, see what is booked, move or cancel it; at its time the call begins by itself. */

import { h, setText, show } from "../shared/dom.js";
import { locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { everySecond, momentText, nowMs } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { kept } from "./kept.js";
import { CONSENT_VERSION } from "./state.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

/** @type {Record<string, string>} */
const OVER = { missed: "callback.missed", unserved: "callback.unserved" };

export class Part {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.choosing = false;
    /** The booking at whose time this page has begun the call: once, whatever became of it. */
    this.begun = 0;
    this.said = h("p", { class: "notice", role: "status", hidden: true }, icon("calendar"), (this.saidText = h("span")));
    this.openText = h("span");
    this.openButton = h(
      "button",
      { class: "button button-wide", type: "button", "aria-expanded": "false", on: { click: () => this.toggle() } },
      icon("calendar"),
      this.openText,
    );
    this.cancelButton = h(
      "button",
      { class: "button button-wide", type: "button", hidden: true, on: { click: () => this.cancel() } },
      icon("end"),
      h("span", { text: t("callback.cancel") }),
    );
    this.times = h("select", { class: "input", id: "callback-time" });
    this.none = h("p", { role: "status", hidden: true });
    this.form = h(
      "form",
      { class: "stack", hidden: true, on: { submit: (/** @type {Event} */ event) => this.book(event) } },
      (this.field = h(
        "div",
        { class: "field" },
        h("label", { for: "callback-time", text: t("callback.when") }),
        this.times,
      )),
      this.none,
      h("p", { class: "row small" }, icon("shield"), h("span", { text: t("callback.kept") })),
      (this.bookButton = h(
        "button",
        { class: "button button-main button-wide", type: "submit" },
        icon("check"),
        h("span", { text: t("callback.book") }),
      )),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.element = h(
      "div",
      { class: "stack callback" },
      this.said,
      this.openButton,
      this.form,
      this.trouble,
      this.cancelButton,
    );
    this.shown = false;
    this.stop = everySecond(() => this.beginAtItsTime());
  }

  get booked() {
    const { service } = this.app.state;
    return (service && service !== "unreachable" && service.callbacks?.booked) || null;
  }

  /** The page is open and seen, and nobody is doing anything else on it: that is what was booked. */
  beginAtItsTime() {
    const { state } = this.app;
    const booking = this.booked;
    if (this.element.isConnected) this.shown = true;
    else if (this.shown) this.stop();
    if (!booking || booking.state !== "booked" || this.begun === booking.start_ms) return;
    const now = nowMs();
    if (now < booking.start_ms || now >= booking.end_ms) return;
    if (document.visibilityState !== "visible" || state.step !== "home" || !this.element.isConnected) return;
    this.begun = booking.start_ms;
    this.app.begin();
  }

  async toggle() {
    this.choosing = !this.choosing;
    this.draw();
    if (!this.choosing) return;
    this.times.replaceChildren();
    show(this.field, false);
    show(this.bookButton, false);
    show(this.none, true);
    setText(this.none, t("callback.asking"));
    await this.attempt(async () => {
      const { slots } = await request("POST", "/api/callback/slots", { sign_language: signing() });
      this.offer(slots);
    });
  }

  /** @param {number[]} slots */
  offer(slots) {
    this.times.replaceChildren(...slots.map((slot) => h("option", { value: String(slot), text: momentText(slot) })));
    show(this.field, slots.length > 0);
    show(this.bookButton, slots.length > 0);
    show(this.none, slots.length === 0);
    setText(this.none, t("callback.none"));
    if (slots.length) this.times.focus();
  }

  /** @param {Event} event */
  async book(event) {
    event.preventDefault();
    const start_ms = Number(this.times.value);
    const wish = { start_ms, consent: CONSENT_VERSION, locale: locale(), sign_language: signing() };
    await this.attempt(async () => {
      await request("PUT", "/api/callback", wish);
      this.choosing = false;
      await this.app.askService();
    });
  }

  async cancel() {
    await this.attempt(async () => {
      await request("DELETE", "/api/callback");
      this.choosing = false;
      await this.app.askService();
    });
  }

  /** @param {() => Promise<void>} work */
  async attempt(work) {
    show(this.trouble, false);
    try {
      await work();
    } catch (error) {
      const code = error instanceof RequestError ? error.code : "internal";
      setText(this.troubleText, code === "slot_taken" ? t("callback.taken") : errorText(code));
      show(this.trouble, true);
    }
    this.draw();
  }

  draw() {
    const booking = this.booked;
    const stands = booking?.state === "booked";
    const over = booking ? OVER[booking.state] : undefined;
    show(this.said, stands || over !== undefined);
    this.said.classList.toggle("notice-good", stands);
    this.said.classList.toggle("notice-attention", !stands);
    if (booking) setText(this.saidText, t(over ?? "callback.booked", { time: momentText(booking.start_ms) }));
    setText(this.openText, t(stands ? "callback.move" : "callback.open"));
    this.openButton.setAttribute("aria-expanded", String(this.choosing));
    show(this.form, this.choosing);
    show(this.cancelButton, stands);
  }
}

function signing() {
  return kept("video-service.signing");
}
