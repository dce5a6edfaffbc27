/**
 * What this page really presents of the other person's picture: frames a second, and freezes, counted where they are
 * seen. The service cannot know that by itself: it sees what it sends, not what a slow phone drops.
 */

/** @typedef {{ fps: number, freezes: number, frozen_ms: number }} Shown */

const EVERY_MS = 1000;
/** A timer that comes much later was held back with the whole page: nothing was presented, and nothing is said. */
const LATE_MS = 1500;
const MEAN_OF = 30;
// As in the WebRTC statistics (W3C, freezeCount): longer than three times the usual, and than the usual plus 150 ms.
const FREEZE_FACTOR = 3;
const FREEZE_MARGIN_MS = 150;

/** Counts of one picture. Times are milliseconds of the page's clock. */
export class ShownCount {
  constructor() {
    /** When the last frames were presented. @type {number[]} */
    this.times = [];
    this.presented = 0;
    this.sinceMs = 0;
    this.frames = 0;
    this.freezes = 0;
    this.frozenMs = 0;
  }

  /**
   * Count anew from here: what was before is not known, or is no part of it.
   * @param {number} nowMs
   */
  begin(nowMs) {
    this.times = [];
    this.restart(nowMs);
  }

  /** @param {number} nowMs */
  restart(nowMs) {
    this.sinceMs = nowMs;
    this.frames = 0;
    this.freezes = 0;
    this.frozenMs = 0;
  }

  /**
   * Note a frame.
   * @param {number} atMs when it was presented
   * @param {number} presented how many have been so far: more than one new one when the page was busy
   */
  frame(atMs, presented) {
    const last = this.times.at(-1);
    const fresh = last === undefined ? 1 : Math.max(1, presented - this.presented);
    this.presented = presented;
    this.frames += fresh;
    if (last !== undefined) {
      const gapMs = (atMs - last) / fresh;
      const first = this.times[0] ?? last;
      const meanMs = (last - first) / Math.max(1, this.times.length - 1);
      if (this.times.length > 1 && gapMs > Math.max(FREEZE_FACTOR * meanMs, meanMs + FREEZE_MARGIN_MS)) {
        this.freezes += 1;
        this.frozenMs += gapMs;
      }
    }
    this.times.push(atMs);
    if (this.times.length > MEAN_OF + 1) this.times.shift();
  }

  /**
   * Return what the time since the last take was like, null when the page was held back.
   * @param {number} nowMs
   * @returns {Shown | null}
   */
  take(nowMs) {
    const passedMs = nowMs - this.sinceMs;
    if (passedMs > LATE_MS || passedMs < EVERY_MS / 2) {
      this.begin(nowMs);
      return null;
    }
    const shown = {
      fps: Math.min(240, Math.round((this.frames * 1000) / passedMs)),
      freezes: Math.min(60, this.freezes),
      frozen_ms: Math.min(60_000, Math.round(this.frozenMs)),
    };
    this.restart(nowMs);
    return shown;
  }
}

/**
 * Tell about once a second what a video element presents, while it is in sight and `isWatched()`. A browser that does
 * not say when it presents a frame tells nothing, and the service goes by what it sends.
 * @param {HTMLVideoElement} video
 * @param {() => boolean} isWatched
 * @param {(shown: Shown) => void} tell
 */
export function watchShown(video, isWatched, tell) {
  if (!("requestVideoFrameCallback" in video)) return;
  const count = new ShownCount();
  const next = () =>
    video.requestVideoFrameCallback((_now, { presentationTime, presentedFrames }) => {
      count.frame(presentationTime, presentedFrames);
      next();
    });
  next();
  setInterval(() => {
    const nowMs = performance.now();
    const shown = count.take(nowMs);
    if (document.visibilityState !== "visible" || !isWatched()) count.begin(nowMs);
    else if (shown) tell(shown);
  }, EVERY_MS);
}
