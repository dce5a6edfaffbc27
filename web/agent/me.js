/** The left of the desk: who I am now, how long I have signed, my shift and the queue in numbers. */

import { AGENT_LOOK } from "../shared/agent-look.js";
import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clockText, hourText, nowMs } from "../shared/time.js";
import { BreakLine } from "./break-line.js";
import { SigningClock } from "./clock.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/messages.js").AgentView} AgentView */

export class MyState {
  constructor() {
    this.mark = h("span", { class: "state-mark" });
    this.word = h("h1", { class: "state-word" });
    this.since = h("span", { class: "state-clock figure" });
    this.say = h("p", { class: "state-say soft" });
    this.spoken = "";
    this.clock = new SigningClock();
    this.breaks = new BreakLine();
    /** Where the buttons of this state stand. */
    this.acts = h("div", { class: "acts" });
    this.card = h(
      "section",
      { class: "card stack state-card", hidden: true },
      h("div", { class: "state-head" }, this.mark, this.word, this.since),
      this.say,
      this.clock.element,
      this.breaks.element,
      this.acts,
    );
    this.waiting = number("agent.waiting");
    this.agents = number("agent.agents_on");
    this.shift = number("agent.shift");
    this.day = h(
      "section",
      { class: "card day-card", hidden: true },
      h("h2", { class: "visually-hidden", text: t("agent.day") }),
      h("dl", { class: "numbers" }, this.waiting.element, this.agents.element, this.shift.element),
    );
  }

  /** @param {State} state */
  draw({ view }) {
    show(this.card, view !== null);
    show(this.day, view !== null);
    if (!view) return;
    if (this.card.dataset.state !== view.state) {
      this.card.dataset.state = view.state;
      const look = AGENT_LOOK[view.state];
      this.mark.className = `state-mark tone-${look.tone}`;
      this.mark.replaceChildren(icon(look.icon));
      setText(this.word, t(`agent.state.${view.state}`));
    }
    const say = stateSentence(view);
    setText(this.say, say);
    const spoken = `${this.word.textContent} ${say}`;
    if (spoken !== this.spoken) announce((this.spoken = spoken));
    setText(this.waiting.value, String(view.waiting));
    setText(this.agents.value, String(view.agents_on));
    setText(
      this.shift.value,
      view.shift_until_ms ? t("agent.shift_until", { time: hourText(view.shift_until_ms) }) : t("agent.shift_none"),
    );
    this.tick(view);
  }

  /** @param {AgentView} view */
  tick(view) {
    setText(this.since, clockText(nowMs() - view.since_ms));
    this.clock.draw(view, nowMs());
    this.breaks.draw(view, nowMs());
  }
}

/**
 * Why the agent is in this state, or what comes next.
 * @param {AgentView} view
 */
export function stateSentence(view) {
  if (view.state === "after_call")
    return t(view.ended_reason ? `agent.ended.${view.ended_reason}` : "agent.say.after_call");
  if ((view.state === "break" || view.state === "offline") && view.away_reason)
    return t(`agent.away.${view.away_reason}`);
  if (view.state === "available" && !view.shift_until_ms) return t("agent.say.no_shift");
  return t(`agent.say.${view.state}`);
}

/** @param {string} key */
function number(key) {
  const value = h("dd", { class: "figure" });
  return { element: h("div", { class: "number" }, h("dt", { class: "soft small", text: t(key) }), value), value };
}
