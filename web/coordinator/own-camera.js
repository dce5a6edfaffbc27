/**
 * The coordinator's own picture beside a call: the camera, what the others would see of it, and what can be done with it.
 * The service makes the picture as it makes an agent's; nobody but its owner sees it before the customer has said yes.
 */

import { CameraError, cardTrack, openCamera } from "../shared/camera.js";
import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { RemotePicture } from "../shared/picture.js";
import { clockText, nowMs } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").Watching} Watching */
/** @typedef {import("../shared/camera.js").CameraTrouble} CameraTrouble */

/** In these states the connection is one of a camera. @type {readonly string[]} */
const OPEN = ["ready", "asked", "unanswered", "shown"];
/** Why a picture is covered whoever sits there: nothing can make masks. */
const NO_MASKS = ["weights_missing", "weights_altered", "no_engine"];

/** @param {Watching | null} now */
export function hasCamera(now) {
  return Boolean(now && OPEN.includes(now.picture ?? ""));
}

export class OwnCamera {
  /**
   * @param {object} options
   * @param {(how: "prepare" | "show" | "hide") => void} options.send
   * @param {() => void} options.confirm says that whoever sits there is the one to be seen
   * @param {() => void} options.changed what is sent, or what is to be said, is another
   */
  constructor({ send, confirm, changed }) {
    this.send = send;
    this.changed = changed;
    /** @type {"off" | "opening" | "on" | CameraTrouble} */
    this.camera = "off";
    /** @type {MediaStreamTrack | null} */
    this.track = null;
    /** @type {MediaStreamTrack | null} */
    this.card = null;
    /** How far this one had come: after a broken network the page goes there again by itself. @type {"" | "ready" | "shown"} */
    this.wanted = "";
    this.sent = "";
    this.shown = this.full = false;
    this.untilMs = 0;
    this.name = "";
    this.preview = new RemotePicture({ label: t("beside.own.title"), onFrame: () => ((this.shown = true), changed()) });
    this.join = act("camera", "beside.own.join", "button", () => this.open());
    this.again = act("again", "camera.again", "button", () => this.open());
    this.me = act("person", "agent.me", "button", confirm);
    this.ask = act("question", "beside.own.ask", "button button-main", () => send("show"));
    this.hide = act("camera-off", "beside.own.hide", "button", () => (this.close(), send("hide"), changed()));
    this.say = h("p", { class: "beside-own-say", role: "status", tabindex: "-1" });
    this.element = h(
      "section",
      { class: "beside-own", "aria-label": t("beside.own.title"), hidden: true },
      h("div", { class: "beside-figure" }, h("h3", { text: t("beside.own.title") }), this.preview.element),
      h("div", { class: "stack" }, this.say, h("div", { class: "row" }, this.me, this.ask, this.again, this.hide)),
    );
  }

  async open() {
    if (this.camera === "opening" || this.camera === "on") return;
    this.note("opening");
    try {
      const track = await openCamera();
      if (!this.isOpening()) return void track.stop();
      this.track = track;
      track.addEventListener("ended", () => this.track === track && this.gone("lost"));
      this.dropCard();
      this.note("on");
      if (!this.wanted) {
        this.wanted = "ready";
        this.sent = "prepare";
        this.send("prepare");
      }
    } catch (error) {
      if (this.isOpening()) this.gone(error instanceof CameraError ? error.trouble : "failed");
    }
    return undefined;
  }

  /** False once this one has gone while the browser asked. */
  isOpening() {
    return this.camera === "opening";
  }

  /** @param {CameraTrouble} trouble */
  gone(trouble) {
    this.track = null;
    this.note(trouble);
  }

  /** @param {OwnCamera["camera"]} camera */
  note(camera) {
    this.camera = camera;
    this.changed();
  }

  /** The camera goes off, and nothing is wanted any more. */
  close() {
    this.track?.stop();
    this.dropCard();
    this.track = null;
    this.camera = "off";
    this.wanted = this.sent = "";
    this.forget();
  }

  dropCard() {
    this.card?.stop();
    this.card = null;
  }

  /** Nothing of an earlier connection is seen. */
  forget() {
    this.shown = this.full = false;
    this.preview.clear();
  }

  /** What is sent: a card where a camera was, so that nobody takes its end for a lost network. */
  sending() {
    if (this.track) return this.track;
    return (this.card ??= cardTrack());
  }

  /**
   * Follow the newest view, and go again where a broken network ended it.
   * @param {Watching | null} now
   * @param {boolean} looks
   * @param {string} ended
   */
  follow(now, looks, ended) {
    const picture = now?.picture ?? "";
    const over = picture === "refused" || now?.state === "coach" || (!now && ended !== "gone");
    if (this.wanted && over) this.close();
    if (!looks) this.sent = "";
    if (!this.wanted || !looks) return;
    if (picture === "shown") this.wanted = "shown";
    if (picture === "unanswered") this.wanted = "ready";
    if (picture === "" && this.sent !== "prepare") this.step("prepare");
    else if (picture === "ready" && now?.media === "live" && this.wanted === "shown" && this.sent !== "show") this.step("show");
    else if (picture === "shown" || picture === "asked") this.sent = "";
    else if (picture === "ready" && this.sent === "prepare") this.sent = "prepared";
  }

  /** @param {"prepare" | "show"} how */
  step(how) {
    this.sent = how;
    this.send(how);
  }

  /** The service took no step. @param {Watching | null} now */
  refused(now) {
    if (!hasCamera(now)) this.close();
  }

  /**
   * @param {Watching | null} now
   * @param {boolean} looks
   */
  draw(now, looks) {
    const pressed = [this.join, this.again, this.me, this.ask, this.hide].find((each) => each === document.activeElement);
    const open = looks && hasCamera(now);
    const trouble = ["off", "opening", "on"].includes(this.camera) ? "" : this.camera;
    show(this.join, looks && !open && this.camera !== "on" && this.camera !== "opening" && now?.picture !== "refused" && !trouble);
    show(this.element, looks && (open || this.camera !== "off" || now?.picture === "refused"));
    this.untilMs = now?.picture === "asked" ? (now.until_ms ?? 0) : 0;
    const covered = open && this.shown && now?.own_picture !== "" && now?.own_picture !== "clear";
    show(this.me, covered && !NO_MASKS.includes(now?.own_reason ?? ""));
    // The service takes no question before it knows of the picture that is here already.
    const live = this.shown && now?.media === "live";
    show(this.ask, open && live && (now?.picture === "ready" || now?.picture === "unanswered"));
    show(this.again, trouble !== "");
    show(this.hide, open || trouble !== "" || this.camera !== "off");
    show(/** @type {HTMLElement} */ (this.preview.element.parentElement), open);
    this.say.dataset.name = trouble || sayingOf(now, this, covered);
    this.name = trouble ? `camera.${trouble}` : `beside.own.say.${this.say.dataset.name}`;
    this.preview.explain("camera", t("beside.own.say.connecting"));
    this.preview.dim(now?.media === "reconnecting");
    this.tick();
    // What was pressed may be gone: the focus goes where it is said what became of it.
    const gone = pressed && (pressed === this.join ? pressed.hidden : pressed.hidden || this.element.hidden);
    if (gone) (this.element.hidden ? this.join : this.say).focus();
  }

  tick() {
    if (!this.name || this.element.hidden) return;
    setText(this.say, t(this.name, { time: clockText(Math.max(0, this.untilMs - nowMs())) }));
  }
}

/**
 * What is said of the own picture: first what is wrong with it, then who sees it.
 * @param {Watching | null} now
 * @param {OwnCamera} own
 * @param {boolean} covered
 */
function sayingOf(now, { shown, full, camera }, covered) {
  if (now?.picture === "refused") return "refused";
  if (camera === "opening") return "opening";
  if (full && !shown) return "full";
  if (!hasCamera(now) || !shown) return "connecting";
  if (covered) return NO_MASKS.includes(now?.own_reason ?? "") ? "no_masks" : "covered";
  return now?.picture || "connecting";
}

/**
 * @param {import("../shared/icons.js").IconName} name
 * @param {string} key
 * @param {string} look
 * @param {() => void} press
 */
function act(name, key, look, press) {
  return h("button", { class: look, type: "button", on: { click: press } }, icon(name), h("span", { text: t(key) }));
}
