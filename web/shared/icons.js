/** The icons of all pages, drawn on a 24-unit square. A word always stands beside an icon, so readers skip them. */

const SVG = "http://www.w3.org/2000/svg";

const FACE = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8.8 9.5v.01 M15.2 9.5v.01";

/** Stroked paths. */
const PATHS = Object.freeze({
  camera: "M3 7.5h12v9H3z M15 11l6-3.5v9L15 13",
  "camera-off": "M9 7.5h6v5 M15 11l6-3.5v9l-3-1.6 M13.5 16.5H3v-9h1.5 M3 3l18 18",
  check: "M4.5 12.5l5 5 10-11",
  "check-circle": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8 12.3l2.8 2.8 5.2-5.8",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 7v5l3.5 2",
  write: "M4 20h4L19 9l-4-4L4 16z M13 7l4 4",
  pause: "M8 5v14 M16 5v14",
  play: "M7 4.5v15l12-7.5z",
  leave: "M14 4H5v16h9 M10 12h11 M17 8l4 4-4 4",
  end: "M6 6l12 12 M18 6L6 18",
  sound: "M4 9.5v5h4l5 4v-13l-5 4z M16.5 9a4 4 0 0 1 0 6 M19 6.5a8 8 0 0 1 0 11",
  "sound-off": "M4 9.5v5h4l5 4v-13l-5 4z M17 9.5l5 5 M22 9.5l-5 5",
  plane:
    "M21.5 3.2c-1-1-2.7-.8-3.8.3L14 7.2 5 4.8 3.5 6.3l7.2 4.2-3.4 3.4-2.6-.4L3.4 14.8l3.4 2 2 3.4 1.3-1.3-.4-2.6 3.4-3.4 4.2 7.2 1.5-1.5-2.4-9 3.7-3.7c1.1-1.1 2.4-1.7 1.4-2.7z",
  hotel: "M3 19V6 M3 16h18v3 M21 16v-2a3 3 0 0 0-3-3h-7v5 M7 10.2a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
  car: "M4 17v-4l2-5.5h12l2 5.5v4z M4 13h16 M6 17v2 M18 17v2 M7.5 15h.01 M16.5 15h.01",
  urgent: "M12 3.5L2.5 20h19z M12 10v4.5 M12 17.2v.01",
  shield: "M12 3l8 3v5.5c0 4.8-3.3 8-8 9.5-4.7-1.5-8-4.7-8-9.5V6z",
  "no-record": "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z M4 4l16 16",
  room: "M3 20V4h18v16 M8.5 20v-3a3.5 3.5 0 0 1 7 0v3 M12 7.5a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
  data: "M4 19V5 M4 19h16 M8.5 15v-3 M13 15V8 M17.5 15v-5",
  signal: "M5 19v-3 M10 19v-7 M15 19V8 M20 19V4",
  fair: "M5 19v-3 M10 19v-7 M15 19V8 M20 19v.01",
  weak: "M5 19v-3 M10 19v-7 M15 19v.01 M20 19v.01",
  again: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4 M20 3v4.5h-4.5",
  lost: "M3 8.5c5-4.6 13-4.6 18 0 M6.5 12.3c3-2.7 8-2.7 11 0 M12 17.5v.01 M3 3l18 18",
  back: "M14.5 5l-7 7 7 7",
  next: "M9.5 5l7 7-7 7",
  send: "M4 12L20 4l-5 16-3.5-6.5z M11.5 13.5L20 4",
  language: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M3 12h18 M12 3c-5 5.5-5 12.5 0 18 M12 3c5 5.5 5 12.5 0 18",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6",
  people:
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z M2.5 19.5c.6-3.5 3.2-5 6.5-5s5.9 1.5 6.5 5 M15.5 5.3a3.3 3.3 0 0 1 0 6.4 M18 14.8c2 .6 3.2 2.2 3.6 4.7",
  eye: "M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12z M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  fold: "M5 9.5l7 7 7-7",
  unfold: "M5 14.5l7-7 7 7",
  cup: "M5 8h11v7a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4z M16 10h1.5a2.5 2.5 0 0 1 0 5H16 M8 3v2 M12 3v2",
  calendar: "M4 6h16v14H4z M4 10.5h16 M8.5 3.5V8 M15.5 3.5V8",
  list: "M8.5 6H20 M8.5 12H20 M8.5 18H20 M4 6h.01 M4 12h.01 M4 18h.01",
  wall: "M4 4h7v7H4z M14 4h6v7h-6z M4 14h7v6H4z M14 14h6v6h-6z",
  download: "M12 4v11 M7.5 11l4.5 4.5 4.5-4.5 M4.5 20h15",
  remove: "M5 7h14 M9.5 7V4.5h5V7 M6.5 7l1 13h9l1-13 M10.5 11v5 M13.5 11v5",
  add: "M12 5v14 M5 12h14",
  turn: "M4 8.5h3l1.5-2.5h7L17 8.5h3v9.5h-6 M4 8.5V18h5 M11 15.5L8.5 18l2.5 2.5 M12 10.5a2.6 2.6 0 0 1 2.6 2.6",
  question: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M9.3 9.6a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2 M12 17v.01",
  copy: "M8.5 8.5h11v11h-11z M15 8.5v-4H4.5V15h4",
  "face-1": `${FACE} M8 17.2c1.2-2 2.5-2.7 4-2.7s2.8.7 4 2.7`,
  "face-2": `${FACE} M8.5 16.5c1-1 2.2-1.5 3.5-1.5s2.5.5 3.5 1.5`,
  "face-3": `${FACE} M8.5 15.5h7`,
  "face-4": `${FACE} M8.5 14.5c1 1 2.2 1.5 3.5 1.5s2.5-.5 3.5-1.5`,
  "face-5": `${FACE} M7.5 13.5c1 2.6 2.6 3.7 4.5 3.7s3.5-1.1 4.5-3.7z`,
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 11v5.5 M12 7.7v.01",
  keys: "M3 6.5h18v11H3z M6.5 10h.01 M10 10h.01 M14 10h.01 M17.5 10h.01 M8 14h8",
  door: "M6 21V3h12v18 M3.5 21h17 M14.5 12v.01",
});

/** @typedef {keyof typeof PATHS | "hands"} IconName */

/**
 * @param {IconName} name
 * @param {string} [extra] further classes
 * @returns {SVGSVGElement}
 */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  if (name === "hands") {
    svg.append(hand("translate(10.9 8.2) rotate(-7) scale(-.5 .5)"), hand("translate(13.1 2.6) rotate(7) scale(.5)"));
  } else {
    svg.append(path(PATHS[name]));
  }
  return svg;
}

/** @param {string} d */
function path(d) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("d", d);
  return element;
}

/**
 * One open hand of thick strokes: four fingers, a thumb and the palm between them.
 * @param {string} transform
 */
function hand(transform) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("transform", transform);
  const fingers = path("M5.5 16V6 M10.3 14V2.5 M15.1 14V3 M19.9 16V7 M6 21L.6 15.5");
  fingers.setAttribute("stroke-width", "3.4");
  const palm = path("M5.6 15h14.2v5.5c0 4.5-2.8 7-7 7-3.6 0-5.7-2-7.2-5z");
  palm.setAttribute("stroke-width", "3.4");
  palm.setAttribute("fill", "currentColor");
  group.append(fingers, palm);
  return group;
}
