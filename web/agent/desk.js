/** The agent's desk: left who I am and how the day goes, centre the pictures, right the person and the text. */

import { AGENT_LOOK } from "../shared/agent-look.js";
import { announce, h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { languageChoice } from "../shared/language.js";
import { cameraTrouble } from "../shared/person.js";
import { TextStrip } from "../shared/text.js";
import { clockText, everySecond, hourText, nowMs } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { Context } from "./context.js";
import { KeyList, Phrases } from "./keys.js";
import { key, RingCard } from "./ring.js";
import { actsOf, customerWord, KEYS, previewWord } from "./state.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Act} Act */
/** @typedef {import("./state.js").Word} Word */
/** @typedef {import("../shared/icons.js").IconName} IconName */

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

    this.stateMark = h("span", { class: "state-mark" });
    this.stateWord = h("h1", { class: "state-word" });
    this.stateClock = h("p", { class: "state-clock figure" });
    this.stateSay = h("p", { class: "soft" });
    this.stateCard = h(
      "section",
      { class: "card stack state-card" },
      h("div", { class: "row" }, this.stateMark, h("div", {}, this.stateWord, this.stateClock)),
      this.stateSay,
    );
    /** @type {Record<Act, HTMLButtonElement>} */
    this.buttons = {
      accept: h("button"),
      decline: h("button"),
      ready: this.actButton("ready", "check-circle", "button button-main"),
      break: this.actButton("break", "cup", "button"),
      write: this.actButton("write", "write", "button"),
      end: this.actButton("end", "end", "button button-end"),
      hide: this.actButton("hide", "pause", "button"),
      me: this.actButton("me", "person", "button"),
    };
    this.stateCard.append(h("div", { class: "stack acts" }, this.buttons.ready, this.buttons.break));
    this.shift = h("dd", { class: "figure" });
    this.waiting = h("dd", { class: "figure" });
    this.agents = h("dd", { class: "figure" });
    this.day = h(
      "section",
      { class: "card day-card" },
      h("h2", { class: "visually-hidden", text: t("agent.day") }),
      h(
        "dl",
        { class: "facts" },
        fact("agent.shift", this.shift),
        fact("agent.waiting", this.waiting),
        fact("agent.agents_on", this.agents),
      ),
    );

    this.link = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("lost"),
      h("span", { text: t("agent.link_lost") }),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.cameraTrouble = h(
      "div",
      { class: "notice notice-danger camera-trouble", role: "alert", hidden: true },
      icon("camera-off"),
      (this.cameraText = h("p")),
      h(
        "button",
        { class: "button", type: "button", on: { click: () => app.useCamera() } },
        icon("again"),
        h("span", { text: t("camera.again") }),
      ),
    );
    this.ring = new RingCard(app);
    this.customerPill = pill();
    this.customerSay = h(
      "p",
      { class: "notice notice-attention", hidden: true },
      icon("info"),
      (this.customerSayText = h("span")),
    );
    this.callClock = h("span", { class: "figure" });
    this.customer = h(
      "section",
      { class: "customer" },
      h(
        "div",
        { class: "row spread picture-head" },
        h("h2", { text: t("agent.customer") }),
        h("span", { class: "row" }, this.callClock, this.customerPill.element),
      ),
      app.theirs.element,
      this.customerSay,
    );
    this.previewPill = pill();
    this.previewSay = h("p", { class: "soft" });
    this.preview = h(
      "section",
      { class: "preview", "aria-label": t("agent.preview") },
      h(
        "div",
        { class: "row spread picture-head" },
        h("h2", { text: t("agent.preview") }),
        this.previewPill.element,
      ),
      app.preview.element,
      h("div", { class: "row preview-acts" }, this.buttons.hide, this.buttons.me),
      this.previewSay,
    );
    this.callActs = h("div", { class: "row call-acts" }, this.buttons.write, this.buttons.end);

    this.context = new Context();
    this.strip = new TextStrip({ onWrite: (text) => app.lines.write(text), onAgain: (id) => app.lines.writeAgain(id) });
    this.text = h(
      "section",
      { class: "card stack text-card" },
      h("h2", { text: t("text.title") }),
      this.strip.list,
      (this.noText = h("p", { class: "soft", text: t("text.empty") })),
      this.strip.form,
    );
    this.phrases = new Phrases((number) => app.phrase(number));
    this.keyList = new KeyList();
    this.idle = h(
      "section",
      { class: "card stack idle" },
      h("h2", { text: t("agent.idle_title") }),
      h(
        "ul",
        { class: "stack" },
        tip("eye", "agent.idle_preview"),
        tip("hands", "agent.idle_ring"),
      ),
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
      h("aside", { class: "desk-left stack", "aria-label": t("agent.day") }, this.stateCard, this.day, this.keyList.element),
      h(
        "main",
        { class: "desk-centre stack" },
        this.link,
        this.trouble,
        this.cameraTrouble,
        this.ring.element,
        this.customer,
        this.callActs,
        this.phrases.element,
      ),
      this.preview,
      h(
        "aside",
        { class: "desk-right stack", "aria-label": t("agent.customer") },
        this.idle,
        this.context.element,
        this.text,
      ),
    );
    this.stop = everySecond(() => this.tick(), 250);
  }

  leave() {
    this.stop();
  }

  write() {
    this.strip.input.focus();
  }

  /**
   * @param {Exclude<Act, "accept" | "decline">} act
   * @param {IconName} name
   * @param {string} look
   */
  actButton(act, name, look) {
    const press = () => (act === "write" ? this.write() : this.app.act(act));
    return h(
      "button",
      { class: look, type: "button", "data-act": act, on: { click: press } },
      icon(name),
      h("span", { text: t(`agent.${act}`) }),
      key(KEYS[act]),
    );
  }

  /** @param {State} state */
  draw(state) {
    const { me, view, link, camera, hidden, keysOn, trouble, lines } = state;
    setText(this.name, me?.name ?? "");
    setText(this.keysText, t(keysOn ? "agent.keys_on" : "agent.keys_off"));
    setAttribute(this.keysButton, "aria-pressed", String(keysOn));
    this.element.classList.toggle("without-keys", !keysOn);
    show(this.link, link === "lost");
    show(this.trouble, trouble !== "");
    setText(this.troubleText, trouble ? errorText(trouble) : "");
    const cameraFailed = cameraTrouble(camera);
    show(this.cameraTrouble, cameraFailed !== "");
    setText(this.cameraText, cameraFailed ? t(`camera.${cameraFailed}`) : "");
    const inCall = Boolean(view?.call);
    this.element.classList.toggle("in-call", inCall);
    // A page that changes language starts again: not in the middle of a call.
    for (const button of [this.language, this.signOut]) show(button, !inCall);
    show(this.stateCard, view !== null);
    show(this.day, view !== null);
    const acts = actsOf(state);
    for (const [act, button] of Object.entries(this.buttons)) {
      const possible = acts.includes(/** @type {Act} */ (act));
      // What comes and goes with the picture keeps its place: nothing moves under a finger.
      if (act === "me") button.classList.toggle("is-away", !possible);
      else show(button, possible);
    }
    this.keyList.draw(acts, keysOn, hidden);
    setText(wordOf(this.buttons.hide), t(hidden ? "agent.unhide" : "agent.hide"));
    setAttribute(this.buttons.hide, "aria-pressed", String(hidden));
    this.drawState(state);
    this.ring.draw(view?.reservation ?? null);
    show(this.customer, inCall);
    show(this.callActs, inCall);
    show(this.context.element, inCall);
    show(this.text, inCall);
    show(this.phrases.element, inCall);
    show(this.idle, !inCall);
    this.drawPictures(state);
    if (view?.call) this.context.draw(view.call);
    this.strip.draw(lines, t("agent.customer"));
    show(this.noText, lines.length === 0);
    show(this.strip.list, lines.length > 0);
    this.tick();
  }

  /** @param {State} state */
  drawState({ view }) {
    if (!view) return;
    const look = AGENT_LOOK[view.state];
    if (this.stateCard.dataset.state !== view.state) {
      this.stateCard.dataset.state = view.state;
      this.stateMark.className = `state-mark tone-${look.tone}`;
      this.stateMark.replaceChildren(icon(look.icon));
      setText(this.stateWord, t(`agent.state.${view.state}`));
    }
    const say = stateSentence(view);
    setText(this.stateSay, say);
    show(this.stateSay, say !== "");
    announce(`${this.stateWord.textContent} ${say}`);
    const wanted = view.state === "on_call" && view.break_wanted;
    setAttribute(this.buttons.break, "aria-pressed", view.state === "on_call" ? String(wanted) : null);
    setText(
      wordOf(this.buttons.break),
      t(wanted ? "agent.break_wanted" : view.state === "on_call" ? "agent.break_after" : "agent.break"),
    );
    setText(
      this.shift,
      view.shift_until_ms ? t("agent.shift_until", { time: hourText(view.shift_until_ms) }) : t("agent.shift_none"),
    );
    setText(this.waiting, String(view.waiting));
    setText(this.agents, String(view.agents_on));
  }

  /** @param {State} state */
  drawPictures(state) {
    const preview = previewWord(state);
    this.previewPill.draw(preview, t(`agent.preview_word.${preview.name}`));
    setText(this.previewSay, t(`agent.preview_say.${preview.name}`));
    this.app.preview.explain(preview.icon, t(`agent.preview_say.${preview.name}`));
    this.app.preview.dim(state.peer === "interrupted" || state.view?.media === "reconnecting");
    show(this.previewSay, state.previewShown);
    const customer = customerWord(state);
    this.customerPill.draw(customer, t(`agent.customer_word.${customer.name}`));
    this.app.theirs.explain(customer.name === "paused" ? "pause" : "hands", t(`agent.customer_say.${customer.name}`));
    this.app.theirs.dim(state.stalled || state.peer === "interrupted" || customer.name === "lost");
    show(this.customerSay, customer.name !== "clear" && state.customerShown);
    setText(this.customerSayText, t(`agent.customer_say.${customer.name}`));
  }

  tick() {
    this.ring.tick();
    const { view } = this.app.state;
    if (!view) return;
    setText(this.stateClock, clockText(nowMs() - view.since_ms));
    setText(this.callClock, view.call ? clockText(nowMs() - view.call.since_ms) : "");
  }
}

/** The word on a button of an act. @param {HTMLButtonElement} button */
function wordOf(button) {
  return button.querySelector("span") ?? button;
}

/**
 * Why the agent is in this state, or what comes next; "" when the word says it all.
 * @param {import("../shared/messages.js").AgentView} view
 */
function stateSentence(view) {
  if (view.state === "after_call")
    return t(view.ended_reason ? `agent.ended.${view.ended_reason}` : "agent.say.after_call");
  if ((view.state === "break" || view.state === "offline") && view.away_reason)
    return t(`agent.away.${view.away_reason}`);
  if (view.state === "available" && !view.shift_until_ms) return t("agent.say.no_shift");
  return t(`agent.say.${view.state}`);
}

function pill() {
  const mark = h("span");
  const word = h("span");
  const element = h("span", { class: "pill" }, mark, word);
  let shown = "";
  return {
    element,
    /**
     * @param {Word} look
     * @param {string} text
     */
    draw(look, text) {
      if (look.name !== shown) {
        shown = look.name;
        element.className = `pill pill-${look.tone}`;
        mark.replaceChildren(icon(look.icon));
      }
      setText(word, text);
    },
  };
}

/**
 * @param {string} key
 * @param {HTMLElement} value
 */
function fact(key, value) {
  return h("div", {}, h("dt", { class: "soft", text: t(key) }), value);
}

/**
 * @param {IconName} name
 * @param {string} key
 */
function tip(name, key) {
  return h("li", { class: "tip" }, icon(name), h("span", { text: t(key) }));
}
