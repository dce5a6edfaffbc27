/** The customer's page as a whole: what it knows, what it may do, and which parts of it hear of what. */

import { CameraError, cardTrack, openCamera, openMicrophone } from "../shared/camera.js";
import { locale, t } from "../shared/i18n.js";
import { Peer, videoCodecs } from "../shared/peer.js";
import { vibrate, WakeLock } from "../shared/phone.js";
import { RemotePicture } from "../shared/picture.js";
import { QualityWatch } from "../shared/quality.js";
import { fetchService } from "../shared/service.js";
import { Socket } from "../shared/socket.js";
import { Lines } from "../shared/text.js";
import { nowMs } from "../shared/time.js";
import { isServed, screenOf, startState } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/messages.js").CustomerView} CustomerView */
/** @typedef {import("../shared/messages.js").ToPage} ToPage */

const SERVICE_EVERY_MS = 10_000;
const QUALITY_EVERY_MS = 2000;
const FLOW_EVERY_MS = 1000;
const WITHOUT_CAMERA = "video-service.without-camera";

export class CustomerApp {
  /** @param {(state: State) => void} draw */
  constructor(draw) {
    this.draw = draw;
    this.state = startState();
    this.drawing = false;
    this.awake = new WakeLock();
    /** Who came in with a new ticket because the old token was refused: a person with a place, or perhaps one. */
    this.refound = /** @type {"" | "served" | "unsure"} */ ("");
    /** A note that found no socket; it goes out with the next greeting. */
    this.unsentNote = "";
    /** @type {MediaStreamTrack | null} */
    this.card = null;
    this.socket = new Socket({
      role: "customer",
      locale: locale(),
      codecs: videoCodecs(),
      onMessage: (message) => this.hear(message),
      onLink: (link) => this.set({ link }),
      onForgotten: () => this.forgotten(),
    });
    this.peer = new Peer({
      send: (message) => this.socket.send(message),
      iceServers: () => this.socket.welcome?.ice_servers ?? [],
      onSlot: (slot, track) => slot === 0 && this.picture.attach(track),
      onSound: (track) => this.picture.addSound(track),
      onState: (peer) => this.peerMoved(peer),
    });
    this.picture = new RemotePicture({
      label: t("call.their_picture"),
      onFrame: () => this.set({ pictureShown: true }),
      onTapNeeded: (tapNeeded) => this.set({ tapNeeded }),
    });
    this.lines = new Lines({
      send: (call, text) => this.socket.send({ type: "say", call, text }),
      onChange: (lines) => this.set({ lines }),
      onTheirs: () => vibrate("text"),
    });
    this.quality = new QualityWatch((quality, bytes) => this.set({ quality, bytes }));
    setInterval(() => this.watchQuality(), QUALITY_EVERY_MS);
    setInterval(() => this.watchFlow(), FLOW_EVERY_MS);
    setInterval(() => this.askService(), SERVICE_EVERY_MS);
    addEventListener("beforeunload", (event) => screenOf(this.state) === "call" && event.preventDefault());
    addEventListener("visibilitychange", () => this.askService());
  }

  /** Begin: a tab that was connected before goes back to where it was. */
  start() {
    if (this.socket.hasToken()) this.socket.open();
    this.askService();
    this.set({ withoutCamera: remembered(WITHOUT_CAMERA) });
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

  // ---- what the person does

  /**
   * Go and look at the own picture.
   * @param {boolean} urgent
   * @param {State["reason"]} reason
   */
  prepare(urgent = false, reason = "") {
    this.closeEnded();
    this.set({ step: "ready", urgent, reason, trouble: "", seen: this.state.view?.call ?? "" });
    this.useCamera();
  }

  /** Back to the first screen; the camera goes off. */
  goHome() {
    this.closeEnded();
    this.closeCamera();
    this.set({
      step: "home",
      urgent: false,
      reason: "",
      joining: false,
      trouble: "",
      seen: this.state.view?.call ?? "",
    });
    this.askService();
  }

  /** The last screen of a call was read: after a reload it need not come again. */
  closeEnded() {
    const { view } = this.state;
    if (view?.state === "ended") this.socket.send({ type: "hang_up", call: view.call });
  }

  /** @param {boolean} withoutCamera join with words only */
  begin(withoutCamera = false) {
    remember(WITHOUT_CAMERA, withoutCamera);
    if (withoutCamera) this.closeCamera();
    this.set({ joining: true, trouble: "", withoutCamera, note: "", firstPlace: 0 });
    if (this.socket.link === "open") this.join();
    else this.socket.open();
  }

  join() {
    const { urgent, reason } = this.state;
    this.socket.send({ type: "join", queue: "main", needs: [], urgent, reason });
  }

  /** Leave the queue or end the call. */
  leave() {
    const { view } = this.state;
    if (!view?.call) return;
    this.socket.send({ type: "hang_up", call: view.call });
    this.set({ left: view.call, lengthMs: view.connected_ms ? nowMs() - view.connected_ms : 0 });
    this.settle();
  }

  /** @param {string} note */
  tell(note) {
    const text = note.trim().slice(0, 500);
    this.unsentNote = this.socket.send({ type: "note", text }) ? "" : text;
    this.set({ note: text });
  }

  /** The same person on another page, or an old page: go on here with a new start. */
  takeOver() {
    this.socket.forgetToken();
    location.reload();
  }

  // ---- own picture and sound

  async useCamera() {
    if (this.state.camera === "opening" || this.state.camera === "on") return;
    this.set({ camera: "opening" });
    try {
      const track = await openCamera();
      track.addEventListener("ended", () => this.state.track === track && this.cameraGone("lost"));
      // The person may have gone home while the browser asked.
      if (!this.isOpening()) return track.stop();
      this.set({ camera: "on", track, withoutCamera: false });
      remember(WITHOUT_CAMERA, false);
      this.sendPicture();
    } catch (error) {
      if (this.isOpening()) this.cameraGone(error instanceof CameraError ? error.trouble : "failed");
    }
    return undefined;
  }

  /** @param {import("../shared/peer.js").PeerState} peer */
  peerMoved(peer) {
    this.set({ peer });
    // Each call begins as not paused on the service's side.
    if (peer === "up") this.sendPicture();
  }

  isOpening() {
    return this.state.camera === "opening";
  }

  /** @param {import("../shared/camera.js").CameraTrouble} trouble */
  cameraGone(trouble) {
    this.set({ camera: trouble, track: null });
    this.sendPicture();
  }

  closeCamera() {
    this.state.track?.stop();
    this.card?.stop();
    this.card = null;
    this.set({ camera: "off", track: null, paused: false });
    this.peer.setPicture(null);
    this.quiet();
  }

  /** Send the camera, or the card while there is none or it is paused. */
  sendPicture() {
    const { track, paused } = this.state;
    if (!isServed(this.state)) return;
    if (track && !paused) {
      this.card?.stop();
      this.card = null;
      this.peer.setPicture(track);
    } else {
      this.card ??= cardTrack();
      this.peer.setPicture(this.card);
    }
    this.socket.send({ type: "pause_picture", paused: !track || paused });
  }

  togglePause() {
    const paused = !this.state.paused;
    if (this.state.track) this.state.track.enabled = !paused;
    this.set({ paused });
    this.sendPicture();
  }

  async toggleSound() {
    if (this.state.sound) {
      this.quiet();
      return;
    }
    this.set({ sound: true, soundTrouble: "" });
    this.picture.hear(true);
    try {
      const track = await openMicrophone();
      if (this.state.sound) this.peer.setSound(track);
      else track.stop();
    } catch {
      // Listening works without a microphone.
      this.set({ soundTrouble: "refused" });
    }
  }

  quiet() {
    this.peer.sound?.stop();
    this.peer.setSound(null);
    this.picture.hear(false);
    this.set({ sound: false, soundTrouble: "" });
  }

  // ---- what the service says

  /** @param {ToPage} message */
  hear(message) {
    switch (message.type) {
      case "welcome":
        if (this.state.joining) this.join();
        else if (this.state.left) this.socket.send({ type: "hang_up", call: this.state.left });
        if (this.unsentNote) this.tell(this.unsentNote);
        break;
      case "customer_view":
        this.follow(message);
        break;
      case "text_line":
        this.lines.hear(message);
        break;
      case "error":
        this.peer.hear(message);
        if (message.reply_to === "join") this.set({ joining: false, trouble: message.code });
        break;
      case "media_answer":
        this.peer.hear(message);
        break;
    }
  }

  /** @param {CustomerView} view */
  follow(view) {
    if (this.refound && view.state === "home") {
      this.lostPlace();
      return;
    }
    this.refound = "";
    const last = this.state.view;
    const before = last?.state;
    const joined = view.state !== "home" && view.state !== "ended";
    this.set({ view });
    if (joined) {
      const firstPlace = Math.max(this.state.firstPlace, view.place);
      this.set({ joining: false, step: "home", firstPlace });
    }
    if (view.state === "connected") this.set({ answered: view.call, agentName: view.agent_name });
    if (before === "connected" && view.state === "ended" && last && this.state.left !== view.call) {
      this.set({ lengthMs: nowMs() - last.connected_ms });
    }
    if (before !== view.state) {
      if (view.state === "ringing" || view.state === "connected" || view.state === "ended") vibrate(view.state);
    }
    this.settle();
  }

  /** Bring camera, peer connection, strip and screen lock in line with where the person is. */
  settle() {
    const { view } = this.state;
    const served = isServed(this.state);
    const inCall = screenOf(this.state) === "call";
    this.awake.want(served);
    if (served && this.state.camera === "off" && !this.state.withoutCamera) this.useCamera();
    if (served && !this.peer.picture) this.sendPicture();
    if (view && inCall) {
      this.lines.begin(view.call);
      // While the agent is away nothing is wrong with this side: a new connection would not help.
      this.peer.follow(view.media === "reconnecting" && view.other_media !== "live" ? "live" : view.media);
    } else {
      this.peer.follow("none");
      this.picture.clear();
      this.quality = new QualityWatch((quality, bytes) => this.set({ quality, bytes }));
      if (this.state.pictureShown) this.set({ pictureShown: false, tapNeeded: false, quality: "clear" });
    }
    if (!served && this.state.step === "home" && this.state.camera !== "off") this.closeCamera();
  }

  /**
   * The service does not take this tab's token. That alone says nothing of the place in the queue: the token is also
   * spent when its welcome was lost on the way. A new ticket brings the same guest back, and the first view tells.
   */
  forgotten() {
    if (!this.state.joining) this.refound = isServed(this.state) ? "served" : "unsure";
  }

  /** There is no call to come back to. */
  lostPlace() {
    this.set({ view: null, trouble: this.refound === "served" ? "forgotten" : "" });
    this.refound = "";
    this.socket.close();
    this.settle();
  }

  async askService() {
    const idle = !isServed(this.state);
    if (!idle || document.visibilityState !== "visible") return;
    const service = await fetchService().catch(() => /** @type {const} */ ("unreachable"));
    this.set({ service });
    // A closed tab forgets its token, the guest's cookie does not: whoever has a call goes back to it.
    if (service !== "unreachable" && service.yours && this.socket.link === "idle") this.socket.open();
  }

  watchFlow() {
    const stalled = this.picture.isStalled(performance.now());
    if (stalled !== this.state.stalled) this.set({ stalled });
  }

  watchQuality() {
    const { pc } = this.peer;
    const { track } = this.picture;
    if (pc && track && this.peer.state === "up") this.quality.look(pc, track);
  }
}

/** @param {string} key */
function remembered(key) {
  try {
    return sessionStorage.getItem(key) === "1";
  } catch {
    return false;
  }
}

/**
 * @param {string} key
 * @param {boolean} value
 */
function remember(key, value) {
  try {
    sessionStorage.setItem(key, value ? "1" : "0");
  } catch {
    // Storage is closed: after a reload the camera is asked for again.
  }
}
