/** The third screen: the place in large figures, how long it usually takes, and what one can do meanwhile. */

import { announce, h, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { cameraTrouble } from "../shared/person.js";
import { OwnPicture } from "../shared/own.js";
import { clockText, everySecond, nowMs } from "../shared/time.js";
import { signedClip } from "./clip.js";
import { More } from "./more.js";
import { ringShare } from "./state.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

const AROUND = 2 * Math.PI * 54;

export class WaitingScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.heading = h("h1", { tabindex: "-1" });
    this.figure = h("span", { class: "place-figure figure" });
    this.figureWord = h("span", { class: "place-word" });
    this.ring = ring();
    this.ahead = h("p", { class: "ahead" });
    this.usual = h("p", { class: "soft" });
    this.waited = h("p", { class: "soft figure small" });
    this.lost = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("lost"),
      h("span", { text: t("waiting.lost") }),
    );
    this.again = h(
      "p",
      { class: "notice notice-attention", role: "status", hidden: true },
      icon("info"),
      (this.againText = h("span")),
    );
    this.camera = h(
      "p",
      { class: "notice notice-attention", hidden: true },
      icon("camera-off"),
      (this.cameraText = h("span")),
    );
    this.cameraAgain = h(
      "button",
      { class: "button", type: "button", on: { click: () => app.useCamera() } },
      icon("again"),
      h("span", { text: t("camera.again") }),
    );
    this.own = new OwnPicture({ label: t("own.label"), emptyText: t("own.none") });
    this.resume = h(
      "button",
      { class: "button", type: "button", hidden: true, on: { click: () => app.togglePause() } },
      icon("play"),
      h("span", { text: t("call.resume") }),
    );
    this.noteInput = h("input", {
      class: "input",
      id: "note",
      type: "text",
      maxlength: "500",
      autocomplete: "off",
      enterkeyhint: "send",
      placeholder: t("waiting.note_example"),
    });
    this.noteSaved = h("p", { class: "note-saved", role: "status" });
    this.noteForm = h(
      "form",
      {
        class: "field",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            app.tell(this.noteInput.value);
          },
        },
      },
      h("label", { for: "note", text: t("waiting.note") }),
      h(
        "div",
        { class: "write" },
        this.noteInput,
        h("button", { class: "button", type: "submit" }, icon("send"), h("span", { text: t("waiting.note_send") })),
      ),
      this.noteSaved,
    );
    this.messageButton = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => app.writeMessage() } },
      icon("write"),
      h("span", { text: t("home.message") }),
    );
    this.place = new More(app, "place");
    this.leaveButton = h(
      "button",
      { class: "button button-danger button-wide", type: "button", on: { click: () => app.leave() } },
      icon("leave"),
      h("span", { text: t("waiting.leave") }),
    );
    this.element = h(
      "div",
      { class: "page waiting" },
      h(
        "main",
        { class: "waiting-main" },
        h(
          "div",
          { class: "stack waiting-place" },
          this.heading,
          h(
            "div",
            { class: "place" },
            h("div", { class: "ring" }, this.ring.svg, h("p", { class: "ring-words" }, this.figure, this.figureWord)),
            h("div", { class: "place-words" }, this.ahead, this.usual, this.waited),
          ),
          this.lost,
          this.again,
          h("p", { class: "notice notice-accent" }, icon("hands"), (this.sign = h("span"))),
          signedClip("waiting"),
        ),
        h(
          "div",
          { class: "stack waiting-own" },
          this.own.element,
          this.resume,
          this.camera,
          this.cameraAgain,
          this.noteForm,
          this.place.element,
          this.messageButton,
          this.leaveButton,
        ),
      ),
    );
    this.stop = everySecond(() => this.tick());
  }

  leave() {
    this.stop();
  }

  /** @param {State} state */
  draw(state) {
    const { view, link, camera, facing, track, paused, note } = state;
    if (!view) return;
    this.place.draw(state);
    const ringing = view.state === "ringing";
    const ahead = Math.max(0, view.place - 1);
    setText(this.heading, t(ringing ? "waiting.ringing" : view.urgent ? "waiting.title_urgent" : "waiting.title"));
    this.element.classList.toggle("is-ringing", ringing);
    if (ringing || view.place === 0) {
      if (!this.figure.querySelector("svg")) this.figure.replaceChildren(icon("hands"));
      setText(this.figureWord, "");
    } else {
      setText(this.figure, String(view.place));
      setText(this.figureWord, t("waiting.place_word"));
    }
    const aheadText = ringing
      ? t("waiting.asking_agent")
      : ahead === 0
        ? t("waiting.next")
        : count("waiting.ahead", ahead);
    setText(this.ahead, aheadText);
    setText(this.usual, usualText(view.estimate_low_min, view.estimate_high_min));
    show(this.usual, !ringing && this.usual.textContent !== "");
    show(this.messageButton, !ringing);
    setText(this.sign, t(ringing ? "waiting.sign_now" : "waiting.sign"));
    announce(`${this.heading.textContent} ${aheadText}`);
    show(this.lost, link !== "open");
    const named = view.requeued === "transferred" && ringing && view.agent_name;
    show(this.again, Boolean(named) || (!ringing && view.requeued !== ""));
    if (named) setText(this.againText, t("waiting.transferred_to", { name: view.agent_name }));
    else if (view.requeued) setText(this.againText, t(`waiting.${view.requeued}`));
    this.own.mirror(facing === "user");
    // Who paused in a call that went back to the queue is still paused, and reads so.
    this.own.setTrack(paused ? null : track);
    this.own.explain(t(camera === "opening" ? "ready.opening" : paused ? "own.paused" : "own.none"));
    const failed = cameraTrouble(camera);
    show(this.own.element, track !== null || camera === "opening");
    show(this.resume, paused && track !== null);
    show(this.camera, failed !== "");
    show(this.cameraAgain, track === null && camera !== "opening");
    if (failed) setText(this.cameraText, t(`camera.${failed}`));
    show(this.noteSaved, note !== "");
    if (note) setText(this.noteSaved, t("waiting.note_saved", { text: note }));
    this.tick();
  }

  tick() {
    const { view, firstPlace } = this.app.state;
    if (!view || !view.joined_ms) return;
    const waitedMs = nowMs() - view.joined_ms;
    setText(this.waited, t("waiting.waited", { time: clockText(waitedMs) }));
    const share = view.state === "ringing" ? 1 : ringShare(firstPlace, view.place, waitedMs, view.estimate_high_min);
    this.ring.bar.style.setProperty("stroke-dashoffset", String(AROUND * (1 - share)));
  }
}

/**
 * @param {number} low
 * @param {number} high
 */
function usualText(low, high) {
  if (high <= 0) return "";
  return low === high ? t("waiting.usual_one", { a: low }) : t("waiting.usual", { a: low, b: high });
}

function ring() {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 120 120");
  svg.setAttribute("aria-hidden", "true");
  const [track, bar] = ["ring-track", "ring-bar"].map((name) => {
    const circle = document.createElementNS(ns, "circle");
    circle.setAttribute("class", name);
    circle.setAttribute("cx", "60");
    circle.setAttribute("cy", "60");
    circle.setAttribute("r", "54");
    return circle;
  });
  bar.style.setProperty("stroke-dasharray", String(AROUND));
  svg.append(track, bar);
  return { svg, bar };
}
