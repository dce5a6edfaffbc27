/** Parts of the coordinator's charts. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element of a drawing.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string | Node[]} [inside]
 */
export function s(tag, attributes, inside = []) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (typeof inside === "string") element.textContent = inside;
  else element.append(...inside);
  return element;
}

/**
 * Strokes that fill what colour alone would tell apart; used as `url(#id)`.
 * @param {string} id
 */
export function stripes(id) {
  const line = s("path", { d: "M-2 2l4-4M0 8l8-8M6 10l4-4", class: "chart-stripe" });
  return s("defs", {}, [s("pattern", { id, width: 8, height: 8, patternUnits: "userSpaceOnUse" }, [line])]);
}
