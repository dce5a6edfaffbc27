/** Queues in words. Functions of data. */

import { locale, t } from "../shared/i18n.js";
import { labelText } from "../shared/label-words.js";

export const MAIN = "main";

/** The classes, the first to be served first. */
export const CLASSES = /** @type {const} */ (["urgent", "resumed", "callback", "vip", "normal"]);

/** @typedef {{ share_percent: number, within_s: number }} Target */
/** @typedef {Record<string, string>} Words by language */
/** @typedef {{ share_percent: number, within_s: number, proposal_min: number, solution_min: number }} House */
/**
 * A queue as GET /api/queues says it: of `agents` agents `able` have what it asks for, `on_now` of these are on shift.
 * @typedef {object} Queue
 * @property {string} queue
 * @property {Words} title
 * @property {Words} closed
 * @property {string[]} needs
 * @property {string[]} languages
 * @property {import("./queue-topics.js").Topic[]} [topics]
 * @property {Partial<Record<typeof CLASSES[number], Target>>} targets
 * @property {number} proposal_min
 * @property {number} solution_min
 * @property {boolean} own_hours
 * @property {number} agents
 * @property {number} able
 * @property {number} on_now
 */

/**
 * What a queue is called here: by its title in this language, else by its name.
 * @param {Pick<Queue, "queue" | "title">} queue
 */
export function queueName({ queue, title }) {
  return title[locale()] || title["zh-CN"] || (queue === MAIN ? t("queues.main") : queue);
}

/**
 * What the queue does as it stands in the fields, in a few sentences.
 * @param {Queue} queue
 * @param {House} house
 * @returns {string[]}
 */
export function effectLines({ needs, languages, agents, able, on_now, targets, proposal_min, solution_min }, house) {
  const asked = needs.length + languages.length;
  const normal = targets.normal ?? house;
  return [
    asked
      ? t("queues.effect_needs", {
          needs: [...needs, ...languages.map((language) => `writes_${language}`)].map(labelText).join(t("list.comma")),
        })
      : t("queues.effect_anybody"),
    t("queues.effect_able", { n: able, all: agents, now: on_now }),
    ...(able ? [] : [t("queues.effect_nobody")]),
    t("queues.effect_target", { p: normal.share_percent, s: normal.within_s }),
    t("queues.effect_urgent", {
      p: proposal_min || house.proposal_min,
      s: solution_min || house.solution_min,
    }),
  ];
}
