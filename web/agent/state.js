/** What an agent may do in each state, and which key does it, decided from the last view alone. */

import { unreadOf } from "./coached.js";
import { CHOICES, noWork } from "./disposition.js";

/** @typedef {import("../shared/messages.js").AgentView} AgentView */
/** @typedef {import("../shared/socket.js").Link} Link */
/** @typedef {import("../shared/peer.js").PeerState} PeerState */
/** @typedef {import("../shared/camera.js").CameraTrouble} CameraTrouble */
/** @typedef {import("../shared/text.js").Line} Line */
/** @typedef {import("../shared/service.js").Me} Me */
/** @typedef {import("./disposition.js").Work} Work */

/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */
/** @typedef {"accept" | "decline" | "end" | "hold" | "transfer" | "invite" | "escalate" | "ready" | "break" | "ask" | "write" | "speak" | "me" | "hide" | "note" | "heard"} Act */
/** @typedef {{ key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, repeat: boolean }} Press */
/** @typedef {"text" | "control" | "page"} Focus where the focus is when a key is pressed */

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
 * @property {string} look what the page's own look at the own picture says (customer/check.js)
 * @property {boolean} keysOn single keys act
 * @property {"" | "transfer" | "invite"} passing it is asked to whom the call is passed on, or who shall come in
 * @property {boolean} sound the customer is heard, and the own microphone is on if there is one
 * @property {string} soundTrouble why there is no microphone; "" for none
 * @property {string} refused why the service took no picture at the last try; "" once it did
 * @property {string} trouble code of the last refusal; "" for none
 * @property {Line[]} lines
 * @property {Work} work what the agent says of the last call
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
    look: "still",
    keysOn: true,
    passing: "",
    sound: false,
    soundTrouble: "",
    refused: "",
    trouble: "",
    lines: [],
    work: noWork(),
  };
}

/** A customer and three agents are as many as a call takes. */
const MOST_INSIDE = 2;

/** The key of each act; Enter accepts as well. */
export const KEYS = Object.freeze({
  accept: "A",
  decline: "D",
  end: "E",
  hold: "W",
  transfer: "X",
  invite: "I",
  escalate: "U",
  ready: "R",
  break: "B",
  ask: "P",
  write: "T",
  speak: "S",
  me: "M",
  hide: "H",
  note: "N",
  heard: "K",
});

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
  if (unreadOf(view?.call)) acts.push("heard");
  if (isCovered(view) && camera === "on" && !hidden) acts.push("me");
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
export function isWithoutMasks(view) {
  return NO_MASKS.includes(view.picture_reason ?? "");
}

/**
 * Whether something can be held up now: in a call, with the own picture as the customer sees it to frame it on.
 * @param {Pick<State, "view" | "camera" | "hidden" | "previewShown">} state
 */
export function mayShowObject({ view, camera, hidden, previewShown }) {
  return Boolean(view?.call) && previewShown && camera === "on" && !hidden;
}

/**
 * @param {AgentView | null} view
 * @returns {Act[]}
 */
function actsOfState(view) {
  switch (view?.state) {
    case "offline":
      return ["ready"];
    case "break":
      // A break of the roster ends by itself: who needs longer says so.
      return view.break_until_ms ? ["ready", "break"] : ["ready"];
    case "available":
      return ["break", "ask"];
    case "reserved":
      return view.reservation ? ["accept", "decline"] : [];
    case "on_call":
      return view.call ? actsInCall(view.call) : ["end"];
    case "after_call":
      return [...(view.after_call ? /** @type {const} */ (["note"]) : []), ...actsAfterCall(view)];
    case "rest":
      return ["break"];
    default:
      return [];
  }
}

/**
 * The break that was wished for in the call begins with the end of the work: there is no other way on.
 * @param {AgentView} view
 * @returns {Act[]}
 */
function actsAfterCall(view) {
  return view.break_wanted ? ["ready"] : ["ready", "break"];
}

/**
 * Whoever came in beside a call's agent writes and leaves. While there is somebody the call is passed on by leaving it.
 * @param {AgentCall} call
 * @returns {Act[]}
 */
function actsInCall(call) {
  if (call.helps) return ["write", "speak", "break", "ask", "end"];
  const inside = insideOf(call).length;
  const more = inside + Number(Boolean(call.onlooker?.picture)) < MOST_INSIDE ? /** @type {const} */ (["invite"]) : [];
  const passing = inside ? [] : /** @type {const} */ (["transfer"]);
  const urgent = call.urgent ? [] : /** @type {const} */ (["escalate"]);
  return ["write", "speak", "hold", ...passing, ...more, ...urgent, "break", "ask", "end"];
}

/** Whether somebody is asked just now to come in. @param {AgentCall | null | undefined} call */
export function isAsking(call) {
  return (call?.others ?? []).some(({ state }) => state === "asked");
}

/** The other agents who are in a call. @param {AgentCall | null | undefined} call */
export function insideOf(call) {
  return (call?.others ?? []).filter(({ state }) => state === "in");
}

/**
 * Who is seen beside the customer, by place: other agents, and a coordinator in the last one.
 * @param {AgentCall | null | undefined} call
 * @returns {({ name: string, media?: string } | undefined)[]}
 */
export function seenOf(call) {
  const [first, second] = insideOf(call);
  const { onlooker } = call ?? {};
  return [first, onlooker?.picture === "shown" ? onlooker : second];
}

/** Who else is heard by the customer; "" for nobody. @param {AgentCall | null | undefined} call */
export function voiceOf(call) {
  if (!call?.voice || call.speaks) return "";
  return insideOf(call).find(({ writer }) => writer === call.voice)?.name ?? "";
}

/**
 * The act of a pressed key. Keys do nothing while somebody writes, with a modifier, or when they are switched off
 * (WCAG 2.2, 2.1.4); Enter belongs to a focused control.
 * @param {Press} press
 * @param {Focus} focus
 * @param {readonly Act[]} acts
 * @param {boolean} keysOn
 * @returns {Act | null}
 */
export function actOfKey(press, focus, acts, keysOn) {
  if (isElsewhere(press, focus)) return null;
  if (press.key === "Enter") return focus === "page" && acts.includes("accept") ? "accept" : null;
  if (!keysOn) return null;
  return acts.find((act) => KEYS[act] === press.key.toUpperCase()) ?? null;
}

/**
 * The number of the quick phrase that a key says in a call; 0 for none. The same keys write as everywhere.
 * @param {Press} press
 * @param {Focus} focus
 * @param {Pick<State, "view" | "keysOn" | "passing">} state
 */
export function phraseOfKey(press, focus, { view, keysOn, passing }) {
  const number = numberOfKey(press, focus, keysOn);
  return view?.call && !passing && number <= PHRASES ? number : 0;
}

/**
 * To whom a number key passes the call on, by its place in the list, from 1; 0 for nobody.
 * @param {Press} press
 * @param {Focus} focus
 * @param {Pick<State, "view" | "keysOn" | "passing">} state
 */
export function targetOfKey(press, focus, { view, keysOn, passing }) {
  return view?.call && passing ? numberOfKey(press, focus, keysOn) : 0;
}

/**
 * What a number key says of the call that has ended; null for nothing.
 * @param {Press} press
 * @param {Focus} focus
 * @param {Pick<State, "view" | "keysOn">} state
 * @returns {import("./disposition.js").Choice | null}
 */
export function choiceOfKey(press, focus, { view, keysOn }) {
  return view?.after_call ? (CHOICES[numberOfKey(press, focus, keysOn) - 1] ?? null) : null;
}

/**
 * @param {Press} press
 * @param {Focus} focus
 * @param {boolean} keysOn
 */
function numberOfKey(press, focus, keysOn) {
  if (!keysOn || isElsewhere(press, focus)) return 0;
  return /^[1-9]$/.test(press.key) ? Number(press.key) : 0;
}

/**
 * Whether a press belongs to somebody else: the browser, or the field that is written in.
 * @param {Press} press
 * @param {Focus} focus
 */
function isElsewhere(press, focus) {
  return press.ctrlKey || press.altKey || press.metaKey || press.repeat || focus === "text";
}
