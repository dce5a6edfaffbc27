/** What a customer's page shows, decided from the last view and from what the page itself knows. Nothing else decides. */

/** @typedef {import("../shared/messages.js").CustomerView} CustomerView */
/** @typedef {import("../shared/socket.js").Link} Link */
/** @typedef {import("../shared/peer.js").PeerState} PeerState */
/** @typedef {import("../shared/quality.js").Quality} Quality */
/** @typedef {import("../shared/camera.js").CameraTrouble} CameraTrouble */
/** @typedef {import("../shared/icons.js").IconName} IconName */
/** @typedef {import("../shared/text.js").Line} Line */

/** @typedef {"home" | "ready" | "message" | "waiting" | "call" | "ended" | "stopped"} ScreenName */

/** Version of the words of the consent that this page shows. A test holds it to the service's and to the words. */
export const CONSENT_VERSION = 1;

/**
 * @typedef {object} State
 * @property {CustomerView | null} view the last view; null before the first
 * @property {Link} link
 * @property {PeerState} peer
 * @property {Quality} quality
 * @property {number} bytes data used by this call so far
 * @property {import("../shared/service.js").Service | "unreachable" | null} service null: not asked yet
 * @property {"home" | "ready" | "message"} step where the page is while there is no call; a message may also be written
 *   in the queue
 * @property {boolean} urgent
 * @property {"" | "airport" | "hotel" | "car"} reason
 * @property {boolean} joining begin was pressed, the service has not answered yet
 * @property {string} trouble code of the last refusal; "" for none
 * @property {string} callTrouble code of what was refused within the call; "" for none
 * @property {string} left the call that this person left; the service may not know yet
 * @property {string} answered the last call that an agent answered
 * @property {string} agentName who answered it; a view of an ended call does not say
 * @property {string} seen the ended call whose last screen was closed
 * @property {"off" | "opening" | "on" | CameraTrouble} camera
 * @property {boolean} withoutCamera the person chose to write only
 * @property {MediaStreamTrack | null} track own picture
 * @property {number} cameras how many this phone has; 0: not known
 * @property {"user" | "environment"} facing which of them is used, front or rear
 * @property {boolean} paused own picture is paused
 * @property {boolean} blur the person wishes that the room is not seen
 * @property {boolean} blurRefused the service has no room to blur it: the picture is off until the person says more
 * @property {boolean} sound own sound is on
 * @property {"" | "refused"} soundTrouble
 * @property {boolean} pictureShown the agent's picture is on the screen
 * @property {boolean} stalled the agent's picture has stopped
 * @property {boolean} tapNeeded the browser wants a tap before it plays
 * @property {string} note what the agent was told while waiting
 * @property {number} firstPlace the place at the start, for the ring
 * @property {number} lengthMs how long the call that just ended was; 0: not seen by this page
 * @property {{ solved: "yes" | "no" | "", face: number, sent: boolean }} survey what was said of the last call
 * @property {Line[]} lines
 */

/** @returns {State} */
export function startState() {
  return {
    view: null,
    link: "idle",
    peer: "none",
    quality: "clear",
    bytes: 0,
    service: null,
    step: "home",
    urgent: false,
    reason: "",
    joining: false,
    trouble: "",
    callTrouble: "",
    left: "",
    answered: "",
    agentName: "",
    seen: "",
    camera: "off",
    withoutCamera: false,
    track: null,
    cameras: 0,
    facing: "user",
    paused: false,
    blur: false,
    blurRefused: false,
    sound: false,
    soundTrouble: "",
    pictureShown: false,
    stalled: false,
    tapNeeded: false,
    note: "",
    firstPlace: 0,
    lengthMs: 0,
    survey: { solved: "", face: 0, sent: false },
    lines: [],
  };
}

/**
 * @param {State} state
 * @returns {ScreenName}
 */
export function screenOf(state) {
  const screen = placeOf(state);
  return screen === "waiting" && state.step === "message" && state.view?.state === "waiting" ? "message" : screen;
}

/**
 * Where the person is, whatever is written meanwhile.
 * @param {State} state
 * @returns {ScreenName}
 */
function placeOf({ view, link, step, left, seen, answered }) {
  if (link === "replaced" || link === "version") return "stopped";
  if (!view || view.state === "home") return step;
  const gone = view.call !== "" && view.call === left;
  if (view.state === "ended" || gone) {
    // A queue that was left by the person's own wish needs no last word.
    const cancelled = view.ended_reason === "customer_cancelled" || (gone && view.call !== answered);
    return cancelled || view.call === seen ? step : "ended";
  }
  return view.state === "connected" ? "call" : "waiting";
}

/**
 * True while the person is in the queue or in a call.
 * @param {State} state
 */
export function isServed(state) {
  const place = placeOf(state);
  return place === "waiting" || place === "call";
}

/**
 * Whether the words of the consent that this page shows are old.
 * @param {Pick<State, "service" | "trouble">} state
 */
export function isConsentOld({ service, trouble }) {
  const said = service && service !== "unreachable" ? service.consent_version : undefined;
  return trouble === "consent_needed" || (said ?? CONSENT_VERSION) !== CONSENT_VERSION;
}

/**
 * The state of the call in one word, with its icon; `call.pill.<name>` is the word, `call.say.<name>` the sentence.
 * @typedef {object} Pill
 * @property {"clear" | "weak" | "connecting" | "reconnecting" | "other_lost" | "frozen" | "other_paused" | "protected" | "slate" | "narrow" | "held"} name
 * @property {IconName} icon
 * @property {"good" | "attention" | "accent"} tone
 */

/**
 * @param {State} state
 * @returns {Pill}
 */
export function pillOf({ view, link, peer, quality, pictureShown, stalled }) {
  if (link !== "open" || peer === "interrupted") return { name: "reconnecting", icon: "lost", tone: "attention" };
  // Once seen, an agent whose picture does not flow has lost the network, whatever stage of coming back that is.
  if (view?.other_media === "reconnecting" || (pictureShown && view?.other_media !== "live")) {
    return { name: "other_lost", icon: "lost", tone: "attention" };
  }
  if (view?.media === "reconnecting") return { name: "reconnecting", icon: "lost", tone: "attention" };
  if (view?.held_from_ms) return { name: "held", icon: "pause", tone: "attention" };
  if (!pictureShown) return { name: "connecting", icon: "clock", tone: "accent" };
  // What is held back on purpose stands still: it is not to be waited for as if it came back by itself.
  if (view?.other_paused) return { name: "other_paused", icon: "pause", tone: "attention" };
  if (view?.picture === "slate") return { name: "slate", icon: "shield", tone: "attention" };
  if (stalled) return { name: "frozen", icon: "pause", tone: "attention" };
  if (view?.picture === "protected") return { name: "protected", icon: "shield", tone: "attention" };
  if (view?.narrow) return { name: "narrow", icon: "weak", tone: "attention" };
  if (quality === "weak" || view?.line_word === "poor") return { name: "weak", icon: "weak", tone: "attention" };
  return { name: "clear", icon: "signal", tone: "good" };
}

/**
 * Whether the picture on the screen is an old one. It is not when only the page's socket is away: pictures come by
 * another way.
 * @param {Pick<State, "view" | "peer" | "stalled">} state
 */
export function isOld({ view, peer, stalled }) {
  return stalled || peer === "interrupted" || view?.media === "reconnecting" || view?.other_media === "reconnecting";
}

/**
 * How full the waiting ring is, 0 to 1: by places gone, or by time against the longest usual wait, whichever is more.
 * @param {number} firstPlace
 * @param {number} place
 * @param {number} waitedMs
 * @param {number} estimateHighMin 0: not known
 */
export function ringShare(firstPlace, place, waitedMs, estimateHighMin) {
  const byPlace = firstPlace > 0 ? (firstPlace - place + 1) / (firstPlace + 1) : 0;
  const byTime = estimateHighMin > 0 ? Math.min(0.95, waitedMs / (estimateHighMin * 60_000)) : 0;
  return Math.min(1, Math.max(0.04, byPlace, byTime));
}
