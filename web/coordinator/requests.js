/** Requests about shifts: what waits for a decision and what it would mean, shifts that nobody has, who cannot come. */

import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { refusalText } from "../shared/request-words.js";
import { request, RequestError } from "../shared/service.js";
import { RequestCard } from "./request-card.js";
import { RequestForms } from "./request-forms.js";
import { againstTexts } from "./request-means.js";

/** @typedef {import("./request-card.js").Row} Row */

/**
 * @typedef {object} Inbox
 * @property {boolean} auto
 * @property {Record<string, string>} people
 * @property {Row[]} live
 * @property {Row[]} days
 * @property {Row[]} past
 */

const SHOWN_PAST = 20;
const MEANT_AT_ONCE = 40;
// What somebody else was quicker with: the list is read anew, and says how it is now.
const STALE = new Set(["request_changed", "request_over", "roster_changed", "unknown_request"]);

export class RequestsPart {
  /**
   * @param {(error: unknown) => string} refused
   * @param {import("./inbox-count.js").InboxCount} inbox
   */
  constructor(refused, inbox) {
    this.refused = refused;
    this.count = inbox;
    this.attempt = 0;
    this.waiting = -1;
    /** @type {Record<string, string>} */
    this.people = {};
    /** @type {Map<string, RequestCard>} */
    this.cards = new Map();
    this.newestMs = 0;
    inbox.counted = (open, newestMs) =>
      show(this.fresh, this.waiting >= 0 && (open !== this.waiting || newestMs > this.newestMs));
    this.heading = h("h1", { text: t("requests.title"), tabindex: "-1" });
    this.trouble = h("p", { class: "notice notice-attention", role: "alert", tabindex: "-1", hidden: true }, icon("info"), (this.troubleText = h("span")));
    this.fresh = h("p", { class: "notice notice-accent", role: "status", hidden: true }, icon("info"), h("span", { text: t("requests.fresh") }));
    this.none = h("p", { class: "soft", role: "status", text: t("inbox.loading") });
    this.auto = h("input", { type: "checkbox", on: { change: () => this.setRules() } });
    this.forms = new RequestForms((path, wish) => this.begin(path, wish));
    this.lists = { asked: list("requests.to_decide"), open: list("requests.open"), colleagues: list("requests.between") };
    this.more = { days: fold("requests.standing"), past: fold("requests.past") };
    this.again = h("button", { class: "button button-quiet", type: "button", on: { click: () => this.load() } }, icon("again"), h("span", { text: t("inbox.again") }));
    this.element = h(
      "div",
      { class: "stack requests" },
      this.heading,
      h("div", { class: "row" }, this.forms.buttons, this.again),
      this.forms.forms,
      this.trouble,
      this.fresh,
      this.none,
      Object.values(this.lists).map(({ element }) => element),
      Object.values(this.more).map(({ element }) => element),
      h("label", { class: "tick" }, this.auto, h("span", { text: t("requests.auto") })),
    );
  }

  enter() {
    show(this.trouble, false);
    this.load();
  }

  /** @returns {Promise<boolean>} whether it was read; an older answer never comes after a newer one */
  async load() {
    const attempt = ++this.attempt;
    try {
      const inbox = await request("GET", "/api/requests");
      if (attempt !== this.attempt) return false;
      this.draw(inbox);
      return true;
    } catch (error) {
      if (attempt !== this.attempt) return false;
      this.fail(refusalText(this.refused(error)));
      setText(this.none, this.waiting < 0 ? t("requests.not_read") : "");
      return false;
    }
  }

  /** @param {Inbox} inbox */
  draw(inbox) {
    show(this.trouble, false);
    this.people = inbox.people;
    this.auto.checked = inbox.auto;
    this.forms.fill(inbox.people);
    const { live } = inbox;
    const asked = live.filter(({ state }) => state === "asked");
    const open = live.filter(({ kind, state }) => kind === "open" && state === "waiting");
    const colleagues = live.filter(({ kind, state }) => kind !== "open" && state === "waiting");
    const kept = document.activeElement?.closest("[data-request]")?.getAttribute("data-request") ?? "";
    this.cards.clear();
    this.lists.asked.draw(asked.map((row) => this.card(row, ["grant", "decline"])));
    this.lists.open.draw(open.map((row) => this.card(row, ["cancel"])));
    this.lists.colleagues.draw(colleagues.map((row) => this.card(row, [])));
    this.more.days.draw(inbox.days.map((row) => this.card(row, ["cancel"])));
    const past = inbox.past.filter(({ state }) => state !== "noted").slice(0, SHOWN_PAST);
    this.more.past.draw(past.map((row) => this.card(row, [])));
    this.waiting = asked.length + open.length;
    this.newestMs = Math.max(0, ...live.map(({ changed_ms }) => changed_ms));
    this.count.show(this.waiting, this.newestMs);
    show(this.none, live.length === 0);
    setText(this.none, live.length ? "" : t("requests.none"));
    if (kept) (this.cards.get(kept)?.title ?? this.heading).focus();
    this.workOut(live.filter(({ means }) => means === undefined));
  }

  /**
   * Ask what the further requests mean, some at a time: of many it takes a while.
   * @param {Row[]} rows
   */
  async workOut(rows) {
    const attempt = this.attempt;
    for (let at = 0; at < rows.length; at += MEANT_AT_ONCE) {
      const some = rows.slice(at, at + MEANT_AT_ONCE);
      const wish = { requests: some.map((row) => row.request) };
      const answer = await request("POST", "/api/requests/means", wish).catch(() => null);
      if (attempt !== this.attempt || !answer) return;
      for (const row of some) {
        row.means = answer.means[row.request] ?? null;
        this.cards.get(row.request)?.drawMeans();
      }
    }
  }

  /**
   * @param {Row} row
   * @param {import("./request-card.js").Act[]} acts
   */
  card(row, acts) {
    const card = new RequestCard(row, acts, {
      nameOf: (person) => this.nameOf(person),
      decide: (one, wish, its) => this.decide(one, wish, its),
      people: (one) => this.candidates(one),
    });
    this.cards.set(row.request, card);
    return card.element;
  }

  /** @param {string} person */
  nameOf(person) {
    return this.people[person] ?? t("requests.gone");
  }

  /**
   * @param {Row} row
   * @returns {Promise<import("./request-people.js").Candidate[] | null>}
   */
  async candidates(row) {
    try {
      return (await request("GET", `/api/requests/${encodeURIComponent(row.request)}/people`)).people;
    } catch (error) {
      await this.failed(this.refused(error));
      return null;
    }
  }

  /**
   * @param {Row} row
   * @param {{ act: string, person?: string, why?: string, anyway?: boolean }} wish
   * @param {RequestCard} card
   */
  async decide(row, wish, card) {
    if (card.element.getAttribute("aria-busy")) return;
    card.element.setAttribute("aria-busy", "true");
    try {
      await request("POST", `/api/requests/${encodeURIComponent(row.request)}`, { ...wish, rev: row.rev });
    } catch (error) {
      card.element.removeAttribute("aria-busy");
      const code = this.refused(error);
      const { rows = [], lacks = [] } = (error instanceof RequestError && error.answer) || {};
      if (code !== "rules_broken") {
        await this.failed(code, error);
        return;
      }
      const against = againstTexts(rows, lacks, (person) => this.nameOf(person));
      card.confirm([t("requests.anyway_ask"), ...against].join(" "), wish);
      return;
    }
    await this.done(t(`requests.did.${wish.act}`));
  }

  /**
   * Begin something; of a shift that is open then, who could work it is shown at once.
   * @param {string} path
   * @param {object} wish
   */
  async begin(path, wish) {
    let answer;
    try {
      answer = await request("POST", path, wish);
    } catch (error) {
      return refusalText(this.refused(error), error instanceof RequestError ? error.answer?.rule : "");
    }
    const away = path.endsWith("/away");
    /** @type {string[]} */
    const opened = away ? answer.opened : [answer.request];
    for (const form of [this.forms.awayForm, this.forms.openForm]) form.turn(false);
    await this.done(t(away ? (opened.length ? "requests.did.away" : "requests.did.away_none") : "requests.did.open"));
    const cards = opened.map((one) => this.cards.get(one)).filter((one) => one !== undefined);
    cards[0]?.title.focus();
    if (away) await Promise.all(cards.map((card) => card.openPeople()));
    return "";
  }

  async setRules() {
    try {
      await request("PUT", "/api/requests/rules", { auto: this.auto.checked });
      announce(t("requests.did.rules"));
    } catch (error) {
      this.auto.checked = !this.auto.checked;
      this.fail(refusalText(this.refused(error)));
    }
  }

  /** @param {string} words */
  async done(words) {
    if (await this.load()) announce(words);
    if (document.activeElement === document.body) this.heading.focus();
  }

  /**
   * @param {string} code
   * @param {unknown} [error]
   */
  async failed(code, error) {
    if (STALE.has(code)) await this.load();
    this.fail(refusalText(code, error instanceof RequestError ? error.answer?.rule : ""));
    this.trouble.focus();
  }

  /** @param {string} words */
  fail(words) {
    setText(this.troubleText, words);
    show(this.trouble, true);
  }
}

/** @param {string} key of its heading */
function list(key) {
  const rows = h("ul", { class: "request-list" });
  const element = h("section", { class: "stack", hidden: true }, h("h2", { text: t(key) }), rows);
  return { element, draw: (/** @type {HTMLElement[]} */ cards) => fill(element, rows, cards) };
}

/** @param {string} key of its summary */
function fold(key) {
  const rows = h("ul", { class: "request-list" });
  const element = h("details", { class: "request-fold", hidden: true }, h("summary", { text: t(key) }), rows);
  return { element, draw: (/** @type {HTMLElement[]} */ cards) => fill(element, rows, cards) };
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} rows
 * @param {HTMLElement[]} cards
 */
function fill(element, rows, cards) {
  rows.replaceChildren(...cards);
  show(element, cards.length > 0);
}
