/** How the two pictures of a session reached the other person: one short table. */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** @typedef {import("./timeline.js").SessionRecord} SessionRecord */

/**
 * @typedef {object} Quality what the service counted of one leg, second by second
 * @property {number} seconds
 * @property {number} fps_p5
 * @property {number} fps_p50
 * @property {number} freezes
 * @property {number} loss_p95_permille
 * @property {number} round_trip_p50_ms
 * @property {number} pictures
 * @property {number} pictures_whole
 * @property {number} pictures_slate
 */

/** @type {readonly [string, (quality: Quality) => string][]} */
const ROWS = Object.freeze([
  ["fps", (quality) => t("quality.low_mid", { low: quality.fps_p5, mid: quality.fps_p50 })],
  ["freezes", (quality) => String(quality.freezes)],
  ["loss", (quality) => t("quality.percent", { n: (quality.loss_p95_permille / 10).toFixed(1) })],
  ["round_trip", (quality) => t("quality.ms", { n: quality.round_trip_p50_ms })],
  ["whole", wholeText],
]);

/** Share of the pictures in which nobody was sharp; a forwarded picture has none. @param {Quality} quality */
function wholeText({ pictures, pictures_whole, pictures_slate }) {
  if (!pictures) return t("records.nothing");
  return t("quality.percent", { n: ((100 * (pictures_whole + pictures_slate)) / pictures).toFixed(1) });
}

/**
 * A column for each person of whom a second was counted, by the connection that lasted longest; null without any.
 * @param {SessionRecord} record
 * @returns {HTMLElement | null}
 */
export function qualityTable({ legs = [] }) {
  const columns = ["agent", "customer"].flatMap((role) => {
    const counted = legs.flatMap((leg) => (leg.role === role && leg.quality?.seconds ? [leg.quality] : []));
    const longest = counted.sort((one, other) => other.seconds - one.seconds)[0];
    return longest ? [{ role, quality: longest }] : [];
  });
  if (columns.length === 0) return null;
  return h(
    "table",
    { class: "table quality-table" },
    h("caption", { text: t("quality.title") }),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td"),
        columns.map(({ role }) => h("th", { scope: "col", text: t(`quality.of_${role}`) })),
      ),
    ),
    h(
      "tbody",
      {},
      ROWS.map(([name, textOf]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", text: t(`quality.${name}`) }),
          columns.map(({ quality }) => h("td", { class: "figure", text: textOf(quality) })),
        ),
      ),
    ),
  );
}
