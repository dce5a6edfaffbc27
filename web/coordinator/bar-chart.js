/** Charts of bars: one for each hour or day, all alike; and one for each person, by name. A dashed line is a target. */

import { s } from "./svg.js";

/**
 * @typedef {object} Bar
 * @property {string} name under it, where there is room
 * @property {number} value less than 0: not known, and no bar
 * @property {number} [low] of its band
 * @property {number} [high]
 */

const LEFT = 46;
const RIGHT = 12;
const TOP = 28;
const HEIGHT = 130;
const FOOT = 34;
const ROW = 46;
const LETTER_PX = 9;

/**
 * @param {object} chart
 * @param {Bar[]} chart.bars not empty
 * @param {number} chart.top of the axis
 * @param {string} chart.unit
 * @param {number} chart.width px
 * @param {number} [chart.goal] less than 0: none
 * @param {number} [chart.label] px that a name needs
 */
export function columns({ bars, top, unit, width, goal = -1, label = 52 }) {
  const inner = width - LEFT - RIGHT;
  const step = inner / bars.length;
  const x = (/** @type {number} */ n) => LEFT + n * step;
  const y = (/** @type {number} */ n) => TOP + HEIGHT * (1 - Math.min(n, top) / top);
  const parts = [s("text", { x: 0, y: 14, class: "chart-text chart-unit" }, unit)];
  for (const n of [0, top / 2, top]) {
    parts.push(s("path", { d: `M${LEFT} ${y(n)}H${width - RIGHT}`, class: "chart-rule" }));
    parts.push(s("text", { x: LEFT - 8, y: y(n) + 5, class: "chart-text chart-end" }, String(n)));
  }
  const every = Math.max(1, Math.ceil(label / step));
  const gap = Math.min(8, step * 0.2);
  bars.forEach(({ name, value, low = value, high = value }, n) => {
    if (value >= 0) {
      const size = { x: x(n) + gap / 2, y: y(value), width: Math.max(1, step - gap) };
      parts.push(s("rect", { ...size, height: Math.max(1, y(0) - y(value)), class: "chart-bar chart-amount" }));
      if (high > low) {
        const middle = (x(n) + step / 2).toFixed(1);
        const ends = [y(low), y(high)].map((end) => `M${x(n) + step / 2 - 4} ${end}h8`).join("");
        parts.push(s("path", { d: `M${middle} ${y(low)}V${y(high)}${ends}`, class: "chart-band" }));
      }
    }
    if (n % every || x(n) + label > width) return;
    parts.push(s("path", { d: `M${x(n)} ${y(0)}v6`, class: "chart-rule" }));
    parts.push(s("text", { x: x(n), y: y(0) + 24, class: "chart-text" }, name));
  });
  if (goal >= 0) parts.push(s("path", { d: `M${LEFT} ${y(goal)}H${width - RIGHT}`, class: "chart-goal" }));
  return framed(parts, width, TOP + HEIGHT + FOOT);
}

/**
 * @param {object} chart
 * @param {{ name: string, value: number, words: string }[]} chart.people in the order of their names
 * @param {number} chart.limit 0: none
 * @param {number} chart.width px
 */
export function rows({ people, limit, width }) {
  const most = Math.max(1, limit, ...people.map(({ value }) => value));
  const inner = width - 8;
  const x = (/** @type {number} */ n) => 2 + (n / most) * inner;
  const height = people.length * ROW + 8;
  /** @type {SVGElement[]} */
  const parts = [];
  people.forEach(({ name, value, words }, n) => {
    const y = n * ROW + 16;
    const room = Math.max(4, Math.floor((width - words.length * LETTER_PX * 1.4) / (LETTER_PX * 1.7)));
    const shown = name.length > room ? `${name.slice(0, room - 1)}…` : name;
    parts.push(s("text", { x: 2, y, class: "chart-text chart-unit" }, shown));
    parts.push(s("text", { x: width - 2, y, class: "chart-text chart-end" }, words));
    parts.push(s("path", { d: `M2 ${y + 16}H${width - 2}`, class: "chart-rule" }));
    if (value > 0) parts.push(s("rect", { x: 2, y: y + 7, width: Math.max(2, x(value) - 2), height: 17, class: "chart-bar chart-amount" }));
    if (limit) parts.push(s("path", { d: `M${x(limit) - 1} ${y + 3}v25`, class: "chart-goal" }));
  });
  return framed(parts, width, height);
}

/** @param {"bar" | "goal" | "band" | "line"} kind */
export function barSwatch(kind) {
  const inside = {
    bar: () => s("rect", { x: 6, y: 2, width: 16, height: 16, class: "chart-bar chart-amount" }),
    goal: () => s("path", { d: "M1 10h26", class: "chart-goal" }),
    band: () => s("path", { d: "M14 2v16M10 2h8M10 18h8", class: "chart-band" }),
    line: () => s("path", { d: "M1 10h26", class: "chart-level" }),
  }[kind]();
  return s("svg", { class: "chart-swatch", viewBox: "0 0 28 20", "aria-hidden": "true", focusable: "false" }, [inside]);
}

/**
 * @param {SVGElement[]} parts
 * @param {number} width
 * @param {number} height
 */
function framed(parts, width, height) {
  return s("svg", { class: "chart", width, height, viewBox: `0 0 ${width} ${height}` }, parts);
}
