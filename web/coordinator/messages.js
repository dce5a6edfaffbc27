/** Messages that customers left and follow-ups that agents promised: who waits longest first, one of them in full. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { LOCALES, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { messageFilm } from "../shared/message-film.js";
import { request } from "../shared/service.js";
import { nowMs } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { momentOf, waitOf } from "./message-words.js";
import { ownerChoice } from "./promise-owner.js";

/** @typedef {import("./message-words.js").Entry} Entry */

/** @type {readonly ["open" | "done", string][]} */
const STATES = [
  ["open", "inbox.show_open"],
  ["done", "inbox.show_done"],
];

export class MessagesPart {
  /**
   * @param {(error: unknown) => string} refused
   * @param {import("./inbox-count.js").InboxCount} inbox
   */
  constructor(refused, inbox) {
    this.refused = refused;
    this.inbox = inbox;
    inbox.counted = (open) => this.counted(open);
    this.attempt = 0;
    this.cursor = "";
    this.open = 0;
    /** The list is the one of `state`. */
    this.loaded = false;
    /** @type {"open" | "done"} */
    this.state = "open";
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    this.shown = "";
    this.heading = h("h1", { text: t("inbox.title"), tabindex: "-1" });
    this.choices = STATES.map(([state, key]) =>
      h(
        "button",
        { class: "button", type: "button", on: { click: () => this.choose(state) } },
        icon(state === "open" ? "clock" : "check"),
        h("span", { text: t(key) }),
      ),
    );
    this.again = h(
      "button",
      { class: "button button-quiet", type: "button", on: { click: () => this.load() } },
      icon("again"),
      h("span", { text: t("inbox.again") }),
    );
    this.fresh = h("p", { class: "notice notice-accent", role: "status", hidden: true }, icon("info"));
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.none = h("p", { class: "soft", text: t("inbox.loading") });
    this.list = h("ul", { class: "inbox-list" });
    this.more = h(
      "button",
      { class: "button", type: "button", hidden: true, on: { click: () => this.load(this.cursor) } },
      icon("unfold"),
      h("span", { text: t("inbox.more") }),
    );
    this.detail = h("section", { class: "card stack inbox-detail", hidden: true });
    this.grid = h(
      "div",
      { class: "inbox-grid" },
      h("div", { class: "stack" }, this.none, this.list, h("div", { class: "row" }, this.more)),
      this.detail,
    );
    this.element = h(
      "div",
      { class: "stack" },
      this.heading,
      h(
        "div",
        { class: "row" },
        h("div", { class: "row inbox-states", role: "group", "aria-label": t("inbox.show") }, this.choices),
        this.again,
      ),
      this.fresh,
      this.trouble,
      this.grid,
    );
  }

  /** @param {number} open as counted just now */
  counted(open) {
    const changed = this.loaded && this.state === "open" && open !== this.open;
    show(this.fresh, changed);
    if (changed && this.fresh.childElementCount < 2) this.fresh.append(h("span", { text: t("inbox.fresh") }));
  }

  enter() {
    this.load();
  }

  /** @param {"open" | "done"} state */
  choose(state) {
    this.close();
    if (state !== this.state) {
      // What belongs to the other list must not stand under this one's name, not even while this one does not come.
      this.state = state;
      this.loaded = false;
      this.entries = [];
      this.cursor = "";
      this.draw();
      setText(this.none, t("inbox.loading"));
    }
    this.load();
  }

  /** @param {string} [cursor] of the next entries; without one the list begins anew */
  async load(cursor = "") {
    const attempt = ++this.attempt;
    STATES.forEach(([state], i) => setAttribute(this.choices[i], "aria-pressed", String(state === this.state)));
    const query = new URLSearchParams({ state: this.state, ...(cursor && { cursor }) });
    try {
      const answer = await request("GET", `/api/messages?${query}`);
      if (attempt !== this.attempt) return;
      this.entries = [...(cursor ? this.entries : []), ...answer.messages];
      this.cursor = answer.cursor;
      this.open = answer.open;
      this.loaded = true;
      show(this.trouble, false);
      this.inbox.show(answer.open);
      show(this.fresh, false);
      this.draw();
    } catch (error) {
      if (attempt === this.attempt) this.fail(this.refused(error));
    }
  }

  draw() {
    const focused = document.activeElement;
    const kept = [...this.buttons].find(([, button]) => button === focused)?.[0];
    const now = nowMs();
    this.buttons = new Map(this.entries.map((entry) => [entry.id, this.row(entry, now)]));
    this.list.replaceChildren(...[...this.buttons.values()].map((button) => h("li", {}, button)));
    show(this.list, this.entries.length > 0);
    show(this.more, this.cursor !== "");
    show(this.none, this.entries.length === 0);
    setText(this.none, t(this.state === "open" ? "inbox.none_open" : "inbox.none_done"));
    if (kept) this.buttons.get(kept)?.focus();
    if (this.shown && !this.buttons.has(this.shown)) this.close();
    this.mark();
  }

  /**
   * @param {Entry} entry
   * @param {number} now
   */
  row(entry, now) {
    const wait = waitOf(entry, now);
    const mark = entry.video ? "camera" : entry.kind === "message" ? "write" : "turn";
    const kind = entry.video ? "inbox.signed" : `inbox.${entry.kind}`;
    return h(
      "button",
      { class: `inbox-row tone-${wait.tone}`, type: "button", on: { click: () => this.tell(entry) } },
      h(
        "span",
        { class: "row" },
        h("span", { class: "inbox-kind" }, icon(mark), h("span", { text: t(kind) })),
        pill(wait),
        urgePill(entry),
      ),
      textOf(entry, "inbox-line"),
    );
  }

  /** @param {Entry} entry */
  tell(entry) {
    this.shown = entry.id;
    const language = LOCALES[/** @type {keyof LOCALES} */ (entry.locale)] ?? entry.locale;
    const followUp = entry.kind === "follow_up";
    const title = h("h2", {
      tabindex: "-1",
      text: t(followUp ? "inbox.about_follow_up" : "inbox.about_message"),
    });
    const turned = entry.state === "open" ? "done" : "open";
    const turn = h(
      "button",
      { class: turned === "done" ? "button button-main" : "button", type: "button" },
      icon(turned === "done" ? "check" : "again"),
      h("span", { text: t(turned === "done" ? "inbox.mark_done" : "inbox.mark_open") }),
    );
    turn.addEventListener("click", () => this.turn(entry, turned, turn));
    this.detail.replaceChildren(
      title,
      h("div", { class: "row" }, pill(waitOf(entry, nowMs())), urgePill(entry), awayPill(entry)),
      textOf(entry, "inbox-text"),
      ...(entry.video ? [messageFilm(entry.id, entry.video)] : []),
      h(
        "dl",
        { class: "inbox-facts" },
        followUp ? null : fact("inbox.contact", entry.contact || t("inbox.no_contact")),
        fact(followUp ? "inbox.ended_at" : "inbox.left_at", momentOf(entry.at_ms)),
        followUp && fact("inbox.due_at", momentOf(entry.due_ms)),
        followUp && fact("inbox.owner", entry.owner_name || t("inbox.nobody")),
        fact("inbox.language", language || t("records.nothing")),
        fact("inbox.customer", `${entry.customer} · ${t(entry.verified ? "agent.verified" : "agent.guest")}`),
      ),
      h(
        "div",
        { class: "row" },
        turn,
        entry.call &&
          h(
            "a",
            { class: "button", href: `#records/${entry.call}` },
            icon("list"),
            h("span", { text: t("inbox.call") }),
          ),
        h(
          "button",
          {
            class: "button",
            type: "button",
            on: { click: () => (this.buttons.get(entry.id)?.focus(), this.close()) },
          },
          icon("end"),
          h("span", { text: t("inbox.close") }),
        ),
      ),
      ...(followUp && entry.state === "open" ? [ownerChoice(entry.call, () => this.load())] : []),
    );
    show(this.detail, true);
    this.mark();
    title.focus();
  }

  /**
   * Mark it, and go on with the next.
   * @param {Entry} entry
   * @param {"open" | "done"} state
   * @param {HTMLButtonElement} button
   */
  async turn(entry, state, button) {
    if (button.disabled) return;
    button.disabled = true;
    const at = this.entries.indexOf(entry);
    try {
      await request("POST", `/api/messages/${encodeURIComponent(entry.id)}`, { state });
    } catch (error) {
      button.disabled = false;
      this.fail(this.refused(error));
      return;
    }
    announce(t(state === "done" ? "inbox.now_done" : "inbox.now_open"));
    if (this.state !== entry.state) {
      this.load(); // the other list was asked for meanwhile, and may not know it yet
      return;
    }
    const elsewhere = this.shown !== "" && this.shown !== entry.id;
    this.attempt += 1; // a list that was asked for before does not know it yet
    this.open += state === "done" ? -1 : 1;
    this.entries = this.entries.filter((other) => other.id !== entry.id);
    show(this.trouble, false);
    this.inbox.show(this.open);
    this.draw();
    const next = this.entries[Math.min(at, this.entries.length - 1)];
    // Whoever reads another one by now goes on reading.
    if (!elsewhere) (next ? this.buttons.get(next.id) : this.heading)?.focus();
    if (!this.entries.length && this.cursor) this.load();
  }

  close() {
    this.shown = "";
    show(this.detail, false);
    this.mark();
  }

  mark() {
    this.grid.classList.toggle("has-detail", this.shown !== "");
    for (const [id, button] of this.buttons) setAttribute(button, "aria-current", id === this.shown ? "true" : null);
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, true);
    setText(this.troubleText, errorText(code));
    if (!this.entries.length) show(this.none, false);
  }
}

/**
 * @param {Entry} entry
 * @param {string} name of the class
 */
function textOf({ text, readable, locale }, name) {
  if (!readable) return h("span", { class: `${name} soft`, text: t("inbox.unreadable") });
  if (!text) return h("span", { class: `${name} soft`, text: t("inbox.no_text") });
  return h("span", { class: name, dir: "auto", lang: locale, text });
}

/** @param {Entry} entry */
function urgePill({ state, urged_ms }) {
  return state === "open" && urged_ms ? pill({ tone: "attention", text: t("inbox.urged", { time: momentOf(urged_ms) }) }) : null;
}

/** @param {Entry} entry */
function awayPill({ state, away }) {
  return state === "open" && away ? pill({ tone: "danger", text: t(`inbox.away.${away}`) }) : null;
}

/** @param {ReturnType<typeof waitOf>} wait */
function pill({ tone, text }) {
  const mark = tone === "danger" ? "urgent" : tone === "good" ? "check" : "clock";
  return h("span", { class: `pill pill-${tone}` }, icon(mark), h("span", { text }));
}

/**
 * @param {string} key
 * @param {string} text
 */
function fact(key, text) {
  return h("div", {}, h("dt", { text: t(key) }), h("dd", { dir: "auto", text }));
}
