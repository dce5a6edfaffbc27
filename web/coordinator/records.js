/** Records: the sessions of some days as a table, one of them as a timeline, all of them as CSV. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { lengthText } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { BlockCard, BlockList } from "./blocks.js";
import { learnQueueTopics } from "./queue-labels.js";
import { endText, outcomeText, recordDetail, whenText } from "./record-detail.js";
import { RecordFilters } from "./record-filters.js";
import { servedBy } from "./timeline.js";

/** @typedef {import("./timeline.js").SessionRecord} SessionRecord */

const PAGE = 50;

export class RecordsPart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {Map<string, string>} */
    this.names = new Map();
    /** @type {URLSearchParams | null} */
    this.query = null;
    this.cursor = "";
    this.count = 0;
    this.attempt = 0;
    this.nameOf = (/** @type {string} */ agent) => this.names.get(agent) ?? agent;
    this.heading = h("h1", { text: t("coordinator.records"), tabindex: "-1" });
    this.filters = new RecordFilters(() => this.load());
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.rows = h("tbody");
    this.caption = h("caption", { text: t("records.loading") });
    this.table = h(
      "table",
      { class: "table" },
      this.caption,
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["when", "wait", "length", "agent", "end", "outcome"].map((name) =>
            h("th", { scope: "col", text: t(`records.col_${name}`) }),
          ),
          h("td"),
        ),
      ),
      this.rows,
    );
    this.more = h(
      "button",
      { class: "button", type: "button", hidden: true, on: { click: () => this.loadMore() } },
      icon("fold"),
      h("span", { text: t("records.more") }),
    );
    this.detail = h("section", { class: "card stack", hidden: true });
    this.blocks = new BlockList(refused);
    this.grid = h(
      "div",
      { class: "records-grid" },
      h(
        "section",
        { class: "card stack" },
        h(
          "div",
          { class: "table-frame", tabindex: "0", role: "region", "aria-label": t("coordinator.records") },
          this.table,
        ),
        this.more,
      ),
      this.detail,
    );
    this.element = h("div", { class: "stack" }, this.heading, this.filters.element, this.trouble, this.grid, this.blocks.element);
  }

  /** @param {string} call the session that the address names, "" for none */
  async enter(call) {
    await this.load();
    if (call) await this.open(call, null, this.heading);
  }

  async load() {
    const query = this.filters.query();
    this.close();
    this.fail(query ? "" : "bad_days");
    if (!query) return;
    query.set("limit", String(PAGE));
    this.query = query;
    this.cursor = "";
    this.count = 0;
    this.rows.replaceChildren();
    try {
      const { agents } = await request("GET", "/api/agents");
      this.names = new Map(
        agents.map((/** @type {import("./shifts.js").Agent} */ agent) => [
          agent.agent,
          agent.name || agent.sign_in_name,
        ]),
      );
      this.filters.drawAgents([...this.names]);
    } catch (error) {
      this.fail(this.refused(error));
    }
    await this.loadMore();
  }

  async loadMore() {
    if (!this.query) return;
    const attempt = ++this.attempt;
    if (this.cursor) this.query.set("cursor", this.cursor);
    try {
      const { records, cursor } = await request("GET", `/api/records?${this.query}`);
      if (attempt !== this.attempt) return;
      this.cursor = cursor;
      this.count += records.length;
      this.rows.append(...records.map((/** @type {SessionRecord} */ record) => this.row(record)));
      const counted = this.cursor ? "records.count_more" : this.count ? "records.count" : "records.none";
      setText(this.caption, t(counted, { n: this.count }));
    } catch (error) {
      this.cursor = "";
      setText(this.caption, t("records.not_loaded"));
      this.fail(this.refused(error));
    }
    show(this.more, this.cursor !== "");
  }

  /** @param {SessionRecord} record */
  row(record) {
    const when = whenText(record);
    const nothing = t("records.nothing");
    const open = h(
      "button",
      { class: "button button-quiet", type: "button", "aria-label": t("records.open_one", { when }) },
      icon("next"),
      h("span", { text: t("records.open") }),
    );
    const row = h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("span", { class: "figure", text: when }),
        record.class === "urgent" &&
          h("span", { class: "pill pill-danger" }, icon("urgent"), h("span", { text: t("now.urgent") })),
      ),
      h("td", { class: "figure", text: lengthText(record.wait_ms) }),
      h("td", { class: "figure", text: record.signing_ms ? lengthText(record.signing_ms) : nothing }),
      h("td", { text: servedBy(record, this.nameOf).join(t("list.comma")) || nothing }),
      h("td", { text: endText(record) }),
      h("td", { text: outcomeText(record) || nothing }),
      h("td", {}, open),
    );
    open.addEventListener("click", () => this.open(record.call, row, open));
    return row;
  }

  /**
   * @param {string} call
   * @param {HTMLElement | null} row of the list, null when it may not be there
   * @param {HTMLElement} opener what gets the focus back
   */
  async open(call, row, opener) {
    this.close();
    row?.classList.add("is-open");
    const attempt = ++this.attempt;
    try {
      /** @type {SessionRecord} */
      const record = await request("GET", `/api/records/${encodeURIComponent(call)}`);
      if (record.topic) await learnQueueTopics();
      if (attempt !== this.attempt) return;
      const { heading, parts } = recordDetail(record, this.nameOf, () => (this.close(), opener.focus()));
      // Who was erased is nobody any more.
      const block = record.customer ? [new BlockCard(record.customer, call, this.refused).element] : [];
      this.detail.replaceChildren(...parts.slice(0, -1), ...block, ...parts.slice(-1));
      show(this.detail, true);
      this.grid.classList.add("has-detail");
      heading.focus();
    } catch (error) {
      if (attempt === this.attempt) this.fail(this.refused(error));
    }
  }

  close() {
    this.attempt += 1;
    for (const row of this.rows.querySelectorAll(".is-open")) row.classList.remove("is-open");
    show(this.detail, false);
    this.grid.classList.remove("has-detail");
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
  }
}
