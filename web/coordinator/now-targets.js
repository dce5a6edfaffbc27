/**
 * Today's calls against the target of their queue and class. Where only usual calls of the main queue have come, the
 * level above says it all.
 */

import { h, keyed, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { levelOf } from "./day.js";
import { MAIN, queueName } from "./queue-words.js";

/** @typedef {import("../shared/messages.js").ClassToday} ClassToday */

export class TargetsCard {
  constructor() {
    /** @type {Map<string, string>} what queues are called, once somebody has asked */
    this.names = new Map();
    this.asked = "";
    /** @type {readonly ClassToday[]} */
    this.rows = [];
    this.body = h("tbody");
    const columns = ["now.col_queue", "queues.col_class", "now.col_reached", "now.col_target"];
    this.element = h(
      "div",
      { class: "now-targets table-frame", tabindex: "0", role: "region", "aria-label": t("now.targets"), hidden: true },
      h(
        "table",
        { class: "table" },
        h("caption", { text: t("now.targets") }),
        h("thead", {}, h("tr", {}, columns.map((key) => h("th", { scope: "col", text: t(key) })))),
        this.body,
      ),
    );
  }

  /** @param {readonly ClassToday[]} rows */
  show(rows) {
    this.rows = rows;
    show(this.element, rows.length > 1 || rows.some(({ queue, class: name }) => queue !== MAIN || name !== "normal"));
    this.draw();
    const queues = [...new Set(rows.map(({ queue }) => queue))].join(" ");
    if (queues !== MAIN && queues !== this.asked) {
      this.asked = queues;
      this.learn();
    }
  }

  /** What queues are called is asked when there is one more; without an answer their names stand there. */
  async learn() {
    try {
      const { queues } = await request("GET", "/api/queues");
      for (const queue of queues) this.names.set(queue.queue, queueName(queue));
      this.draw();
    } catch {
      // The names in links are names, too.
    }
  }

  draw() {
    keyed(
      this.body,
      this.rows,
      ({ queue, class: name }) => `${queue} ${name}`,
      () => {
        const queue = h("th", { scope: "row" });
        const [name, reached, target, share] = [h("td"), h("span"), h("td"), h("span")];
        const mark = h("span", { class: "pill" });
        return {
          element: h("tr", {}, queue, name, h("td", {}, mark, reached), target),
          update: (/** @type {ClassToday} */ row) => {
            const level = levelOf(row.within, row.offered) ?? 0;
            const good = level >= row.goal_percent;
            setText(queue, this.names.get(row.queue) ?? (row.queue === MAIN ? t("queues.main") : row.queue));
            setText(name, t(`class.${row.class}`));
            mark.className = `pill pill-${good ? "good" : "attention"}`;
            mark.replaceChildren(icon(good ? "check" : "urgent"), share);
            setText(share, t("now.level_share", { p: level }));
            setText(reached, t("now.target_say", { n: row.within, all: row.offered, s: row.target_s }));
            setText(target, t("now.target_words", { p: row.goal_percent, s: row.target_s }));
          },
        };
      },
    );
  }
}
