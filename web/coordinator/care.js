/** How the agents on the wall are cared for: rest and breaks of each, and what a coordinator should look at. */

import { h, keyed, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { hourText } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").CoordinatorView} CoordinatorView */
/** @typedef {import("../shared/messages.js").WallAgent} WallAgent */
/** @typedef {{ key: string, values: Record<string, string | number> }} Saying */

const MINUTE_MS = 60_000;

/**
 * Rest and break of one agent: what goes on, then what is due.
 * @param {WallAgent} agent
 * @returns {Saying[]}
 */
export function careOf(agent) {
  /** @type {Saying[]} */
  const found = [];
  const at = (/** @type {string} */ key, /** @type {number | undefined} */ time) => {
    if (time) found.push({ key, values: { time: hourText(time) } });
  };
  at("rest_until", agent.rest_until_ms);
  at("break_until", agent.break_until_ms);
  if (agent.break_owed_ms) {
    found.push({ key: "break_after_call", values: { m: Math.round(agent.break_owed_ms / MINUTE_MS) } });
  } else if (agent.break_wanted) found.push({ key: "break_wanted", values: {} });
  at("break_asked", agent.break_asked_ms);
  at("break_from", agent.break_from_ms);
  return found;
}

/**
 * What a coordinator should look at: who was set away for missed calls, waits for a break, works on long after a call,
 * or has no picture. It is there as long as it is so.
 * @param {CoordinatorView} view
 * @param {number} nowMs
 * @returns {{ id: string, key: string, values: Record<string, string | number> }[]}
 */
export function careNotices(view, nowMs) {
  return view.agents.flatMap((agent) => {
    const name = agent.name || agent.agent;
    const say = (/** @type {string} */ key, /** @type {number} */ time) => [
      { id: `${key}:${agent.agent}`, key, values: { name, time: hourText(time) } },
    ];
    if (agent.state === "break" && (agent.away_reason === "missed" || agent.away_reason === "no_picture")) {
      return say(agent.away_reason, agent.since_ms);
    }
    const warn = view.after_call_warn_ms ?? 0;
    if (agent.state === "after_call" && warn && nowMs - agent.since_ms >= warn) return say("after_call", agent.since_ms);
    return agent.break_asked_ms ? say("break_asked", agent.break_asked_ms) : [];
  });
}

/** The list of these above the agents' tiles. */
export class CareNotices {
  constructor() {
    this.list = h("ul", { class: "stack" });
    this.element = h("div", { role: "status", hidden: true }, this.list);
  }

  /**
   * @param {CoordinatorView} view
   * @param {number} nowMs
   */
  draw(view, nowMs) {
    const found = careNotices(view, nowMs);
    show(this.element, found.length > 0);
    keyed(
      this.list,
      found,
      (notice) => notice.id,
      () => {
        const words = h("span");
        const element = h("li", { class: "notice notice-attention" }, icon("people"), words);
        return {
          element,
          update: (/** @type {(typeof found)[number]} */ { key, values }) => setText(words, t(`now.care.${key}`, values)),
        };
      },
    );
  }
}
