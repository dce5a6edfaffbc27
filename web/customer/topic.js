/** What it is about: one tap on one of the queue's topics, never needed; that of the last call is chosen already. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { own } from "./home.js";
import { keep, kept } from "./kept.js";

/** @typedef {import("./state.js").State} State */

const TOPIC = "video-service.topic"; // app.js reads it when the person joins
/** Kept where the person chose none: the last call's is not chosen again. */
const NONE = "-";

export class TopicQuestion {
  constructor() {
    /** @type {Map<string, HTMLElement>} */
    this.buttons = new Map();
    this.list = h("div", { class: "topic-list", role: "group", "aria-labelledby": "topic-ask" });
    this.element = h("div", { class: "topics", hidden: true }, h("span", { id: "topic-ask", text: t("topic.ask") }), this.list);
  }

  /** @param {State} state */
  draw({ service }) {
    const said = service && service !== "unreachable" ? service : null;
    const topics = said?.topics ?? [];
    show(this.element, topics.length > 0);
    const labels = topics.map(({ topic }) => topic);
    if (labels.join() !== [...this.buttons.keys()].join()) {
      this.buttons = new Map(labels.map((label) => [label, this.button(label)]));
      this.list.replaceChildren(...this.buttons.values());
    }
    if (said && !kept(TOPIC)) keep(TOPIC, said.topic ?? "");
    // One that the queue has no more is nobody's choice.
    if (said && !labels.includes(kept(TOPIC)) && kept(TOPIC) !== NONE) keep(TOPIC, "");
    for (const { topic, title } of topics) {
      const button = /** @type {HTMLElement} */ (this.buttons.get(topic));
      setText(button, own(title) || title.en || title["zh-CN"] || topic);
      setAttribute(button, "aria-pressed", String(kept(TOPIC) === topic));
    }
  }

  /** @param {string} label */
  button(label) {
    const choose = () => {
      keep(TOPIC, kept(TOPIC) === label ? NONE : label);
      for (const [each, element] of this.buttons) setAttribute(element, "aria-pressed", String(kept(TOPIC) === each));
    };
    return h("button", { class: "button", type: "button", on: { click: choose } });
  }
}
