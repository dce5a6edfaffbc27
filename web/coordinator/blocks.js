/** Customers who may not call for a while: beside a record whether its customer is one, and the list of all. */

import { announce, h, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { dayText, hourText } from "../shared/time.js";
import { errorText } from "../shared/words.js";

/** @typedef {{ customer: string, since_ms: number, until_ms: number, by: string, reason: string, call: string }} Block */

const DAYS = [1, 7, 30, 90];
const MAX_REASON = 300;

/** @param {number} ms */
const momentText = (ms) => `${dayText(ms)} ${hourText(ms)}`;

function troubleLine() {
  const text = h("span");
  const line = h("p", { class: "notice notice-danger", role: "alert", hidden: true }, icon("info"), text);
  return { line, say: (/** @type {string} */ code) => (show(line, code !== ""), setText(text, code && errorText(code))) };
}

/**
 * @param {string} customer
 * @returns {Promise<unknown>}
 */
const unblock = (customer) => request("DELETE", `/api/blocks/${encodeURIComponent(customer)}`);

/** Whether the customer of one record may call, and the form that changes it. */
export class BlockCard {
  /**
   * @param {string} customer
   * @param {string} call on whose record this stands
   * @param {(error: unknown) => string} refused
   */
  constructor(customer, call, refused) {
    this.customer = customer;
    this.call = call;
    this.refused = refused;
    this.said = h("p", { class: "soft" });
    this.trouble = troubleLine();
    this.ask = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.open() } },
      icon("door"),
      h("span", { text: t("blocks.ask") }),
    );
    this.lift = h(
      "button",
      { class: "button", type: "button", hidden: true, on: { click: () => this.remove() } },
      icon("check"),
      h("span", { text: t("blocks.lift") }),
    );
    this.reason = h("textarea", { class: "input", id: "block-reason", rows: 2, maxlength: MAX_REASON });
    this.days = h(
      "select",
      { class: "input", id: "block-days" },
      DAYS.map((days) => h("option", { value: String(days), text: count("blocks.days", days), selected: days === 7 })),
    );
    this.form = h(
      "form",
      {
        class: "stack",
        hidden: true,
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.add()) },
      },
      h("p", { class: "notice notice-attention" }, icon("info"), h("span", { text: t("blocks.effect") })),
      h("div", { class: "field" }, h("label", { for: "block-reason", text: t("blocks.reason") }), this.reason),
      h("div", { class: "field" }, h("label", { for: "block-days", text: t("blocks.how_long") }), this.days),
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { class: "button button-end", type: "submit" },
          icon("door"),
          h("span", { text: t("blocks.block") }),
        ),
        h(
          "button",
          { class: "button", type: "button", on: { click: () => this.shut() } },
          icon("back"),
          h("span", { text: t("blocks.keep") }),
        ),
      ),
    );
    this.element = h(
      "section",
      { class: "stack" },
      h("h3", { text: t("blocks.title_one") }),
      this.said,
      h("div", { class: "row" }, this.ask, this.lift),
      this.form,
      this.trouble.line,
    );
    this.draw(null);
    this.look();
  }

  async look() {
    try {
      const { blocks } = await request("GET", `/api/blocks?customer=${encodeURIComponent(this.customer)}`);
      if (this.form.hidden) this.draw(blocks[0] ?? null);
    } catch (error) {
      this.trouble.say(this.refused(error));
    }
  }

  /** @param {Block | null} block */
  draw(block) {
    setText(this.said, block ? sentence(block) : t("blocks.may_call"));
    show(this.ask, block === null);
    show(this.lift, block !== null);
  }

  open() {
    show(this.form, true);
    show(this.ask, false);
    this.reason.focus();
  }

  shut() {
    show(this.form, false);
    show(this.ask, true);
    this.trouble.say("");
    this.ask.focus();
  }

  async add() {
    const reason = this.reason.value.trim();
    if (!reason) {
      this.reason.focus();
      return this.trouble.say("bad_block");
    }
    const wish = { customer: this.customer, reason, days: Number(this.days.value), call: this.call };
    try {
      const block = await request("POST", "/api/blocks", wish);
      this.trouble.say("");
      show(this.form, false);
      this.draw(block);
      this.lift.focus();
    } catch (error) {
      this.trouble.say(this.refused(error));
    }
    return undefined;
  }

  async remove() {
    try {
      await unblock(this.customer);
      this.trouble.say("");
      this.draw(null);
      this.ask.focus();
    } catch (error) {
      this.trouble.say(this.refused(error));
    }
  }
}

/** All of them, asked for when somebody wants to see them: each look is written down. */
export class BlockList {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.trouble = troubleLine();
    this.none = h("p", { class: "soft", text: t("blocks.none") });
    this.list = h("ul", { class: "stack" });
    this.element = h(
      "details",
      { class: "card blocks", on: { toggle: () => this.element.open && this.load() } },
      (this.summary = h("summary", { text: t("blocks.title") })),
      h("div", { class: "stack" }, this.none, this.list, this.trouble.line),
    );
  }

  async load() {
    try {
      const { blocks } = await request("GET", "/api/blocks");
      this.trouble.say("");
      this.list.replaceChildren(...blocks.map((/** @type {Block} */ block) => this.row(block)));
      show(this.none, blocks.length === 0);
    } catch (error) {
      this.trouble.say(this.refused(error));
    }
  }

  /** @param {Block} block */
  row(block) {
    return h(
      "li",
      { class: "row spread" },
      h(
        "span",
        {},
        h("span", { class: "figure", text: block.customer }),
        h("br"),
        h("span", { class: "soft", text: sentence(block) }),
      ),
      h(
        "span",
        { class: "row" },
        block.call &&
          h(
            "a",
            { class: "button button-quiet", href: `#records/${block.call}` },
            icon("list"),
            h("span", { text: t("inbox.call") }),
          ),
        h(
          "button",
          { class: "button", type: "button", on: { click: () => this.remove(block.customer) } },
          icon("check"),
          h("span", { text: t("blocks.lift") }),
        ),
      ),
    );
  }

  /** @param {string} customer */
  async remove(customer) {
    try {
      await unblock(customer);
      announce(t("blocks.may_call"));
      await this.load();
      this.summary.focus(); // the row with the button is gone
    } catch (error) {
      this.trouble.say(this.refused(error));
    }
  }
}

/** @param {Block} block */
function sentence({ reason, since_ms: since, until_ms: until, by }) {
  const why = reason || t("inbox.unreadable");
  return t("blocks.sentence", { until: momentText(until), since: momentText(since), name: by || t("inbox.nobody"), why });
}
