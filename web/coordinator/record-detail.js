/** One session: what is known of it, and what happened when. */

import { h } from "../shared/dom.js";
import { has, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { labelText } from "../shared/label-words.js";
import { dayText, hourText, lengthText } from "../shared/time.js";
import { qualityTable } from "./record-quality.js";
import { timelineOf } from "./timeline.js";

/** @typedef {import("./timeline.js").SessionRecord} SessionRecord */

/** @param {SessionRecord} record */
export function endText(record) {
  if (!record.closed_ms) return t("records.end.open");
  const key = `records.end.${record.ended_reason}`;
  return has(key) ? t(key) : record.ended_reason;
}

/** @param {SessionRecord} record */
export function whenText(record) {
  return `${dayText(record.joined_ms)} ${hourText(record.joined_ms)}`;
}

/**
 * What came of a session, in the agent's word; "" for none.
 * @param {SessionRecord} record
 */
export function outcomeText({ outcome = "" }) {
  return has(`outcome.${outcome}`) ? t(`outcome.${outcome}`) : outcome;
}

/**
 * What has no moment of its own: pairs of a name's key and words; what is not known is left out.
 * @param {SessionRecord} record
 * @param {(agent: string) => string} nameOf
 * @returns {[string, string][]}
 */
export function factsOf(record, nameOf) {
  const due = record.follow_up_due_ms ?? 0;
  const rang = record.reservations ?? 0;
  const sign = record.sign_language ? `sign.${record.sign_language}` : "";
  /** @type {[string, string | false][]} */
  const facts = [
    ["records.col_wait", lengthText(record.wait_ms)],
    ["records.col_length", record.signing_ms > 0 && lengthText(record.signing_ms)],
    ["records.after_call", (record.after_call_ms ?? 0) > 0 && lengthText(record.after_call_ms ?? 0)],
    ["records.col_end", endText(record)],
    ["records.outcome", outcomeText(record)],
    [
      "records.follow_up",
      due > 0 &&
        t("records.follow_up_by", {
          name: nameOf(record.follow_up_owner ?? ""),
          time: `${dayText(due)} ${hourText(due)}`,
        }),
    ],
    ["records.solved", (record.solved === "yes" || record.solved === "no") && t(`survey.${record.solved}`)],
    ["records.face", (record.face ?? 0) > 0 && t(`survey.face_${record.face}`)],
    [
      "records.rang",
      rang > 0 && t("records.rang_say", { n: rang, declined: record.declines ?? 0, missed: record.misses ?? 0 }),
    ],
    ["records.reason", record.reason && has(`reason.${record.reason}`) && t(`reason.${record.reason}`)],
    ["records.signs", sign && (has(sign) ? t(sign) : (record.sign_language ?? ""))],
    ["records.topic", record.topic ? labelText(record.topic) : ""],
    ["records.who", record.verified !== undefined && t(record.verified ? "records.verified" : "records.guest")],
    ["records.customer", record.customer ?? ""],
    ["records.number", record.call],
  ];
  return /** @type {[string, string][]} */ (facts.filter(([, words]) => words));
}

/**
 * @param {SessionRecord} record
 * @param {(agent: string) => string} nameOf
 * @param {() => void} onClose
 * @returns {{ heading: HTMLElement, parts: HTMLElement[] }}
 */
export function recordDetail(record, nameOf, onClose) {
  const heading = h("h2", { text: t("records.timeline", { when: whenText(record) }), tabindex: "-1" });
  const moments = timelineOf(record, nameOf).map(({ atMs, key, values }) =>
    h(
      "li",
      {},
      h("span", { class: "figure", text: secondText(atMs) }),
      h("span", { class: "timeline-mark" }),
      h("span", {
        text: key === "closed" ? t("timeline.closed", { end: endText(record) }) : t(`timeline.${key}`, values),
      }),
    ),
  );
  const facts = factsOf(record, nameOf).flatMap(([key, words]) => [
    h("dt", { class: "soft", text: t(key) }),
    h("dd", { text: words }),
  ]);
  const close = h(
    "button",
    { class: "button", type: "button", on: { click: onClose } },
    icon("end"),
    h("span", { text: t("records.close") }),
  );
  return {
    heading,
    parts: [
      heading,
      h("ol", { class: "timeline" }, moments),
      ...[qualityTable(record)].filter((part) => part !== null),
      h("dl", { class: "facts" }, facts),
      close,
    ],
  };
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
