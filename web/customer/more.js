/** Parts of the page that not everybody needs: each comes, with its texts, when it is first wanted. */

import { h } from "../shared/dom.js";
import { loadPart } from "../shared/i18n.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

const PARTS = {
  callback: () => import("./callback.js"),
  others: () => import("./others.js"),
  place: () => import("./place.js"),
  push: () => import("./push.js"),
  promise: () => import("./home-promise.js"),
  watched: () => import("./watched.js"),
  record: () => import("./record.js"),
};

/** @typedef {{ element: HTMLElement, draw: (state: State) => void }} Part */

/** A place on a screen for one of these parts; it stays empty when the part does not come, and is asked for again. */
export class More {
  /**
   * @param {CustomerApp} app
   * @param {keyof typeof PARTS} name
   */
  constructor(app, name) {
    this.app = app;
    this.name = name;
    this.asked = false;
    /** @type {Part | null} */
    this.part = null;
    this.element = h("div", { class: "stack" });
  }

  /** @param {State} state */
  draw(state) {
    this.part?.draw(state);
    if (!this.asked) this.bring();
  }

  async bring() {
    this.asked = true;
    try {
      const [module] = await Promise.all([PARTS[this.name](), loadPart("more")]);
      this.part = new module.Part(this.app);
      this.element.append(this.part.element);
      this.part.draw(this.app.state);
    } catch {
      this.asked = false;
    }
  }
}
