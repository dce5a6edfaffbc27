/** The operator's own signed film for a screen: it plays when it is asked to, without sound, and may be absent. */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { play } from "../shared/picture.js";

/** @typedef {"home" | "waiting" | "closed" | "consent" | "error"} ClipName */

/**
 * @param {ClipName} name
 * @returns {HTMLElement | null} null where the operator has none
 */
export function signedClip(name) {
  const there = document.getElementById("app")?.dataset.clips?.split(" ") ?? [];
  if (!there.includes(name)) return null;
  const holder = h("div", { class: "clip" });
  const start = () => {
    const label = t("clip.label");
    const film = h("video", { class: "clip-film", playsinline: true, muted: true, controls: true, "aria-label": label });
    film.muted = true;
    film.src = `/clips/${name}.mp4`;
    holder.replaceChildren(film);
    play(film);
  };
  holder.append(
    h(
      "button",
      { class: "button button-quiet", type: "button", on: { click: start } },
      icon("play"),
      h("span", { text: t("clip.play") }),
    ),
  );
  return holder;
}
