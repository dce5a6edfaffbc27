/** A session record told as a list of moments, oldest first, and as facts that have no moment of their own. */

/**
 * The parts of a session record that these pages read; times are milliseconds since 1970, 0 is "never".
 * @typedef {object} SessionRecord
 * @property {string} call
 * @property {string} [customer] a pseudonymous id
 * @property {string} state
 * @property {string} class "urgent" or "normal"
 * @property {string} reason
 * @property {string} ended_reason
 * @property {number} joined_ms
 * @property {number} answered_ms
 * @property {number} closed_ms
 * @property {number} wait_ms
 * @property {number} signing_ms
 * @property {number} [after_call_ms]
 * @property {number} [reservations] how often it rang at an agent
 * @property {number} [declines]
 * @property {number} [misses]
 * @property {boolean} [verified]
 * @property {string} [entry]
 * @property {string} [sign_language]
 * @property {string} [topic] the code of what the customer chose, "" for nothing
 * @property {string} [solved] what the customer said: "yes", "no" or ""
 * @property {number} [face] 1 (bad) to 5 (good), 0 for nothing
 * @property {string} [outcome] what the agent said
 * @property {number} [follow_up_due_ms]
 * @property {string} [follow_up_owner]
 * @property {{ agent: string, from_ms: number, to_ms: number, ended: string }[]} segments
 * @property {{ agent: string, from_ms: number, to_ms: number, ended: string }[]} [helpers] second agents
 * @property {{ leg: string, role: string, offered_ms: number, connected_ms: number, flowing_ms: number, silences: number, closed_ms: number, quality?: import("./record-quality.js").Quality | null }[]} [legs]
 * @property {{ at_ms: number, what: string, who: string }[]} [timeline] what somebody did in the call
 */

/**
 * @typedef {object} Moment
 * @property {number} atMs
 * @property {string} key a text `timeline.<key>`
 * @property {Record<string, string | number>} values
 */

/**
 * What is told when an agent's part ended while the call went on, by why it ended.
 * @type {Readonly<Record<string, string>>}
 */
const PART_ENDED = Object.freeze({
  agent_lost: "part_agent_lost",
  agent_left: "part_agent_left",
  another_signer: "part_another_signer",
  transferred: "part_transferred",
  handed_over: "part_handed_over",
});

/** What an agent does in a call that is told; a record of a later version may know more. */
const DONE = Object.freeze(["object_shown", "object_hidden", "held", "taken_up", "transferred_to", "escalated", "watch_began", "watch_joined", "watch_shown", "watch_hidden", "watch_ended"]);

/**
 * @param {SessionRecord} record
 * @param {(agent: string) => string} nameOf
 * @returns {Moment[]}
 */
export function timelineOf(record, nameOf) {
  /** @type {Moment[]} */
  const moments = [];
  const add = (/** @type {number} */ atMs, /** @type {string} */ key, /** @type {Moment["values"]} */ values = {}) => {
    if (atMs > 0) moments.push({ atMs, key, values });
  };
  add(record.joined_ms, record.class === "urgent" ? "joined_urgent" : "joined");
  for (const segment of record.segments ?? []) {
    const agent = nameOf(segment.agent);
    add(segment.from_ms, "accepted", { agent });
    // The last part ends with the call itself.
    if (segment.to_ms && segment.to_ms !== record.closed_ms) {
      add(segment.to_ms, PART_ENDED[segment.ended] ?? "part_ended", { agent });
    }
  }
  for (const second of record.helpers ?? []) {
    const agent = nameOf(second.agent);
    add(second.from_ms, "second_joined", { agent });
    if (second.to_ms !== record.closed_ms) add(second.to_ms, "second_left", { agent });
  }
  for (const leg of record.legs ?? []) {
    const who = leg.role === "agent" ? "agent" : "customer";
    add(leg.connected_ms, `${who}_connected`);
    add(leg.flowing_ms, `${who}_sees`);
    if (leg.silences) add(leg.closed_ms || record.closed_ms, `${who}_silences`, { n: leg.silences });
  }
  for (const { at_ms: atMs, what, who } of record.timeline ?? []) {
    if (DONE.includes(what)) add(atMs, what, { agent: nameOf(who) });
  }
  add(record.closed_ms, "closed");
  // What happened at one moment stays in the order in which it is told here.
  return moments.sort((a, b) => a.atMs - b.atMs);
}

/**
 * Everybody who served, in order, each once.
 * @param {SessionRecord} record
 * @param {(agent: string) => string} nameOf
 */
export function servedBy(record, nameOf) {
  return [...new Set((record.segments ?? []).map((segment) => nameOf(segment.agent)))];
}
