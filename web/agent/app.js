/** The agent's page as a whole: one leg from sign-in on, and every act as one key. */

import { CameraCheck, Steady } from "../customer/check.js";
import { t } from "../shared/i18n.js";
import { cameraTrouble, PersonApp } from "../shared/person.js";
import { RemotePicture } from "../shared/picture.js";
import { request } from "../shared/service.js";
import { watchShown } from "../shared/shown.js";
import { unreadOf } from "./coached.js";
import { DispositionDesk } from "./disposition.js";
import { actsOf, isAsking, seenOf, startState } from "./state.js";
import { Voice } from "./voice.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Act} Act */
/** @typedef {import("../shared/service.js").Me} Me */
/** @typedef {import("../shared/messages.js").AgentView} AgentView */
/** @typedef {import("../shared/messages.js").FromPage} FromPage */
/** @typedef {import("../shared/messages.js").ToPage} ToPage */

const KEYS_OFF = "video-service.keys-off";
// What one says to a refusal of these is said elsewhere: by the peer connection and by the line that was not sent.
const ANSWERED = ["media_offer", "say", "disposition"];
// Looks, five a second: a verdict of the own picture has to last for two seconds, as nobody sits still while signing.
const LOOKS_LAST = 10;
const LOOKS_STAY = 15;
// For two seconds the sign-out waits for the last word on a call.
const SAVE_WAITS = 40;
const SAVE_LOOK_MS = 50;

/** @extends {PersonApp<State>} */
export class AgentApp extends PersonApp {
  /** @param {(state: State) => void} draw */
  constructor(draw) {
    super({ role: "agent", state: startState(), draw, theirLabel: t("agent.customer_picture"), slots: 4 });
    /** @type {MediaStreamTrack | null} */
    this.customerTrack = null;
    /** Whether the service was told that the own picture is paused, on this connection. @type {boolean | null} */
    this.told = null;
    this.preview = new RemotePicture({
      label: t("agent.preview"),
      onFrame: () => this.set({ previewShown: true }),
    });
    this.others = [2, 3].map(() => new RemotePicture({ label: t("agent.colleague") }));
    /** Of other agents, by slot. @type {MediaStreamTrack[]} */
    this.otherTracks = [];
    this.disposition = new DispositionDesk({
      send: (message) => this.socket.send(message),
      onChange: (work) => this.set({ work }),
    });
    this.voice = new Voice(this);
    this.check = new CameraCheck(this.preview.video, (look) => this.looked(look));
    this.check.steady = new Steady(LOOKS_LAST, LOOKS_STAY);
    watchShown(
      this.theirs.video,
      () => Boolean(this.state.view?.call) && this.state.customerShown && this.state.peer === "up",
      (shown) => this.socket.send({ type: "picture_shown", ...shown }),
    );
    addEventListener("pagehide", () => this.disposition.flush());
    try {
      this.state.keysOn = localStorage.getItem(KEYS_OFF) !== "1";
    } catch {
      // Storage is closed: keys act.
    }
  }

  /**
   * The page has looked at the own picture. A card or a blur says nothing of light and hands.
   * @param {import("../customer/check.js").Verdict} verdict
   */
  looked(verdict) {
    const clear = this.state.view?.picture === "clear" && this.state.camera === "on" && !this.state.hidden;
    if (!clear) this.check.steady = new Steady(LOOKS_LAST, LOOKS_STAY);
    const look = clear ? verdict : "still";
    if (look !== this.state.look) this.set({ look });
  }

  /** @param {Me} me */
  enter(me) {
    this.set({ me, trouble: "" });
    this.useCamera();
    this.socket.open();
  }

  async signOut() {
    if (this.isNoteUnchosen()) return this.set({ trouble: "note_unchosen" });
    this.disposition.flush();
    // What was said last goes by another road than the sign-out, which would overtake it.
    for (let waits = 0; this.disposition.saved() === "saving" && waits < SAVE_WAITS; waits += 1) {
      await new Promise((done) => setTimeout(done, SAVE_LOOK_MS));
    }
    await request("POST", "/api/sign-out").catch(() => {});
    this.socket.close();
    this.away("");
    return undefined;
  }

  /** Whether there is a note that the service keeps only with an outcome. */
  isNoteUnchosen() {
    return this.state.work.saved === "unchosen";
  }

  /**
   * Nobody is signed in any more.
   * @param {string} trouble
   */
  away(trouble) {
    this.voice.off();
    this.peer.close();
    this.closeCamera();
    this.preview.clear();
    this.theirs.clear();
    this.disposition.finish();
    this.disposition.dismiss();
    this.set({ me: null, view: null, previewShown: false, customerShown: false, hidden: false, refused: "", trouble });
  }

  /** @param {import("../shared/socket.js").Link} link */
  linked(link) {
    super.linked(link);
    if (link === "signed_out" && this.state.me) this.away("sign_in_first");
    if (link === "open") {
      // The service remembers what an earlier page said.
      this.told = null;
      this.tellPaused();
    } else this.disposition.cut();
  }

  /** @param {import("../shared/peer.js").PeerState} peer */
  peerMoved(peer) {
    super.peerMoved(peer);
    if (peer === "up") this.set({ refused: "" });
  }

  /** @param {Act} act */
  act(act) {
    const { view } = this.state;
    if (!view || !actsOf(this.state).includes(act)) return;
    this.set({ trouble: "" });
    if ((act === "ready" || act === "break") && view.after_call) {
      if (this.isNoteUnchosen()) return this.set({ trouble: "note_unchosen" });
      this.disposition.flush();
    }
    if ((act === "accept" || act === "decline") && view.reservation) {
      this.say({ type: act, call: view.reservation.call, epoch: view.reservation.epoch });
    } else if (act === "hold" && view.call) {
      this.say({ type: "hold", call: view.call.call, epoch: view.call.epoch, held: !view.call.held_from_ms });
    } else if (act === "transfer") {
      this.set({ passing: this.state.passing === act ? "" : act });
    } else if (act === "escalate" && view.call) {
      this.say({ type: "escalate", call: view.call.call, epoch: view.call.epoch });
    } else if (act === "invite" && view.call && isAsking(view.call)) {
      this.say({ type: "invite", call: view.call.call, epoch: view.call.epoch, to: "" });
    } else if (act === "invite") {
      this.set({ passing: this.state.passing === act ? "" : act });
    } else if (act === "end" && view.call) {
      this.say({ type: "hang_up", call: view.call.call });
    } else if (act === "break") {
      // Pressed again during a call it takes the wish back.
      this.say({ type: view.state === "on_call" && view.break_wanted ? "ready" : "break" });
    } else if (act === "ask") {
      this.say({ type: "ask_break", wanted: !view.break_asked_ms });
    } else if (act === "ready") {
      this.say({ type: act });
    } else if (act === "heard" && view.call) {
      this.say({ type: "coach_read", call: view.call.call, seq: unreadOf(view.call) });
    } else if (act === "speak") {
      this.voice.turn();
    } else if (act === "me") {
      this.say({ type: "this_is_me" });
    } else if (act === "hide") {
      this.hide(!this.state.hidden);
    }
    return undefined;
  }

  /**
   * Take the own picture away, or show it again: from the next packet on, whether the service hears of it or not.
   * @param {boolean} hidden
   */
  hide(hidden) {
    this.set({ hidden });
    this.sendPicture();
    this.tellPaused();
  }

  /** A picture that the agent took away, or whose camera is gone, is paused: the customer reads that, not "reconnecting". */
  tellPaused() {
    const paused = this.state.hidden || cameraTrouble(this.state.camera) !== "";
    if (paused !== this.told && this.socket.send({ type: "pause_picture", paused })) this.told = paused;
  }

  cameraOpened() {
    super.cameraOpened();
    this.tellPaused();
  }

  /** @param {import("../shared/camera.js").CameraTrouble} trouble */
  cameraGone(trouble) {
    super.cameraGone(trouble);
    this.tellPaused();
  }

  /**
   * Pass the call on; the panel stays open until the service has done it.
   * @param {{ to: string, sign_language: string, need: string, note: string }} how
   */
  passOn(how) {
    const call = this.state.view?.call;
    this.set({ trouble: "" });
    if (call) this.say({ type: "transfer", call: call.call, epoch: call.epoch, ...how });
  }

  /**
   * Ask a colleague to come in.
   * @param {string} to
   * @param {string} note
   */
  invite(to, note) {
    const call = this.state.view?.call;
    this.set({ trouble: "", passing: "" });
    if (call) this.say({ type: "invite", call: call.call, epoch: call.epoch, to, note });
  }

  /** @param {string} text to the coordinator beside the call, and to nobody else */
  answerCoach(text) {
    const call = this.state.view?.call;
    if (call) this.say({ type: "coach", call: call.call, text });
  }

  /** @param {number} number of a quick phrase, from 1 */
  phrase(number) {
    if (this.state.view?.call) this.lines.write(t(`phrase.${number}`));
  }

  /** @param {FromPage} message */
  say(message) {
    if (!this.socket.send(message)) this.set({ trouble: "unreachable" });
  }

  toggleKeys() {
    const keysOn = !this.state.keysOn;
    try {
      localStorage.setItem(KEYS_OFF, keysOn ? "0" : "1");
    } catch {
      // Storage is closed: the choice lives as long as this page.
    }
    this.set({ keysOn });
  }

  mustStay() {
    return this.state.view?.state === "on_call" || this.isNoteUnchosen();
  }

  theirsShown() {
    this.set({ customerShown: true });
  }

  /** A camera that was there leaves a card behind, which keeps the leg alive; one that never was leaves no leg. */
  sendPicture() {
    const { track, hidden } = this.state;
    if (track) track.enabled = !hidden;
    if (track || this.peer.pc) this.sendOrCard(hidden ? null : track);
  }

  /**
   * Slot 0 is the own picture as the customer sees it, slot 1 the customer, slots 2 and 3 other agents.
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  slot(slot, track) {
    if (slot === 0) this.preview.attach(track);
    if (slot === 1) {
      this.customerTrack = track;
      this.settle();
    }
    if (slot >= 2) {
      this.otherTracks[slot - 2] = track;
      this.settle();
    }
  }

  /** @param {ToPage} message */
  follow(message) {
    if (message.type === "error" && !ANSWERED.includes(message.reply_to ?? "")) this.set({ trouble: message.code });
    if (message.type === "error" && message.reply_to === "media_offer") this.set({ refused: message.code });
    if (message.type === "error" && message.reply_to === "disposition") this.disposition.refuse();
    if (message.type === "agent_view") this.see(message);
  }

  /** @param {AgentView} view */
  see(view) {
    const before = this.state.view;
    if (before?.state !== view.state) this.set({ trouble: "" });
    this.set({ view });
    this.peer.slow(view.camera_fps);
    this.disposition.see(view.after_call);
    this.voice.see(view.call ?? null);
    // Each call starts without a picture: nothing of an earlier caller may be seen in it.
    if (before?.call?.call !== view.call?.call) {
      this.theirs.clear();
      this.set({ customerShown: false, passing: "" });
      for (const picture of this.others) picture.clear();
      if (view.call) this.lines.begin(view.call.call);
      this.preview.slow(Boolean(view.call));
    }
    this.settle();
  }

  settle() {
    const { view, camera } = this.state;
    if (!view) return;
    // Without a camera there is nothing to protect and nothing to show: the leg waits for it.
    if (this.peer.pc || camera === "on") this.peer.follow(view.media);
    if (view.call && this.customerTrack) this.theirs.attach(this.customerTrack);
    const seen = seenOf(view.call);
    this.others.forEach((picture, at) => {
      if (!seen[at]) picture.clear();
      else if (this.otherTracks[at]) picture.attach(this.otherTracks[at]);
    });
  }
}
