/** Records: the sessions of some days as a table, one of them as a timeline, all of them as CSV. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { has, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { dayText, hourText, lengthText } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { dayField } from "./shifts.js";
import { servedBy, timelineOf } from "./timeline.js";

/** @typedef {import("./timeline.js").SessionRecord} SessionRecord */

const ENDS = [
  "customer_hung_up",
  "agent_hung_up",
  "customer_lost",
  "customer_cancelled",
  "agent_lost",
  "closed",
  "shutdown",
  "open",
];
const PAGE = 50;
const DAYS_BACK = 6;

/**
 * The query of whole days in the viewer's zone, both included.
 * @param {string} from YYYY-MM-DD
 * @param {string} to YYYY-MM-DD
 * @returns {URLSearchParams | null} null when a day is missing or the last lies before the first
 */
export function daysQuery(from, to) {
  const [start, end] = [new Date(`${from}T00:00`), new Date(`${to}T00:00`)];
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime()) || end < start) return null;
  end.setDate(end.getDate() + 1);
  return new URLSearchParams({ from: start.toISOString(), to: end.toISOString() });
}

export class RecordsPart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {Map<string, string>} */
    this.names = new Map();
    this.cursor = "";
    this.count = 0;
    this.attempt = 0;
    const today = new Date();
    const first = new Date(today);
    first.setDate(first.getDate() - DAYS_BACK);
    this.heading = h("h1", { text: t("coordinator.records"), tabindex: "-1" });
    this.from = h("input", { class: "input", id: "records-from", type: "date", value: dayField(first) });
    this.to = h("input", { class: "input", id: "records-to", type: "date", value: dayField(today) });
    this.agent = h("select", { class: "input", id: "records-agent" });
    this.ended = h(
      "select",
      { class: "input", id: "records-ended" },
      h("option", { value: "", text: t("records.any_end") }),
      ENDS.map((end) => h("option", { value: end, text: t(`records.end.${end}`) })),
    );
    this.drawAgents([]);
    /** @type {[string, HTMLInputElement][]} */
    this.ticks = ["urgent", "unanswered", "not_solved"].map((name) => [
      name,
      h("input", { type: "checkbox", id: `records-${name}` }),
    ]);
    this.csv = h("a", { class: "button", download: true }, icon("download"), h("span", { text: t("records.csv") }));
    this.filters = h(
      "form",
      {
        class: "filters",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.load()) },
      },
      h("div", { class: "field" }, h("label", { for: "records-from", text: t("records.from") }), this.from),
      h("div", { class: "field" }, h("label", { for: "records-to", text: t("records.to") }), this.to),
      h("div", { class: "field" }, h("label", { for: "records-agent", text: t("records.agent") }), this.agent),
      h("div", { class: "field" }, h("label", { for: "records-ended", text: t("records.ended") }), this.ended),
      h(
        "fieldset",
        { class: "ticks" },
        h("legend", { text: t("records.only") }),
        this.ticks.map(([name, box]) => h("label", { class: "tick" }, box, h("span", { text: t(`records.${name}`) }))),
      ),
      h(
        "div",
        { class: "row" },
        h("button", { class: "button", type: "submit" }, icon("again"), h("span", { text: t("records.show") })),
        this.csv,
      ),
    );
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
          ["when", "wait", "length", "agent", "end"].map((name) =>
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
    this.element = h("div", { class: "stack" }, this.heading, this.filters, this.trouble, this.grid);
  }

  enter() {
    this.load();
  }

  async load() {
    const query = daysQuery(this.from.value, this.to.value);
    this.close();
    if (!query) {
      this.fail("bad_days");
      return;
    }
    this.fail("");
    if (this.agent.value) query.set("agent", this.agent.value);
    if (this.ended.value) query.set("ended", this.ended.value);
    for (const [name, box] of this.ticks) if (box.checked) query.set(name, "1");
    this.csv.href = `/api/records.csv?${query}`;
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
      this.drawAgents([...this.names]);
    } catch (error) {
      this.fail(this.refused(error));
    }
    await this.loadMore();
  }

  /** @param {[string, string][]} agents */
  drawAgents(agents) {
    const kept = this.agent.value;
    this.agent.replaceChildren(
      ...[["", t("records.any_agent")], ...agents].map(([value, text]) => h("option", { value, text })),
    );
    if (agents.some(([agent]) => agent === kept)) this.agent.value = kept;
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
    const agents = servedBy(record, (agent) => this.nameOf(agent));
    const when = `${dayText(record.joined_ms)} ${hourText(record.joined_ms)}`;
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
      h("td", { class: "figure", text: record.signing_ms ? lengthText(record.signing_ms) : t("records.nothing") }),
      h("td", { text: agents.join(t("list.comma")) || t("records.nothing") }),
      h("td", { text: endText(record) }),
      h("td", {}, open),
    );
    open.addEventListener("click", () => this.open(record.call, row, open));
    return row;
  }

  /**
   * @param {string} call
   * @param {HTMLElement} row
   * @param {HTMLElement} opener
   */
  async open(call, row, opener) {
    this.close();
    row.classList.add("is-open");
    const attempt = ++this.attempt;
    try {
      /** @type {SessionRecord} */
      const record = await request("GET", `/api/records/${encodeURIComponent(call)}`);
      if (attempt === this.attempt) this.drawDetail(record, opener);
    } catch (error) {
      this.fail(this.refused(error));
    }
  }

  /**
   * @param {SessionRecord} record
   * @param {HTMLElement} opener
   */
  drawDetail(record, opener) {
    const heading = h("h2", {
      text: t("records.timeline", { when: `${dayText(record.joined_ms)} ${hourText(record.joined_ms)}` }),
      tabindex: "-1",
    });
    const close = h(
      "button",
      { class: "button", type: "button", on: { click: () => (this.close(), opener.focus()) } },
      icon("end"),
      h("span", { text: t("records.close") }),
    );
    const moments = timelineOf(record, (agent) => this.nameOf(agent));
    this.detail.replaceChildren(
      heading,
      h("p", {
        class: "soft",
        text: t("records.summary", {
          wait: lengthText(record.wait_ms),
          length: lengthText(record.signing_ms),
          end: endText(record),
        }),
      }),
      h(
        "ol",
        { class: "timeline" },
        moments.map(({ atMs, key, values }) => {
          const text = key === "closed" ? t("timeline.closed", { end: endText(record) }) : t(`timeline.${key}`, values);
          return h(
            "li",
            {},
            h("span", { class: "figure", text: secondText(atMs) }),
            h("span", { class: "timeline-mark" }),
            h("span", { text }),
          );
        }),
      ),
      h("p", { class: "small soft", text: t("records.id", { id: record.call }) }),
      close,
    );
    show(this.detail, true);
    this.grid.classList.add("has-detail");
    heading.focus();
  }

  close() {
    this.attempt += 1;
    for (const row of this.rows.querySelectorAll(".is-open")) row.classList.remove("is-open");
    show(this.detail, false);
    this.grid.classList.remove("has-detail");
  }

  /** @param {string} agent */
  nameOf(agent) {
    return this.names.get(agent) ?? agent;
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
    setAttribute(this.from, "aria-invalid", code === "bad_days" ? "true" : null);
    setAttribute(this.to, "aria-invalid", code === "bad_days" ? "true" : null);
  }
}

/** @param {SessionRecord} record */
function endText(record) {
  if (!record.closed_ms) return t("records.end.open");
  const key = `records.end.${record.ended_reason}`;
  return has(key) ? t(key) : record.ended_reason;
}

/** @param {number} ms */
function secondText(ms) {
  return new Intl.DateTimeFormat(locale(), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  }).format(ms);
}
