/**
 * In a call: whether the way to the service still leads there, and the quickest way back when it does not.
 *
 * A browser by itself notices a dead peer connection after many seconds, and a dead socket never. Here the counts of
 * what came are looked at several times a second: the service sends reports over each connection at least once a second
 * and pictures much more often, so silence means that the way is dead, whatever the other person does. Then the socket
 * is asked; when it does not answer it is given up, and small questions go out until one gets through.
 *
 * It comes when there is a peer connection: nobody waits for it on the first screen.
 */

/** @typedef {import("./peer.js").Peer} Peer */
/** @typedef {import("./socket.js").Socket} Socket */

const LOOK_EVERY_MS = 400;
/** While pictures come, and while only reports do, which a busy service may send late. */
const SILENT_MS = 1500;
const QUIET_MS = 3000;
/** After a sign that the network has changed, and for how long after it. */
const DOUBTFUL_MS = 800;
const DOUBT_FOR_MS = 4000;
/** More than this between two looks is more than reports. */
const PICTURES_BYTES = 1500;
/** How long the socket's answer may take when the way is in doubt, beside two of the usual round trips. */
const PROBE_MS = 1000;
const SEEK_EVERY_MS = 300;
const SEEK_FOR_MS = 30_000;
const SEEK_TIMEOUT_MS = 3000;
const OWN_TIMEOUT = 4000;

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<number>} all that came, in bytes
 */
async function received(pc) {
  let bytes = 0;
  (await pc.getStats()).forEach((entry) => {
    // Firefox counts them with its pairs of candidates alone.
    if (entry.type === "candidate-pair") bytes += entry.bytesReceived ?? 0;
  });
  return bytes;
}

export class Way {
  /**
   * @param {Socket} socket
   * @param {Peer} peer
   */
  constructor(socket, peer) {
    this.socket = socket;
    this.peer = peer;
    /** @type {RTCPeerConnection | null} */
    this.pc = null;
    this.bytes = -1;
    this.heardMs = 0;
    this.pictures = false;
    this.silent = false;
    this.doubtUntilMs = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.probeTimer = undefined;
    this.roundTripMs = 0;
    this.seeking = 0;
    setInterval(() => this.look(), LOOK_EVERY_MS);
    const changed = () => this.doubt();
    addEventListener("online", changed);
    /** @type {any} */ (navigator).connection?.addEventListener?.("change", changed);
  }

  /** The browser says that the network has changed. */
  doubt() {
    this.doubtUntilMs = performance.now() + DOUBT_FOR_MS;
    this.probe();
  }

  async look() {
    const { pc } = this.peer;
    if (pc?.connectionState !== "connected") return;
    const bytes = await received(pc).catch(() => this.bytes);
    if (pc !== this.peer.pc) return;
    const nowMs = performance.now();
    if (pc !== this.pc || bytes !== this.bytes) {
      this.pictures = pc === this.pc && bytes - this.bytes > PICTURES_BYTES;
      [this.pc, this.bytes, this.heardMs] = [pc, bytes, nowMs];
    }
    const limitMs = !this.pictures ? QUIET_MS : nowMs < this.doubtUntilMs ? DOUBTFUL_MS : SILENT_MS;
    this.silent = nowMs - this.heardMs > limitMs;
    this.peer.heard(this.silent);
    if (this.silent) this.probe();
  }

  /** Ask the service something, and take no answer within a moment for a lost socket. */
  probe() {
    if (this.socket.link === "lost") this.seek();
    if (this.socket.link !== "open" || this.probeTimer !== undefined) return;
    this.socket.send({ type: "ping", t: Math.round(performance.now()) });
    const limitMs = PROBE_MS + 2 * this.roundTripMs;
    this.probeTimer = setTimeout(() => {
      this.probeTimer = undefined;
      if (this.socket.link === "open") this.socket.drop(OWN_TIMEOUT);
    }, limitMs);
  }

  /**
   * Something came over the socket: what is silent all the same needs a new connection.
   * @param {number | undefined} askedMs when the question was asked that it answers
   */
  heard(askedMs) {
    if (askedMs !== undefined) this.roundTripMs = Math.max(0, performance.now() - askedMs);
    if (this.probeTimer === undefined) return;
    clearTimeout(this.probeTimer);
    this.probeTimer = undefined;
    if (this.silent) this.peer.back();
    this.silent = false;
  }

  /**
   * Nobody waits for the next try of a socket that may hang on a dead way: small questions go out, several at once, and
   * with the first answer the socket is made anew.
   */
  async seek() {
    if (this.seeking || this.peer.wish === "none") return;
    const { socket } = this;
    const mine = (this.seeking = performance.now());
    const isOver = () => this.seeking !== mine || socket.link !== "lost";
    const ask = async () => {
      const askedMs = performance.now();
      const answered = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(SEEK_TIMEOUT_MS) })
        .then((response) => response.status < 500)
        .catch(() => false);
      if (!answered || isOver()) return;
      this.seeking = 0;
      // A socket that was begun later than the question that got through is on its way already.
      if (!socket.ws || socket.connectingMs < askedMs) socket.connectNow();
    };
    while (performance.now() - mine < SEEK_FOR_MS) {
      // The pause comes first: a service that answers and yet takes no sockets is not asked in a tight circle.
      await new Promise((done) => setTimeout(done, SEEK_EVERY_MS));
      if (isOver()) break;
      ask();
    }
    if (this.seeking === mine) this.seeking = 0;
  }
}
