/** Callbacks that customers have booked: when, and how they sign. Read when it is opened, and each minute while it is. */

import { h, setText } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { momentText } from "../shared/time.js";

/** @typedef {{ callback: string, start_ms: number, sign_language: string, covered: boolean }} Booked */

const AGAIN_MS = 60_000;

export class BookedCalls {
  constructor() {
    this.list = h("ul", { class: "my-shift-list" });
    this.say = h("p", { class: "soft", role: "status" });
    this.element = h(
      "details",
      { class: "my-shifts booked-calls" },
      h(
        "summary",
        {},
        icon("clock"),
        h("span", { text: t("agent.booked.title") }),
        h("span", { class: "my-shifts-fold" }, icon("unfold")),
      ),
      h("div", { class: "stack" }, this.say, this.list),
    );
    this.element.addEventListener("toggle", () => this.read());
    setInterval(() => this.read(), AGAIN_MS);
  }

  async read() {
    if (!this.element.open) return;
    try {
      const { callbacks } = await request("GET", "/api/callbacks");
      this.list.replaceChildren(...callbacks.map(row));
      setText(this.say, callbacks.length ? "" : t("agent.booked.none"));
    } catch {
      setText(this.say, t("agent.booked.not_read"));
    }
  }
}

/** @param {Booked} booked */
function row({ start_ms, sign_language, covered }) {
  const sign = has(`sign.${sign_language}`) ? t(`sign.${sign_language}`) : sign_language;
  return h(
    "li",
    {},
    h("span", { class: "figure", text: [momentText(start_ms), sign].filter(Boolean).join(" · ") }),
    covered ? null : h("p", { class: "notice notice-attention" }, icon("info"), h("span", { text: t("agent.booked.uncovered") })),
  );
}
