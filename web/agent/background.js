/** What stands behind the agent: a small choice beside the own picture, which shows at once what customers will see. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** @typedef {import("./app.js").AgentApp} AgentApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/messages.js").BackgroundKind} BackgroundKind */

const CHOICES = ["blur-1", "blur-2", "blur-3", "colour", "picture"];

export class BackgroundChoice {
  /** @param {AgentApp} app */
  constructor(app) {
    this.app = app;
    this.drawn = "";
    const change = () => this.choose();
    this.kind = h(
      "select",
      { class: "input", id: "background-kind", on: { change } },
      CHOICES.map((value) => h("option", { value, text: t(`agent.background.${value}`) })),
    );
    this.colour = h("input", { class: "input background-colour", id: "background-colour", type: "color", on: { change } });
    this.brighten = h("input", { id: "background-brighten", type: "checkbox", on: { change } });
    this.choice = h(
      "div",
      { class: "field" },
      h("label", { for: "background-kind", text: t("agent.background") }),
      this.kind,
    );
    this.tint = h(
      "div",
      { class: "field" },
      h("label", { for: "background-colour", text: t("agent.background_colour") }),
      this.colour,
    );
    this.company = h("p", { class: "soft", text: t("agent.background_company") });
    this.element = h(
      "div",
      { class: "stack background-choice", hidden: true },
      this.choice,
      this.tint,
      this.company,
      h(
        "label",
        { class: "background-tick", for: "background-brighten" },
        this.brighten,
        h("span", { text: t("agent.brighten") }),
      ),
    );
  }

  /** @param {State} state */
  draw({ view }) {
    const now = view?.background;
    show(this.element, Boolean(now));
    // The page is drawn often; what somebody has chosen stands until the service says something else.
    const drawn = JSON.stringify(now);
    if (!now || drawn === this.drawn) return;
    this.drawn = drawn;
    show(this.choice, now.may_choose);
    show(this.tint, now.may_choose && now.kind === "colour");
    show(this.company, !now.may_choose);
    const picture = /** @type {HTMLOptionElement} */ (this.kind.options[CHOICES.length - 1]);
    if (picture.disabled === now.picture) {
      picture.disabled = !now.picture;
      setText(picture, t(now.picture ? "agent.background.picture" : "agent.background.picture_none"));
    }
    this.kind.value = now.kind === "blur" ? `blur-${now.strength}` : now.kind;
    this.colour.value = now.colour;
    this.brighten.checked = now.brighten;
  }

  choose() {
    const [kind, strength] = this.kind.value.split("-");
    this.app.say({
      type: "background",
      kind: /** @type {BackgroundKind} */ (kind),
      strength: Number(strength ?? this.app.state.view?.background?.strength ?? 2),
      colour: this.colour.value,
      brighten: this.brighten.checked,
    });
  }
}
