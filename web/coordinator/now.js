/** Now: how today goes, who waits, who talks, how each agent is. Drawn from the wall's last view. */

import { h, keyed, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { clockText, everySecond, hourText, nowMs } from "../shared/time.js";
import { agentTile } from "./agent-tile.js";
import { AheadCard } from "./ahead.js";
import { CareNotices } from "./care.js";
import { DayCard } from "./day-card.js";
import { levelOf, signingMinutes } from "./day.js";
import { DoorCard } from "./door.js";
import { TargetsCard } from "./now-targets.js";
import { PromiseCare, settleButton } from "./promise-care.js";

/** @typedef {import("../shared/messages.js").CoordinatorView} CoordinatorView */
/** @typedef {import("../shared/messages.js").WallCall} WallCall */
/** @typedef {import("../shared/messages.js").WallAgent} WallAgent */

/** How often it is asked whether another coordinator opened or closed the line, and how the day goes by now. */
const LOOK_MS = 30_000;

export class NowPart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.door = new DoorCard(refused);
    this.dayCard = new DayCard();
    this.ahead = new AheadCard();
    this.targets = new TargetsCard();
    this.care = new CareNotices();
    this.promises = new PromiseCare();
    /** @type {import("./day.js").Day | null} */
    this.day = null;
    this.attempt = 0;
    this.counted = "";
    /** @type {import("../shared/socket.js").Socket | null} */
    this.socket = null;
    /** The call that this coordinator is beside. @type {import("./monitor.js").Monitor | null} */
    this.monitor = null;
    this.beside = h("div");
    /** @type {CoordinatorView | null} */
    this.view = null;
    /** @type {Map<string, { element: HTMLElement, atMs: number }>} */
    this.clocks = new Map();
    /** @type {Map<string, { element: HTMLElement, agent: WallAgent }>} */
    this.signed = new Map();
    this.heading = h("h1", { text: t("coordinator.now"), tabindex: "-1" });
    this.level = h("p", { class: "level-figure figure" });
    this.goal = h("p", { class: "pill", hidden: true });
    this.levelSay = h("p", { class: "small soft" });
    this.numbers = {
      offered: number("now.offered"),
      answered: number("now.answered"),
      abandoned: number("now.abandoned"),
      waiting: number("now.waiting_count"),
    };
    this.waiting = h("ul", { class: "calls" });
    this.noWaiting = h("p", { class: "soft", text: t("now.no_waiting") });
    this.active = h("ul", { class: "calls" });
    this.noActive = h("p", { class: "soft", text: t("now.no_active") });
    this.agents = h("ul", { class: "tiles" });
    this.noAgents = h("p", { class: "soft", text: t("now.no_agents") });
    this.pending = h("p", { class: "soft", text: t("now.pending") });
    this.urgentText = h("span", { role: "status" });
    this.urgentCalls = h("ul", { class: "urgent-calls" });
    this.matters = h("ul", { class: "urgent-calls" });
    this.urgent = h(
      "section",
      { class: "notice notice-danger now-urgent", "aria-label": t("now.urgent"), hidden: true },
      icon("urgent"),
      this.urgentText,
      this.matters,
      this.urgentCalls,
    );
    const card = (/** @type {string} */ name, /** @type {string} */ key, /** @type {Node[]} */ ...inside) =>
      h("section", { class: `card stack ${name}` }, h("h2", { text: t(key) }), inside);
    this.body = h(
      "div",
      { class: "now-grid", hidden: true },
      h(
        "div",
        { class: "now-side" },
        card("now-waiting", "now.waiting", this.waiting, this.noWaiting),
        card("now-active", "now.active", this.active, this.noActive),
        this.ahead.element,
      ),
      h(
        "section",
        { class: "card stack now-level" },
        h(
          "div",
          { class: "level" },
          h(
            "div",
            { class: "level-words" },
            h("h2", { text: t("now.level") }),
            h("div", { class: "row" }, this.level, this.goal),
            this.levelSay,
          ),
          h(
            "dl",
            { class: "numbers" },
            Object.values(this.numbers).map((one) => one.element),
          ),
        ),
        this.dayCard.element,
        this.targets.element,
      ),
      card("now-agents", "now.agents", this.care.element, this.agents, this.noAgents),
    );
    /** @type {import("./intraday.js").IntradayCard | null} */
    this.plan = null;
    this.element = h("div", { class: "stack" }, this.heading, this.urgent, this.promises.element, this.beside, this.door.element, this.pending, this.body);
    const ticking = everySecond(() => this.tick());
    const looking = setInterval(() => this.element.isConnected && this.look(), LOOK_MS);
    this.stop = () => (ticking(), clearInterval(looking));
  }

  enter() {
    this.tick();
    this.look();
  }

  look() {
    this.door.look();
    this.readDay();
    this.lookAtPlan();
  }

  /** Today against its plan stands below the wall, and comes after it. */
  async lookAtPlan() {
    const { IntradayCard } = await import("./intraday.js").catch(() => ({ IntradayCard: null }));
    if (!IntradayCard) return;
    if (!this.plan) {
      const agents = () => this.view?.agents ?? [];
      this.plan = new IntradayCard({
        refused: this.refused,
        names: () => new Map(agents().map((agent) => [agent.agent, agent.name])),
        here: () => agents().filter((agent) => !["offline", "break"].includes(agent.state)).length,
        wall: () => this.view,
      });
      this.element.append(this.plan.element);
    }
    await this.plan.look();
  }

  /** The day's numbers are read again, not sent: they change a few times in an hour. */
  async readDay() {
    const attempt = ++this.attempt;
    try {
      const day = await request("GET", "/api/day");
      if (attempt !== this.attempt) return;
      this.day = day;
      this.dayCard.show(day);
      this.judge();
    } catch (error) {
      // What was read before stays, with the time at which it was read; being signed out is said by the page.
      if (attempt === this.attempt) this.refused(error);
    }
  }

  /** The service level against its target, and who of the roster is here: both need the wall and the day. */
  judge() {
    const { day, view } = this;
    if (!day || !view) return;
    const level = levelOf(view.within_target_today, view.offered_today);
    show(this.goal, level !== null);
    if (level !== null) {
      const reached = level >= day.goal_percent;
      this.goal.className = `pill pill-${reached ? "good" : "attention"}`;
      this.goal.replaceChildren(
        icon(reached ? "check" : "urgent"),
        h("span", { text: t(reached ? "now.goal_reached" : "now.goal_missed", { p: day.goal_percent }) }),
      );
    }
    const here = view.agents.filter((agent) => agent.state !== "offline");
    this.ahead.show(day.ahead, new Set(here.map((agent) => agent.agent)));
  }

  /** @param {import("../shared/messages.js").ToPage} message */
  hear(message) {
    if (message.type === "coordinator_view") this.follow(message);
    else this.monitor?.hear(message);
  }

  /** What one does beside a call comes when somebody goes there, or was there before the page began anew. */
  async bringMonitor() {
    const { Monitor } = await import("./monitor.js").catch(() => ({ Monitor: null }));
    if (!Monitor || !this.socket) return;
    if (!this.monitor) {
      this.monitor = new Monitor(this.socket);
      this.beside.append(this.monitor.element);
    }
    if (this.view) this.monitor.follow(this.view);
  }

  /** @param {string} call */
  async goBeside(call) {
    await this.bringMonitor();
    this.monitor?.send("coach", call);
  }

  /** @param {CoordinatorView} view */
  follow(view) {
    this.view = view;
    if (this.monitor) this.monitor.follow(view);
    else if (view.watching || view.watch_ended) this.bringMonitor();
    show(this.pending, false);
    show(this.body, true);
    const level = levelOf(view.within_target_today, view.offered_today);
    setText(this.level, level === null ? t("now.level_none") : t("now.level_share", { p: level }));
    this.level.classList.toggle("is-none", level === null);
    setText(
      this.levelSay,
      t("now.level_say", { s: view.target_s, n: view.within_target_today, all: view.offered_today }),
    );
    this.numbers.offered.set(view.offered_today);
    this.numbers.answered.set(view.answered_today);
    this.numbers.abandoned.set(view.abandoned_today);
    this.numbers.waiting.set(view.waiting.length);
    const urgentFirst = [...view.waiting].sort(
      (a, b) => Number(b.urgent) - Number(a.urgent) || a.joined_ms - b.joined_ms,
    );
    const names = new Map(view.agents.map((agent) => [agent.agent, agent.name]));
    this.clocks.clear();
    this.signed.clear();
    const urgent = urgentFirst.filter((call) => call.urgent);
    const matters = view.urgent_matters ?? [];
    const open = new Set(matters.map((matter) => matter.call));
    show(this.urgent, urgent.length + matters.length > 0);
    setText(
      this.urgentText,
      urgent.length ? count("now.urgent_waiting", urgent.length) : count("now.urgent_open", matters.length),
    );
    this.targets.show(view.classes_today ?? []);
    this.drawMatters(matters);
    this.promises.show(view.late_promises ?? []);
    this.drawCalls(
      this.urgentCalls,
      urgent.filter((call) => !open.has(call.call)),
      names,
      "urgent:",
    );
    this.drawCalls(this.waiting, urgentFirst, names);
    this.drawCalls(this.active, view.active, names);
    show(this.noWaiting, view.waiting.length === 0);
    show(this.noActive, view.active.length === 0);
    keyed(
      this.agents,
      view.agents,
      (agent) => agent.agent,
      () => agentTile(this.clocks, this.signed),
    );
    show(this.noAgents, view.agents.length === 0);
    this.judge();
    this.tick();
    const counted = `${view.offered_today} ${view.answered_today}`;
    if (this.counted && this.counted !== counted && this.element.isConnected) this.readDay();
    this.counted = counted;
  }

  /**
   * Urgent matters that are not solved: how long, who owns it, and what is late.
   * @param {readonly import("../shared/messages.js").UrgentMatter[]} matters
   */
  drawMatters(matters) {
    keyed(
      this.matters,
      matters,
      (matter) => matter.call,
      ({ call: key }) => {
        const clock = h("span", { class: "call-clock figure" });
        const words = h("span", { class: "call-words" });
        const late = h("span");
        const mark = h("span", { class: "pill pill-danger" }, icon("clock"), late);
        const settle = settleButton(key, this.refused);
        return {
          element: h("li", { class: "call-row is-urgent" }, clock, words, mark, settle),
          update: (/** @type {(typeof matters)[number]} */ matter) => {
            const name = matter.owner_name;
            const who = name ? t("now.matter_owner", { name }) : t("now.matter_nobody");
            const about = matter.reason && t(`reason.${matter.reason}`);
            const asked = matter.escalated === "agent" && t("now.matter_asked");
            setText(words, [asked, about, t(`now.matter_${matter.state}`), who].filter(Boolean).join(" · "));
            // Whoever still waits has been helped by nobody.
            show(settle, matter.state === "active" || matter.state === "over");
            // What is due next, and from half of its time on that somebody has to act.
            const due = matter.proposed ? "solution" : "proposal";
            const withinS = (matter.proposed ? matter.solution_s : matter.proposal_s) ?? 0;
            const half = matter.escalated === due;
            mark.className = `pill pill-${half || asked ? "danger" : "attention"}`;
            setText(late, t(`now.matter_${due}${half ? "_half" : ""}`, { time: hourText(matter.since_ms + withinS * 1000) }));
            this.clocks.set(`matter:${matter.call}`, { element: clock, atMs: matter.since_ms });
          },
        };
      },
    );
  }

  /**
   * @param {HTMLElement} list
   * @param {readonly WallCall[]} calls
   * @param {Map<string, string>} names
   * @param {string} [place] keeps the clocks of one call in two lists apart
   */
  drawCalls(list, calls, names, place = "") {
    keyed(
      list,
      calls,
      (call) => call.call,
      (call) => {
        const clock = h("span", { class: "call-clock figure" });
        const mark = h("span", { class: "pill pill-danger" }, icon("urgent"), h("span", { text: t("now.urgent") }));
        const words = h("span", { class: "call-words" });
        const closed = h("span", { class: "small soft" });
        const go = () => this.goBeside(call.call);
        const beside = h("button", { class: "button", type: "button", text: t("beside.open"), on: { click: go } });
        const element = h("li", { class: "call-row" }, clock, words, mark, closed, beside);
        return {
          element,
          update: (/** @type {WallCall} */ call) => {
            const mine = this.view?.watching?.call === call.call;
            const said = mine ? "mine" : (call.watch ?? "");
            show(beside, call.state === "active" && !mine && call.watch !== "taken");
            setText(closed, said ? t(`beside.wall.${said}`) : "");
            show(mark, call.urgent);
            element.classList.toggle("is-urgent", call.urgent);
            const agent = call.agent ? (names.get(call.agent) ?? call.agent) : "";
            const state = call.state === "waiting" ? t("now.state_waiting") : t(`now.state_${call.state}`, { agent });
            setText(words, call.customer_present ? state : t("now.customer_away", { state }));
            this.clocks.set(place + call.call, {
              element: clock,
              atMs: call.state === "active" ? call.since_ms : call.joined_ms,
            });
          },
        };
      },
    );
  }

  tick() {
    const now = nowMs();
    this.monitor?.tick();
    for (const { element, atMs } of this.clocks.values()) setText(element, atMs ? clockText(now - atMs) : "");
    for (const { element, agent } of this.signed.values()) {
      const minutes = signingMinutes(agent, now - (this.view?.server_time_ms ?? now));
      show(element, minutes > 0);
      setText(element, minutes > 0 ? t("now.signed", { m: minutes }) : "");
    }
    this.promises.tick(now);
    if (this.view) this.care.draw(this.view, now);
  }
}

/** @param {string} key */
function number(key) {
  const value = h("dd", { class: "figure" });
  return {
    element: h("div", {}, h("dt", { class: "small soft", text: t(key) }), value),
    set: (/** @type {number} */ n) => setText(value, String(n)),
  };
}
