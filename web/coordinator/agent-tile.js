/** One agent on the wall: state and since when, signing without a rest, end of shift. */

import { AGENT_LOOK } from "../shared/agent-look.js";
import { h, setText, show } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { hourText } from "../shared/time.js";
import { careOf } from "./care.js";

/** @typedef {import("../shared/messages.js").WallAgent} WallAgent */

/**
 * What is shown of one agent; clocks and signing times are put where the page lets them run.
 * @param {Map<string, { element: HTMLElement, atMs: number }>} clocks
 * @param {Map<string, { element: HTMLElement, agent: WallAgent }>} signing
 */
export function agentTile(clocks, signing) {
  const mark = h("span", { class: "tile-mark" });
  const name = h("h3");
  const state = h("span", { class: "tile-state" });
  const clock = h("span", { class: "figure" });
  const signed = h("p", { class: "small figure" });
  const shift = h("p", { class: "small soft figure" });
  const care = h("p", { class: "small figure", hidden: true });
  const element = h(
    "li",
    { class: "tile" },
    mark,
    h("div", { class: "tile-words" }, name, h("p", { class: "row" }, state, clock), signed, care, shift),
  );
  let shown = "";
  return {
    element,
    update: (/** @type {WallAgent} */ agent) => {
      setText(name, agent.name || agent.agent);
      if (shown !== agent.state) {
        shown = agent.state;
        mark.className = `tile-mark tone-${AGENT_LOOK[agent.state].tone}`;
        mark.replaceChildren(icon(AGENT_LOOK[agent.state].icon));
        setText(state, t(`agent.state.${agent.state}`));
      }
      const until = agent.shift_until_ms
        ? t("now.shift_until", { time: hourText(agent.shift_until_ms) })
        : t("now.shift_none");
      const why = agent.away_reason && has(`now.away.${agent.away_reason}`) ? t(`now.away.${agent.away_reason}`) : "";
      setText(shift, why ? `${until} · ${why}` : until);
      const lines = careOf(agent);
      show(care, lines.length > 0);
      setText(care, lines.map(({ key, values }) => t(`now.${key}`, values)).join(" · "));
      signing.set(agent.agent, { element: signed, agent });
      clocks.set(`agent:${agent.agent}`, { element: clock, atMs: agent.since_ms });
    },
  };
}
