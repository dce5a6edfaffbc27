/** A coordinator asks to look on, or does: who, in words and by a mark that stays, and a no at any time. */

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
    this.yes = this.answer("check", "watched.yes", true);
    this.no = this.answer("end", "watched.no", false);
    this.notice = h("section", { class: "notice watched", "aria-label": t("watched.title") }, this.mark, this.words, this.yes, this.no);
    // The page's one live region says how the call is; this one is for who sees it.
    this.said = h("p", { class: "visually-hidden", role: "status" });
    this.element = h("div", {}, this.said, this.notice);
    this.state = "";
  }

  /**
   * @param {import("../shared/icons.js").IconName} name
   * @param {string} key
   * @param {boolean} allow
   */
  answer(name, key, allow) {
    const act = () => {
      const { view } = this.app.state;
      const ask = view?.onlooker?.ask ?? 0;
      if (view) this.app.socket.send({ type: "allow_watch", call: view.call, ask, allow });
    };
    return h("button", { class: "button", type: "button", on: { click: act } }, icon(name), h("span", { text: t(key) }));
  }

  /** @param {import("./state.js").State} state */
  draw({ view }) {
    const onlooker = view?.onlooker ?? null;
    const state = onlooker?.state ?? "";
    show(this.notice, onlooker !== null);
    show(this.yes, state === "asked");
    if (state === this.state) return;
    if (state) {
      const asked = state === "asked";
      this.notice.className = `notice watched notice-${asked ? "attention" : "accent"}`;
      this.notice.dataset.name = state;
      this.mark.replaceChildren(icon(asked ? "question" : "eye"));
      setText(this.words, t(`watched.${state}`, { name: onlooker?.name ?? "" }));
      setText(this.no.lastElementChild ?? this.no, t(asked ? "watched.no" : "watched.stop"));
      // Whoever signs looks at the signer, not at what stands below.
      if (asked) vibrate("text");
    }
    setText(this.said, state ? (this.words.textContent ?? "") : t("watched.nobody"));
    this.state = state;
  }
}
