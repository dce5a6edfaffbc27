/** Photos between the two people of a call: smaller before they leave, and large when somebody wants to look. */

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

/** @typedef {import("./text.js").Lines} Lines */

const MOST_PIXELS = 1600;
const TIME_LIMIT_MS = 30_000;
// What no second try would change: no picture, too large, enough of them.
const FINAL = [400, 409, 413];

/**
 * Send a picture to the other person; it stands on the strip at once, and its fate beside it.
 * @param {Lines} lines
 * @param {File} file
 */
export async function sendPhoto(lines, file) {
  const { call } = lines;
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const blob = await smaller(file);
  const photo = URL.createObjectURL(blob);
  const upload = async () => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
    try {
      const { ok, status } = await fetch(`/api/photos?call=${call}&photo=${id}`, {
        method: "POST",
        headers: { "Content-Type": blob.type },
        body: blob,
        signal: limit.signal,
      });
      if (!ok) lines.change(id, FINAL.includes(status) ? "refused" : "failed", t("text.photo_no"));
      else URL.revokeObjectURL(photo);
    } catch {
      lines.change(id, "failed");
    } finally {
      clearTimeout(timer);
    }
  };
  lines.add({ id, seq: 0, who: "me", text: "", state: "sending", photo, upload });
}

/**
 * The picture upright, no larger than somebody can make use of, without what else is in the file. What the browser
 * cannot read goes as it is: the service makes each picture anew in any case.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
    const canvas = h("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    /** @type {Blob | null} */
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob ?? file;
  } catch {
    return file;
  }
}

/** @param {string} photo */
export function showPhoto(photo) {
  const close = h(
    "button",
    { class: "button", type: "button", on: { click: () => view.close() } },
    icon("back"),
    h("span", { text: t("call.end_no") }),
  );
  const view = h("dialog", { class: "photo-view", on: { close: () => view.remove() } }, h("img", { src: photo, alt: t("text.photo") }), close);
  document.body.append(view);
  view.showModal();
}
