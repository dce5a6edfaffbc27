/**
 * The page's RTCPeerConnection, and its replacement when the network moves.
 *
 * The page makes every offer. The m-lines always stand in one order: sound both ways, own camera, then the pictures
 * to receive (three slots, an agent's four, for one of them is the own picture), so that further people can join without a new offer, then a channel for text. Each peer connection has a number
 * that only grows; answers to an older one are dropped. The offer holds no ICE candidates and none follow: the checks
 * of this side lead to the service.
 */

/** @typedef {import("./messages.js").MediaWish} MediaWish */
/** @typedef {import("./messages.js").IceServer} IceServer */
/** @typedef {import("./messages.js").ToPage} ToPage */
/** @typedef {import("./messages.js").FromPage} FromPage */

/** "none", "connecting" (never connected yet), "up", "interrupted" (was up; a new one is on its way). */
/** @typedef {"none" | "connecting" | "up" | "interrupted"} PeerState */

const SLOTS = 3;
const WANTED = ["video/H264", "video/VP8"];
const REPAIR = ["video/rtx"];
const DISCONNECTED_MS = 2000;
const SILENT_MS = 4000;
const OFFER_REPEAT_MS = 1500;
const ANSWER_TIMEOUT_MS = 5000;
const GENERATION = "video-service.generation";

/**
 * The codecs that this service speaks and this browser receives, in the browser's own order of preference. Phones have
 * H.264 in hardware, which keeps them cool through a call, and browsers on them put VP8 first all the same.
 * @returns {string[]}
 */
export function videoCodecs() {
  if (typeof RTCRtpReceiver === "undefined") return [];
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const known = codecs.map((codec) => codec.mimeType);
  const held = matchMedia("(pointer: coarse)").matches;
  return held ? WANTED.filter((type) => known.includes(type)) : [...new Set(known)].filter((type) => WANTED.includes(type));
}

/** @param {RTCRtpTransceiver} transceiver */
function preferCodecs(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const kept = codecs.filter((codec) => [...WANTED, ...REPAIR].includes(codec.mimeType));
  if (kept.length && transceiver.setCodecPreferences) transceiver.setCodecPreferences(kept);
}

export class Peer {
  /**
   * @param {object} options
   * @param {(message: FromPage) => boolean} options.send
   * @param {() => readonly IceServer[]} options.iceServers
   * @param {(slot: number, track: MediaStreamTrack) => void} options.onSlot a slot's track of the newest connection
   * @param {(sound: MediaStreamTrack) => void} [options.onSound]
   * @param {(state: PeerState) => void} options.onState
   * @param {number} [options.slots] how many pictures it can be shown
   */
  constructor({ send, iceServers, onSlot, onSound = () => {}, onState, slots = SLOTS }) {
    this.slots = slots;
    this.send = send;
    this.iceServers = iceServers;
    this.onSlot = onSlot;
    this.onSound = onSound;
    this.onState = onState;
    /** @type {RTCPeerConnection | null} */
    this.pc = null;
    /** The channel for text as it is written (RFC 8865). @type {RTCDataChannel | undefined} */
    this.text = undefined;
    this.onText = (/** @type {string} */ _message) => {};
    /** @type {PeerState} */
    this.state = "none";
    /** @type {MediaStreamTrack | null} */
    this.picture = null;
    /** @type {MediaStreamTrack | null} */
    this.sound = null;
    /** The room behind a customer is not to be seen: the service is asked to blur it. */
    this.blur = false;
    /** @type {MediaWish} */
    this.wish = "none";
    /** The most pictures a second to send; 0: as many as the camera gives. */
    this.fps = 0;
    this.generation = 0;
    this.startedMs = -Infinity;
    this.answered = false;
    this.wasUp = false;
    this.failures = 0;
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
  }

  /**
   * Do what the newest view says.
   * @param {MediaWish} wish
   */
  follow(wish) {
    const before = this.wish;
    this.wish = wish;
    if (wish === "none") return this.close();
    if (!this.pc) return this.start();
    if (wish === "live") this.failures = 0;
    // After a refusal the pauses grow, whatever the view asks for meanwhile.
    if (wish === "offer" && !this.timers.has("again")) {
      // A view may cross an offer that is on its way: only one that still asks a moment later is a new wish.
      const ageMs = performance.now() - this.startedMs;
      if (ageMs >= OFFER_REPEAT_MS) return this.start();
      this.later("offer", OFFER_REPEAT_MS - ageMs, () => this.wish === "offer" && this.start());
    }
    if (wish !== "reconnecting") this.cancel("silent");
    else if (before !== "reconnecting") this.later("silent", this.pause(SILENT_MS), () => this.start());
    return undefined;
  }

  /**
   * Send this picture from now on; no new offer is needed.
   * @param {MediaStreamTrack | null} track
   */
  async setPicture(track) {
    this.picture = track;
    if (track) track.contentHint = "motion";
    await this.pc
      ?.getTransceivers()[1]
      ?.sender.replaceTrack(track)
      .catch(() => {});
  }

  /**
   * Send at most so many pictures a second from now on: what a narrow line still carries is few sharp ones.
   * @param {number} fps 0: as many as the camera gives
   */
  slow(fps) {
    if (fps === this.fps) return;
    this.fps = fps;
    const camera = this.pc?.getTransceivers()[1];
    if (camera) fluentFirst(camera.sender, fps);
  }

  /**
   * Send this sound, or none.
   * @param {MediaStreamTrack | null} track
   */
  async setSound(track) {
    this.sound = track;
    await this.pc
      ?.getTransceivers()[0]
      ?.sender.replaceTrack(track)
      .catch(() => {});
  }

  /**
   * Whether the way of this connection is alive, by what comes over it; asked again and again while it is up.
   * @param {boolean} silent
   */
  heard(silent) {
    if (this.pc?.connectionState === "connected") this.setState(silent ? "interrupted" : "up");
  }

  /** The service can be reached again: whatever was asked meanwhile was asked of nobody. */
  back() {
    if (!this.pc || this.state === "up") return;
    // An answer came, and its checks are under way.
    if (this.answered && ["new", "connecting"].includes(this.pc.connectionState)) return;
    this.failures = 0;
    this.start();
  }

  /** Make a new peer connection and offer it. The old one's last picture stays until the new one shows. */
  async start() {
    this.drop();
    this.startedMs = performance.now();
    this.answered = false;
    const generation = this.nextGeneration();
    const iceServers = this.iceServers().map((server) => ({ ...server, urls: [...server.urls] }));
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.pc = pc;
    this.text = pc.createDataChannel("t140", { protocol: "t140" });
    this.text.onmessage = ({ data }) => this.onText(data);
    this.setState(this.wasUp ? "interrupted" : "connecting");
    pc.addTransceiver(this.sound ?? "audio", { direction: "sendrecv" });
    const camera = pc.addTransceiver(this.picture ?? "video", { direction: "sendonly" });
    preferCodecs(camera);
    for (let slot = 0; slot < this.slots; slot += 1) preferCodecs(pc.addTransceiver("video", { direction: "recvonly" }));
    pc.onconnectionstatechange = () => pc === this.pc && this.moved(pc.connectionState);
    try {
      await pc.setLocalDescription(await pc.createOffer());
      await fluentFirst(camera.sender, this.fps);
    } catch {
      if (pc === this.pc) this.again();
      return;
    }
    if (pc !== this.pc) return;
    // Without a socket nobody can be asked: `back` tells when there is one again.
    if (!this.send({ type: "media_offer", generation, sdp: pc.localDescription?.sdp ?? "", blur: this.blur })) return;
    this.later("answer", this.pause(ANSWER_TIMEOUT_MS), () => !this.answered && this.start());
  }

  /**
   * @param {ToPage} message an answer, or an error that may answer our offer
   */
  async hear(message) {
    if (message.type === "error" && message.reply_to === "media_offer") return this.again();
    const pc = this.pc;
    if (message.type !== "media_answer" || message.generation !== this.generation || !pc || this.answered)
      return undefined;
    this.answered = true;
    this.cancel("answer");
    try {
      await pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
    } catch {
      if (pc === this.pc) this.again();
      return undefined;
    }
    if (pc !== this.pc) return undefined;
    const [sound, , ...slots] = pc.getTransceivers();
    if (sound) this.onSound(sound.receiver.track);
    slots.forEach((transceiver, slot) => this.onSlot(slot, transceiver.receiver.track));
    return undefined;
  }

  /** @param {RTCPeerConnectionState} state */
  moved(state) {
    if (state === "connected") {
      this.wasUp = true;
      this.cancel("disconnected");
      this.setState("up");
    } else if (state === "disconnected") {
      this.setState("interrupted");
      this.later("disconnected", DISCONNECTED_MS, () => this.start());
    } else if (state === "failed") {
      this.setState("interrupted");
      this.again();
    }
  }

  /** Try again after a pause that grows with each failure. */
  again() {
    this.failures += 1;
    this.later("again", this.pause(500, 32), () => this.wish !== "none" && this.start());
  }

  /**
   * @param {number} ms
   * @param {number} [most] times
   */
  pause(ms, most = 8) {
    return ms * Math.min(most, 2 ** Math.max(0, this.failures - 1));
  }

  /** No media is wanted: close, and forget that there was any. */
  close() {
    this.drop();
    this.wasUp = false;
    this.failures = 0;
    this.setState("none");
  }

  drop() {
    for (const name of [...this.timers.keys()]) this.cancel(name);
    const pc = this.pc;
    this.pc = null;
    if (pc) {
      pc.onconnectionstatechange = null;
      pc.close();
    }
  }

  /** Numbers go on growing when the page is loaded again: the service drops anything older. */
  nextGeneration() {
    let kept = this.generation;
    try {
      kept = Math.max(kept, Number(sessionStorage.getItem(GENERATION)) || 0);
      sessionStorage.setItem(GENERATION, String(kept + 1));
    } catch {
      // Storage is closed: the number grows as long as this page lives.
    }
    this.generation = kept + 1;
    return this.generation;
  }

  /** @param {PeerState} state */
  setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state);
  }

  /**
   * @param {string} name
   * @param {number} ms
   * @param {() => void} act
   */
  later(name, ms, act) {
    this.cancel(name);
    this.timers.set(
      name,
      setTimeout(() => (this.timers.delete(name), act()), ms),
    );
  }

  /** @param {string} name */
  cancel(name) {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}

/**
 * When the network is narrow the picture gets smaller, not slower: signing needs every frame. Only where the service
 * says that even a small picture does not get through, there are fewer.
 * Source: EN 301 549 V3.2.1, 6.5.1.
 * @param {RTCRtpSender} sender
 * @param {number} fps 0: no limit
 */
async function fluentFirst(sender, fps) {
  try {
    const parameters = sender.getParameters();
    /** @type {any} */ (parameters).degradationPreference = "maintain-framerate";
    for (const encoding of parameters.encodings) {
      if (fps) encoding.maxFramerate = fps;
      else delete encoding.maxFramerate;
    }
    await sender.setParameters(parameters);
  } catch {
    // Older browsers do not know it; the track's content hint says the same more softly.
  }
}
