/** The other person's picture as it arrives. */

import { h, setText, show } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./icons.js").IconName} IconName */

const STALLED_MS = 2000;
const SLOW_FPS = 10;

/**
 * Play, because iOS and in-app browsers do not always start by themselves.
 * @param {HTMLMediaElement} video
 * @returns {Promise<boolean>} false when the browser wants a tap first
 */
export async function play(video) {
  try {
    await video.play();
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === "NotAllowedError");
  }
}

/**
 * Somebody else's picture. It keeps the last frame through a reconnection, and never shows a frame that arrived
 * before `attach`: what belongs to an earlier call must not be seen in the next.
 */
export class RemotePicture {
  /**
   * @param {object} options
   * @param {string} options.label what a screen reader says
   * @param {() => void} [options.onFrame] the first frame after `attach`
   * @param {(needed: boolean) => void} [options.onTapNeeded]
   */
  constructor({ label, onFrame = () => {}, onTapNeeded = () => {} }) {
    this.onFrame = onFrame;
    this.onTapNeeded = onTapNeeded;
    this.video = h("video", { playsinline: true, muted: true, autoplay: true, "aria-label": label });
    this.video.muted = true;
    // Sound is an element of its own: a video that is not muted would need a tap before it may play.
    this.audio = h("audio");
    this.audio.muted = true;
    this.emptyText = h("p");
    this.emptyIcon = h("span");
    this.empty = h("div", { class: "picture-empty" }, this.emptyIcon, this.emptyText);
    this.element = h("div", { class: "picture" }, this.video, this.empty);
    /** @type {MediaStreamTrack | null} */
    this.track = null;
    this.shown = this.held = this.slowed = false;
    this.frames = 0;
    this.came = 0;
    this.listening = false;
    this.flowedMs = 0;
    this.askedMs = 0;
    this.attempt = 0;
    this.video.addEventListener("resize", () => this.fit());
    this.cover();
  }

  /** @param {MediaStreamTrack} track */
  attach(track) {
    if (this.track === track) return;
    this.track = track;
    const attempt = ++this.attempt;
    const start = async () => {
      if (attempt !== this.attempt || this.track !== track) return;
      const attachedMs = performance.now();
      this.video.srcObject = new MediaStream([track]);
      if (this.slowed) this.slow(true);
      this.waitForFrame(attempt, attachedMs);
      this.onTapNeeded(!(await play(this.video)));
    };
    // A receiver's track is muted until its first packet: the old connection's last frame stays until then.
    if (track.muted) track.addEventListener("unmute", start, { once: true });
    else start();
  }

  /**
   * @param {number} attempt
   * @param {number} attachedMs
   */
  waitForFrame(attempt, attachedMs) {
    const fresh = () => {
      if (attempt !== this.attempt) return;
      this.shown = true;
      this.cover();
      this.onFrame();
    };
    if (!("requestVideoFrameCallback" in this.video)) {
      /** @type {HTMLVideoElement} */ (this.video).addEventListener("timeupdate", fresh, { once: true });
      return;
    }
    this.video.requestVideoFrameCallback((_now, frame) => {
      const receivedMs = frame.receiveTime ?? attachedMs;
      if (receivedMs >= attachedMs) fresh();
      else if (attempt === this.attempt) this.waitForFrame(attempt, attachedMs);
    });
  }

  /**
   * Sound of the same person; it stays silent until `hear(true)`.
   * @param {MediaStreamTrack} track
   */
  addSound(track) {
    this.audio.srcObject = new MediaStream([track]);
    if (!this.audio.muted) play(this.audio);
  }

  /** @param {boolean} on */
  hear(on) {
    this.audio.muted = !on;
    if (on) play(this.audio);
  }

  /**
   * Whether pictures have stopped coming; asked about once a second. A page in the background shows none and cannot
   * tell, nor can one that was held up itself: it asks late, and has not been told yet of pictures that came meanwhile.
   * @param {number} nowMs
   */
  isStalled(nowMs) {
    const count = this.count();
    const heldUp = nowMs - this.askedMs > STALLED_MS;
    this.askedMs = nowMs;
    if (count !== this.frames || !this.shown || this.held || heldUp || document.visibilityState !== "visible") {
      this.frames = count;
      this.flowedMs = nowMs;
    }
    return nowMs - this.flowedMs > STALLED_MS;
  }

  /** @returns {number} what grows while pictures come, from one asking to the next */
  count() {
    // Firefox's quality counts no picture of a stream: the next picture is asked to say itself that it came.
    if (!("requestVideoFrameCallback" in this.video)) {
      return /** @type {HTMLVideoElement} */ (this.video).getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
    }
    if (!this.listening) {
      this.listening = true;
      this.video.requestVideoFrameCallback(() => {
        this.listening = false;
        this.came += 1;
      });
    }
    return this.came;
  }

  /** Forget the picture and the sound at once. */
  clear() {
    this.attempt += 1;
    this.track = null;
    this.shown = false;
    this.audio.srcObject = null;
    this.video.srcObject = null;
    this.cover();
  }

  /**
   * What stands in place of the picture while there is none.
   * @param {IconName} name
   * @param {string} text
   */
  explain(name, text) {
    if (this.emptyText.textContent === text) return;
    this.emptyIcon.replaceChildren(icon(name));
    setText(this.emptyText, text);
  }

  cover() {
    const seen = this.shown && !this.held;
    show(this.empty, !seen);
    this.video.style.setProperty("visibility", seen ? "visible" : "hidden");
  }

  /** Nothing comes for a while, by wish: what `explain` says stands in its place. @param {boolean} held */
  hold(held) {
    // What was seen last before it is old by now.
    if (this.held && !held && this.track) {
      this.shown = false;
      this.waitForFrame(this.attempt, performance.now());
    }
    this.held = held;
    this.cover();
  }

  /**
   * Draw fewer pictures of this person, where the browser can: what is decoded stays whole, other pictures get the time.
   * @param {boolean} slow
   */
  slow(slow) {
    this.slowed = slow;
    this.track?.applyConstraints({ frameRate: { max: slow ? SLOW_FPS : 60 } }).catch(() => {});
  }

  /** @param {boolean} dim the picture is old: a reconnection is under way */
  dim(dim) {
    this.element.classList.toggle("is-dim", dim && this.shown);
  }

  /** Tell the style sheet the picture's shape, so that no room is spent on bars. */
  fit() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width && height) this.element.style.setProperty("--shape", String(width / height));
  }
}
