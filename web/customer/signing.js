/** How the person signs: asked in one line, never needed. The language of the page says nothing about it. */

import { h, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { keep, kept } from "./kept.js";

/** @typedef {import("./state.js").State} State */

const SIGNING = "video-service.signing"; // app.js reads it when the person joins
/** Of natural signing also where it is from. "not_sure" is served by anybody, and so is what nobody at work knows. */
const WAYS = ["csl_north", "csl_south", "csl_natural", "csl_national", "csl_signed", "hksl", "other", "not_sure"];

export class SigningQuestion {
  constructor() {
    const now = kept(SIGNING);
    const choice = h(
      "select",
      { class: "input", id: "signing" },
      h("option", { value: "", text: t("signing.none") }),
      WAYS.map((way) => h("option", { value: way, text: t(`sign.${way}`), selected: way === now })),
    );
    choice.addEventListener("change", () => keep(SIGNING, choice.value));
    this.element = h("div", { class: "signing" }, h("label", { for: "signing", text: t("signing.ask") }), choice);
  }

  /** Whom the host application sent with a word on it is not asked. @param {State} state */
  draw({ service }) {
    show(this.element, !service || service === "unreachable" || !service.signs);
  }
}
