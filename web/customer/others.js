/** The further agents of a call: their pictures beside the first one's. */

import { h, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { RemotePicture } from "../shared/picture.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

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
    const others = view?.others ?? [];
    this.element.closest(".call")?.classList.toggle("is-shared", others.length > 0);
    show(this.element, others.length > 0);
    others.forEach(({ name, media }, at) => {
      const picture = (this.pictures[at] ??= this.add());
      const track = this.app.otherTracks[at];
      if (track) picture.attach(track);
      show(picture.element, true);
      picture.explain("hands", t("call.connecting", { name }));
      picture.dim(media === "reconnecting");
      picture.hold(Boolean(view?.held_from_ms));
    });
    for (const picture of this.pictures.slice(others.length)) {
      picture.clear();
      show(picture.element, false);
    }
  }

  add() {
    const picture = new RemotePicture({ label: t("picture.theirs") });
    this.element.append(picture.element);
    return picture;
  }
}
