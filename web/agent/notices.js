/** What has gone wrong, each in a sentence with what to do: the network, a refusal, the camera, a note that came too late. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { cameraTrouble } from "../shared/person.js";
import { errorText } from "../shared/words.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */

export class Notices {
  /**
   * @param {AgentApp} app
   * @param {HTMLElement} lost the note that came too late
   */
  constructor(app, lost) {
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
    const parts = [this.link.element, this.trouble.element, this.camera.element, lost];
    this.element = h("div", { class: "desk-notices" }, parts);
  }

  /** @param {State} state */
  draw({ link, trouble, camera }) {
    this.link.draw(link === "lost" ? t("agent.link_lost") : "");
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
