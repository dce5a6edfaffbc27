/** Several queues with a team each, or together: what the promise and its people would come to, on the same sampled days. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";

/** @typedef {import("./queue-choice.js").QueueChoice} QueueChoice */
/** @typedef {{ mean: number, low: number, high: number }} Level shares, less than 0 where nobody calls */
/** @typedef {{ queues: string[], people: number, hours: number, occupancy: number }} Group those who serve the same queues */

/**
 * @typedef {object} Way
 * @property {"apart" | "skilled" | "pooled" | "fewer"} way
 * @property {number} hours
 * @property {Level} level
 * @property {{ queue: string, goal: number, within_s: number, level: Level, calls: number }[]} queues
 * @property {Group[]} groups
 */

/** @typedef {{ first_day: string, days: number, roster: boolean, ways: Way[], left_out: Record<string, string> }} Pool */

const AGAIN_MS = 1500;
const TROUBLES = ["planning_no_history", "planning_target", "no_planner", "bad_roster", "nobody_able"];

export class RosterPool {
  /**
   * @param {(error: unknown) => string} refused
   * @param {QueueChoice} queues
   */
  constructor(refused, queues) {
    this.refused = refused;
    this.queues = queues;
    this.attempt = 0;
    /** @type {Pool | null} */
    this.pool = null;
    this.status = h("p", { role: "status" });
    this.said = h("div", { class: "plan-truth" });
    this.heads = h("tr");
    this.rows = h("tbody");
    this.groups = h("ul", { class: "small soft" });
    this.left = h("div", { class: "small soft" });
    this.body = h(
      "div",
      { class: "stack", hidden: true },
      this.said,
      h(
        "div",
        { class: "table-frame", tabindex: "0", role: "region", "aria-label": t("pool.title") },
        h("table", { class: "table" }, h("thead", {}, this.heads), this.rows),
      ),
      h("h3", { text: t("pool.groups") }),
      this.groups,
      this.left,
      h("p", { class: "small soft", text: t("pool.source") }),
    );
    this.again = h(
      "button",
      { class: "button", type: "button", hidden: true, on: { click: () => this.isFree() && this.ask() } },
      icon("turn"),
      h("span", { text: t("pool.again") }),
    );
    this.details = h(
      "details",
      { class: "roster-pool", on: { toggle: () => this.details.open && !this.pool && this.ask() } },
      h("summary", {}, h("h2", { text: t("pool.title") })),
      h("div", { class: "stack" }, h("p", { class: "small soft", text: t("pool.what") }), this.status, this.body, h("div", { class: "row" }, this.again)),
    );
    this.element = h("section", { class: "card stack", hidden: true }, this.details);
  }

  /** One queue alone has nothing to be pooled with. */
  offer() {
    show(this.element, this.queues.queues.length > 1);
  }

  isFree() {
    return this.again.getAttribute("aria-disabled") !== "true";
  }

  async ask() {
    const attempt = ++this.attempt;
    setText(this.status, t("outlook.pending"));
    // It stays where it is: who pressed it has the focus on it.
    setAttribute(this.again, "aria-disabled", "true");
    try {
      const { pending, trouble, pool } = await request("POST", "/api/plan/pool", {});
      if (attempt !== this.attempt) return;
      if (pending) {
        setTimeout(() => this.element.isConnected && attempt === this.attempt && this.ask(), AGAIN_MS);
        return;
      }
      if (pool) this.take(pool);
      else this.fail(trouble);
    } catch (error) {
      const code = this.refused(error);
      if (attempt === this.attempt) this.fail(code);
    }
    setAttribute(this.again, "aria-disabled", null);
    show(this.again, true);
  }

  /** @param {Pool} pool */
  take(pool) {
    this.pool = pool;
    const { ways, roster, days, left_out: left } = pool;
    setText(this.status, t(roster ? "pool.of_roster" : "pool.of_need", { d: days }));
    this.said.replaceChildren(...ways.map((way) => h("p", { text: sentence(way) })));
    const names = ways[0]?.queues.map(({ queue }) => queue) ?? [];
    const heads = [t("pool.way"), t("pool.hours"), t("pool.all"), ...names.map((name) => this.queues.nameOf(name))];
    this.heads.replaceChildren(...heads.map((text) => h("th", { scope: "col", text })));
    this.rows.replaceChildren(
      ...ways.map((way) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", text: t(`pool.${way.way}`) }),
          [way.hours.toFixed(1), levelText(way.level), ...way.queues.map(({ level }) => levelText(level))].map((text) =>
            h("td", { class: "figure", text }),
          ),
        ),
      ),
    );
    this.groups.replaceChildren(
      ...ways.flatMap((way) => way.groups.map((group) => h("li", { text: this.groupText(way, group) }))),
    );
    this.left.replaceChildren(
      ...Object.entries(left).map(([queue, code]) =>
        h("p", { text: t(`pool.left.${code === "nobody_able" ? code : "none"}`, { name: this.queues.nameOf(queue) }) }),
      ),
    );
    show(this.body, true);
  }

  /**
   * @param {Way} way
   * @param {Group} group
   */
  groupText({ way }, { queues, people, hours, occupancy }) {
    return t("pool.group", {
      way: t(`pool.${way}`),
      names: queues.map((name) => this.queues.nameOf(name)).join(t("list.comma")),
      n: people,
      h: hours.toFixed(1),
      p: occupancy < 0 ? t("records.nothing") : `${Math.round(occupancy * 100)}%`,
    });
  }

  /** @param {string} code */
  fail(code) {
    setText(this.status, t(`outlook.trouble.${TROUBLES.includes(code) ? code : "other"}`));
  }
}

/** @param {Way} way */
function sentence({ way, hours, level }) {
  if (level.mean < 0) return t(`pool.${way}_none`);
  const [p, low, high] = [level.mean, level.low, level.high].map((share) => (share * 100).toFixed(1));
  return t(`pool.${way}_said`, { p, low, high, h: hours.toFixed(0) });
}

/** @param {Level} level */
function levelText({ mean, low, high }) {
  if (mean < 0) return t("records.nothing");
  const [p, from, to] = [mean, low, high].map((share) => (share * 100).toFixed(1));
  return t("pool.level", { p, low: from, high: to });
}
