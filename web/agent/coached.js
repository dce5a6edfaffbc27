/** What the coordinator beside a call has written to its agent. */

/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */

/**
 * The number of the last line of the coordinator that has not been read; 0 for none.
 * @param {Pick<AgentCall, "coach"> | null | undefined} call
 */
export function unreadOf(call) {
  return call?.coach?.findLast((line) => !line.mine && !line.read)?.seq ?? 0;
}
