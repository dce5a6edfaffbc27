/** Recording in sign, alone before a phone that stands somewhere: agree, look, 3-2-1, sign, look at it. */

import { CameraError, openCamera, openMicrophone } from "../shared/camera.js";
import { announce, h, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { OwnPicture } from "../shared/own.js";
import { vibrate } from "../shared/phone.js";
import { clockText } from "../shared/time.js";
import { freshName } from "./send-film.js";

/** @typedef {{ id: string, blob: Blob, url: string, ms: number, sound: boolean }} Film */
/** @typedef {{ days: number, done_days: number, most_s: number, consent: number }} Offer */
/** @typedef {"ask" | "look" | "count" | "record" | "review"} Step */

const COUNT_FROM = 3;
const WARN_S = 10;
const TICK_MS = 200;
/** The press that ended a recording is not the one that takes it. */
const ECHO_MS = 400;
const BITS = 800_000;
/** The first that the browser can: pictures alone, and with sound. What the service takes is VP8, VP9 and H.264. */
const KINDS = ["video/webm;codecs=vp8", "video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/mp4"];
const KINDS_WITH_SOUND = ["video/webm;codecs=vp8,opus", "video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4"];

export class Recorder {
  /**
   * @param {object} options
   * @param {Offer} options.offer
   * @param {MediaStreamTrack | null} options.track a camera that is on already: phones open one at a time
   * @param {(film: Film | null) => void} options.done
   */
  constructor({ offer, track, done }) {
    this.offer = offer;
    this.mostMs = offer.most_s * 1000;
    this.borrowed = track?.readyState === "live" ? track : null;
    this.done = done;
    /** @type {Step} */
    this.step = "ask";
    /** @type {MediaStreamTrack | null} */
    this.camera = null;
    /** @type {MediaStreamTrack | null} */
    this.microphone = null;
    /** @type {MediaRecorder | null} */
    this.recorder = null;
    /** @type {Film | null} */
    this.film = null;
    this.startedMs = this.lengthMs = this.timer = 0;
    this.taken = this.closed = false;
    this.page = /** @type {HTMLElement} */ (document.getElementById("app"));
    loadStyle();
    this.heading = h("h1", { class: "record-title", tabindex: "-1", text: t("record.title") });
    this.sound = h("input", { type: "checkbox" });
    this.asks = h(
      "div",
      { class: "stack" },
      h(
        "ul",
        { class: "consent", "aria-label": t("record.title") },
        line("camera", t("record.seen")),
        line("room", t("record.room")),
        line("shield", this.keptText()),
        line("clock", t("record.most", { s: this.offer.most_s })),
      ),
      h("label", { class: "row record-sound" }, this.sound, icon("sound"), h("span", { text: t("record.sound") })),
    );
    this.own = new OwnPicture({ label: t("own.label"), emptyText: t("ready.opening"), outline: true });
    this.played = h("video", { class: "record-film", playsinline: true, controls: true, "aria-label": t("record.film") });
    this.clock = h("p", { class: "record-clock figure" });
    this.bar = h("span", { class: "record-bar", "aria-hidden": "true" });
    this.say = h("p", { class: "record-say", text: "" });
    this.trouble = h("p", { class: "notice notice-attention", role: "alert", hidden: true }, icon("camera-off"));
    this.troubleText = h("span");
    this.trouble.append(this.troubleText);
    this.main = h("button", { class: "button button-main button-wide", type: "button", on: { click: () => this.go() } });
    this.second = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => this.record() } },
      icon("again"),
      h("span", { text: t("record.again") }),
    );
    this.back = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => this.view.close() } },
      icon("back"),
      h("span", { text: t("record.back") }),
    );
    this.stage = h("div", { class: "record-stage" }, this.own.element, this.played);
    const on = { close: () => this.close(), keydown: (/** @type {KeyboardEvent} */ key) => this.key(key) };
    this.view = h(
      "dialog",
      { class: "record", "aria-label": t("record.title"), on },
      this.heading,
      this.asks,
      this.stage,
      h("div", { class: "record-strip" }, this.clock, this.bar, this.say),
      this.trouble,
      h("div", { class: "record-acts" }, this.main, this.second, this.back),
    );
    // Hands that sign reach for no button: a touch anywhere on the picture ends it, too.
    this.stage.addEventListener("click", () => this.step === "record" && this.stop());
  }

  keptText() {
    const { days, done_days } = this.offer;
    return `${count("record.kept_days", days)} ${done_days < days ? count("record.kept_done", done_days) : ""}`.trim();
  }

  open() {
    // It takes the page's place: what lies behind could be read and scrolled, and not be used.
    this.page.hidden = true;
    document.body.append(this.view);
    this.view.showModal();
    this.draw();
    this.heading.focus();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.halt();
    this.camera?.stop();
    this.microphone?.stop();
    if (this.view.open) this.view.close();
    this.view.remove();
    this.page.hidden = false;
    this.done(this.taken ? this.film : this.drop());
  }

  /** @returns {null} */
  drop() {
    if (this.film) URL.revokeObjectURL(this.film.url);
    return null;
  }

  /** End a recording without keeping it. */
  halt() {
    if (!this.recorder) return;
    this.recorder.onstop = null;
    if (this.recorder.state !== "inactive") this.recorder.stop();
    this.recorder = null;
  }

  /** The one button that leads on. */
  go() {
    if (this.step === "ask") this.look();
    else if (this.step === "look") this.record();
    else if (this.step === "count") this.toLook();
    else if (this.step === "record") this.stop();
    else {
      this.taken = true;
      this.view.close();
    }
  }

  /** @param {KeyboardEvent} key */
  key(key) {
    if (this.step !== "record" || key.repeat) return;
    if (["Tab", "Shift", "Control", "Alt", "Meta"].includes(key.key)) return;
    key.preventDefault();
    this.stop();
  }

  async look() {
    this.toLook();
    try {
      this.camera = this.borrowed ? this.borrowed.clone() : await openCamera();
      if (this.sound.checked) this.microphone = await openMicrophone();
    } catch (error) {
      this.fail(t(`camera.${error instanceof CameraError ? error.trouble : "failed"}`));
    }
    if (this.closed) {
      this.camera?.stop();
      this.microphone?.stop();
      return;
    }
    // A phone may take its camera away, as for a call: what was signed until then is there to be looked at.
    this.camera?.addEventListener("ended", () => (this.step === "record" ? this.stop() : this.fail(t("camera.lost"))));
    this.own.setTrack(this.camera);
    this.draw();
  }

  toLook() {
    clearInterval(this.timer);
    this.step = "look";
    this.draw();
  }

  /** Count down, so that both hands are free when it begins. */
  record() {
    if (!this.camera || this.step === "count" || this.step === "record") return;
    this.played.pause();
    this.drop();
    this.film = null;
    this.step = "count";
    let left = COUNT_FROM;
    const tell = () => {
      setText(this.clock, String(left));
      announce(String(left));
      vibrate("text");
    };
    this.draw();
    tell();
    this.timer = setInterval(() => {
      left -= 1;
      if (left > 0) tell();
      else this.begin();
    }, 1000);
  }

  begin() {
    clearInterval(this.timer);
    const sound = this.microphone !== null;
    const tracks = /** @type {MediaStreamTrack[]} */ ([this.camera, this.microphone].filter(Boolean));
    const kind = (sound ? KINDS_WITH_SOUND : KINDS).find((each) => MediaRecorder.isTypeSupported(each));
    /** @type {Blob[]} */
    const pieces = [];
    try {
      this.recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: kind, videoBitsPerSecond: BITS });
      this.recorder.ondataavailable = ({ data }) => void (data.size && pieces.push(data));
      this.recorder.onstop = () => this.review(new Blob(pieces, { type: kind?.split(";")[0] }), sound);
      this.recorder.start(1000);
    } catch {
      this.halt();
      this.toLook();
      this.fail(t("record.not_here"));
      return;
    }
    this.step = "record";
    this.startedMs = performance.now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.draw();
    this.tick();
    announce(t("record.recording"));
    vibrate("connected");
  }

  tick() {
    const ms = performance.now() - this.startedMs;
    const left = Math.ceil((this.mostMs - ms) / 1000);
    const near = left <= WARN_S;
    setText(this.clock, `${clockText(ms)} / ${clockText(this.mostMs)}`);
    this.bar.style.setProperty("--share", String(Math.min(1, ms / this.mostMs)));
    if (near && !this.view.classList.contains("is-near")) vibrate("ringing");
    this.view.classList.toggle("is-near", near);
    setText(this.say, near ? t("record.near", { s: Math.max(0, left) }) : t("record.stop_how"));
    if (ms >= this.mostMs || document.visibilityState !== "visible") this.stop();
  }

  stop() {
    clearInterval(this.timer);
    this.lengthMs = Math.min(this.mostMs, performance.now() - this.startedMs);
    if (this.recorder?.state !== "inactive") this.recorder?.stop();
  }

  /**
   * @param {Blob} blob
   * @param {boolean} sound
   */
  review(blob, sound) {
    this.recorder = null;
    this.film = { id: freshName(), blob, url: URL.createObjectURL(blob), ms: this.lengthMs, sound };
    this.step = "review";
    this.played.muted = !sound;
    this.played.src = this.film.url;
    this.draw();
    vibrate("ended");
    this.main.disabled = true;
    setTimeout(() => {
      this.main.disabled = false;
      this.main.focus();
    }, ECHO_MS);
  }

  /** @param {string} text */
  fail(text) {
    show(this.trouble, text !== "");
    setText(this.troubleText, text);
  }

  draw() {
    const { step } = this;
    this.view.dataset.step = step;
    if (step !== "record") this.view.classList.remove("is-near");
    show(this.asks, step === "ask");
    show(this.stage, step !== "ask");
    show(this.own.element, step !== "review");
    show(this.played, step === "review");
    show(this.clock, step === "count" || step === "record");
    show(this.bar, step === "record");
    show(this.second, step === "review");
    if (step !== "look") this.fail("");
    if (step === "ask" || step === "count") setText(this.say, "");
    if (step === "look") setText(this.say, this.camera ? t("record.ready_how") : "");
    if (step === "review") setText(this.say, t("record.review_how"));
    const [name, key] = MAIN[step];
    this.main.replaceChildren(icon(name), h("span", { text: t(key) }));
    this.main.disabled = step === "look" && !this.camera;
  }
}

/** @type {Record<Step, [import("../shared/icons.js").IconName, string]>} */
const MAIN = {
  ask: ["check", "record.agree"],
  look: ["camera", "record.start"],
  count: ["end", "record.wait"],
  record: ["end", "record.stop"],
  review: ["check", "record.use"],
};

/**
 * @param {import("../shared/icons.js").IconName} name
 * @param {string} text
 */
function line(name, text) {
  return h("li", {}, icon(name), h("span", { text }));
}

/** Its style comes with it: the first screen of a phone does not wait for it. */
function loadStyle() {
  const href = "/customer/later/record.css";
  if (!document.querySelector(`link[href="${href}"]`)) document.head.append(h("link", { rel: "stylesheet", href }));
}
