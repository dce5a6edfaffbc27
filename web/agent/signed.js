/** Messages that customers left in sign: who signs here can read them. Asked for when it is opened; a look is on record. */

import { h, setText } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { messageFilm } from "../shared/message-film.js";
import { request, RequestError } from "../shared/service.js";
import { momentText } from "../shared/time.js";
import { errorText } from "../shared/words.js";

/** @typedef {{ id: string, at_ms: number, text: string, contact: string, locale: string, video: import("../shared/message-film.js").Film }} Signed */

export class SignedMessages {
  constructor() {
    this.list = h("ul", { class: "my-shift-list" });
    this.say = h("p", { class: "soft", role: "status" });
    this.element = h(
      "details",
      { class: "my-shifts signed-messages" },
      h(
        "summary",
        {},
        icon("camera"),
        h("span", { text: t("agent.signed.title") }),
        h("span", { class: "my-shifts-fold" }, icon("unfold")),
      ),
      h("div", { class: "stack" }, this.say, this.list),
    );
    this.element.addEventListener("toggle", () => this.read());
  }

  async read() {
    this.list.replaceChildren();
    if (!this.element.open) return;
    try {
      const { messages } = await request("GET", "/api/signed-messages");
      this.list.replaceChildren(...messages.map(row));
      setText(this.say, messages.length ? "" : t("agent.signed.none"));
    } catch {
      setText(this.say, t("agent.signed.not_read"));
    }
  }
}

/**
 * A message that was answered stays until the list is read again: a press by mistake can be taken back.
 * @param {Signed} message
 */
function row({ id, at_ms, text, contact, locale, video }) {
  let done = false;
  let asking = false;
  const word = h("span", { text: t("inbox.mark_done") });
  const say = h("p", { class: "soft small", role: "status" });
  const turn = async () => {
    if (asking) return;
    asking = true;
    try {
      const { state } = await request("POST", `/api/signed-messages/${id}`, { state: done ? "open" : "done" });
      done = state === "done";
      setText(word, t(done ? "inbox.mark_open" : "inbox.mark_done"));
      setText(say, t(done ? "inbox.now_done" : "inbox.now_open"));
    } catch (error) {
      setText(say, errorText(error instanceof RequestError ? error.code : ""));
    }
    asking = false;
  };
  const button = h("button", { class: "button", type: "button", on: { click: turn } }, icon("check"), word);
  return h(
    "li",
    { class: "stack" },
    h("span", { class: "figure", text: momentText(at_ms) }),
    text ? h("p", { dir: "auto", lang: locale, text }) : null,
    h("p", { class: "small", dir: "auto", text: contact || t("inbox.no_contact") }),
    messageFilm(id, video),
    button,
    say,
  );
}
