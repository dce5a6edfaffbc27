/** One word about each picture, decided from the state alone. */

import { insideOf, isAsking, isWithoutMasks } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/** @typedef {{ name: string, icon: IconName, tone: "good" | "attention" | "accent" }} Word */

/** What the page's own look at the picture says, where that is worth the word. @type {Record<string, Word>} */
const LOOKS = {
  dark: { name: "dark", icon: "eye", tone: "attention" },
  covered: { name: "dark", icon: "eye", tone: "attention" },
  backlit: { name: "backlit", icon: "eye", tone: "attention" },
  edge: { name: "edge", icon: "hands", tone: "attention" },
  near: { name: "near", icon: "hands", tone: "attention" },
};

/**
 * One word about the own picture as others see it: first whether they see it, then whether the room is hidden, then
 * whether light and hands are right.
 * @param {State} state
 * @returns {Word}
 */
export function previewWord({ view, link, peer, camera, hidden, previewShown, refused, look }) {
  if (camera !== "on") {
    if (camera === "opening" || camera === "off") return { name: "opening", icon: "camera-off", tone: "attention" };
    return { name: view?.call ? "camera_lost" : "no_camera", icon: "camera-off", tone: "attention" };
  }
  if (hidden) return { name: "hidden", icon: "pause", tone: "attention" };
  if (link === "open" && refused === "media_full") return { name: "full", icon: "info", tone: "attention" };
  if (link !== "open" || peer === "interrupted" || view?.media === "reconnecting") {
    return { name: "reconnecting", icon: "lost", tone: "attention" };
  }
  if (!previewShown || !view) return { name: "connecting", icon: "clock", tone: "accent" };
  if (view.call?.held_from_ms) return { name: "held", icon: "pause", tone: "attention" };
  if (view.picture !== "clear" && isWithoutMasks(view)) {
    return { name: "no_masks", icon: "shield", tone: "attention" };
  }
  if (view.picture === "slate") return { name: "slate", icon: "shield", tone: "attention" };
  if (view.picture === "protected") return { name: "protected", icon: "shield", tone: "attention" };
  return LOOKS[look] ?? { name: "clear", icon: "check", tone: "good" };
}

/**
 * What the word of the own picture means, as the name of a sentence: a hidden room with hands that are seen to move is
 * as good as it gets.
 * @param {Word} word
 * @param {string} look
 */
export function previewSentence(word, look) {
  return word.name === "clear" && look === "fine" ? "hands" : word.name;
}

/**
 * What the customer has seen of the agent in a call for two seconds: a card, for want of a good mask. The sentence on it
 * stands at the top of the desk, where it is read, and not below the own picture as well; "" for nothing to say there.
 * @param {State} state
 */
export function bannerOf(state) {
  const { name } = previewWord(state);
  return state.view?.call && state.view.picture === "slate" && (name === "slate" || name === "no_masks") ? name : "";
}

/** What the button for a hold says. @param {import("../shared/messages.js").AgentView | null} view */
export function holdWord(view) {
  return view?.call?.held_from_ms ? "agent.unhold" : "agent.hold";
}

/** What the button for a second agent says. @param {import("../shared/messages.js").AgentView | null} view */
export function inviteWord(view) {
  return isAsking(view?.call) ? "agent.uninvite" : "agent.invite";
}

/** Leaving ends the call, unless there are two. @param {import("../shared/messages.js").AgentView | null} view */
export function endWord(view) {
  return insideOf(view?.call).length ? "agent.leave" : "agent.end";
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
  // What is held back on purpose stands still: it is not to be waited for as if it came back by itself.
  if (call?.other_paused) {
    return { name: call.other_by_phone ? "phone_paused" : "paused", icon: "pause", tone: "attention" };
  }
  if (stalled) return { name: "frozen", icon: "pause", tone: "attention" };
  if (!customerShown) return { name: "connecting", icon: "clock", tone: "accent" };
  return { name: "clear", icon: "signal", tone: "good" };
}
