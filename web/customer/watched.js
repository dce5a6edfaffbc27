/** A coordinator asks to look on, or to be seen, or does: who, by a mark that stays, and a no at any time. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { vibrate } from "../shared/phone.js";

export class Part {
  /** @param {import("./app.js").CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.words = h("span");
    this.mark = h("span");
    this.yes = this.answer("check", "watched.yes", () => this.say(true));
    this.no = this.answer("end", "watched.no", () => this.say(false));
    this.hide = this.answer("camera-off", "watched.hide", () => this.say(false, true));
    this.notice = h("section", { class: "notice watched", "aria-label": t("watched.title") }, this.mark, this.words, this.yes, this.hide, this.no);
    // The page's one live region says how the call is; this one is for who sees it.
    this.said = h("p", { class: "visually-hidden", role: "status" });
    this.element = h("div", {}, this.said, this.notice);
    this.state = "";
  }

  /**
   * @param {import("../shared/icons.js").IconName} name
   * @param {string} key
   * @param {() => void} act
   */
  answer(name, key, act) {
    return h("button", { class: "button", type: "button", on: { click: act } }, icon(name), h("span", { text: t(key) }));
  }

  /**
   * What is answered is what stands there; "stop" ends looking on with all that it brought.
   * @param {boolean} allow
   * @param {boolean} [picture] the answer is about the coordinator's own picture
   */
  say(allow, picture = this.state === "picture") {
    const { view } = this.app.state;
    const ask = view?.onlooker?.ask ?? 0;
    if (view) this.app.socket.send({ type: "allow_watch", call: view.call, ask, allow, picture });
  }

  /** @param {import("./state.js").State} state */
  draw({ view }) {
    const onlooker = view?.onlooker ?? null;
    const seen = onlooker?.picture === "asked" ? "picture" : onlooker?.picture;
    const state = seen || (onlooker?.state ?? "");
    const asked = state === "asked" || state === "picture";
    show(this.notice, onlooker !== null);
    show(this.yes, asked);
    show(this.hide, state === "shown");
    if (state === this.state) return;
    if (state) {
      this.notice.className = `notice watched notice-${asked ? "attention" : "accent"}`;
      this.notice.dataset.name = state;
      this.mark.replaceChildren(icon(asked ? "question" : state === "shown" ? "people" : "eye"));
      setText(this.words, t(`watched.${state}`, { name: onlooker?.name ?? "" }));
      setText(this.no.lastElementChild ?? this.no, t(asked ? "watched.no" : "watched.stop"));
      // Whoever signs looks at the signer, not at what stands below.
      if (asked) vibrate("text");
    }
    setText(this.said, state ? (this.words.textContent ?? "") : t("watched.nobody"));
    this.state = state;
  }
}
