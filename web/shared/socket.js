/**
 * The page's WebSocket: a ticket or the resume token, hello, heartbeat, and coming back by itself.
 *
 * A lost socket loses nothing: the resume token brings the same person back, and the next view tells all. When the
 * service does not know the token any more, the page starts again with a new ticket.
 */

import { fetchTicket, RequestError } from "./service.js";
import { learnClock } from "./time.js";

/** @typedef {import("./messages.js").ToPage} ToPage */
/** @typedef {import("./messages.js").FromPage} FromPage */
/** @typedef {import("./messages.js").Welcome} Welcome */

/**
 * "idle": never opened or closed by the page; "connecting": first try; "open": greeted; "lost": coming back;
 * "replaced": the same person is on another page; "signed_out": no ticket for this role; "version": the page is too old.
 * @typedef {"idle" | "connecting" | "open" | "lost" | "replaced" | "signed_out" | "version"} Link
 */

const VERSION = 1;
const GREETING_TIMEOUT_MS = 6000;
const BACKOFF_FIRST_MS = 400;
const BACKOFF_MOST_MS = 8000;
const SILENT_BEATS = 3;

const BAD_TICKET = 4401;
const WRONG_VERSION = 4406;
const REPLACED = 4409;
const OWN_TIMEOUT = 4000;

/**
 * How long to wait before the next try: at once after the first loss, then doubling, always with jitter, so that a
 * restarted service is not met by everybody in the same moment.
 * @param {number} tries tries that failed in a row
 * @param {number} random in [0, 1)
 */
export function backoffMs(tries, random) {
  if (tries === 0) return Math.round(random * 250);
  const most = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** (tries - 1));
  return Math.round(most / 2 + (random * most) / 2);
}

export class Socket {
  /**
   * @param {object} options
   * @param {"customer" | "agent" | "coordinator"} options.role
   * @param {string} options.locale
   * @param {readonly string[]} [options.codecs] video codecs that this page receives, best first
   * @param {(message: ToPage) => void} options.onMessage
   * @param {(link: Link) => void} options.onLink
   * @param {() => void} [options.onForgotten] the resume token was refused: whoever this page was is gone
   */
  constructor({ role, locale, codecs = [], onMessage, onLink, onForgotten = () => {} }) {
    this.role = role;
    this.locale = locale;
    this.codecs = codecs;
    this.onMessage = onMessage;
    this.onLink = onLink;
    this.onForgotten = onForgotten;
    /** @type {Link} */
    this.link = "idle";
    /** @type {Welcome | null} */
    this.welcome = null;
    /** @type {WebSocket | null} */
    this.ws = null;
    this.tries = 0;
    this.heardMs = 0;
    this.connectingMs = 0;
    /** In a call: what looks for the quickest way back. @type {import("./way.js").Way | null} */
    this.way = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retryTimer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.greetingTimer = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.heartbeatTimer = undefined;
    this.attempt = 0;
    const soon = () => this.hurry();
    addEventListener("online", soon);
    addEventListener("pageshow", soon);
    document.addEventListener("visibilitychange", soon);
  }

  /** Connect, and stay connected until `close`. */
  open() {
    if (this.link === "open" || this.link === "connecting" || this.link === "lost") return;
    this.tries = 0;
    this.setLink("connecting");
    this.connect();
  }

  /** Leave for good; the resume token is forgotten. */
  close() {
    this.forgetToken();
    this.stop("idle");
  }

  /** True when this tab was connected before and may be in a call or a queue. */
  hasToken() {
    return this.token() !== null;
  }

  /**
   * @param {FromPage} message
   * @returns {boolean} false when there is no greeted socket to send it on
   */
  send(message) {
    if (this.link !== "open" || this.ws?.readyState !== WebSocket.OPEN) return false;
    this.ws.send(JSON.stringify(message));
    return true;
  }

  /** @param {Link} link */
  setLink(link) {
    if (this.link === link) return;
    this.link = link;
    this.onLink(link);
  }

  async connect() {
    const attempt = ++this.attempt;
    clearTimeout(this.retryTimer);
    /** @type {{ ticket?: string, resume?: string }} */
    let proof;
    const token = this.token();
    if (token) {
      proof = { resume: token };
    } else {
      try {
        proof = { ticket: await fetchTicket(this.role, this.locale) };
      } catch (error) {
        if (attempt !== this.attempt) return;
        const status = error instanceof RequestError ? error.status : 0;
        // Whoever may not call for a while is told so where the page asked.
        if (error instanceof RequestError && error.code === "blocked") {
          this.onMessage({ type: "error", code: "blocked", retryable: false, reply_to: "join" });
        }
        if (status === 401 || status === 403) this.stop("signed_out");
        else this.retry();
        return;
      }
      if (attempt !== this.attempt) return;
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const ws = new WebSocket(`${scheme}//${location.host}/ws`);
    this.ws = ws;
    this.connectingMs = performance.now();
    this.greetingTimer = setTimeout(() => ws === this.ws && this.drop(OWN_TIMEOUT), GREETING_TIMEOUT_MS);
    ws.onopen = () => {
      if (ws !== this.ws) return;
      ws.send(JSON.stringify({ type: "hello", v: VERSION, ...proof, codecs: this.codecs, locale: this.locale }));
    };
    ws.onmessage = (event) => ws === this.ws && this.hear(event.data);
    ws.onclose = (event) => ws === this.ws && this.drop(event.code);
  }

  /** @param {string} data */
  hear(data) {
    /** @type {ToPage} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    this.heardMs = performance.now();
    this.way?.heard(message.type === "pong" ? message.t : undefined);
    if ("server_time_ms" in message) learnClock(message.server_time_ms ?? 0);
    if (message.type === "welcome") this.greeted(message);
    else if (message.type === "draining") this.drop(1012);
    else if (message.type === "ice_servers" && this.welcome) {
      this.welcome = { ...this.welcome, ice_servers: message.ice_servers };
    }
    else if (message.type !== "pong" && this.link === "open") this.onMessage(message);
  }

  /** @param {Welcome} welcome */
  greeted(welcome) {
    clearTimeout(this.greetingTimer);
    this.welcome = welcome;
    this.tries = 0;
    this.keepToken(welcome.resume);
    clearInterval(this.heartbeatTimer);
    const beatMs = welcome.heartbeat_s * 1000;
    this.heartbeatTimer = setInterval(() => this.beat(beatMs), beatMs);
    this.setLink("open");
    this.onMessage(welcome);
  }

  /** @param {number} beatMs */
  beat(beatMs) {
    if (performance.now() - this.heardMs > SILENT_BEATS * beatMs) this.drop(OWN_TIMEOUT);
    else this.send({ type: "ping", t: Math.round(performance.now()) });
  }

  /**
   * The socket is gone, or has to go: decide what comes next by its close code.
   * @param {number} code
   */
  drop(code) {
    this.discard();
    if (code === REPLACED) return this.stop("replaced");
    if (code === WRONG_VERSION) return this.stop("version");
    if (code === BAD_TICKET) {
      const known = this.token() !== null;
      this.forgetToken();
      if (known) this.onForgotten();
      // Only the first refusal is worth an immediate new ticket: a ticket that is refused too is the service's trouble.
      if (!known) this.tries = Math.max(this.tries, 1);
      if (this.link === "idle") return undefined;
    }
    return this.retry();
  }

  retry() {
    if (this.link !== "connecting") this.setLink("lost");
    else if (this.tries > 0) this.setLink("lost");
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), backoffMs(this.tries, Math.random()));
    this.tries += 1;
    this.way?.seek();
  }

  /** The service can be reached: whatever was tried before it could is of no use. */
  connectNow() {
    this.discard();
    this.connect();
  }

  /** Something changed for the better (network back, page visible again): look at once instead of waiting. */
  hurry() {
    if (document.visibilityState !== "visible") return;
    if (this.link === "lost" && !this.ws) {
      this.tries = 0;
      this.connect();
    } else if (this.link === "open" && this.welcome) {
      this.beat(this.welcome.heartbeat_s * 1000);
    }
  }

  /** @param {Link} link */
  stop(link) {
    this.attempt += 1;
    this.discard();
    clearTimeout(this.retryTimer);
    this.setLink(link);
  }

  discard() {
    clearTimeout(this.greetingTimer);
    clearInterval(this.heartbeatTimer);
    const ws = this.ws;
    this.ws = null;
    if (ws && ws.readyState <= WebSocket.OPEN) ws.close(1000);
  }

  get key() {
    return `video-service.resume.${this.role}`;
  }

  /** @returns {string | null} */
  token() {
    try {
      return sessionStorage.getItem(this.key);
    } catch {
      return this.memory ?? null;
    }
  }

  /** @param {string} token */
  keepToken(token) {
    this.memory = token;
    try {
      sessionStorage.setItem(this.key, token);
    } catch {
      // Storage is closed: the token lives as long as this page.
    }
  }

  forgetToken() {
    this.memory = undefined;
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // Nothing was kept.
    }
  }
}
