/** Adding somebody: names, role, what they sign and write; the service makes a password for one sign-in. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { languageKey, signKey } from "./person-words.js";

/** @typedef {import("./person-words.js").Person} Person */

export const SIGNS = ["csl", "csl_north", "csl_south", "csl_natural", "csl_national", "csl_signed", "hksl", "asl"];
export const LANGUAGES = ["zh", "en"];

/**
 * The ticked labels and those written beside them, each once.
 * @param {readonly string[]} ticked
 * @param {string} written separated by spaces or commas
 */
export function labelsOf(ticked, written) {
  return [...new Set([...ticked, ...written.split(/[\s,，、]+/u).filter(Boolean)])];
}

export class PersonForm {
  /**
   * @param {object} options
   * @param {Person["role"][]} options.roles that may be given here
   * @param {(error: unknown) => string} options.refused
   * @param {(person: Person, password: string) => void} options.onAdded
   * @param {() => void} options.onClose
   */
  constructor({ roles, refused, onAdded, onClose }) {
    this.refused = refused;
    this.onAdded = onAdded;
    this.first = h("input", { class: "input", id: "person-name", maxlength: "64", autocomplete: "off", required: true });
    this.signIn = h("input", {
      class: "input",
      id: "person-sign-in",
      maxlength: "32",
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
      "aria-describedby": "person-sign-in-hint",
    });
    this.role = h(
      "select",
      { class: "input", id: "person-role" },
      roles.map((role) => h("option", { value: role, text: t(`people.role.${role}`) })),
    );
    this.role.addEventListener("change", () => this.drawRole());
    this.skills = choices("skills", signKey, SIGNS);
    this.languages = choices("languages", languageKey, LANGUAGES);
    this.will = h("p", { class: "notice" }, icon("info"), (this.willText = h("span")));
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.add = h(
      "button",
      { class: "button button-main", type: "submit" },
      icon("add"),
      h("span", { text: t("people.add_now") }),
    );
    this.element = h(
      "form",
      {
        class: "stack",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.submit()) },
      },
      h("h2", { text: t("people.add") }),
      field("person-name", "people.col_name", this.first),
      field(
        "person-sign-in",
        "people.col_sign_in",
        this.signIn,
        h("p", { class: "small soft", id: "person-sign-in-hint", text: t("people.sign_in_hint") }),
      ),
      field("person-role", "people.col_role", this.role),
      this.skills.element,
      this.languages.element,
      this.will,
      this.trouble,
      h(
        "div",
        { class: "row" },
        this.add,
        h(
          "button",
          { class: "button", type: "button", on: { click: onClose } },
          icon("back"),
          h("span", { text: t("people.no_add") }),
        ),
      ),
    );
    this.drawRole();
  }

  drawRole() {
    const agent = this.role.value === "agent";
    show(this.skills.element, agent);
    show(this.languages.element, agent);
    setText(this.willText, t(`people.will_add_${this.role.value}`));
  }

  async submit() {
    if (this.add.getAttribute("aria-disabled") === "true") return;
    const [name, signIn] = [this.first.value.trim(), this.signIn.value.trim()];
    this.fail(name && signIn ? "" : "person_empty");
    if (!name || !signIn) {
      (name ? this.signIn : this.first).focus();
      return;
    }
    const agent = this.role.value === "agent";
    setAttribute(this.add, "aria-disabled", "true");
    try {
      const { account, password } = await request("POST", "/api/people", {
        sign_in_name: signIn,
        name,
        role: this.role.value,
        skills: agent ? this.skills.value() : [],
        languages: agent ? this.languages.value() : [],
      });
      this.onAdded(account, password);
    } catch (error) {
      this.fail(this.refused(error));
      this.signIn.focus();
    }
    setAttribute(this.add, "aria-disabled", null);
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
    setAttribute(this.first, "aria-invalid", code === "person_empty" && !this.first.value.trim() ? "true" : null);
    const wrong = ["person_empty", "bad_account", "name_taken"].includes(code);
    setAttribute(this.signIn, "aria-invalid", wrong ? "true" : null);
  }
}

/**
 * Known labels to tick, and a line for others.
 * @param {"skills" | "languages"} name
 * @param {(label: string) => string} keyOf the text of a label
 * @param {readonly string[]} labels
 * @param {readonly string[]} [chosen] those that somebody has
 */
export function choices(name, keyOf, labels, chosen = []) {
  const boxes = labels.map((label) => h("input", { type: "checkbox", value: label, checked: chosen.includes(label) }));
  const other = h("input", {
    class: "input",
    id: `person-${name}-other`,
    autocomplete: "off",
    spellcheck: "false",
    value: chosen.filter((label) => !labels.includes(label)).join(" "),
  });
  return {
    element: h(
      "fieldset",
      { class: "ticks person-ticks" },
      h("legend", { text: t(`people.col_${name}`) }),
      boxes.map((box) => h("label", { class: "tick" }, box, h("span", { text: t(keyOf(box.value)) }))),
      field(`person-${name}-other`, "people.others", other),
    ),
    value: () => {
      const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
      return labelsOf(ticked, other.value);
    },
  };
}

/**
 * @param {string} id
 * @param {string} key
 * @param {HTMLElement} control
 * @param {HTMLElement} [hint]
 */
export function field(id, key, control, hint) {
  return h("div", { class: "field" }, h("label", { for: id, text: t(key) }), hint, control);
}
