/** The agent's desk: left who I am and how the day goes, centre the pictures, right the person and the text. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { languageChoice } from "../shared/language.js";
import { TextStrip } from "../shared/strip.js";
import { everySecond } from "../shared/time.js";
import { AfterPanel } from "./after.js";
import { BackgroundChoice } from "./background.js";
import { BookedCalls } from "./booked.js";
import { CoachCard } from "./coach.js";
import { Context } from "./context.js";
import { HoldLine } from "./hold.js";
import { KeyList, Phrases } from "./keys.js";
import { MyState } from "./me.js";
import { MyShifts } from "./my-shifts.js";
import { Notices } from "./notices.js";
import { ObjectLayer } from "./object.js";
import { CustomerPicture, Preview } from "./pictures.js";
import { MyPromises } from "./promises.js";
import { OtherAgents } from "./others.js";
import { key, RingCard } from "./ring.js";
import { SignedMessages } from "./signed.js";
import { actsOf, KEYS } from "./state.js";
import { TransferPanel } from "./transfer.js";
import { VoiceLine } from "./voice.js";
import { endWord, holdWord, inviteWord } from "./words.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Act} Act */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/** Acts that are a button of the desk, with their look; a ring and a note have buttons of their own. */
const ACTS = /** @type {const} */ ({
  ready: { icon: "check-circle", look: "button button-main" },
  break: { icon: "cup", look: "button" },
  ask: { icon: "people", look: "button" },
  write: { icon: "write", look: "button" },
  speak: { icon: "sound-off", look: "button button-quiet" },
  hold: { icon: "pause", look: "button" },
  transfer: { icon: "next", look: "button" },
  invite: { icon: "people", look: "button" },
  escalate: { icon: "urgent", look: "button" },
  end: { icon: "end", look: "button button-end" },
  hide: { icon: "pause", look: "button" },
  me: { icon: "person", look: "button" },
});

export class Desk {
  /** @param {AgentApp} app */
  constructor(app) {
    this.app = app;
    this.name = h("span");
    this.keysButton = h(
      "button",
      { class: "button button-quiet", type: "button", on: { click: () => app.toggleKeys() } },
      icon("keys"),
      (this.keysText = h("span")),
    );
    this.language = languageChoice();
    this.signOut = h(
      "button",
      { class: "button button-quiet", type: "button", on: { click: () => app.signOut() } },
      icon("leave"),
      h("span", { text: t("sign_in.out") }),
    );
    const names = /** @type {(keyof typeof ACTS)[]} */ (Object.keys(ACTS));
    this.buttons = /** @type {Record<keyof typeof ACTS, HTMLButtonElement>} */ (
      Object.fromEntries(names.map((act) => [act, this.actButton(act)]))
    );
    this.me = new MyState();
    this.ring = new RingCard(app);
    this.after = new AfterPanel(app);
    this.notices = new Notices(app, this.after.lost, () => this.focus("write"));
    this.customer = new CustomerPicture(app, this.buttons.speak);
    this.preview = new Preview(app, [this.buttons.hide, this.buttons.me]);
    this.object = new ObjectLayer(app);
    this.preview.picture.element.append(this.object.element);
    this.preview.acts.after(this.object.bar);
    this.background = new BackgroundChoice(app);
    this.callActs = h("div", { class: "call-acts" }, this.buttons.write, this.buttons.hold, this.buttons.transfer, this.buttons.invite, this.buttons.escalate, this.buttons.end);
    this.hold = new HoldLine();
    this.voice = new VoiceLine();
    this.transfer = new TransferPanel(app);
    this.others = new OtherAgents(app);
    this.coach = new CoachCard(app);
    this.phrases = new Phrases((number) => app.phrase(number));
    this.context = new Context();
    this.strip = new TextStrip(app);
    this.text = h(
      "section",
      { class: "card text-card" },
      h("h2", { text: t("text.title") }),
      this.strip.list,
      (this.noText = h("p", { class: "soft", text: t("text.empty") })),
      this.strip.form,
    );
    this.keyList = new KeyList();
    this.idle = h(
      "section",
      { class: "card stack idle" },
      h("h2", { text: t("agent.idle_title") }),
      h("ul", { class: "stack" }, tip("eye", "agent.idle_preview"), tip("hands", "agent.idle_ring")),
      this.background.element,
      (this.shifts = new MyShifts()).element,
      (this.promises = new MyPromises()).element,
      new BookedCalls().element,
      new SignedMessages().element,
    );
    this.element = h(
      "div",
      { class: "desk" },
      h(
        "header",
        { class: "desk-head" },
        h("p", { class: "brand" }, h("span", { class: "brand-mark" }, icon("hands")), this.name),
        h("div", { class: "row" }, this.keysButton, this.language, this.signOut),
      ),
      h("aside", { class: "desk-left", "aria-label": t("agent.day") }, this.me.card, this.me.day),
      h(
        "main",
        { class: "desk-centre" },
        this.notices.element,
        this.ring.element,
        this.after.element,
        this.hold.element,
        this.others.line,
        this.customer.element,
        this.callActs,
        this.voice.element,
        this.phrases.element,
        this.transfer.element,
      ),
      this.preview.element,
      h(
        "aside",
        { class: "desk-right", "aria-label": t("agent.customer") },
        this.idle,
        this.coach.element,
        this.others.element,
        this.context.element,
        this.text,
        this.keyList.element,
      ),
    );
    this.notices.element.append(this.promises.notice);
    this.stop = everySecond(() => this.tick(), 250);
  }

  leave() {
    this.stop();
    this.customer.leave();
    this.object.leave();
    this.object.element.remove();
  }

  /** @param {"write" | "note"} act */
  focus(act) {
    (act === "write" ? this.strip.input : this.after.note).focus();
  }

  /** @param {keyof typeof ACTS} act */
  actButton(act) {
    const press = () => (act === "write" ? this.focus(act) : this.app.act(act));
    return h(
      "button",
      { class: ACTS[act].look, type: "button", "data-act": act, on: { click: press } },
      icon(ACTS[act].icon),
      h("span", { text: t(`agent.${act}`) }),
      key(KEYS[act]),
    );
  }

  /** @param {State} state */
  draw(state) {
    const { me, view, keysOn, lines } = state;
    setText(this.name, me?.name ?? "");
    setText(this.keysText, t(keysOn ? "agent.keys_on" : "agent.keys_off"));
    setAttribute(this.keysButton, "aria-pressed", String(keysOn));
    this.notices.draw(state);
    const inCall = Boolean(view?.call);
    const inAfter = Boolean(view?.after_call);
    for (const [name, on] of Object.entries({
      "without-keys": !keysOn,
      "in-call": inCall,
      "in-after": inAfter,
      "in-ring": Boolean(view?.reservation),
    }))
      this.element.classList.toggle(name, on);
    // A page that changes language starts again: not in the middle of a call.
    for (const button of [this.language, this.signOut]) show(button, !inCall);
    const acts = actsOf(state);
    this.drawButtons(state, acts);
    this.keyList.draw(acts, state);
    this.me.draw(state);
    this.shifts.follow(view);
    this.promises.follow(view);
    this.ring.draw(view?.reservation ?? null, Boolean(view?.rest_owed));
    this.after.draw(state);
    this.hold.draw(view?.call ?? null);
    this.voice.draw(state);
    this.customer.draw(state);
    this.preview.draw(state);
    this.object.draw(state);
    this.background.draw(state);
    const about = view?.call?.about ?? view?.after_call?.about;
    if (about) this.context.draw(view?.call ?? null, about);
    this.strip.draw(lines, t("agent.customer"), view?.call?.others);
    for (const part of [this.customer.element, this.callActs, this.phrases.element, this.strip.form]) show(part, inCall);
    this.transfer.draw(state);
    this.others.draw(state);
    this.coach.draw(state);
    show(this.phrases.element, inCall && !state.passing);
    for (const act of /** @type {const} */ (["transfer", "invite"])) {
      setAttribute(this.buttons[act], "aria-expanded", String(state.passing === act));
    }
    show(this.context.element, inCall || inAfter);
    // What was written can still be read while the call is noted down.
    show(this.text, inCall || (inAfter && lines.length > 0));
    show(this.idle, !inCall && !inAfter);
    show(this.noText, lines.length === 0);
    show(this.strip.list, lines.length > 0);
    this.tick();
  }

  /**
   * @param {State} state
   * @param {readonly Act[]} acts
   */
  drawButtons({ view, hidden, sound }, acts) {
    for (const [act, button] of Object.entries(this.buttons)) {
      const possible = acts.includes(/** @type {Act} */ (act));
      // What comes and goes with the picture keeps its place: nothing moves under a finger.
      if (act === "me") button.classList.toggle("is-away", !possible);
      else show(button, possible);
    }
    const { ready, break: pause, ask, hide, hold, speak, invite, end } = this.buttons;
    setText(wordOf(hold), t(holdWord(view)));
    setText(wordOf(ready), t(readyWord(view)));
    setText(wordOf(invite), t(inviteWord(view)));
    setText(wordOf(end), t(endWord(view)));
    setAttribute(hold, "aria-pressed", String(Boolean(view?.call?.held_from_ms)));
    setAttribute(speak, "aria-pressed", String(sound));
    if (speak.dataset.on !== String(sound)) {
      speak.dataset.on = String(sound);
      speak.firstElementChild?.replaceWith(icon(sound ? "sound" : "sound-off"));
    }
    const home = view?.after_call ? this.after.acts : this.me.acts;
    if (ready.parentElement !== home) home.append(ready, pause, ask);
    setText(wordOf(hide), t(hidden ? "agent.unhide" : "agent.hide"));
    setAttribute(hide, "aria-pressed", String(hidden));
    const onCall = view?.state === "on_call";
    const wanted = onCall && view.break_wanted;
    setAttribute(pause, "aria-pressed", onCall ? String(wanted) : null);
    setText(wordOf(pause), t(breakWord(view)));
    const asked = Boolean(view?.break_asked_ms);
    setAttribute(ask, "aria-pressed", String(asked));
    setText(wordOf(ask), t(asked ? "agent.ask_back" : "agent.ask"));
  }

  tick() {
    this.ring.tick();
    this.after.tick();
    const { state } = this.app;
    if (!state.view) return;
    this.me.tick(state.view);
    this.hold.tick();
    this.others.tick();
    this.customer.tick(state);
  }
}

/** What the button that ends what goes on says. @param {import("../shared/messages.js").AgentView | null} view */
function readyWord(view) {
  return view?.state === "after_call" && view.break_wanted ? "agent.ready_break" : "agent.ready";
}

/** What the button for a break says. @param {import("../shared/messages.js").AgentView | null} view */
function breakWord(view) {
  if (view?.state === "on_call") return view.break_wanted ? "agent.break_wanted" : "agent.break_after";
  return view?.break_until_ms ? "agent.break_longer" : "agent.break";
}

/** The word on a button of an act. @param {HTMLButtonElement} button */
function wordOf(button) {
  return button.querySelector("span") ?? button;
}

/**
 * @param {IconName} name
 * @param {string} key
 */
function tip(name, key) {
  return h("li", { class: "tip" }, icon(name), h("span", { text: t(key) }));
}
