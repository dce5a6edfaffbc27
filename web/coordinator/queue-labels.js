/** What the topics of all queues are called, asked of the service. */

import { learnTopics } from "../shared/label-words.js";
import { request } from "../shared/service.js";

/** Learn the titles of topics; without an answer they stand as their codes. Never rejects. */
export async function learnQueueTopics() {
  const { queues } = await request("GET", "/api/queues").catch(() => ({ queues: [] }));
  for (const { topics = [] } of /** @type {import("./queue-words.js").Queue[]} */ (queues)) {
    learnTopics(Object.fromEntries(topics.map(({ topic, title }) => [topic, title])));
  }
}
