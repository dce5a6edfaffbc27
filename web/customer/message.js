/** A message in writing, for when nobody is there or there is no time to wait. What is written stays until it is sent. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { count, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { leaveMessage, RequestError } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { keep, kept } from "./kept.js";
import { More } from "./more.js";
import { CONSENT_VERSION, isServed } from "./state.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

const MOST_TEXT = 1000;
const MOST_CONTACT = 100;
const DRAFT = "video-service.message";

export class MessageScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.sending = false;
    this.waiting = false;
    const draft = readDraft();
    /** With the same name a message that is sent again is not a second one. */
    this.id = draft.id;
    this.heading = h("h1", { tabindex: "-1", text: t("message.title") });
    this.place = h(
      "p",
      { class: "notice notice-accent", role: "status", hidden: true },
      icon("clock"),
      (this.placeText = h("span")),
    );
    this.text = h("textarea", {
      class: "input message-text",
      id: "message-text",
      rows: "5",
      maxlength: String(MOST_TEXT),
      "aria-describedby": "message-trouble",
    });
    this.contact = h("input", {
      class: "input",
      id: "message-contact",
      type: "text",
      maxlength: String(MOST_CONTACT),
      autocomplete: "email",
      "aria-describedby": "message-contact-say",
    });
    this.text.value = draft.text;
    this.contact.value = draft.contact;
    this.trouble = h(
      "p",
      { class: "notice notice-attention", id: "message-trouble", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.keptDays = h("span");
    /** The part for a message in sign, which looks after its own sending. @type {any} */
    // @ts-expect-error it gives its part what it was given, here a screen
    this.film = new More(this, "record");
    this.sendText = h("span", { text: t("message.send") });
    this.form = h(
      "form",
      {
        class: "stack",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => this.submit(event), input: () => this.keepDraft() },
      },
      this.film.element,
      h("div", { class: "field" }, h("label", { for: "message-text", text: t("message.text") }), this.text),
      h(
        "div",
        { class: "field" },
        h("label", { for: "message-contact", text: t("message.contact") }),
        this.contact,
        h("p", { class: "small soft", id: "message-contact-say", text: t("message.contact_say") }),
      ),
      h("p", { class: "row small" }, icon("shield"), h("span", { class: "message-kept" }, t("message.kept"), h("br"), this.keptDays)),
      this.trouble,
      h("button", { class: "button button-main button-wide", type: "submit" }, icon("send"), this.sendText),
    );
    this.sent = h(
      "div",
      { class: "stack", hidden: true },
      h("p", { class: "notice notice-good", role: "status" }, icon("check-circle"), (this.sentText = h("span"))),
      h(
        "button",
        { class: "button button-wide", type: "button", on: { click: () => this.another() } },
        icon("write"),
        h("span", { text: t("message.another") }),
      ),
      (this.push = new More(app, "push")).element,
    );
    this.element = h(
      "div",
      { class: "page message" },
      h(
        "header",
        { class: "row" },
        h(
          "button",
          { class: "button button-quiet back", type: "button", on: { click: () => app.closeMessage() } },
          icon("back"),
          h("span", { text: t("ready.back") }),
        ),
      ),
      h("main", { class: "message-main" }, this.heading, this.place, this.form, this.sent),
    );
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    if (this.sending) return;
    const [text, contact] = [this.text.value.trim(), this.contact.value.trim()];
    if (!text && !this.film.part?.has) {
      this.fail(t("message.empty"));
      this.text.focus();
      return;
    }
    this.send(true);
    try {
      await this.deliver({ text, contact, consent: CONSENT_VERSION, locale: locale(), id: this.id });
      this.text.value = this.contact.value = "";
      this.id = freshId();
      this.keepDraft();
      setText(this.heading, t("message.sent_title"));
      setText(this.sentText, t(contact ? "message.sent_contact" : "message.sent_plain"));
      this.swap(true);
      this.heading.focus();
    } catch (error) {
      const code = error instanceof RequestError ? error.code : "internal";
      this.fail(code === "unreachable" ? t("message.offline") : errorText(code));
    } finally {
      this.send(false);
    }
  }

  /**
   * Nobody waits for an answer and leaves a message, too: the place is given up once the words are kept, not before.
   * @param {import("../shared/service.js").LeftMessage} message
   */
  async deliver(message) {
    await leaveMessage(message);
    if (this.waiting) this.app.leave();
  }

  /** @param {boolean} sending */
  send(sending) {
    this.sending = sending;
    if (sending) this.fail("");
    this.drawSend();
  }

  drawSend() {
    setText(
      this.sendText,
      t(this.sending ? "message.sending" : this.waiting ? "message.send_leave" : "message.send"),
    );
  }

  /** @param {string} text */
  fail(text) {
    show(this.trouble, text !== "");
    setText(this.troubleText, text);
    setAttribute(this.text, "aria-invalid", text && !this.text.value.trim() ? "true" : null);
  }

  another() {
    setText(this.heading, t("message.title"));
    this.swap(false);
    this.text.focus();
  }

  /** @param {boolean} sent */
  swap(sent) {
    show(this.form, !sent);
    show(this.sent, sent);
    this.draw(this.app.state);
  }

  keepDraft() {
    if (this.text.value.trim()) this.fail("");
    keep(DRAFT, JSON.stringify({ text: this.text.value, contact: this.contact.value, id: this.id }));
  }

  /** @param {State} state */
  draw(state) {
    this.waiting = isServed(state);
    const { service } = state;
    // @ts-expect-error where nobody answers nothing is known of it
    const days = service?.message_retention_days;
    // @ts-expect-error as above
    if (service?.video_messages) this.film.draw();
    // @ts-expect-error as above
    if (service?.push && !this.sent.hidden) this.push.draw(state);
    setText(this.keptDays, days ? count("message.kept_days", days) : "");
    show(this.place, this.waiting);
    if (this.waiting && state.view) setText(this.placeText, t("message.still_waiting", { n: state.view.place }));
    this.drawSend();
  }
}

/** @returns {{ text: string, contact: string, id: string }} */
function readDraft() {
  const none = { text: "", contact: "", id: freshId() };
  try {
    return { ...none, ...JSON.parse(kept(DRAFT) || "{}") };
  } catch {
    return none;
  }
}

function freshId() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
