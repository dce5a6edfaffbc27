/** An object that the agent holds up: one box of the own picture that the customer sees sharp, until it is covered. */

import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { key } from "./ring.js";
import { mayShowObject } from "./state.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** Left, top, width and height as shares of the picture. @typedef {[number, number, number, number]} Box */

export const OBJECT_KEY = "O";
/** As the service has it (video_service/shown_box.py). */
export const LARGEST = 0.4;
export const SMALLEST = 0.05;
const STEP = 0.02;
const FIRST = /** @type {Box} */ ([0.3, 0.4, 0.4, 0.5]);
const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
});

/**
 * The nearest box that the service takes: inside of the picture, neither too small nor too large.
 * @param {Box} box
 * @returns {Box}
 */
export function fitted([x, y, width, height]) {
  let [w, h] = [Math.min(1, Math.max(SMALLEST, width)), Math.min(1, Math.max(SMALLEST, height))];
  const over = Math.sqrt((w * h) / LARGEST);
  if (over > 1) {
    [w, h] = [Math.max(SMALLEST, w / over), Math.max(SMALLEST, h / over)];
    h = Math.min(h, LARGEST / w);
  }
  return [Math.min(1 - w, Math.max(0, x)), Math.min(1 - h, Math.max(0, y)), w, h];
}

/** The frame lies over the own picture; what is said of it, and the buttons, stand below: no hand is behind them. */
export class ObjectLayer {
  /** @param {AgentApp} app */
  constructor(app) {
    this.app = app;
    /** @type {Box} */
    this.box = FIRST;
    this.placing = false;
    this.possible = false;
    this.said = false;
    this.call = "";
    /** @type {[number, number] | null} */
    this.from = null;
    this.frame = h("div", {
      class: "object-frame",
      role: "group",
      tabindex: "0",
      "aria-label": t("agent.object_label"),
      on: { keydown: (event) => this.press(event) },
    });
    this.area = h(
      "div",
      {
        class: "object-area",
        on: {
          pointerdown: (event) => this.down(event),
          pointermove: (event) => this.move(event),
          pointerup: () => (this.from = null),
          pointercancel: () => (this.from = null),
        },
      },
      this.frame,
    );
    this.how = h("p", { class: "object-how small", text: t("agent.object_how") });
    this.sign = h("p", { class: "object-sign small" }, icon("eye"), h("span", { text: t("agent.object_shown") }));
    this.button = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.pressed() } },
      (this.word = h("span", { text: t("agent.object") })),
      key(OBJECT_KEY),
    );
    /** Whoever frames with the pointer shows with it, too. */
    this.go = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.tell(this.box) } },
      icon("eye"),
      h("span", { text: t("agent.object_show") }),
    );
    this.bar = h("div", { class: "object-bar", hidden: true }, this.sign, this.how, this.go, this.button);
    this.element = h("div", { class: "object-layer", hidden: true }, this.area);
    this.keydown = (/** @type {KeyboardEvent} */ event) => this.global(event);
    document.addEventListener("keydown", this.keydown);
    /** What the frame was drawn around lies somewhere else then; the worker sees that, too, a moment later. */
    this.turned = () => (this.shown ? this.tell(null) : this.placing && this.stop());
    screen.orientation?.addEventListener("change", this.turned);
  }

  leave() {
    document.removeEventListener("keydown", this.keydown);
    screen.orientation?.removeEventListener("change", this.turned);
  }

  /** What is shown now, as the service says; null for nothing. @returns {Box | null} */
  get shown() {
    const box = this.app.state.view?.object_box ?? [];
    return box.length === 4 ? /** @type {Box} */ ([...box]) : null;
  }

  /** @param {State} state */
  draw(state) {
    const { shown } = this;
    if (shown && !this.said) announce(t("agent.object_shown"));
    this.said = shown !== null;
    const call = state.view?.call?.call ?? "";
    if (call !== this.call) this.placing = false;
    this.call = call;
    this.possible = mayShowObject(state);
    if (!this.possible || shown) this.placing = false;
    show(this.element, this.possible || shown !== null);
    show(this.bar, this.possible || shown !== null);
    show(this.area, this.placing || shown !== null);
    show(this.how, this.placing);
    show(this.go, this.placing);
    show(this.sign, shown !== null);
    this.element.classList.toggle("is-shown", shown !== null);
    this.area.classList.toggle("is-placing", this.placing);
    setText(this.word, t(shown ? "agent.object_end" : this.placing ? "agent.object_stop" : "agent.object"));
    this.place(shown ?? this.box);
  }

  /** @param {Box} box */
  place(box) {
    const { videoWidth, videoHeight } = this.app.preview.video;
    if (videoWidth && videoHeight) this.area.style.setProperty("aspect-ratio", String(videoWidth / videoHeight));
    for (const [name, share] of [["left", box[0]], ["top", box[1]], ["width", box[2]], ["height", box[3]]]) {
      this.frame.style.setProperty(/** @type {string} */ (name), `${Number(share) * 100}%`);
    }
  }

  /** The button, and its key: begin to frame, or stop, or cover what is shown. */
  pressed() {
    if (this.shown) this.tell(null);
    else if (this.placing) this.stop();
    else if (this.possible) {
      this.placing = true;
      this.box = FIRST;
      this.draw(this.app.state);
      this.frame.focus();
    }
  }

  stop() {
    this.placing = false;
    this.draw(this.app.state);
    this.button.focus();
  }

  /** @param {Box | null} box */
  tell(box) {
    const call = this.app.state.view?.call;
    if (call) this.app.say({ type: "show_object", call: call.call, epoch: call.epoch, box });
  }

  /** @param {KeyboardEvent} event on the frame */
  press(event) {
    const arrow = ARROWS[event.key];
    if (!this.placing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (arrow) {
      const [x, y, width, height] = this.box;
      const [dx, dy] = [arrow[0] * STEP, arrow[1] * STEP];
      this.change(event.shiftKey ? [x, y, width + dx, height + dy] : [x + dx, y + dy, width, height]);
    } else if (event.key === "Enter") this.tell(this.box);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {KeyboardEvent} event anywhere on the page */
  global(event) {
    const { target } = event;
    const writes = target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.repeat || writes) return;
    const stops = event.key === "Escape" && (this.placing || this.shown);
    if (!stops && !(this.app.state.keysOn && event.key.toUpperCase() === OBJECT_KEY && this.possible)) return;
    event.preventDefault();
    this.pressed();
  }

  /** @param {Box} box */
  change(box) {
    this.box = fitted(box);
    this.place(this.box);
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (!this.placing) return;
    event.preventDefault();
    this.area.setPointerCapture(event.pointerId);
    this.from = this.where(event);
    this.frame.focus();
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.from || !this.placing) return;
    const [x, y] = this.where(event);
    const [left, top] = [Math.min(x, this.from[0]), Math.min(y, this.from[1])];
    this.change([left, top, Math.abs(x - this.from[0]), Math.abs(y - this.from[1])]);
  }

  /**
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  where(event) {
    const { left, top, width, height } = this.area.getBoundingClientRect();
    const share = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    return [share((event.clientX - left) / width), share((event.clientY - top) / height)];
  }
}
