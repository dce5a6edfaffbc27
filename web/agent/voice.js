/**
 * Sound, for who speaks to a clerk at the customer's counter: off until it is wanted, and off again with the call. The
 * customer hears one agent; whoever switches on goes before the one who did earlier.
 */

import { openMicrophone } from "../shared/camera.js";
import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { voiceOf } from "./state.js";

/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */

export class Voice {
  /** @param {import("./app.js").AgentApp} app */
  constructor(app) {
    this.app = app;
    this.call = "";
    /** The service has said that the customer hears this one. */
    this.heard = false;
    /** How often it was switched on or off: a microphone that comes late is not the wanted one. */
    this.turns = 0;
  }

  /** Switch sound and microphone on, or off. */
  turn() {
    if (!this.app.state.sound) return void this.on();
    this.app.socket.send({ type: "voice", call: this.call, on: false });
    return this.off();
  }

  async on() {
    const { app, call } = this;
    const turn = ++this.turns;
    app.set({ sound: true, soundTrouble: "" });
    // An earlier call has taken the sound away with its picture.
    const heard = app.peer.pc?.getTransceivers()[0]?.receiver.track;
    if (heard) app.theirs.addSound(heard);
    app.theirs.hear(true);
    try {
      const track = await openMicrophone();
      if (turn !== this.turns) return void track.stop();
      app.peer.setSound(track);
      app.say({ type: "voice", call, on: true });
    } catch {
      // Listening works without a microphone.
      if (turn === this.turns) app.set({ soundTrouble: "refused" });
    }
    return undefined;
  }

  off() {
    const { app } = this;
    this.heard = false;
    if (!app.state.sound) return;
    this.turns += 1;
    app.peer.sound?.stop();
    app.peer.setSound(null);
    app.theirs.hear(false);
    app.set({ sound: false, soundTrouble: "" });
  }

  /** Nothing is heard or said outside of a call, and nothing said while somebody else is heard. @param {AgentCall | null} call */
  see(call) {
    const now = call?.call ?? "";
    // A page that was loaded anew has no microphone on, whatever it said before.
    if (call?.speaks && !this.app.state.sound) this.app.socket.send({ type: "voice", call: now, on: false });
    if (now !== this.call || (this.heard && !call?.speaks)) this.off();
    this.call = now;
    this.heard = Boolean(this.app.state.sound && call?.speaks);
  }
}

/** Whom the customer hears, in words: nobody is to speak into a microphone that is off. */
export class VoiceLine {
  constructor() {
    this.element = h("p", { class: "soft small voice-line", role: "status", hidden: true });
  }

  /** @param {import("./state.js").State} state */
  draw({ view, sound, soundTrouble }) {
    const name = voiceOf(view?.call);
    const own = sound && (soundTrouble ? "call.sound_refused" : view?.call?.speaks ? "voice.mine" : "");
    setText(this.element, own ? t(own) : name ? t("voice.theirs", { name }) : "");
    show(this.element, Boolean(own || name));
  }
}
