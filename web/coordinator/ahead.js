/** The next two hours: who is on the roster, who of them is here, and a way to fill a gap. Nothing is guessed. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { hourText } from "../shared/time.js";
import { gapFrom } from "./day.js";

/** @typedef {import("./day.js").HalfHour} HalfHour */

export class AheadCard {
  constructor() {
    /** @type {readonly HalfHour[]} */
    this.ahead = [];
    /** @type {ReadonlySet<string>} */
    this.here = new Set();
    this.drawn = "";
    this.rows = h("tbody");
    this.say = h("p", { class: "small soft", text: t("ahead.say") });
    this.element = h(
      "section",
      { class: "card stack now-ahead", hidden: true },
      h("h2", { text: t("ahead.title") }),
      h(
        "table",
        { class: "table ahead-table" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["time", "rostered", "here"].map((name) => h("th", { scope: "col", text: t(`ahead.col_${name}`) })),
          ),
        ),
        this.rows,
      ),
      this.say,
    );
  }

  /**
   * @param {readonly HalfHour[]} ahead
   * @param {ReadonlySet<string>} here ids of the agents who are signed in now
   */
  show(ahead, here) {
    this.ahead = ahead;
    this.here = here;
    show(this.element, ahead.length > 0);
    // The wall says the same many times a minute: a link that has the focus must not be made anew for that.
    const drawn = JSON.stringify([ahead, [...here].sort()]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const inside = document.activeElement;
    const kept = inside instanceof HTMLAnchorElement && this.rows.contains(inside) ? inside.hash : "";
    this.rows.replaceChildren(...ahead.map((_, i) => this.row(i)));
    if (kept) this.rows.querySelector("a")?.focus();
  }

  /** @param {number} i */
  row(i) {
    const { start_ms: start, end_ms: end, agents, fewest } = this.ahead[i];
    const time = `${hourText(start)}–${hourText(end)}`;
    const gap = gapFrom(this.ahead, i);
    const rostered = h("td", { class: "figure" });
    if (agents.length && fewest < agents.length) {
      setText(rostered, t("ahead.at_times", { n: agents.length, least: fewest }));
    } else setText(rostered, String(agents.length));
    const here = h("td", { class: "figure", text: String(agents.filter((agent) => this.here.has(agent)).length) });
    const row = h("tr", {}, h("th", { scope: "row", class: "figure", text: time }), rostered, here);
    if (gap) {
      const [from, to] = gap.map(hourText);
      rostered.append(
        h("span", { class: "pill pill-attention" }, icon("urgent"), h("span", { text: t("ahead.gap") })),
        h(
          "a",
          {
            class: "button",
            href: `#shifts/${gap[0]}/${gap[1]}`,
            "aria-label": t("ahead.fill_one", { from, to }),
          },
          icon("add"),
          h("span", { text: t("ahead.fill") }),
        ),
      );
      rostered.className = "ahead-gap figure";
    }
    return row;
  }
}
