/** Which queue is meant: a list of those that there are, hidden as long as there is one. */

import { h, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { request } from "../shared/service.js";
import { MAIN, queueName } from "./queue-words.js";

/** @typedef {import("./queue-words.js").Queue} Queue */

export class QueueChoice {
  /**
   * @param {string} id
   * @param {() => void} changed another one was chosen, or the chosen one is gone
   */
  constructor(id, changed) {
    this.changed = changed;
    /** @type {Queue[]} */
    this.queues = [];
    this.value = MAIN;
    this.list = h("select", { class: "input", id });
    this.list.addEventListener("change", () => this.choose(this.list.value));
    this.element = h("div", { class: "field queue-choice", hidden: true }, h("label", { for: id, text: t("floor.queue") }), this.list);
  }

  /** Without an answer what is known stays: the main queue is always there. */
  async look() {
    const { queues } = await request("GET", "/api/queues").catch(() => ({ queues: null }));
    if (queues) this.take(queues);
  }

  /** @param {Queue[]} queues */
  take(queues) {
    this.queues = queues;
    this.list.replaceChildren(...queues.map((queue) => h("option", { value: queue.queue, text: queueName(queue) })));
    show(this.element, queues.length > 1);
    if (!queues.some(({ queue }) => queue === this.value)) this.choose(MAIN);
    this.list.value = this.value;
  }

  /** @param {string} name */
  choose(name) {
    this.value = name;
    this.changed();
  }

  /** @param {string} name what a queue is called, in words */
  nameOf(name) {
    const found = this.queues.find(({ queue }) => queue === name);
    return queueName(found ?? { queue: name, title: {} });
  }
}
