/** What colleagues ask me, shifts that I could take, and what became of what I asked. */

import { announce, h, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { brokenText, mineText, refusalText, stateLook, theirsText, whatText } from "../shared/request-words.js";
import { request, RequestError } from "../shared/service.js";

/** @typedef {import("../shared/request-words.js").Row} Row */
/** @typedef {"take" | "accept" | "refuse" | "drop" | "withdraw"} Act */

/**
 * @typedef {object} Mine what GET /api/my/requests answers
 * @property {string} me
 * @property {Record<string, string>} people
 * @property {string[]} shifts
 * @property {Row[]} mine
 * @property {Row[]} open
 */

const SHOWN = 12;

export class MyRequests {
  /** @param {() => Promise<void>} changed the shifts may be others now */
  constructor(changed) {
    this.changed = changed;
    this.asked = 0;
    /** @type {Mine | null} */
    this.mine = null;
    /** Told of every answer. @type {(mine: Mine) => void} */
    this.told = () => {};
    this.pill = h("span", { class: "pill pill-attention", hidden: true }, icon("info"), (this.pillText = h("span")));
    this.say = h("p", { class: "notice notice-attention", role: "alert", hidden: true }, icon("info"), (this.sayText = h("span")));
    this.toMe = part("agent.requests.to_me");
    this.open = part("agent.requests.open");
    this.own = part("agent.requests.mine");
    this.element = h(
      "div",
      { class: "stack" },
      this.say,
      this.toMe.element,
      this.open.element,
      this.own.element,
    );
  }

  /** @returns {Promise<void>} when it is drawn; an older answer never comes after a newer one */
  async read() {
    const asked = ++this.asked;
    try {
      const mine = await request("GET", "/api/my/requests");
      if (asked === this.asked) this.draw(mine);
    } catch {
      if (asked === this.asked) this.fail(t("agent.requests.not_read"));
    }
  }

  /** The news were on the screen: from now on they are old. */
  async seen() {
    if (!this.news()) return;
    await request("POST", "/api/my/requests/seen").catch(() => {});
    show(this.pill, false);
  }

  /** @param {Mine} mine */
  draw(mine) {
    this.mine = mine;
    const isAsked = (/** @type {Row} */ row) => row.state === "waiting" && row.other === mine.me;
    const asked = mine.mine.filter(isAsked);
    const own = mine.mine.filter((row) => !isAsked(row)).slice(0, SHOWN);
    this.toMe.draw(asked, (row) => this.askedRow(row));
    this.open.draw(mine.open, (row) => this.openRow(row));
    this.own.draw(own, (row) => this.ownRow(row));
    const news = this.news();
    show(this.pill, news > 0);
    const words = news ? count("agent.requests.new", news) : "";
    if (words && words !== this.pillText.textContent) announce(words);
    setText(this.pillText, words);
    this.told(mine);
  }

  /** @returns {number} what was decided about mine, or is there for me to take, since I read the news */
  news() {
    return [...(this.mine?.mine ?? []), ...(this.mine?.open ?? [])].filter(({ fresh }) => fresh).length;
  }

  /** @param {Row} row */
  askedRow(row) {
    const name = this.nameOf(row.person);
    const words =
      row.kind === "swap"
        ? t("agent.requests.ask_swap", { name, mine: theirsText(row), theirs: mineText(row) })
        : t("agent.requests.ask_offer", { name, theirs: mineText(row) });
    return [
      h("p", { text: words }),
      h(
        "div",
        { class: "row" },
        this.button(row, "accept", "check", "agent.requests.accept", "button button-main"),
        this.button(row, "refuse", "end", "agent.requests.refuse"),
      ),
    ];
  }

  /** @param {Row} row */
  openRow(row) {
    const broken = row.broken ?? [];
    return [
      h("p", { text: row.person ? t("agent.requests.of", { when: whatText(row), name: this.nameOf(row.person) }) : whatText(row) }),
      broken.length
        ? h("p", { class: "small soft", text: t("agent.requests.cannot", { what: brokenText(broken) }) })
        : h("div", { class: "row" }, this.button(row, "take", "hands", "agent.requests.take", "button button-main")),
    ];
  }

  /** @param {Row} row */
  ownRow(row) {
    const look = stateLook(row);
    const own = row.person === this.mine?.me;
    const other = row.kind === "open" ? "" : own ? row.other : row.person;
    /** @type {Act | ""} */
    let act = "";
    if (own && (row.state === "waiting" || row.state === "asked" || row.state === "noted")) act = "withdraw";
    else if (!own && row.state === "asked") act = "drop";
    return [
      h(
        "p",
        { class: "my-request-head" },
        h("strong", { text: t(`requests.kind.${row.kind}`) }),
        other ? h("span", { text: this.nameOf(other) }) : null,
        h("span", { class: `pill pill-${look.tone}` }, icon(look.icon), h("span", { text: look.text })),
      ),
      h("p", { class: row.fresh ? "my-request-fresh" : "", text: whatText(row) }),
      row.why ? h("p", { class: "my-request-why", text: t("agent.requests.why", { why: t(`requests.why.${row.why}`) }) }) : null,
      act && h("div", { class: "row" }, this.button(row, act, "back", `agent.requests.${act}`)),
    ];
  }

  /** @param {string} person */
  nameOf(person) {
    return this.mine?.people[person] ?? t("agent.requests.somebody");
  }

  /**
   * @param {Row} row
   * @param {Act} act
   * @param {import("../shared/icons.js").IconName} name
   * @param {string} key
   * @param {string} [look]
   */
  button(row, act, name, key, look = "button") {
    return h(
      "button",
      { class: look, type: "button", "aria-label": `${t(key)} ${whatText(row)}`, on: { click: () => this.act(row, act) } },
      icon(name),
      h("span", { text: t(key) }),
    );
  }

  /**
   * @param {Row} row
   * @param {Act} act
   */
  async act(row, act) {
    await this.send("POST", `/api/my/requests/${encodeURIComponent(row.request)}`, { act, rev: row.rev }, t(`agent.requests.did.${act}`));
  }

  /**
   * Do something, say what came of it, and read everything again; true when it was done.
   * @param {"POST"} method
   * @param {string} path
   * @param {object} body
   * @param {string} words
   */
  async send(method, path, body, words) {
    let done = false;
    try {
      await request(method, path, body);
      show(this.say, false);
      announce(words);
      done = true;
    } catch (error) {
      const code = error instanceof RequestError ? error.code : "internal";
      const rows = error instanceof RequestError && code === "rules_broken" ? (error.answer?.rows ?? []) : [];
      const rule = error instanceof RequestError ? error.answer?.rule : "";
      this.fail([refusalText(code, rule), brokenText(rows)].filter(Boolean).join(" "));
    }
    await Promise.all([this.read(), this.changed()]);
    // What was pressed is gone with its row: the keyboard goes on from the head of this part.
    if (document.activeElement === document.body) this.element.closest("details")?.querySelector("summary")?.focus();
    return done;
  }

  /** @param {string} words */
  fail(words) {
    setText(this.sayText, words);
    show(this.say, true);
  }
}

/** @typedef {(import("../shared/dom.js").Child)[]} Children */

/** @param {string} key of its heading */
function part(key) {
  const list = h("ul", { class: "my-shift-list" });
  const element = h("section", { hidden: true }, h("h3", { class: "small soft", text: t(key) }), list);
  /** @type {Map<string, HTMLElement>} */
  let known = new Map();
  return {
    element,
    /**
     * A row that is as it was stays where it is, with the focus that it may have.
     * @param {readonly Row[]} rows
     * @param {(row: Row) => Children} make
     */
    draw: (rows, make) => {
      const next = new Map(
        rows.map((row) => {
          const name = `${row.request} ${row.rev} ${(row.broken ?? []).map(({ rule }) => rule)}`;
          return [name, known.get(name) ?? h("li", { class: "my-request" }, make(row))];
        }),
      );
      if ([...next.keys()].join() !== [...known.keys()].join()) list.replaceChildren(...next.values());
      known = next;
      show(element, rows.length > 0);
    },
  };
}
