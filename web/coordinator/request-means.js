/** What granting a request would mean, in words: for rules, for who can do it, and for how many would be there. */

import { h } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { labelText, languageText, writtenIn } from "../shared/label-words.js";
import { brokenText, shiftText } from "../shared/request-words.js";

/** @typedef {import("../shared/rule-words.js").Rule & { person: string }} BrokenRule */
/** @typedef {{ person: string, what: string[] }} Lack */

/**
 * As GET /api/requests says it of what waits. `wanted` null: nobody has said how many are wanted.
 * @typedef {object} Means
 * @property {BrokenRule[]} broken
 * @property {Lack[]} lacks
 * @property {{ start: string, end: string, now: number, then: number, wanted: number | null } | null} cover
 * @property {number} shifts
 */

/** @typedef {{ tone: "good" | "attention" | "danger", text: string }} Line */

/**
 * Skills and written languages in words.
 * @param {readonly string[]} labels
 */
export function skillsText(labels) {
  return labels
    .map((label) => (writtenIn(label) ? languageText(writtenIn(label)) : labelText(label)))
    .join(t("list.comma"));
}

/**
 * Rules that would be broken and what would be lacking, whose is said before each.
 * @param {readonly BrokenRule[]} broken
 * @param {readonly Lack[]} lacks
 * @param {(person: string) => string} nameOf
 * @returns {string[]}
 */
export function againstTexts(broken, lacks, nameOf) {
  const people = [...new Set([...broken, ...lacks].map(({ person }) => person))];
  return people.flatMap((person) => {
    const rules = brokenText(broken.filter((one) => one.person === person));
    const what = lacks.filter((one) => one.person === person).flatMap((one) => one.what);
    const parts = [rules, what.length ? t("requests.lacks", { what: skillsText(what) }) : ""].filter(Boolean);
    return t("requests.against", { name: nameOf(person), what: parts.join(t("list.comma")) });
  });
}

/**
 * @param {import("../shared/request-words.js").Row} row
 * @param {Means} means
 * @param {(person: string) => string} nameOf
 * @returns {Line[]}
 */
export function meansLines(row, means, nameOf) {
  /** @type {Line[]} */
  const lines = againstTexts(means.broken, means.lacks, nameOf).map((text) => ({ tone: "attention", text }));
  if (!lines.length && row.other) lines.push({ tone: "good", text: t("requests.fits") });
  if (row.kind === "leave" && !means.shifts) lines.push({ tone: "good", text: t("requests.no_shifts") });
  if (row.kind === "leave" && means.shifts) lines.push({ tone: "attention", text: count("requests.shifts_off", means.shifts) });
  if (means.cover) lines.push(coverLine(row, means.cover));
  else if (row.kind !== "leave") lines.push({ tone: "good", text: t("requests.cover_same") });
  return lines;
}

/**
 * @param {import("../shared/request-words.js").Row} row
 * @param {NonNullable<Means["cover"]>} cover
 * @returns {Line}
 */
function coverLine({ kind }, { start, end, now, then, wanted }) {
  const opens = kind === "open";
  const figures = { when: shiftText(start, end), now, then, wanted: wanted ?? 0 };
  const key = `requests.cover_${opens ? "open" : "leave"}${wanted === null ? "" : "_wanted"}`;
  const there = opens ? now : then;
  const short = wanted === null ? there === 0 : there < wanted;
  return { tone: short ? "danger" : "good", text: t(key, figures) };
}

/** @param {readonly Line[]} lines */
export function meansList(lines) {
  return h(
    "ul",
    { class: "request-means" },
    lines.map(({ tone, text }) =>
      h("li", { class: `request-mean tone-${tone}` }, icon(tone === "good" ? "check" : "urgent"), h("span", { text })),
    ),
  );
}
