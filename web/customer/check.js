/**
 * The look at the own picture before a call, made on this phone alone: is there light, is the person neither too near
 * nor at the edge, does the phone stand still. It advises and never forbids: it knows brightness and movement only.
 */

export const WIDE = 32;
export const HIGH = 24;
const LOOK_EVERY_MS = 200;

/** What the picture lacks; "still": nothing moves, so nothing can be said of hands. Each but that is a text `check.<name>`. */
/** @typedef {"dark" | "covered" | "backlit" | "shaky" | "near" | "edge" | "still" | "fine"} Verdict */

const DARK = 45;
const FLAT = 9;
const BACKLIT_CENTRE = 80;
const BACKLIT_STEP = 60;
const MOVES = 7;
const LEAST_MOVING = 0.01;
const ALL_MOVING = 0.6;
const TOP_MOVING = 0.3;
const EDGE_SHARE = 0.45;

/**
 * Judge one moment.
 * @param {ArrayLike<number>} light brightness of WIDE x HIGH cells, row by row, 0 to 255
 * @param {ArrayLike<number>} motion how much each cell has changed of late, in the same unit
 * @returns {Verdict}
 */
export function judgePicture(light, motion) {
  const all = meanOf(light, () => true);
  if (all < DARK) return "dark";
  let spread = 0;
  for (let i = 0; i < light.length; i += 1) spread += (light[i] - all) ** 2;
  if (Math.sqrt(spread / light.length) < FLAT) return "covered";
  const inside = (/** @type {number} */ x, /** @type {number} */ y) => x > 0.3 && x < 0.7 && y > 0.2;
  const around = (/** @type {number} */ x, /** @type {number} */ y) => x < 0.2 || x > 0.8 || y < 0.15;
  const centre = meanOf(light, inside);
  if (centre < BACKLIT_CENTRE && meanOf(light, around) - centre > BACKLIT_STEP) return "backlit";

  let [moving, edge, top] = [0, 0, 0];
  for (let i = 0; i < motion.length; i += 1) {
    if (motion[i] < MOVES) continue;
    const [x, y] = [i % WIDE, Math.floor(i / WIDE)];
    moving += 1;
    if (x < 2 || x >= WIDE - 2) edge += 1;
    if (y < 2) top += 1;
  }
  if (moving > ALL_MOVING * motion.length) return "shaky";
  if (moving < LEAST_MOVING * motion.length) return "still";
  if (top > TOP_MOVING * WIDE * 2) return "near";
  return edge > EDGE_SHARE * moving ? "edge" : "fine";
}

/**
 * @param {ArrayLike<number>} cells
 * @param {(x: number, y: number) => boolean} counts the cell at this share of width and height
 */
function meanOf(cells, counts) {
  let [sum, n] = [0, 0];
  for (let i = 0; i < cells.length; i += 1) {
    if (!counts(((i % WIDE) + 0.5) / WIDE, (Math.floor(i / WIDE) + 0.5) / HIGH)) continue;
    sum += cells[i];
    n += 1;
  }
  return sum / n;
}

/** One sentence at a time, and none that flickers: a verdict is said once it has lasted, and then stays for a while. */
export class Steady {
  /**
   * @param {number} [lasts] looks in a row that a new verdict needs
   * @param {number} [stays] looks that a said verdict stays at least
   */
  constructor(lasts = 5, stays = 10) {
    this.lasts = lasts;
    this.stays = stays;
    /** @type {Verdict} */
    this.said = "still";
    /** @type {Verdict} */
    this.next = "still";
    this.count = 0;
    this.age = stays;
  }

  /**
   * @param {Verdict} verdict
   * @returns {Verdict} what is to be said
   */
  hear(verdict) {
    this.age += 1;
    this.count = verdict === this.next ? this.count + 1 : 1;
    this.next = verdict;
    if (verdict !== this.said && this.count >= this.lasts && this.age >= this.stays) {
      this.said = verdict;
      this.age = 0;
    }
    return this.said;
  }
}

/** Looks at a playing video five times a second, on a picture of 32 x 24 cells. */
export class CameraCheck {
  /**
   * @param {HTMLVideoElement} video
   * @param {(verdict: Verdict) => void} onVerdict
   */
  constructor(video, onVerdict) {
    this.video = video;
    this.onVerdict = onVerdict;
    this.steady = new Steady();
    const canvas = document.createElement("canvas");
    canvas.width = WIDE;
    canvas.height = HIGH;
    this.pen = canvas.getContext("2d", { willReadFrequently: true });
    this.light = new Float32Array(WIDE * HIGH);
    this.motion = new Float32Array(WIDE * HIGH);
    this.looks = 0;
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
  }

  look() {
    if (!this.pen || this.video.readyState < 2 || document.visibilityState !== "visible") return;
    this.pen.drawImage(this.video, 0, 0, WIDE, HIGH);
    const { data } = this.pen.getImageData(0, 0, WIDE, HIGH);
    for (let i = 0; i < this.light.length; i += 1) {
      const now = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
      // A second's memory: a hand that has just gone still counts as a hand.
      if (this.looks > 0) this.motion[i] = Math.max(Math.abs(now - this.light[i]), this.motion[i] * 0.8);
      this.light[i] = now;
    }
    this.looks += 1;
    this.onVerdict(this.steady.hear(judgePicture(this.light, this.motion)));
  }
}
