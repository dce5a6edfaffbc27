/** A message in sign, beside the written one: recorded, looked at, and sent in parts with the message. */

import { cameraPossible } from "../shared/camera.js";
import { h, setText, show } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { RequestError } from "../shared/service.js";
import { clockText } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { Recorder } from "./recorder.js";
import { sendFilm } from "./send-film.js";

/** @typedef {import("./recorder.js").Film} Film */

/** It outlives the screen: whoever is rung for meanwhile, or looks elsewhere, finds it again. @type {Film | null} */
let kept = null;

export class Part {
  /** @param {any} place the screen (message.js) whose message the film belongs to */
  constructor(place) {
    const screen = /** @type {import("./message.js").MessageScreen} */ (place);
    this.app = screen.app;
    /** Why the film was not sent, in words. */
    this.trouble = "";
    /** @type {Recorder | null} */
    this.recorder = null;
    this.openButton = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => this.open() } },
      icon("camera"),
      h("span", { text: t("record.open") }),
    );
    this.film = h("video", { class: "clip-film", playsinline: true, controls: true, "aria-label": t("record.film") });
    this.length = h("span");
    this.have = h(
      "div",
      { class: "stack record-have", hidden: true },
      h("p", { class: "notice notice-good", role: "status" }, icon("check-circle"), this.length),
      this.film,
      h(
        "div",
        { class: "stack" },
        h(
          "button",
          { class: "button button-wide", type: "button", on: { click: () => this.open() } },
          icon("again"),
          h("span", { text: t("record.again") }),
        ),
        h(
          "button",
          { class: "button button-wide", type: "button", on: { click: () => this.leaveOut() } },
          icon("remove"),
          h("span", { text: t("record.leave_out") }),
        ),
      ),
    );
    this.element = h("div", { class: "stack" }, this.openButton, this.have);
    show(this.element, cameraPossible() && "MediaRecorder" in window);
    this.show();
    const [deliver, fail] = [screen.deliver.bind(screen), screen.fail.bind(screen)];
    // The film goes first: a message that names it is kept with it, or not at all.
    screen.deliver = async (message) => {
      this.trouble = "";
      try {
        await deliver({ ...message, video: await this.send((words) => setText(screen.sendText, words)) });
      } catch (error) {
        if (kept && error instanceof RequestError) this.trouble = sentence(error.code);
        throw error;
      }
      this.keep(null);
    };
    screen.fail = (text) => {
      fail(text && (this.trouble || text));
      this.trouble = "";
    };
    Object.assign(screen, { leave: () => this.leave() });
  }

  draw() {}

  /** Whether there is a film to send. */
  get has() {
    return kept !== null;
  }

  open() {
    const { service, track } = this.app.state;
    const offer = service && service !== "unreachable" ? service.video_messages : null;
    if (!offer) return;
    this.film.pause();
    this.recorder = new Recorder({
      offer,
      track,
      done: (film) => {
        this.recorder = null;
        if (film) this.keep(film);
        (this.has ? this.film : this.openButton).focus();
      },
    });
    this.recorder.open();
  }

  /** @param {Film | null} film */
  keep(film) {
    if (kept) URL.revokeObjectURL(kept.url);
    kept = film;
    this.show();
  }

  leaveOut() {
    this.keep(null);
    this.openButton.focus();
  }

  show() {
    show(this.openButton, !kept);
    show(this.have, kept !== null);
    if (kept) {
      setText(this.length, t("record.have", { time: clockText(kept.ms) }));
      this.film.muted = !kept.sound;
      this.film.src = kept.url;
    } else this.film.removeAttribute("src");
  }

  /**
   * Send the film, from where it was when the connection was lost.
   * @param {(words: string) => void} tell how far it is
   * @returns {Promise<string>} its name, for the message
   */
  async send(tell) {
    const { service } = this.app.state;
    const consent = (service && service !== "unreachable" && service.video_messages?.consent) || 0;
    if (!kept) return "";
    return sendFilm(kept, consent, (share) =>
      tell(share < 1 ? t("record.sending", { percent: Math.floor(share * 100) }) : t("record.making")),
    );
  }

  /** The screen goes: a recording that is not done is dropped, the camera goes off. */
  leave() {
    this.recorder?.close();
    this.film.pause();
  }
}

/** @param {string} code why a film was not sent */
function sentence(code) {
  const key = `record.no_${code}`;
  return has(key) ? t(key) : code === "unreachable" ? t("record.offline") : errorText(code);
}
