/** The film of a signed message, for staff: it comes when somebody asks for it, each time anew, and is kept nowhere. */

import { h, setText, show } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { play } from "./picture.js";
import { clockText } from "./time.js";

/** @typedef {{ ms: number, sound: boolean, kept: boolean }} Film */

/** What is shown now, one at a time: the last one's pictures leave this page's memory. */
let shownUrl = "";

/**
 * @param {string} message id
 * @param {Film} film
 * @returns {HTMLElement}
 */
export function messageFilm(message, film) {
  if (!film.kept) return h("p", { class: "notice" }, icon("info"), h("span", { text: t("inbox.video_gone") }));
  const trouble = h("p", { class: "notice notice-attention", role: "alert", hidden: true }, icon("info"));
  const troubleText = h("span");
  trouble.append(troubleText);
  const label = h("span", { text: t("inbox.watch", { time: clockText(film.ms) }) });
  const button = h("button", { class: "button", type: "button" }, icon("play"), label);
  const holder = h("div", { class: "stack" }, button, trouble);
  button.addEventListener("click", async () => {
    if (button.disabled) return;
    button.disabled = true;
    show(trouble, false);
    setText(label, t("inbox.video_loading"));
    try {
      const answer = await fetch(`/api/messages/${encodeURIComponent(message)}/video`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status === 404 ? "inbox.video_gone" : "inbox.video_not");
      const url = URL.createObjectURL(await answer.blob());
      if (shownUrl) URL.revokeObjectURL(shownUrl);
      shownUrl = url;
      const view = h("video", { class: "message-film", playsinline: true, controls: true, "aria-label": t("inbox.video") });
      view.muted = !film.sound;
      view.src = url;
      holder.replaceChildren(view);
      view.focus();
      play(view);
    } catch (error) {
      button.disabled = false;
      setText(label, t("inbox.watch", { time: clockText(film.ms) }));
      const key = error instanceof Error && error.message.startsWith("inbox.") ? error.message : "inbox.video_not";
      setText(troubleText, t(key));
      show(trouble, true);
    }
  });
  return holder;
}
