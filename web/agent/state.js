/** What an agent's page shows and what each key does, decided from the last view alone. */

/** @typedef {import("../shared/messages.js").AgentView} AgentView */
/** @typedef {import("../shared/socket.js").Link} Link */
/** @typedef {import("../shared/peer.js").PeerState} PeerState */
/** @typedef {import("../shared/camera.js").CameraTrouble} CameraTrouble */
/** @typedef {import("../shared/icons.js").IconName} IconName */
/** @typedef {import("../shared/text.js").Line} Line */
/** @typedef {import("../shared/service.js").Me} Me */

/** @typedef {"accept" | "decline" | "end" | "ready" | "break" | "write" | "me" | "hide"} Act */

/**
 * @typedef {object} State
 * @property {Me | null} me
 * @property {AgentView | null} view
 * @property {Link} link
 * @property {PeerState} peer
 * @property {"off" | "opening" | "on" | CameraTrouble} camera
 * @property {MediaStreamTrack | null} track the own camera's picture
 * @property {boolean} hidden the own picture was taken away
 * @property {boolean} previewShown the own picture as the customer sees it has come
 * @property {boolean} customerShown the customer's picture has come
 * @property {boolean} stalled the customer's picture has stopped
 * @property {boolean} keysOn single keys act
 * @property {string} refused why the service took no picture at the last try; "" once it did
 * @property {string} trouble code of the last refusal; "" for none
 * @property {Line[]} lines
 */

/** @returns {State} */
export function startState() {
  return {
    me: null,
    view: null,
    link: "idle",
    peer: "none",
    camera: "off",
    track: null,
    hidden: false,
    previewShown: false,
    customerShown: false,
    stalled: false,
    keysOn: true,
    refused: "",
    trouble: "",
    lines: [],
  };
}

/** The key of each act; Enter accepts as well. */
export const KEYS = Object.freeze({ accept: "A", decline: "D", end: "E", ready: "R", break: "B", write: "T", me: "M", hide: "H" });

/** Quick phrases, said by their number: `phrase.1` and on. */
export const PHRASES = 6;

/** Why a picture is covered whoever sits there: nothing can make masks. */
const NO_MASKS = ["weights_missing", "weights_altered", "no_engine"];

/**
 * What an agent may do now. The own picture can be taken away at any time.
 * @param {Pick<State, "view" | "camera" | "hidden">} state
 * @returns {Act[]}
 */
export function actsOf({ view, camera, hidden }) {
  const acts = actsOfState(view);
  if (isCovered(view) && !hidden) acts.push("me");
  if (view && camera === "on") acts.push("hide");
  return acts;
}

/**
 * Whether the own picture is covered and saying who sits there may help.
 * @param {AgentView | null} view
 */
function isCovered(view) {
  if (view?.picture !== "protected" && view?.picture !== "slate") return false;
  return !isWithoutMasks(view);
}

/** Whether the service can hide nobody's room now. @param {AgentView} view */
function isWithoutMasks(view) {
  return NO_MASKS.includes(view.picture_reason ?? "");
}

/**
 * @param {AgentView | null} view
 * @returns {Act[]}
 */
function actsOfState(view) {
  switch (view?.state) {
    case "offline":
    case "break":
      return ["ready"];
    case "available":
      return ["break"];
    case "reserved":
      return view.reservation ? ["accept", "decline"] : [];
    case "on_call":
      return view.call ? ["write", "break", "end"] : ["end"];
    case "after_call":
      return ["ready", "break"];
    case "rest":
      return ["break"];
    default:
      return [];
  }
}

/**
 * The act of a pressed key. Keys do nothing while somebody writes, with a modifier, or when they are switched off
 * (WCAG 2.2, 2.1.4); Enter belongs to a focused control.
 * @param {{ key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, repeat: boolean }} press
 * @param {"text" | "control" | "page"} focus
 * @param {readonly Act[]} acts
 * @param {boolean} keysOn
 * @returns {Act | null}
 */
export function actOfKey(press, focus, acts, keysOn) {
  if (press.ctrlKey || press.altKey || press.metaKey || press.repeat || focus === "text") return null;
  if (press.key === "Enter") return focus === "page" && acts.includes("accept") ? "accept" : null;
  if (!keysOn) return null;
  return acts.find((act) => KEYS[act] === press.key.toUpperCase()) ?? null;
}

/**
 * The number of the quick phrase that a key says in a call; 0 for none. The same keys write as everywhere.
 * @param {{ key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, repeat: boolean }} press
 * @param {"text" | "control" | "page"} focus
 * @param {Pick<State, "view" | "keysOn">} state
 */
export function phraseOfKey(press, focus, { view, keysOn }) {
  if (press.ctrlKey || press.altKey || press.metaKey || press.repeat || focus === "text") return 0;
  if (!keysOn || !view?.call || !/^[1-9]$/.test(press.key)) return 0;
  return Number(press.key) <= PHRASES ? Number(press.key) : 0;
}

/** @typedef {{ name: string, icon: IconName, tone: "good" | "attention" | "accent" }} Word */

/**
 * One word about the own picture as others see it.
 * @param {State} state
 * @returns {Word}
 */
export function previewWord({ view, link, peer, camera, hidden, previewShown, refused }) {
  if (camera !== "on")
    return {
      name: camera === "opening" || camera === "off" ? "opening" : "no_camera",
      icon: "camera-off",
      tone: "attention",
    };
  if (hidden) return { name: "hidden", icon: "pause", tone: "attention" };
  if (link === "open" && refused === "media_full") return { name: "full", icon: "info", tone: "attention" };
  if (link !== "open" || peer === "interrupted" || view?.media === "reconnecting") {
    return { name: "reconnecting", icon: "lost", tone: "attention" };
  }
  if (!previewShown || !view) return { name: "connecting", icon: "clock", tone: "accent" };
  if (view.picture !== "clear" && isWithoutMasks(view)) {
    return { name: "no_masks", icon: "shield", tone: "attention" };
  }
  if (view.picture === "slate") return { name: "slate", icon: "shield", tone: "attention" };
  if (view.picture === "protected") return { name: "protected", icon: "shield", tone: "attention" };
  return { name: "clear", icon: "check", tone: "good" };
}

/**
 * One word about the customer's picture.
 * @param {State} state
 * @returns {Word}
 */
export function customerWord({ view, link, peer, customerShown, stalled }) {
  if (link !== "open" || peer === "interrupted") return { name: "reconnecting", icon: "lost", tone: "attention" };
  const call = view?.call;
  // Once seen, a customer whose picture does not flow has lost the network, whatever stage of coming back that is.
  if (call?.other_media === "reconnecting" || (customerShown && call?.other_media !== "live")) {
    return { name: "lost", icon: "lost", tone: "attention" };
  }
  if (stalled) return { name: "frozen", icon: "pause", tone: "attention" };
  if (call?.other_paused) return { name: "paused", icon: "pause", tone: "attention" };
  if (!customerShown) return { name: "connecting", icon: "clock", tone: "accent" };
  return { name: "clear", icon: "signal", tone: "good" };
}
