/** The further people of a call who are seen: agents, and a coordinator in the last place, beside the first picture. */

import { h, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { RemotePicture } from "../shared/picture.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

const LAST = 1;

export class Part {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    /** @type {RemotePicture[]} */
    this.pictures = [];
    this.element = h("div", { class: "others" });
    document.head.append(h("link", { rel: "stylesheet", href: new URL("./others.css", import.meta.url).href }));
  }

  /** @param {State} state */
  draw({ view }) {
    /** @type {({ name: string, media?: string } | undefined)[]} */
    const others = [...(view?.others ?? [])];
    if (view?.onlooker?.picture === "shown") others[LAST] = view.onlooker;
    this.element.closest(".call")?.classList.toggle("is-shared", others.length > 0);
    show(this.element, others.length > 0);
    for (let at = 0; at <= LAST; at += 1) {
      const other = others[at];
      if (!other) {
        this.pictures[at]?.clear();
        if (this.pictures[at]) show(this.pictures[at].element, false);
        continue;
      }
      const { name, media } = other;
      const picture = (this.pictures[at] ??= this.add(at));
      const track = this.app.otherTracks[at];
      if (track) picture.attach(track);
      show(picture.element, true);
      picture.explain("hands", t("call.connecting", { name }));
      picture.dim(media === "reconnecting");
      picture.hold(Boolean(view?.held_from_ms));
    }
  }

  /** @param {number} at */
  add(at) {
    const picture = new RemotePicture({ label: t("picture.theirs") });
    picture.element.style.order = String(at);
    this.element.append(picture.element);
    return picture;
  }
}
