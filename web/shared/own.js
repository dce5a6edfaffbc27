/** One's own picture, in the mirror. */

import { h, setAttribute, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { play } from "./picture.js";

/** One's own picture, mirrored as people know themselves, small, and foldable. */
export class OwnPicture {
  /** @param {{ label: string, emptyText: string, outline?: boolean }} options */
  constructor({ label, emptyText, outline = false }) {
    this.video = h("video", { class: "mirrored", playsinline: true, muted: true, autoplay: true, "aria-label": label });
    this.video.muted = true;
    this.emptyText = h("span", { text: emptyText });
    this.empty = h("p", { class: "picture-empty" }, icon("camera-off"), this.emptyText);
    this.element = h("div", { class: "picture own-picture" }, this.video, this.empty);
    if (outline) this.element.append(signingSpace());
    this.video.addEventListener("resize", () => {
      const { videoWidth: width, videoHeight: height } = this.video;
      if (width && height) this.element.style.setProperty("--shape", String(width / height));
    });
    /** @type {MediaStreamTrack | null | undefined} */
    this.track = undefined;
    this.setTrack(null);
  }

  /** @param {string} text why there is no picture */
  explain(text) {
    setText(this.emptyText, text);
  }

  /** @param {boolean} mirrored a rear camera shows things as they are: tickets, screens */
  mirror(mirrored) {
    this.video.classList.toggle("mirrored", mirrored);
  }

  /** @param {MediaStreamTrack | null} track */
  setTrack(track) {
    if (this.track === track) return;
    this.track = track;
    this.video.srcObject = track ? new MediaStream([track]) : null;
    show(this.video, track !== null);
    show(this.empty, track === null);
    setAttribute(this.element, "data-camera", track ? "on" : "off");
    if (track) play(this.video);
  }
}

/** The space that signing needs, faintly: from the waist to above the head, an elbow's width on each side. */
function signingSpace() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "signing-space");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  for (const d of [
    "M9 97V37c0-15 8-31 23-33.5h36c15 2.5 23 18.5 23 33.5v60",
    "M50 14c-7.5 0-11.5 5.5-11.5 13s4 14.5 11.5 14.5 11.5-7 11.5-14.5-4-13-11.5-13z",
    "M23 97c0-27 6-42 19-46.5h16C71 55 77 70 77 97",
  ]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
