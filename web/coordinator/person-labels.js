/** Changing what somebody is called, signs and writes. It counts at once, and says so before it is saved. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { abilities, choices, field, LANGUAGES } from "./person-form.js";
import { languageKey, signKey, willChange } from "./person-words.js";

/** @typedef {import("./person-words.js").Person} Person */

export class PersonLabels {
  /**
   * @param {object} options
   * @param {Person} options.person
   * @param {(error: unknown) => string} options.refused
   * @param {(person: Person) => void} options.onChanged
   * @param {() => void} options.onLeft nothing was changed
   */
  constructor({ person, refused, onChanged, onLeft }) {
    this.person = person;
    this.refused = refused;
    this.onChanged = onChanged;
    this.onLeft = onLeft;
    const agent = person.role === "agent";
    this.first = h("input", {
      class: "input",
      id: "person-name",
      maxlength: "64",
      autocomplete: "off",
      required: true,
      value: person.name,
    });
    this.skills = choices("skills", signKey, abilities(), person.skills);
    this.languages = choices("languages", languageKey, LANGUAGES, person.languages);
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.save = h(
      "button",
      { class: "button button-main", type: "submit", "aria-describedby": "labels-will" },
      icon("check"),
      h("span", { text: t("people.change_now") }),
    );
    this.element = h(
      "form",
      {
        class: "stack",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.submit()) },
      },
      h("h2", { text: t("people.change_one", { name: person.name }) }),
      field("person-name", "people.col_name", this.first),
      agent && this.skills.element,
      agent && this.languages.element,
      h(
        "p",
        { class: "notice", id: "labels-will" },
        icon("info"),
        h("span", { text: willChange(person) }),
      ),
      this.trouble,
      h(
        "div",
        { class: "row" },
        this.save,
        h(
          "button",
          { class: "button", type: "button", on: { click: onLeft } },
          icon("back"),
          h("span", { text: t("people.no") }),
        ),
      ),
    );
  }

  async submit() {
    if (this.save.getAttribute("aria-disabled") === "true") return;
    const { person } = this;
    const agent = person.role === "agent";
    const wish = {
      name: this.first.value.trim(),
      skills: agent ? this.skills.value() : person.skills,
      languages: agent ? this.languages.value() : person.languages,
    };
    this.fail(wish.name ? "" : "labels_wrong");
    if (!wish.name) return;
    if (!differs(wish, person)) {
      this.onLeft();
      return;
    }
    setAttribute(this.save, "aria-disabled", "true");
    try {
      this.onChanged(await request("POST", `/api/people/${encodeURIComponent(person.person)}/labels`, wish));
    } catch (error) {
      const code = this.refused(error);
      this.fail(code === "bad_account" ? "labels_wrong" : code);
    }
    setAttribute(this.save, "aria-disabled", null);
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
    setAttribute(this.first, "aria-invalid", code === "labels_wrong" && !this.first.value.trim() ? "true" : null);
    if (code) this.first.focus();
  }
}

/**
 * Whether a wish would change anything; the order of labels says nothing.
 * @param {{ name: string, skills: readonly string[], languages: readonly string[] }} wish
 * @param {Person} person
 */
function differs(wish, person) {
  const text = (/** @type {readonly string[]} */ labels) => [...labels].sort().join(" ");
  return (
    wish.name !== person.name ||
    text(wish.skills) !== text(person.skills) ||
    text(wish.languages) !== text(person.languages)
  );
}
