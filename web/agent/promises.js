/** What I have promised to customers and what is urgent of mine: what is due first, call back in sign, say that it is done. */

import { h, keyed, setText, show } from "../shared/dom.js";
import { count, has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { refusalText } from "../shared/promise-words.js";
import { request } from "../shared/service.js";
import { momentText, nowMs } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").AgentView} AgentView */
/**
 * @typedef {{ call: string, about_ms: number, due_ms: number, late: boolean, urged_ms: number, reason: string,
 *   sign_language: string, locale: string, called: "" | "calling" | "joined" | "declined" | "missed", called_ms: number }} Mine
 */
/** @typedef {{ call: string, since_ms: number, due_ms: number, reason: string }} Matter */

const AGAIN_MS = 60_000;

export class MyPromises {
  constructor() {
    this.newsMs = -1;
    this.attempt = 0;
    /** @type {Mine[]} */
    this.promises = [];
    /** @type {Matter[]} */
    this.matters = [];
    this.title = h("span", { text: t("agent.promise.title") });
    this.say = h("p", { class: "soft", role: "status" });
    this.trouble = h("p", { class: "notice notice-danger", role: "alert", hidden: true }, icon("info"), h("span"));
    this.list = h("ul", { class: "my-shift-list" });
    this.urgent = h("ul", { class: "my-shift-list" });
    this.element = h(
      "details",
      { class: "my-shifts my-promises" },
      h(
        "summary",
        {},
        icon("turn"),
        this.title,
        h("span", { class: "my-shifts-fold" }, icon("unfold")),
      ),
      h("div", { class: "stack" }, this.trouble, this.say, this.urgent, this.list),
    );
    /** Among the desk's notices: a customer has asked, or a time is over. */
    this.notice = h("p", { class: "notice notice-attention", role: "alert", hidden: true }, icon("info"), h("span"));
    setInterval(() => this.read(), AGAIN_MS);
  }

  /** @param {AgentView | null} view */
  follow(view) {
    if (!view || (view.promise_news_ms ?? 0) === this.newsMs) return;
    this.newsMs = view.promise_news_ms ?? 0;
    this.read();
  }

  async read() {
    const attempt = ++this.attempt;
    try {
      const { promises, matters } = await request("GET", "/api/my/promises");
      if (attempt !== this.attempt) return;
      this.promises = promises;
      this.matters = matters;
    } catch {
      setText(this.say, t("agent.promise.not_read"));
      return;
    }
    this.draw();
  }

  draw() {
    const { promises, matters } = this;
    const all = promises.length + matters.length;
    const waits = promises.filter((one) => one.late || one.urged_ms > 0).length;
    setText(this.title, all ? count("agent.promise.count", all) : t("agent.promise.title"));
    setText(this.say, all ? "" : t("agent.promise.none"));
    show(this.notice, waits > 0);
    if (waits) setText(/** @type {HTMLElement} */ (this.notice.lastChild), count("agent.promise.waits", waits));
    keyed(this.urgent, matters, (one) => one.call, (one) => this.matter(one));
    keyed(this.list, promises, (one) => one.call, (one) => this.row(one));
  }

  /** @param {Matter} matter */
  matter({ call }) {
    const words = h("b");
    const element = h(
      "li",
      { class: "my-request" },
      h("p", { class: "row" }, icon("urgent"), words),
      h("div", { class: "row" }, this.button("check", "agent.promise.settle", () => this.act(`/api/matters/${call}/settle`))),
    );
    const update = (/** @type {Matter} */ { due_ms, reason }) => {
      const about = reason ? `${t(`reason.${reason}`)} · ` : "";
      setText(words, `${about}${t("agent.promise.matter", { time: momentText(due_ms) })}`);
    };
    return { element, update };
  }

  /** @param {Mine} mine */
  row({ call }) {
    const path = `/api/my/promises/${call}`;
    const due = h("b");
    const facts = h("span", { class: "soft" });
    const said = h("p", { class: "notice notice-accent", role: "status", hidden: true }, icon("hands"), h("span"));
    const urged = h("p", { class: "pill pill-attention" }, icon("people"), h("span"));
    const note = h("p", { dir: "auto", hidden: true });
    const ring = this.button("hands", "agent.promise.call", () => this.act(path, { act: "call" }), "button button-main");
    const stop = this.button("end", "agent.promise.stop", () => this.act(path, { act: "stop" }));
    const element = h(
      "li",
      { class: "my-request" },
      h("p", { class: "my-request-head" }, due, facts),
      urged,
      said,
      note,
      h(
        "div",
        { class: "row" },
        ring,
        stop,
        this.button("check", "agent.promise.done", () => this.act(path, { act: "done" })),
        this.button("write", "agent.promise.note", () => this.tell(path, note)),
      ),
    );
    const update = (/** @type {Mine} */ one) => {
      const sign = has(`sign.${one.sign_language}`) ? t(`sign.${one.sign_language}`) : one.sign_language;
      setText(due, t(one.late ? "agent.promise.late" : "agent.promise.due", { time: momentText(one.due_ms) }));
      setText(facts, [t("agent.promise.about", { time: momentText(one.about_ms) }), sign].filter(Boolean).join(" · "));
      show(urged, one.urged_ms > 0);
      if (one.urged_ms) setText(/** @type {HTMLElement} */ (urged.lastChild), t("agent.promise.urged", { time: momentText(one.urged_ms) }));
      show(said, one.called !== "");
      if (one.called) setText(/** @type {HTMLElement} */ (said.lastChild), t(`agent.promise.${one.called}`, { time: momentText(one.called_ms || nowMs()) }));
      show(stop, one.called === "calling");
      show(ring, one.called !== "calling");
    };
    return { element, update };
  }

  /**
   * What was noted of the call: read when it is wanted, for each look is written down.
   * @param {string} path
   * @param {HTMLElement} note
   */
  async tell(path, note) {
    if (!note.hidden) return show(note, false);
    await this.attempted(async () => {
      const answer = await request("GET", path);
      setText(note, answer.readable ? answer.note || t("agent.promise.no_note") : t("agent.promise.no_note"));
      show(note, true);
    });
  }

  /**
   * @param {string} path
   * @param {object} [wish]
   */
  async act(path, wish) {
    await this.attempted(() => request("POST", path, wish));
    await this.read();
  }

  /** @param {() => Promise<unknown>} work */
  async attempted(work) {
    show(this.trouble, false);
    try {
      await work();
    } catch (error) {
      setText(/** @type {HTMLElement} */ (this.trouble.lastChild), refusalText(error));
      show(this.trouble, true);
    }
  }

  /**
   * @param {import("../shared/icons.js").IconName} mark
   * @param {string} key
   * @param {() => void} press
   * @param {string} [look]
   */
  button(mark, key, press, look = "button") {
    return h("button", { class: look, type: "button", on: { click: press } }, icon(mark), h("span", { text: t(key) }));
  }
}
