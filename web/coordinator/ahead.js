/** The next two hours: who is on the roster, who of them is here, and a way to fill a gap. Nothing is guessed. */

import { h, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { hourText } from "../shared/time.js";
import { gapsOf } from "./day.js";

/** @typedef {import("./day.js").HalfHour} HalfHour */

export class AheadCard {
  constructor() {
    /** @type {readonly HalfHour[]} */
    this.ahead = [];
    /** @type {ReadonlySet<string>} */
    this.here = new Set();
    this.drawn = "";
    this.rows = h("tbody");
    this.gaps = h("ul", { class: "stack ahead-gaps" });
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
      this.gaps,
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
    this.rows.replaceChildren(...ahead.map((half) => this.row(half)));
    const inside = document.activeElement;
    const focused = inside !== null && this.gaps.contains(inside);
    this.gaps.replaceChildren(...gapsOf(ahead).map(gapRow));
    if (focused) this.gaps.querySelector("a")?.focus();
  }

  /** @param {HalfHour} half */
  row({ start_ms: start, end_ms: end, agents, fewest }) {
    const all = agents.length;
    return h(
      "tr",
      {},
      h("th", { scope: "row", class: "figure", text: `${hourText(start)}–${hourText(end)}` }),
      h("td", {
        class: "figure",
        text: fewest < all ? t("ahead.at_times", { n: all, least: fewest }) : String(all),
      }),
      h("td", { class: "figure", text: String(agents.filter((agent) => this.here.has(agent)).length) }),
    );
  }
}

/** @param {{ from: number, to: number, never: boolean }} gap */
function gapRow({ from, to, never }) {
  const times = { from: hourText(from), to: hourText(to) };
  return h(
    "li",
    { class: "notice notice-attention" },
    icon("urgent"),
    h("span", { text: t(never ? "ahead.never" : "ahead.gap", times) }),
    h(
      "a",
      { class: "button", href: `#shifts/${from}/${to}`, "aria-label": t("ahead.fill_one", times) },
      icon("add"),
      h("span", { text: t("ahead.fill") }),
    ),
  );
}
