/** What has gone wrong, each in a sentence with what to do: the network, a refusal, the camera, a note that came too late. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { cameraTrouble } from "../shared/person.js";
import { errorText } from "../shared/words.js";
import { key } from "./ring.js";
import { KEYS } from "./state.js";
import { bannerOf } from "./words.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */

export class Notices {
  /**
   * @param {AgentApp} app
   * @param {HTMLElement} lost the note that came too late
   * @param {() => void} write go on in writing
   */
  constructor(app, lost, write) {
    this.link = notice("attention", "lost");
    this.trouble = notice("danger", "info");
    this.camera = notice(
      "danger",
      "camera-off",
      h(
        "button",
        { class: "button", type: "button", on: { click: () => app.useCamera() } },
        icon("again"),
        h("span", { text: t("camera.again") }),
      ),
    );
    this.camera.element.classList.add("camera-trouble");
    this.narrow = notice(
      "attention",
      "weak",
      h(
        "button",
        { class: "button", type: "button", on: { click: write } },
        icon("write"),
        h("span", { text: t("agent.write") }),
        key(KEYS.write),
      ),
    );
    this.covered = notice("attention", "shield");
    this.covered.element.classList.add("covered-notice");
    const own = [this.link, this.covered, this.narrow, this.trouble, this.camera];
    const parts = [...own.map(({ element }) => element), lost];
    this.element = h("div", { class: "desk-notices" }, parts);
  }

  /** @param {State} state */
  draw(state) {
    const { link, trouble, camera, view } = state;
    const covered = bannerOf(state);
    this.covered.draw(covered ? t(`agent.preview_say.${covered}`) : "");
    this.link.draw(link === "lost" ? t("agent.link_lost") : "");
    this.narrow.draw(view?.call && view.narrow ? t(`agent.narrow.${view.narrow}`) : "");
    this.trouble.draw(trouble ? errorText(trouble) : "");
    const failed = cameraTrouble(camera);
    this.camera.draw(failed ? t(`camera.${failed}`) : "");
  }
}

/**
 * @param {"attention" | "danger"} tone
 * @param {IconName} name
 * @param {...HTMLElement} acts
 */
function notice(tone, name, ...acts) {
  const words = h("p");
  const element = h("div", { class: `notice notice-${tone}`, role: "alert", hidden: true }, icon(name), words, acts);
  return {
    element,
    /** @param {string} text "" hides it */
    draw(text) {
      show(element, text !== "");
      setText(words, text);
    },
  };
}
