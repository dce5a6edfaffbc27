/** Rosters: drafts to open and begin, what was published, the team's rules; and the draft that is open. */

import { h, setText, show } from "../shared/dom.js";
import { count, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { momentText } from "../shared/time.js";
import { QueueChoice } from "./queue-choice.js";
import { RosterAhead } from "./roster-ahead.js";
import { RosterCampaigns } from "./roster-campaigns.js";
import { RosterCompare } from "./roster-compare.js";
import { RosterDraft } from "./roster-draft.js";
import { RosterMake } from "./roster-make.js";
import { daysFrom } from "./roster-model.js";
import { RosterPool } from "./roster-pool.js";
import { known } from "./roster-publish.js";
import { RosterTeam } from "./roster-team.js";
import { rosterDay } from "./roster-words.js";
import { dayField } from "./shift-times.js";

/**
 * @typedef {object} Head
 * @property {string} draft
 * @property {string} first_day
 * @property {number} days
 * @property {number} changed_ms
 * @property {"draft" | "published" | "changed"} state
 */

/** @typedef {{ number: number, at_ms: number, first_day: string, days: number, added: number, removed: number, kept: number }} Version */

const WEEKS = [1, 2, 4, 8];
const SHOWN_VERSIONS = 12;

export class RosterPart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.open = new RosterDraft(refused);
    this.listHeading = h("h1", { tabindex: "-1", text: t("roster.tab") });
    this.heading = this.listHeading;
    this.first = h("input", { class: "input", type: "date", id: "roster-first", value: dayField(nextMonday()), required: true });
    this.weeks = h(
      "select",
      { class: "input", id: "roster-weeks" },
      WEEKS.map((n) => h("option", { value: String(n), text: count("roster.weeks", n) })),
    );
    this.weeks.value = "4";
    this.queues = new QueueChoice("roster-queue", () => this.ahead.other());
    this.ahead = new RosterAhead(refused, () => this.queues.value);
    this.pool = new RosterPool(refused, this.queues);
    this.making = new RosterMake({
      refused,
      queue: () => this.queues.value,
      nameOf: (name) => (this.queues.queues.length > 1 ? this.queues.nameOf(name) : ""),
      span: () => ({ first_day: this.first.value, days: Number(this.weeks.value) * 7 }),
      made: () => this.load(),
    });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.compare = new RosterCompare(refused);
    this.none = h("p", { class: "soft", text: t("shifts.loading") });
    this.drafts = h("ul", { class: "shift-list" });
    this.versions = h("ul", { class: "shift-list" });
    this.noVersion = h("p", { class: "soft", text: t("roster.no_version") });
    this.list = h(
      "div",
      { class: "stack roster-list" },
      this.listHeading,
      h("p", { class: "soft", text: t("roster.what") }),
      this.queues.element,
      h(
        "form",
        {
          class: "card row roster-begin",
          novalidate: true,
          on: { submit: (/** @type {Event} */ event) => this.begin(event) },
        },
        h("div", { class: "field" }, h("label", { for: "roster-first", text: t("roster.first_day") }), this.first),
        h("div", { class: "field" }, h("label", { for: "roster-weeks", text: t("roster.length") }), this.weeks),
        this.making.fields,
        this.making.who,
        h(
          "div",
          { class: "row roster-ways" },
          this.making.go,
          h("button", { class: "button", type: "submit" }, icon("add"), h("span", { text: t("plan.begin") })),
        ),
      ),
      this.making.element,
      this.trouble,
      h("section", { class: "card stack" }, h("h2", { text: t("roster.drafts") }), this.none, this.drafts),
      h("section", { class: "card stack" }, h("h2", { text: t("roster.versions") }), this.noVersion, this.versions),
      this.ahead.element,
      this.pool.element,
      this.compare.element,
      new RosterCampaigns(refused).element,
      new RosterTeam(refused).element,
    );
    this.element = h("div", {}, this.list);
  }

  /** @param {string} rest "" or the draft to open */
  enter(rest) {
    show(this.trouble, false);
    if (rest) {
      this.heading = this.open.heading;
      this.element.replaceChildren(this.open.element);
      this.open.open(rest);
    } else {
      this.heading = this.listHeading;
      this.element.replaceChildren(this.list);
      this.load();
      this.making.look();
      this.readQueues();
    }
  }

  async readQueues() {
    await this.queues.look();
    this.pool.offer();
    this.making.draw();
  }

  async load() {
    try {
      const { drafts, versions, people } = await request("GET", "/api/rosters");
      this.draw(drafts, versions);
      this.making.offer(people);
      const named = (/** @type {any} */ each) => ({ ...each, name: spanText(each) });
      this.compare.offer(drafts.map(named), versions.slice(0, SHOWN_VERSIONS).map(named), people);
    } catch (error) {
      this.fail(this.refused(error));
      setText(this.none, t("shifts.not_loaded"));
    }
  }

  /**
   * @param {Head[]} drafts
   * @param {Version[]} versions newest first
   */
  draw(drafts, versions) {
    setText(this.none, t("roster.no_draft"));
    show(this.none, drafts.length === 0);
    show(this.noVersion, versions.length === 0);
    this.drafts.replaceChildren(...drafts.map((draft) => this.row(draft)));
    this.versions.replaceChildren(...versions.slice(0, SHOWN_VERSIONS).map(versionRow));
  }

  /** @param {Head} draft */
  row(draft) {
    const name = spanText(draft);
    const drop = h(
      "button",
      { class: "button button-quiet", type: "button", "aria-label": t("roster.drop_one", { name }) },
      icon("remove"),
      h("span", { text: t("roster.drop") }),
    );
    const row = h(
      "li",
      { class: "shift-row" },
      h("a", { class: "button roster-open", href: `#roster/${draft.draft}` }, icon("calendar"), h("span", { text: name })),
      h("span", { class: `pill ${draft.state === "published" ? "pill-good" : "pill-accent"}`, text: t(`roster.state.${draft.state}`) }),
      h("span", { class: "small soft", text: t("roster.changed_at", { time: momentText(draft.changed_ms) }) }),
      drop,
    );
    drop.addEventListener("click", () => this.ask(row, draft, name));
    return row;
  }

  /**
   * Deleting is asked for twice, in its own row.
   * @param {HTMLElement} row
   * @param {Head} draft
   * @param {string} name
   */
  ask(row, draft, name) {
    const kept = [...row.childNodes];
    const no = h("button", { class: "button", type: "button" }, icon("back"), h("span", { text: t("shifts.keep") }));
    no.addEventListener("click", () => (row.replaceChildren(...kept), row.querySelector("button")?.focus()));
    const yes = h(
      "button",
      { class: "button button-end", type: "button", on: { click: () => this.drop(draft) } },
      icon("remove"),
      h("span", { text: t("roster.drop") }),
    );
    row.replaceChildren(h("span", { class: "shift-ask", text: t("roster.drop_ask", { name }) }), no, yes);
    no.focus();
  }

  /** @param {Head} draft */
  async drop(draft) {
    try {
      await request("DELETE", `/api/rosters/${draft.draft}`);
    } catch (error) {
      this.fail(this.refused(error));
    }
    await this.load();
    this.listHeading.focus();
  }

  /** @param {Event} event */
  async begin(event) {
    event.preventDefault();
    if (!this.first.value) return;
    try {
      const wish = { first_day: this.first.value, days: Number(this.weeks.value) * 7 };
      const { draft } = await request("POST", "/api/rosters", wish);
      location.hash = `#roster/${draft}`;
    } catch (error) {
      this.fail(this.refused(error));
    }
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, true);
    setText(this.troubleText, t(`roster.refused.${known(code)}`));
  }
}

/** @param {{ first_day: string, days: number }} head */
function spanText({ first_day: first, days }) {
  const all = daysFrom(first, days);
  return t("roster.title_of", { from: rosterDay(first), to: rosterDay(all[all.length - 1]) });
}

/** @param {Version} version */
function versionRow(version) {
  return h(
    "li",
    { class: "shift-row" },
    h("span", { class: "shift-name", text: t("roster.version", { n: version.number }) }),
    h("span", { text: spanText(version) }),
    h("span", {
      class: "small soft",
      text: t("roster.counts", { a: version.added, r: version.removed, k: version.kept }),
    }),
    h("span", { class: "small soft", text: momentText(version.at_ms) }),
    fileLink("download", "workbook", version.number, "xlsx"),
    fileLink("calendar", "calendar", version.number, `ics?lang=${locale()}`),
  );
}

/**
 * @param {import("../shared/icons.js").IconName} mark
 * @param {"workbook" | "calendar"} kind
 * @param {number} n of the version
 * @param {string} file its ending, and what is asked of it
 */
function fileLink(mark, kind, n, file) {
  const href = `/api/rosters/versions/${n}/roster.${file}`;
  const says = { download: true, href, "aria-label": t(`roster.${kind}_of`, { n }) };
  return h("a", { class: "button button-quiet", ...says }, icon(mark), h("span", { text: t(`roster.${kind}`) }));
}

function nextMonday() {
  const day = new Date();
  day.setDate(day.getDate() + ((8 - day.getDay()) % 7 || 7));
  return day;
}
