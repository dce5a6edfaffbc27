/**
 * What the pages of both people of a call have in common: a socket, a peer connection, the other one's picture, the
 * text, the own camera with a card in its place, and a state that is drawn once however many parts of it changed.
 */

import { CameraError, cardTrack, openCamera } from "./camera.js";
import { locale } from "./i18n.js";
import { Peer, videoCodecs } from "./peer.js";
import { RemotePicture } from "./picture.js";
import { Socket } from "./socket.js";
import { Lines } from "./text.js";

/** @typedef {import("./camera.js").CameraTrouble} CameraTrouble */
/** @typedef {import("./messages.js").FromPage} FromPage */
/** @typedef {import("./messages.js").ToPage} ToPage */
/** @typedef {import("./peer.js").PeerState} PeerState */
/** @typedef {import("./socket.js").Link} Link */
/** @typedef {import("./text.js").Line} Line */

/**
 * What both pages' states hold.
 * @typedef {object} Common
 * @property {Link} link
 * @property {PeerState} peer
 * @property {"off" | "opening" | "on" | CameraTrouble} camera
 * @property {MediaStreamTrack | null} track the own camera's picture
 * @property {boolean} stalled the other person's picture has stopped
 * @property {string} trouble code of the last refusal; "" for none
 * @property {Line[]} lines
 */

const FLOW_EVERY_MS = 1000;
const typing = () => import("./typing.js");

/** Why the camera failed; "" while it has not. @param {Common["camera"]} camera @returns {"" | CameraTrouble} */
export function cameraTrouble(camera) {
  return camera === "on" || camera === "opening" || camera === "off" ? "" : camera;
}

/** @template {Common} S */
export class PersonApp {
  /**
   * @param {object} options
   * @param {"customer" | "agent"} options.role
   * @param {S} options.state
   * @param {(state: S) => void} options.draw
   * @param {string} options.theirLabel what a screen reader says of the other person's picture
   * @param {number} [options.slots] how many pictures it can be shown
   */
  constructor({ role, state, draw, theirLabel, slots }) {
    this.draw = draw;
    this.state = state;
    this.drawing = false;
    /** What is sent in place of the camera. @type {MediaStreamTrack | null} */
    this.card = null;
    /** @type {Socket} */
    this.socket = new Socket({
      role,
      locale: locale(),
      codecs: videoCodecs(),
      onMessage: (message) => this.hear(message),
      onLink: (link) => this.linked(link),
      onForgotten: () => this.forgotten(),
    });
    /** @type {Peer} */
    this.peer = new Peer({
      send: (message) => this.socket.send(message),
      iceServers: () => this.socket.welcome?.ice_servers ?? [],
      onSlot: (slot, track) => this.slot(slot, track),
      onSound: (track) => this.theirs.addSound(track),
      onState: (peer) => this.peerMoved(peer),
      slots,
    });
    this.theirs = new RemotePicture({
      label: theirLabel,
      onFrame: () => this.theirsShown(),
      onTapNeeded: (needed) => this.tapNeeded(needed),
    });
    this.lines = new Lines({
      send: (call, text, line) => this.socket.send({ type: "say", call, text, line }),
      onChange: (lines) => this.set(/** @type {Partial<S>} */ ({ lines })),
      onTheirs: () => this.theyWrote(),
    });
    /** @type {import("./typing.js").Typing | null} */
    this.typing = null;
    setInterval(() => this.watchFlow(), FLOW_EVERY_MS);
    addEventListener("beforeunload", (event) => this.mustStay() && event.preventDefault());
  }

  /** @param {Partial<S>} change */
  set(change) {
    Object.assign(this.state, change);
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.draw(this.state);
    });
  }

  /** @param {Partial<Common>} change */
  note(change) {
    this.set(/** @type {Partial<S>} */ (change));
  }

  /** The same person is on another page, or this page is old: go on here with a new start. */
  takeOver() {
    this.socket.forgetToken();
    location.reload();
  }

  // ---- what each page decides for itself

  /** Whether closing the page would end a call, or lose what nobody else has. @returns {boolean} */
  mustStay() {
    return false;
  }

  /** The resume token was refused. */
  forgotten() {}

  /** The other person's picture is on the screen. */
  theirsShown() {}

  /** @param {boolean} _needed the browser wants a tap before it plays */
  tapNeeded(_needed) {}

  /** A new line of the other person. */
  theyWrote() {}

  /** The camera, or what stands for it, has changed: send what is right now. */
  sendPicture() {}

  /** The camera has just opened. */
  cameraOpened() {
    this.sendPicture();
  }

  /** The phone has taken the camera away, or given it back: `track.muted` says which. */
  muted() {
    this.note({});
    this.sendPicture();
  }

  /** Bring camera, peer connection and pictures in line with the view. */
  settle() {}

  /**
   * @param {number} _slot
   * @param {MediaStreamTrack} _track
   */
  slot(_slot, _track) {}

  /** @param {ToPage} _message a message that is not the common parts' own */
  follow(_message) {}

  // ---- what is the same for both

  /** @param {Link} link */
  linked(link) {
    this.note({ link });
    if (!this.typing) this.bringTyping();
    if (link === "open") this.peer.back();
  }

  /** @param {PeerState} peer */
  peerMoved(peer) {
    this.note({ peer });
    if (peer === "up") this.bringWay();
  }

  /** What did not come is asked for again with the next connection. */
  async bringWay() {
    const { Way } = await import("./way.js").catch(() => ({ Way: null }));
    if (Way) this.socket.way ??= new Way(this.socket, this.peer);
  }

  /** Without it lines go out as a whole. */
  async bringTyping() {
    const { Typing } = await typing().catch(() => ({ Typing: null }));
    if (Typing) this.typing ??= new Typing(this);
  }

  /**
   * Open the camera, unless it is open.
   * @param {"user" | "environment"} [facing]
   */
  async useCamera(facing = "user") {
    if (this.state.camera === "opening" || this.state.camera === "on") return;
    this.note({ camera: "opening" });
    try {
      const track = await openCamera(facing);
      if (!this.isOpening()) {
        track.stop();
        return;
      }
      track.addEventListener("ended", () => this.state.track === track && this.cameraGone("lost"));
      // A phone takes the camera away while a call rings on it, and gives it back (Safari on iOS).
      for (const name of ["mute", "unmute"]) track.addEventListener(name, () => this.state.track === track && this.muted());
      this.note({ camera: "on", track });
      this.cameraOpened();
    } catch (error) {
      if (this.isOpening()) this.cameraGone(error instanceof CameraError ? error.trouble : "failed");
    }
    this.settle();
  }

  /** False once the person has gone while the browser asked. */
  isOpening() {
    return this.state.camera === "opening";
  }

  /** @param {CameraTrouble} trouble */
  cameraGone(trouble) {
    this.note({ camera: trouble, track: null });
    this.sendPicture();
  }

  closeCamera() {
    this.state.track?.stop();
    this.dropCard();
    this.note({ camera: "off", track: null });
    this.peer.setPicture(null);
  }

  /**
   * Send this picture, or the card in its place: packets go on, so that nobody takes a pause for a lost network.
   * @param {MediaStreamTrack | null} track
   */
  sendOrCard(track) {
    if (track) this.dropCard();
    else this.card ??= cardTrack();
    this.peer.setPicture(track ?? this.card);
  }

  dropCard() {
    this.card?.stop();
    this.card = null;
  }

  watchFlow() {
    const stalled = this.theirs.isStalled(performance.now());
    if (stalled !== this.state.stalled) this.note({ stalled });
  }

  /** @param {ToPage} message */
  hear(message) {
    this.typing?.hear(message);
    if (message.type === "text_line") this.lines.hear(message);
    else if (message.type === "media_answer") this.peer.hear(message);
    else {
      if (message.type === "error") this.peer.hear(message);
      this.follow(message);
    }
  }
}
