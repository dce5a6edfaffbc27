/** The customer's page as a whole: what it knows, what it may do, and which parts of it hear of what. */

import { countCameras, openMicrophone } from "../shared/camera.js";
import { t } from "../shared/i18n.js";
import { PersonApp } from "../shared/person.js";
import { vibrate, WakeLock } from "../shared/phone.js";
import { enter, fetchService, request, RequestError } from "../shared/service.js";
import { watchShown } from "../shared/shown.js";
import { nowMs } from "../shared/time.js";
import { keep, kept } from "./kept.js";
import { CONSENT_VERSION, isServed, screenOf, startState } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/messages.js").CustomerView} CustomerView */
/** @typedef {import("../shared/messages.js").ToPage} ToPage */

const SERVICE_EVERY_MS = 10_000;
/** A page that nobody has touched for so long asks once a minute: whoever calls back does so for half an hour. */
const LEFT_ALONE_MS = 600_000;
const SELDOM = 6;
const QUALITY_EVERY_MS = 2000;
const WITHOUT_CAMERA = "video-service.without-camera";
const BLUR = "video-service.blur";
/** What may be refused within a call and is said there. The peer connection tries again by itself. */
const IN_CALL = new Set(["another_signer", "media_offer"]);
const REREAD = "video-service.reread";

/** @extends {PersonApp<State>} */
export class CustomerApp extends PersonApp {
  /** @param {(state: State) => void} draw */
  constructor(draw) {
    super({ role: "customer", state: startState(), draw, theirLabel: t("picture.theirs") });
    this.awake = new WakeLock();
    /** Of further agents, by slot. @type {MediaStreamTrack[]} */
    this.otherTracks = [];
    /** Who came in with a new ticket because the old token was refused: a person with a place, or perhaps one. */
    this.refound = /** @type {"" | "served" | "unsure"} */ ("");
    /** A note that found no socket; it goes out with the next greeting. */
    this.unsentNote = "";
    /** How often it was asked how the line stands. */
    this.asked = 0;
    /** Looked at in a call only. @type {import("../shared/quality.js").QualityWatch | null} */
    this.quality = null;
    watchShown(
      this.theirs.video,
      () =>
        screenOf(this.state) === "call" &&
        this.state.pictureShown &&
        this.state.peer === "up" &&
        !this.state.view?.held_from_ms,
      (shown) => this.socket.send({ type: "picture_shown", ...shown }),
    );
    setInterval(() => this.watchQuality(), QUALITY_EVERY_MS);
    this.turn = this.touchedMs = 0;
    setInterval(() => this.askInTurn(), SERVICE_EVERY_MS);
    addEventListener("visibilitychange", () => this.askService());
    for (const touch of ["pointerdown", "keydown", "visibilitychange"]) addEventListener(touch, () => this.touched());
  }

  /** Begin: a tab that was connected before goes back to where it was. */
  async start() {
    this.set({ withoutCamera: kept(WITHOUT_CAMERA) === "1", blur: kept(BLUR) === "1" });
    this.peer.blur = this.state.blur;
    const said = new URLSearchParams(location.hash.slice(1));
    const [token, place, call] = [said.get("token"), said.get("place"), said.get("call")];
    if (token) await this.launched(() => enter(token));
    else if (place) await this.launched(() => request("POST", "/api/place/follow", { token: place }));
    else if (call) await this.launched(() => request("POST", "/api/call-back/follow", { token: call }));
    if (call && !this.state.trouble) this.prepare();
    if (this.socket.hasToken()) this.socket.open();
    if (kept(REREAD)) {
      keep(REREAD, "");
      this.prepare();
    }
    await this.askService();
  }

  /**
   * A host application sent the customer here, or the link to a kept place did, with a token behind the address's "#",
   * where no server and no log sees it. It works once, so it goes from the address at once.
   * @param {() => Promise<unknown>} come
   */
  async launched(come) {
    history.replaceState(null, "", location.pathname + location.search);
    try {
      await come();
      this.socket.forgetToken();
    } catch (error) {
      this.set({ trouble: error instanceof RequestError ? error.code : "launch_refused" });
    }
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

  /** Write a message instead: in the queue the place is kept meanwhile. */
  writeMessage() {
    this.closeEnded();
    this.set({ step: "message", trouble: "" });
    if (!isServed(this.state)) this.set({ seen: this.state.view?.call ?? "" });
    this.settle();
  }

  closeMessage() {
    if (isServed(this.state)) this.set({ step: "home" });
    else this.goHome();
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
    keep(WITHOUT_CAMERA, withoutCamera ? "1" : "");
    if (withoutCamera) this.closeCamera();
    this.set({ joining: true, trouble: "", withoutCamera, note: "", firstPlace: 0 });
    if (this.socket.link === "open") this.join();
    else this.socket.open();
  }

  join() {
    const { urgent, reason } = this.state;
    const sign_language = kept("video-service.signing");
    const topic = kept("video-service.topic");
    this.socket.send({ type: "join", sign_language, topic, urgent, reason, consent: CONSENT_VERSION });
  }

  /** The words of the consent have changed: they come with a new start of the page, which leads back to them. */
  reread() {
    keep(REREAD, "1");
    location.reload();
  }

  /** Ask for another signer. @returns {boolean} false when there is no socket to ask by */
  anotherSigner() {
    const { view } = this.state;
    this.set({ callTrouble: "" });
    return view !== null && this.socket.send({ type: "another_signer", call: view.call, epoch: view.epoch });
  }

  /**
   * Say something of the call that has ended; what finds no socket goes out with the next greeting.
   * @param {{ solved?: "yes" | "no", face?: number }} word
   */
  answer(word) {
    const survey = { ...this.state.survey, ...word };
    const { solved, face } = survey;
    const sent = this.socket.send({ type: "survey", call: this.state.answered, solved, face });
    this.set({ survey: { ...survey, sent } });
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

  // ---- own picture and sound

  /** @param {State["facing"]} [facing] */
  async useCamera(facing = this.state.facing) {
    await super.useCamera(facing);
  }

  cameraOpened() {
    this.set({ withoutCamera: false });
    keep(WITHOUT_CAMERA, "");
    countCameras().then((cameras) => this.set({ cameras }));
    super.cameraOpened();
  }

  /** Front or rear: phones open one camera at a time, so the first goes before the other comes. */
  async turnCamera() {
    const { track, facing } = this.state;
    if (!track || this.state.camera !== "on") return;
    const other = facing === "user" ? "environment" : "user";
    this.set({ camera: "opening", track: null });
    this.sendPicture();
    track.stop();
    this.set({ camera: "off", facing: other });
    await this.useCamera(other);
    // A phone whose other camera does not open goes back to the one that did.
    if (this.state.camera !== "on" && this.state.camera !== "off") {
      this.set({ camera: "off", facing });
      await this.useCamera(facing);
    }
  }

  /** @param {import("../shared/peer.js").PeerState} peer */
  peerMoved(peer) {
    super.peerMoved(peer);
    // Each call begins as not paused on the service's side.
    if (peer === "up") this.sendPicture();
  }

  closeCamera() {
    super.closeCamera();
    this.set({ paused: false, facing: "user" });
    this.quiet();
  }

  sendPicture() {
    const { track, paused, blur, blurRefused } = this.state;
    // A connection that is not blurred carries the camera of nobody who wishes that the room is not seen.
    this.peer.blur = blur && !blurRefused;
    if (!isServed(this.state)) return;
    const mine = paused || blurRefused;
    const phones = Boolean(track?.muted);
    this.sendOrCard(mine || phones ? null : track);
    this.socket.send({ type: "pause_picture", paused: !track || mine || phones, by_phone: phones && !mine });
  }

  /**
   * Hide the room from the agent, or show it: within a call by a new connection, the old one ends first.
   * @param {boolean} blur
   */
  wishBlur(blur) {
    keep(BLUR, blur ? "1" : "");
    this.set({ blur, blurRefused: false });
    const before = this.peer.blur;
    if (blur !== before) this.peer.drop();
    this.sendPicture();
    if (blur !== before && screenOf(this.state) === "call") this.peer.start();
  }

  /** There is no room for it: the call goes on with the picture off. */
  blurRefused() {
    this.set({ blurRefused: true });
    this.sendPicture();
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
    this.theirs.hear(true);
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
    this.theirs.hear(false);
    this.set({ sound: false, soundTrouble: "" });
  }

  // ---- what the service says

  mustStay() {
    return screenOf(this.state) === "call";
  }

  theirsShown() {
    this.set({ pictureShown: true });
  }

  /** @param {boolean} tapNeeded */
  tapNeeded(tapNeeded) {
    this.set({ tapNeeded });
  }

  theyWrote() {
    vibrate("text");
  }

  /**
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  slot(slot, track) {
    if (slot === 0) this.theirs.attach(track);
    else this.otherTracks[slot - 1] = track;
  }

  /** @param {ToPage} message */
  follow(message) {
    if (message.type === "welcome") {
      if (this.state.joining) this.join();
      else if (this.state.left) this.socket.send({ type: "hang_up", call: this.state.left });
      if (this.unsentNote) this.tell(this.unsentNote);
      // Also what was sent: it may have gone into a line that was dead already. Said twice is said once.
      const { solved, face } = this.state.survey;
      if (solved || face) this.answer({});
    } else if (message.type === "error" && message.reply_to === "join") {
      this.set({ joining: false, trouble: message.code });
    } else if (message.type === "error" && message.code === "blur_full") {
      if (this.peer.blur) this.blurRefused();
    } else if (message.type === "error" && IN_CALL.has(message.reply_to)) {
      this.set({ callTrouble: message.code });
    } else if (message.type === "customer_view") {
      this.see(message);
    }
  }

  /** @param {CustomerView} view */
  see(view) {
    if (this.refound && view.state === "home") {
      this.lostPlace();
      return;
    }
    this.refound = "";
    const last = this.state.view;
    const before = last?.state;
    const joined = view.state !== "home" && view.state !== "ended";
    this.set({ view });
    this.peer.slow(view.camera_fps);
    if (joined) {
      const firstPlace = Math.max(this.state.firstPlace, view.place);
      const step = view.state === "waiting" && this.state.step === "message" ? "message" : "home";
      this.set({ joining: false, step, firstPlace });
    }
    if (view.state === "connected") {
      if (view.call !== this.state.answered) this.set({ survey: startState().survey });
      const flows = view.media === "live" && this.state.callTrouble.startsWith("media_");
      if (before !== "connected" || flows) this.set({ callTrouble: "" });
      // Another call may find room.
      if (before !== "connected" && this.state.blurRefused) {
        this.set({ blurRefused: false });
        this.sendPicture();
      }
      this.set({ answered: view.call, agentName: view.agent_name });
    }
    if (before === "connected" && view.state === "ended" && last && this.state.left !== view.call) {
      this.set({ lengthMs: nowMs() - last.connected_ms });
    }
    // Whoever waited has looked away: the agent is back.
    if (last?.held_from_ms && view.state === "connected" && !view.held_from_ms) vibrate("connected");
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
      this.theirs.clear();
      this.quality = null;
      if (this.state.pictureShown) this.set({ pictureShown: false, tapNeeded: false, quality: "clear" });
    }
    if (!served && this.state.sound) this.quiet();
    if (!served && this.state.step !== "ready" && this.state.camera !== "off") this.closeCamera();
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

  touched() {
    const alone = this.isAlone();
    this.touchedMs = performance.now();
    if (alone) this.askService();
  }

  isAlone() {
    return performance.now() - this.touchedMs > LEFT_ALONE_MS;
  }

  askInTurn() {
    if (!this.isAlone() || ++this.turn % SELDOM === 0) this.askService();
  }

  async askService() {
    const idle = !isServed(this.state);
    if (!idle || document.visibilityState !== "visible") return;
    const attempt = ++this.asked;
    const service = await fetchService().catch(() => /** @type {const} */ ("unreachable"));
    // Answers come in any order: only what was asked last says how it stands.
    if (attempt !== this.asked) return;
    this.set({ service });
    // A closed tab forgets its token, the guest's cookie does not: whoever has a call goes back to it.
    if (service !== "unreachable" && service.yours && this.socket.link === "idle") this.socket.open();
  }

  async watchQuality() {
    const { pc } = this.peer;
    const { track } = this.theirs;
    if (!pc || !track || this.peer.state !== "up") return;
    const { QualityWatch } = await import("../shared/quality.js").catch(() => ({ QualityWatch: null }));
    if (!QualityWatch || pc !== this.peer.pc) return;
    this.quality ??= new QualityWatch((quality, bytes) => this.set({ quality, bytes }));
    this.quality.look(pc, track);
  }
}
