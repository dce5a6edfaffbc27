/** The agent's page as a whole: one leg from sign-in on, and every act as one key. */

import { CameraError, cardTrack, openCamera } from "../shared/camera.js";
import { locale, t } from "../shared/i18n.js";
import { Peer, videoCodecs } from "../shared/peer.js";
import { RemotePicture } from "../shared/picture.js";
import { request } from "../shared/service.js";
import { Socket } from "../shared/socket.js";
import { Lines } from "../shared/text.js";
import { actsOf, startState } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Act} Act */
/** @typedef {import("../shared/service.js").Me} Me */
/** @typedef {import("../shared/messages.js").AgentView} AgentView */
/** @typedef {import("../shared/messages.js").ToPage} ToPage */

const FLOW_EVERY_MS = 1000;
const KEYS_OFF = "video-service.keys-off";

export class AgentApp {
  /** @param {(state: State) => void} draw */
  constructor(draw) {
    this.draw = draw;
    this.state = startState();
    this.drawing = false;
    /** @type {MediaStreamTrack | null} */
    this.camera = null;
    /** @type {MediaStreamTrack | null} */
    this.card = null;
    /** @type {MediaStreamTrack | null} */
    this.customerTrack = null;
    this.socket = new Socket({
      role: "agent",
      locale: locale(),
      codecs: videoCodecs(),
      onMessage: (message) => this.hear(message),
      onLink: (link) => this.linked(link),
    });
    this.peer = new Peer({
      send: (message) => this.socket.send(message),
      iceServers: () => this.socket.welcome?.ice_servers ?? [],
      onSlot: (slot, track) => this.slot(slot, track),
      onState: (peer) => this.set({ peer }),
    });
    this.preview = new RemotePicture({
      label: t("agent.preview"),
      onFrame: () => this.set({ previewShown: true }),
    });
    this.customer = new RemotePicture({
      label: t("agent.customer_picture"),
      onFrame: () => this.set({ customerShown: true }),
    });
    this.lines = new Lines({
      send: (call, text) => this.socket.send({ type: "say", call, text }),
      onChange: (lines) => this.set({ lines }),
    });
    setInterval(() => this.watchFlow(), FLOW_EVERY_MS);
    try {
      this.state.keysOn = localStorage.getItem(KEYS_OFF) !== "1";
    } catch {
      // Storage is closed: keys act.
    }
    addEventListener("beforeunload", (event) => this.state.view?.state === "on_call" && event.preventDefault());
  }

  /** @param {Partial<State>} change */
  set(change) {
    Object.assign(this.state, change);
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.draw(this.state);
    });
  }

  /** @param {Me} me */
  enter(me) {
    this.set({ me, trouble: "" });
    this.useCamera();
    this.socket.open();
  }

  async signOut() {
    await request("POST", "/api/sign-out").catch(() => {});
    this.socket.close();
    this.away("");
  }

  /**
   * Nobody is signed in any more.
   * @param {string} trouble
   */
  away(trouble) {
    this.peer.close();
    this.camera?.stop();
    this.camera = null;
    this.card?.stop();
    this.card = null;
    this.preview.clear();
    this.customer.clear();
    this.set({ me: null, view: null, camera: "off", previewShown: false, customerShown: false, trouble });
  }

  /** @param {import("../shared/socket.js").Link} link */
  linked(link) {
    this.set({ link });
    if (link === "signed_out" && this.state.me) this.away("sign_in_first");
  }

  /** @param {Act} act */
  act(act) {
    const { view } = this.state;
    if (!view || !actsOf(view).includes(act)) return;
    this.set({ trouble: "" });
    if ((act === "accept" || act === "decline") && view.reservation) {
      this.say({ type: act, call: view.reservation.call, epoch: view.reservation.epoch });
    } else if (act === "end" && view.call) {
      this.say({ type: "hang_up", call: view.call.call });
    } else if (act === "break") {
      // Pressed again during a call it takes the wish back.
      this.say({ type: view.state === "on_call" && view.break_wanted ? "ready" : "break" });
    } else if (act === "ready") {
      this.say({ type: act });
    } else if (act === "me") {
      this.say({ type: "this_is_me" });
    }
  }

  /** @param {import("../shared/messages.js").FromPage} message */
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

  /** The same agent on another page: go on here. */
  takeOver() {
    this.socket.forgetToken();
    location.reload();
  }

  async useCamera() {
    if (this.state.camera === "on" || this.state.camera === "opening") return;
    this.set({ camera: "opening" });
    try {
      const track = await openCamera();
      if (!this.state.me) return track.stop();
      track.addEventListener("ended", () => this.camera === track && this.cameraLost());
      this.camera = track;
      this.card?.stop();
      this.card = null;
      await this.peer.setPicture(track);
      this.set({ camera: "on" });
    } catch (error) {
      this.set({ camera: error instanceof CameraError ? error.trouble : "failed" });
    }
    this.settle();
    return undefined;
  }

  /** The camera went away: a drawn card keeps the leg alive, and the page says what to do. */
  cameraLost() {
    this.camera = null;
    this.card ??= cardTrack();
    this.peer.setPicture(this.card);
    this.set({ camera: "lost" });
  }

  /**
   * Slot 0 is the own picture as the customer sees it, slot 1 the customer.
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  slot(slot, track) {
    if (slot === 0) this.preview.attach(track);
    if (slot === 1) {
      this.customerTrack = track;
      this.settle();
    }
  }

  watchFlow() {
    const stalled = this.customer.isStalled(performance.now());
    if (stalled !== this.state.stalled) this.set({ stalled });
  }

  /** @param {ToPage} message */
  hear(message) {
    switch (message.type) {
      case "agent_view":
        this.follow(message);
        break;
      case "text_line":
        this.lines.hear(message);
        break;
      case "media_answer":
        this.peer.hear(message);
        break;
      case "error":
        this.peer.hear(message);
        if (!["media_offer", "media_candidate", "say"].includes(message.reply_to ?? ""))
          this.set({ trouble: message.code });
        break;
    }
  }

  /** @param {AgentView} view */
  follow(view) {
    const before = this.state.view;
    if (before?.state !== view.state) this.set({ trouble: "" });
    this.set({ view });
    // Each call starts without a picture: nothing of an earlier caller may be seen in it.
    if (before?.call?.call !== view.call?.call) {
      this.customer.clear();
      this.set({ customerShown: false });
      if (view.call) this.lines.begin(view.call.call);
    }
    this.settle();
  }

  /** Bring the peer connection and the customer's picture in line with the view. */
  settle() {
    const { view, camera } = this.state;
    if (!view) return;
    // Without a camera there is nothing to protect and nothing to show: the leg waits for it.
    if (this.peer.pc || camera === "on") this.peer.follow(view.media);
    if (view.call && this.customerTrack) this.customer.attach(this.customerTrack);
  }
}
