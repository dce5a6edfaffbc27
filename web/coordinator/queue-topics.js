/** The topics of a queue: the code that agents have as a skill, and what customers read, in each language. */

import { h, setAttribute, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";

/** @typedef {{ topic: string, title: Record<string, string> }} Topic */

const LOCALES = ["zh-CN", "zh-HK", "en"];
const MOST = 8;

export class QueueTopics {
  /**
   * @param {readonly Topic[]} topics
   * @param {() => void} onChange
   */
  constructor(topics, onChange) {
    this.onChange = onChange;
    /** @type {{ element: HTMLElement, code: HTMLInputElement, titles: HTMLInputElement[] }[]} */
    this.rows = [];
    this.list = h("div", { class: "stack" });
    this.add = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.append({ topic: "", title: {} }).code.focus() } },
      icon("add"),
      h("span", { text: t("queues.topic_add") }),
    );
    this.element = h(
      "fieldset",
      { class: "stack queue-topics", "aria-describedby": "queue-topics-say" },
      h("legend", { text: t("queues.topics") }),
      h("p", { class: "small soft", id: "queue-topics-say", text: t("queues.topics_say") }),
      this.list,
      this.add,
    );
    for (const topic of topics) this.append(topic);
    this.tell();
  }

  /** @param {Topic} topic */
  append({ topic, title }) {
    const input = (/** @type {string} */ value, /** @type {string} */ most, /** @type {string} */ lang = "") =>
      h("input", {
        class: "input",
        maxlength: most,
        autocomplete: "off",
        value,
        ...(lang && { lang }),
        on: { input: () => this.onChange() },
      });
    const code = input(topic, "64");
    setAttribute(code, "autocapitalize", "none");
    setAttribute(code, "spellcheck", "false");
    const titles = LOCALES.map((language) => input(title[language] ?? "", "40", language));
    const remove = h(
      "button",
      { class: "button button-quiet", type: "button", on: { click: () => this.drop(row) } },
      icon("remove"),
      h("span", { text: t("queues.topic_remove") }),
    );
    const named = (/** @type {string} */ key, /** @type {HTMLInputElement} */ field) =>
      h("label", { class: "field small" }, h("span", { text: t(key) }), field);
    const element = h(
      "div",
      { class: "queue-topic", role: "group" },
      named("queues.topic_code", code),
      titles.map((field, n) => named(`queues.in.${LOCALES[n]}`, field)),
      remove,
    );
    const row = { element, code, titles };
    this.rows.push(row);
    this.list.append(element);
    this.tell();
    return row;
  }

  /** @param {QueueTopics["rows"][number]} row */
  drop(row) {
    this.rows = this.rows.filter((each) => each !== row);
    row.element.remove();
    this.tell();
    this.onChange();
    this.add.focus();
  }

  tell() {
    show(this.add, this.rows.length < MOST);
    this.rows.forEach(({ element }, n) => setAttribute(element, "aria-label", t("queues.topic_nth", { n: n + 1 })));
  }

  /** What stands in the rows; one in which nothing stands is none. @returns {Topic[]} */
  value() {
    return this.rows
      .map(({ code, titles }) => ({
        topic: code.value.trim(),
        title: Object.fromEntries(titles.map((field, n) => [LOCALES[n], field.value.trim()])),
      }))
      .filter(({ topic, title }) => topic || Object.values(title).some(Boolean));
  }
}
