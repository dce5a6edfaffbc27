/** What can be done about one of my shifts: let a colleague have it, swap it, or say that I cannot come. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { shiftText } from "../shared/request-words.js";
import { request } from "../shared/service.js";
import { nowMs } from "../shared/time.js";

/** @typedef {import("./my-shifts.js").Shift} Shift */
/** @typedef {{ person: string, shift: string, start: string, end: string, alike: boolean }} Swap */

const ANYBODY = "";

export class ShiftActs {
  /** @param {import("./my-requests.js").MyRequests} requests */
  constructor(requests) {
    this.requests = requests;
    this.shift = "";
    this.title = h("h3", { tabindex: "-1" });
    this.say = h("p", { class: "small soft", "aria-live": "polite" });
    this.to = h("select", { class: "input", id: "offer-to" });
    this.swap = h("select", { class: "input", id: "swap-with" });
    this.first = h("input", { class: "input", id: "away-first", type: "date" });
    this.last = h("input", { class: "input", id: "away-last", type: "date" });
    this.offerPart = h(
      "div",
      { class: "stack" },
      h("label", { class: "label", for: "offer-to", text: t("agent.requests.give_to") }),
      this.to,
      this.button("send", "agent.requests.give", () => this.offer()),
    );
    this.swapPart = h(
      "div",
      { class: "stack", hidden: true },
      h("label", { class: "label", for: "swap-with", text: t("agent.requests.swap_with") }),
      this.swap,
      this.button("turn", "agent.requests.swap", () => this.askSwap()),
    );
    this.element = h(
      "div",
      { class: "card stack shift-acts", hidden: true },
      this.title,
      this.say,
      this.offerPart,
      this.swapPart,
      h(
        "fieldset",
        { class: "stack" },
        h("legend", { class: "label", text: t("agent.requests.away_title") }),
        h("p", { class: "small soft", text: t("agent.requests.away_how") }),
        h(
          "div",
          { class: "row" },
          h("label", { class: "label", for: "away-first", text: t("agent.requests.first") }),
          this.first,
          h("label", { class: "label", for: "away-last", text: t("agent.requests.last") }),
          this.last,
        ),
        this.button("leave", "agent.requests.away", () => this.away()),
      ),
      this.button("end", "agent.requests.close", () => this.close()),
    );
    /** @type {Swap[]} */
    this.swaps = [];
  }

  /**
   * @param {Shift} shift
   * @param {HTMLElement} opener which gets the focus back
   */
  async open(shift, opener) {
    this.opener = opener;
    this.shift = shift.shift;
    setText(this.title, shiftText(shift.start, shift.end));
    const ahead = Date.parse(shift.start) > nowMs();
    this.first.value = this.last.value = localDay(Math.max(Date.parse(shift.start), nowMs()));
    this.first.min = this.last.min = localDay(nowMs());
    show(this.offerPart, ahead);
    show(this.swapPart, false);
    this.fill(this.to, [[ANYBODY, t("agent.requests.anybody")]]);
    setText(this.say, ahead ? t("agent.requests.looking") : "");
    show(this.element, true);
    this.title.focus();
    if (!ahead) return;
    const swaps = request("GET", `/api/my/shifts/${encodeURIComponent(shift.shift)}/swaps`).catch(() => null);
    // Who they are called comes with what is asked.
    if (!this.requests.mine) await this.requests.read();
    const answer = await swaps;
    if (this.shift !== shift.shift) return;
    setText(this.say, answer ? "" : t("agent.requests.not_read"));
    if (!answer) return;
    const people = this.requests.mine?.people ?? {};
    const who = (/** @type {string} */ one, /** @type {boolean} */ alike) =>
      alike ? (people[one] ?? one) : t("agent.requests.unlike", { name: people[one] ?? one });
    this.fill(this.to, [
      [ANYBODY, t("agent.requests.anybody")],
      ...answer.people.map((/** @type {string} */ one) => [one, who(one, !answer.unlike.includes(one))]),
    ]);
    this.swaps = answer.swaps;
    this.fill(
      this.swap,
      this.swaps.map((one) => [one.shift, `${who(one.person, one.alike)} · ${shiftText(one.start, one.end)}`]),
    );
    show(this.swapPart, this.swaps.length > 0);
    if (!answer.people.length && !this.swaps.length) setText(this.say, t("agent.requests.nobody"));
  }

  close() {
    this.shift = "";
    show(this.element, false);
    // The shift may be gone, and its button with it.
    if (this.opener?.isConnected) this.opener.focus();
    else this.element.closest("details")?.querySelector("summary")?.focus();
  }

  async offer() {
    const to = this.to.value;
    await this.ask({ kind: "offer", shift: this.shift, ...(to && { to }) });
  }

  async askSwap() {
    const found = this.swaps.find(({ shift }) => shift === this.swap.value);
    if (found) await this.ask({ kind: "swap", shift: this.shift, to: found.person, theirs: found.shift });
  }

  /** @param {object} wish */
  async ask(wish) {
    if (await this.requests.send("POST", "/api/my/requests", wish, t("agent.requests.sent"))) this.close();
  }

  async away() {
    const wish = { first_day: this.first.value, last_day: this.last.value };
    if (await this.requests.send("POST", "/api/my/away", wish, t("agent.requests.away_done"))) this.close();
  }

  /**
   * @param {HTMLSelectElement} select
   * @param {string[][]} choices value and text
   */
  fill(select, choices) {
    select.replaceChildren(...choices.map(([value, text]) => h("option", { value, text })));
  }

  /**
   * @param {import("../shared/icons.js").IconName} name
   * @param {string} key
   * @param {() => void} press
   */
  button(name, key, press) {
    return h("button", { class: "button", type: "button", on: { click: press } }, icon(name), h("span", { text: t(key) }));
  }
}

/**
 * The day of a moment in the viewer's zone, as date fields have it.
 * @param {number} ms
 */
export function localDay(ms) {
  const at = new Date(ms);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
