/** Campaigns: days on which more or fewer people call than usual. The forecast knows them, and does not learn from them. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { rosterDay } from "./roster-words.js";

/** @typedef {{ name: string, first: string, last: string, percent: number, start: string, end: string }} Campaign */

const FAULTS = ["order", "length", "times", "percent", "many"];

export class RosterCampaigns {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {Campaign[]} */
    this.rows = [];
    this.rev = 0;
    this.name = input("name", { maxlength: 60, required: true });
    this.first = input("first", { type: "date", required: true });
    this.last = input("last", { type: "date", required: true });
    this.percent = input("percent", { type: "number", min: 10, max: 1000, step: 5, value: 130, inputmode: "numeric" });
    this.start = input("start", { type: "time", value: "00:00" });
    this.end = input("end", { type: "time", value: "" });
    this.none = h("p", { class: "soft", text: t("campaign.none") });
    this.list = h("ul", { class: "shift-list" });
    this.done = h("p", { class: "small soft", role: "status" });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.element = h(
      "details",
      { class: "card roster-campaigns", on: { toggle: () => this.element.open && this.read() } },
      h("summary", {}, icon("send"), h("span", { text: t("campaign.title") })),
      h(
        "div",
        { class: "stack" },
        h("p", { class: "small soft", text: t("campaign.what") }),
        this.none,
        this.list,
        h(
          "form",
          { class: "row roster-begin", novalidate: true, on: { submit: (/** @type {Event} */ event) => this.add(event) } },
          field("name", this.name),
          field("first", this.first),
          field("last", this.last),
          field("start", this.start),
          field("end", this.end),
          field("percent", this.percent),
          h("button", { class: "button", type: "submit" }, icon("add"), h("span", { text: t("campaign.add") })),
        ),
        this.done,
        this.trouble,
      ),
    );
  }

  async read() {
    try {
      this.take(await request("GET", "/api/plan/campaigns"));
    } catch (error) {
      this.fail(this.refused(error));
    }
  }

  /** @param {{ campaigns: Campaign[], rev: number }} found */
  take({ campaigns, rev }) {
    this.rows = campaigns;
    this.rev = rev;
    show(this.none, campaigns.length === 0);
    this.list.replaceChildren(...campaigns.map((one) => this.row(one)));
  }

  /** @param {Campaign} one */
  row(one) {
    const drop = h(
      "button",
      { class: "button button-quiet", type: "button", "aria-label": t("campaign.drop_one", { name: one.name }) },
      icon("remove"),
      h("span", { text: t("campaign.drop") }),
    );
    drop.addEventListener("click", async () => {
      await this.keep(this.rows.filter((each) => each !== one));
      this.name.focus();
    });
    return h(
      "li",
      { class: "shift-row" },
      h("span", { class: "shift-name", text: one.name }),
      h("span", { text: t("roster.title_of", { from: rosterDay(one.first), to: rosterDay(one.last) }) }),
      h("span", { class: "small soft", text: `${one.start}–${one.end}` }),
      h("span", { class: "figure", text: t("campaign.calls", { p: one.percent }) }),
      drop,
    );
  }

  /** @param {Event} event */
  async add(event) {
    event.preventDefault();
    const name = this.name.value.trim();
    const [first, last] = [this.first.value, this.last.value || this.first.value];
    if (!name || !first) return this.say(t("campaign.wrong.empty"));
    const percent = Math.round(Number(this.percent.value)) || 0;
    const one = { name, first, last, percent, start: this.start.value || "00:00", end: this.end.value || "24:00" };
    if (await this.keep([...this.rows, one])) this.name.value = "";
  }

  /**
   * @param {Campaign[]} rows
   * @returns {Promise<boolean>} whether they are kept
   */
  async keep(rows) {
    try {
      this.take(await request("PUT", "/api/plan/campaigns", { campaigns: rows, rev: this.rev }));
      show(this.trouble, false);
      setText(this.done, t("campaign.saved"));
      return true;
    } catch (error) {
      const code = this.refused(error);
      const fault = error instanceof RequestError ? error.answer?.fault : "";
      if (code === "bad_campaigns" && FAULTS.includes(fault)) this.say(t(`campaign.wrong.${fault}`));
      else this.fail(code);
      // What somebody else entered is shown; what is written in the fields stays.
      if (code === "roster_changed") await this.read();
      return false;
    }
  }

  /** @param {string} code */
  fail(code) {
    this.say(t(code === "roster_changed" ? "campaign.wrong.changed" : "campaign.wrong.other"));
  }

  /** @param {string} text */
  say(text) {
    setText(this.done, "");
    show(this.trouble, true);
    setText(this.troubleText, text);
  }
}

/**
 * @param {string} name
 * @param {Record<string, string | number | boolean>} attributes
 */
function input(name, attributes) {
  return h("input", { class: "input", id: `campaign-${name}`, autocomplete: "off", ...attributes });
}

/**
 * @param {string} name
 * @param {HTMLElement} control
 */
function field(name, control) {
  return h("div", { class: "field" }, h("label", { for: `campaign-${name}`, text: t(`campaign.${name}`) }), control);
}
