/** How the states of an agent look, on the agent's own page and on the coordinator's wall. */

/** @typedef {import("./icons.js").IconName} IconName */
/** @typedef {import("./messages.js").AgentState} AgentState */

/** @type {Readonly<Record<AgentState, { icon: IconName, tone: "good" | "attention" | "accent" | "plain" }>>} */
export const AGENT_LOOK = Object.freeze({
  offline: { icon: "door", tone: "plain" },
  available: { icon: "check-circle", tone: "good" },
  reserved: { icon: "hands", tone: "accent" },
  on_call: { icon: "camera", tone: "accent" },
  after_call: { icon: "write", tone: "attention" },
  rest: { icon: "cup", tone: "attention" },
  break: { icon: "cup", tone: "plain" },
});
