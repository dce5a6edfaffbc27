/** Adding somebody: names, role, what they sign and write; the service makes a password for one sign-in. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { knownTopics } from "../shared/label-words.js";
import { request } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { languageKey, signKey, wordFor } from "./person-words.js";

/** @typedef {import("./person-words.js").Person} Person */

export const SIGNS = ["csl", "csl_north", "csl_south", "csl_natural", "csl_national", "csl_signed", "hksl", "asl"];
export const LANGUAGES = ["zh", "en"];
const LEVELS = 3;

/** What agents may be able to do: ways of signing, speaking, and the topics that customers choose from. */
export const abilities = () => [...new Set([...SIGNS, "voice", ...knownTopics()])];

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
    this.skills = choices("skills", signKey, abilities());
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
 * Known labels to tick, each with a level where that says something, and a line for others.
 * @param {"skills" | "languages"} name
 * @param {(label: string) => string} keyOf the text of a label
 * @param {readonly string[]} labels
 * @param {readonly string[]} [chosen] those that somebody has
 * @param {{ place?: string, legend?: string, plain?: number, onChange?: () => void }} [more] `place`: tells two forms on
 *   one page apart; `plain`: the level of a label without one, 0 where labels have none
 */
export function choices(name, keyOf, labels, chosen = [], more = {}) {
  const { place = "person", legend = `people.col_${name}`, plain = name === "skills" ? LEVELS : 0, onChange } = more;
  const have = new Map(chosen.map((each) => /** @type {[string, string]} */ (each.split(":").slice(0, 2))));
  const changed = () => onChange?.();
  const rows = labels.map((label) => {
    const box = h("input", { type: "checkbox", value: label, checked: have.has(label) });
    const level = levelOf(wordFor(label, keyOf), Number(have.get(label)) || plain, legend);
    const draw = () => level && show(level, box.checked);
    box.addEventListener("change", () => (draw(), changed()));
    level?.addEventListener("change", changed);
    draw();
    const element = h("label", { class: "tick" }, box, h("span", { text: wordFor(label, keyOf) }));
    return { box, level, element: h("div", { class: "person-tick" }, element, level) };
  });
  const other = h("input", {
    class: "input",
    id: `${place}-${name}-other`,
    autocomplete: "off",
    spellcheck: "false",
    value: chosen.filter((each) => !labels.includes(each.split(":")[0])).join(" "),
    on: { input: changed },
  });
  return {
    element: h(
      "fieldset",
      { class: "ticks person-ticks" },
      h("legend", { text: t(legend) }),
      rows.map(({ element }) => element),
      field(`${place}-${name}-other`, "people.others", other),
    ),
    value: () => {
      const ticked = rows
        .filter(({ box }) => box.checked)
        .map(({ box, level }) => withLevel(box.value, Number(level?.value ?? plain), plain));
      return labelsOf(ticked, other.value);
    },
  };

  /**
   * @param {string} word
   * @param {number} level
   * @param {string} of
   */
  function levelOf(word, level, of) {
    if (!plain) return null;
    return h(
      "select",
      { class: "input person-level", "aria-label": t("people.level_of", { word, of: t(of) }) },
      Array.from({ length: LEVELS }, (_, n) =>
        h("option", { value: String(n + 1), text: t(`people.level_${n + 1}`), selected: n + 1 === level }),
      ),
    );
  }
}

/**
 * A label with its level as the service wants it: the level that a label alone has is not said.
 * @param {string} label
 * @param {number} level
 * @param {number} plain
 */
export function withLevel(label, level, plain) {
  return level === plain ? label : `${label}:${level}`;
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
