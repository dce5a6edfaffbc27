/** The call: the agent's picture with nothing over it; name, state, text and controls have their own room beside it. */

import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { cameraTrouble } from "../shared/person.js";
import { OwnPicture } from "../shared/own.js";
import { play } from "../shared/picture.js";
import { TextStrip } from "../shared/strip.js";
import { clockText, everySecond, nowMs } from "../shared/time.js";
import { dataText, errorText } from "../shared/words.js";
import { BlurSwitch } from "./blur.js";
import { More } from "./more.js";
import { isOld, pillOf } from "./state.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/** @type {readonly [IconName, string][]} */
const CONFUSED = [
  ["again", "again"],
  ["hands", "slower"],
];

export class CallScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.folded = false;
    this.writing = false;
    /** The word of the call's state when something was refused; "" while nothing is. */
    this.refusedAt = "";
    this.heading = h("h1", { class: "call-name", tabindex: "-1" });
    this.pillIcon = h("span");
    this.pillWord = h("span");
    this.pill = h("p", { class: "pill" }, this.pillIcon, this.pillWord);
    this.clock = h("span", { class: "figure" });
    this.data = h("span", { class: "figure" });
    this.stage = app.theirs;
    this.stage.element.classList.add("stage");
    this.others = new More(app, "others");
    this.tap = h(
      "button",
      { class: "button button-main", type: "button", hidden: true, on: { click: () => this.playByTap() } },
      icon("play"),
      h("span", { text: t("call.tap") }),
    );
    this.say = h(
      "p",
      { class: "notice notice-attention call-say", hidden: true },
      (this.sayIcon = h("span")),
      (this.sayText = h("span")),
      (this.sayWrite = h(
        "button",
        { class: "button", type: "button", hidden: true, on: { click: () => this.toggleWrite() } },
        icon("write"),
        h("span", { text: t("call.write") }),
      )),
    );
    this.own = new OwnPicture({ label: t("own.label"), emptyText: t("own.none") });
    this.blur = new BlurSwitch(app);
    this.fold = h("button", {
      class: "button button-quiet fold",
      type: "button",
      on: { click: () => this.toggleFold() },
    });
    this.cameraAgain = h(
      "button",
      { class: "button", type: "button", on: { click: () => app.useCamera() } },
      icon("again"),
      h("span", { text: t("camera.again") }),
    );
    this.watched = new More(app, "watched");
    this.strip = new TextStrip(app);
    this.quiet = h("p", { class: "lines-empty soft small", text: t("text.empty") });
    this.buttons = {
      write: barButton("write", t("call.write"), () => this.toggleWrite()),
      lost: barButton("question", t("call.lost"), () => this.ask(this.confusion)),
      sound: barButton("sound-off", t("call.sound_off"), () => app.toggleSound()),
      turn: barButton("turn", t("call.turn"), () => app.turnCamera()),
      pause: barButton("pause", t("call.pause"), () => app.togglePause()),
      end: barButton("end", t("call.end"), () => this.ask(this.question)),
    };
    this.buttons.end.element.classList.add("button-end");
    this.bar = h(
      "div",
      { class: "bar", role: "group", "aria-label": t("call.controls") },
      Object.values(this.buttons).map((button) => button.element),
    );
    this.keep = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.ask(null) } },
      icon("back"),
      h("span", { text: t("call.end_no") }),
    );
    // Each way out of not understanding is a line of text that the agent reads, and the last opens the field.
    this.confusion = h(
      "div",
      { class: "bar question confusion", role: "group", "aria-label": t("call.lost_ask"), hidden: true },
      h("p", { text: t("call.lost_ask") }),
      CONFUSED.map(([mark, name]) =>
        h(
          "button",
          { class: "button", type: "button", on: { click: () => this.sayLost(t(`lost.${name}_line`)) } },
          icon(mark),
          h("span", { text: t(`lost.${name}`) }),
        ),
      ),
      h(
        "button",
        { class: "button", type: "button", on: { click: () => app.anotherSigner() && this.ask(null) } },
        icon("people"),
        h("span", { text: t("lost.another") }),
      ),
      h(
        "button",
        { class: "button", type: "button", on: { click: () => this.sayLost(t("lost.write_line"), true) } },
        icon("write"),
        h("span", { text: t("lost.write") }),
      ),
      h(
        "button",
        { class: "button", type: "button", on: { click: () => this.ask(null) } },
        icon("back"),
        h("span", { text: t("call.end_no") }),
      ),
    );
    this.question = h(
      "div",
      { class: "bar question ending", role: "group", "aria-label": t("call.end_ask"), hidden: true },
      h("p", { text: t("call.end_ask") }),
      this.keep,
      h(
        "button",
        { class: "button button-end", type: "button", on: { click: () => app.leave() } },
        icon("end"),
        h("span", { text: t("call.end_yes") }),
      ),
    );
    this.element = h(
      "div",
      { class: "call" },
      h("header", { class: "call-head" }, this.heading, this.pill),
      h("main", { class: "call-stage" }, this.stage.element, this.others.element, this.stage.audio),
      h(
        "aside",
        { class: "call-side", "aria-label": t("text.title") },
        this.watched.element,
        this.say,
        this.blur.choice,
        this.tap,
        h(
          "div",
          { class: "tray" },
          h("div", { class: "tray-own" }, this.own.element, this.blur.word, this.fold, this.blur.button, this.cameraAgain),
          h("div", { class: "tray-lines" }, this.strip.list, this.quiet),
        ),
        this.strip.form,
      ),
      h(
        "footer",
        {
          class: "call-foot",
          on: { keydown: (/** @type {KeyboardEvent} */ { key }) => key === "Escape" && this.bar.hidden && this.ask(null) },
        },
        this.bar,
        this.question,
        this.confusion,
        h("p", { class: "call-facts soft small" }, this.clock, this.data),
      ),
    );
    show(this.strip.form, false);
    this.drawFold();
    this.stop = everySecond(() => this.tick());
  }

  leave() {
    this.stop();
  }

  async playByTap() {
    this.app.set({ tapNeeded: !(await play(this.stage.video)) });
  }

  toggleFold() {
    this.folded = !this.folded;
    this.drawFold();
  }

  drawFold() {
    this.fold.replaceChildren(
      icon(this.folded ? "eye" : "fold"),
      h("span", { text: t(this.folded ? "own.unfold" : "own.fold") }),
    );
    setAttribute(this.fold, "aria-expanded", String(!this.folded));
    this.element.classList.toggle("is-folded", this.folded);
  }

  toggleWrite() {
    this.writing = !this.writing;
    show(this.strip.form, this.writing);
    this.element.classList.toggle("is-writing", this.writing);
    setAttribute(this.buttons.write.element, "aria-pressed", String(this.writing));
    if (this.writing) show(this.sayWrite, false);
    if (this.writing) this.strip.input.focus();
  }

  /**
   * Ask something in place of the bar; ending is asked for twice, as a thumb that slips must not cost the call.
   * @param {HTMLElement | null} question null brings the bar back
   */
  ask(question) {
    const back = this.confusion.hidden ? this.buttons.end : this.buttons.lost;
    show(this.bar, question === null);
    show(this.question, question === this.question);
    show(this.confusion, question === this.confusion);
    if (question === this.question) this.keep.focus();
    else (question?.querySelector("button") ?? back.element).focus();
  }

  /**
   * @param {string} line
   * @param {boolean} [write] go on in writing
   */
  sayLost(line, write = false) {
    this.app.lines.write(line);
    this.ask(null);
    if (write && !this.writing) this.toggleWrite();
  }

  /** @param {State} state */
  draw(state) {
    const { view, track, camera, cameras, facing, paused, sound, soundTrouble, tapNeeded, lines, withoutCamera } =
      state;
    if (!view) return;
    const name = view.agent_name || t("call.agent");
    const others = view.others ?? [];
    const guest = view.onlooker?.picture === "shown" ? [view.onlooker] : [];
    const all = [...others, ...guest];
    setText(this.heading, all.reduce((before, { name: second }) => t("call.two", { name: before, second }), name));
    if (all.length || this.others.part) this.others.draw(state);
    const pill = pillOf(state);
    if (this.pill.dataset.name !== pill.name) {
      this.pill.dataset.name = pill.name;
      this.pill.className = `pill pill-${pill.tone}`;
      this.pillIcon.replaceChildren(icon(pill.icon));
      setText(this.pillWord, t(`call.pill.${pill.name}`));
    }
    this.stage.dim(isOld(state) && !view.held_from_ms);
    this.stage.hold(Boolean(view.held_from_ms));
    if (!view.held_from_ms) this.stage.explain("hands", t("call.connecting", { name }));
    if (view.onlooker || this.watched.part) this.watched.draw(state);
    this.drawSay(state, pill.name, pill.icon, name);
    show(this.tap, tapNeeded);
    this.own.mirror(facing === "user");
    const off = paused || state.blurRefused || track?.muted;
    this.own.setTrack(off ? null : track);
    this.own.explain(t(camera === "opening" ? "ready.opening" : off ? "own.paused" : "own.none"));
    this.blur.draw(state);
    show(this.blur.button, track !== null && !state.blurRefused);
    const cameraOff = track === null && camera !== "opening";
    show(this.cameraAgain, cameraOff);
    show(this.fold, !cameraOff && !state.blurRefused);
    if (withoutCamera && !this.writing && !this.startedWriting) {
      this.startedWriting = true;
      this.toggleWrite();
    }
    this.buttons.pause.draw(paused ? "play" : "pause", t(paused ? "call.resume" : "call.pause"), paused);
    setAttribute(this.buttons.pause.element, "aria-disabled", track ? null : "true");
    show(this.buttons.turn.element, cameras > 1);
    this.bar.classList.toggle("is-five", cameras <= 1);
    setAttribute(this.buttons.turn.element, "aria-disabled", camera === "on" && !paused ? null : "true");
    this.buttons.sound.draw(sound ? "sound" : "sound-off", t(sound ? "call.sound_on" : "call.sound_off"), sound);
    setAttribute(this.buttons.sound.element, "title", soundTrouble ? t("call.sound_refused") : null);
    this.strip.draw(lines, name, others);
    show(this.quiet, lines.length === 0);
    show(this.strip.list, lines.length > 0);
    this.tick();
  }

  /**
   * One sentence for whatever is not as it should be; silence when all is well.
   * @param {State} state
   * @param {string} name
   * @param {IconName} sign
   * @param {string} agent
   */
  drawSay(state, name, sign, agent) {
    const { camera, track, soundTrouble, paused, callTrouble, blurRefused } = state;
    const failed = cameraTrouble(camera);
    // What somebody has to decide or to mend goes before a line that is slow and carries the picture all the same.
    const slow = name === "weak" || name === "narrow";
    const unseen = name === "held" && (paused || blurRefused || !track);
    const say = unseen ? "call.held_unseen" : `call.say.${name}`;
    const said = name === "clear" || name === "connecting" ? "" : t(say, { name: agent });
    /** @type {[string, IconName, string]} */
    let [key, mark, text] = [name, sign, slow ? "" : said];
    // What was refused is the answer to a tap: it goes first until something else changes.
    const refused = callTrouble !== "" && !callTrouble.startsWith("media_");
    this.refusedAt = refused ? this.refusedAt || name : "";
    if (callTrouble && (!text || this.refusedAt === name)) [key, mark, text] = [callTrouble, "info", errorText(callTrouble)];
    if (!text && blurRefused) [key, mark, text] = ["blur_full", "room", errorText("blur_full")];
    if (!text && failed) [key, mark, text] = [failed, "camera-off", t(`camera.${failed}`)];
    if (!text && slow) [key, mark, text] = [name, sign, said];
    if (!text && soundTrouble) [key, mark, text] = ["sound", "sound-off", t("call.sound_refused")];
    if (!text && track?.muted) [key, mark, text] = ["muted", "camera-off", t("call.say.muted")];
    if (!text && paused) [key, mark, text] = ["paused", "pause", t("call.say.paused")];
    show(this.say, text !== "");
    this.element.classList.toggle("is-told", text !== "");
    show(this.sayWrite, key === "narrow" && !this.writing);
    if (text && this.say.dataset.name !== key) {
      this.say.dataset.name = key;
      this.sayIcon.replaceChildren(icon(mark));
    }
    setText(this.sayText, text);
    announce(text || `${this.heading.textContent} ${this.pillWord.textContent}`);
  }

  tick() {
    const { view, bytes } = this.app.state;
    if (!view) return;
    setText(this.clock, clockText(view.connected_ms ? nowMs() - view.connected_ms : 0));
    if (view.held_from_ms) {
      const time = clockText(Math.max(0, nowMs() - view.held_from_ms));
      this.stage.explain("pause", t("call.held", { name: this.heading.textContent ?? "", time }));
    }
    setText(this.data, bytes ? dataText(bytes) : "");
  }
}

/**
 * A button of the bar: an icon over a word.
 * @param {IconName} name
 * @param {string} word
 * @param {() => void} act
 */
function barButton(name, word, act) {
  const mark = h("span", { class: "bar-icon" }, icon(name));
  const text = h("span", { class: "bar-word", text: word });
  const element = h("button", { class: "button", type: "button" }, mark, text);
  element.addEventListener("click", () => element.getAttribute("aria-disabled") !== "true" && act());
  let shown = name;
  return {
    element,
    /**
     * @param {IconName} now
     * @param {string} nowWord
     * @param {boolean} pressed
     */
    draw(now, nowWord, pressed) {
      if (now !== shown) mark.replaceChildren(icon(now));
      shown = now;
      setText(text, nowWord);
      element.classList.toggle("is-on", pressed);
    },
  };
}
