/** What an account says of a person, in words. */

import { h } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { wordOf } from "../shared/label-words.js";

/**
 * An account as GET /api/people says it. `own`: of whoever is signed in here. `may_change`: by whoever is.
 * @typedef {object} Person
 * @property {string} person
 * @property {string} name
 * @property {string} sign_in_name
 * @property {"agent" | "coordinator" | "admin"} role
 * @property {string[]} skills
 * @property {string[]} languages
 * @property {boolean} disabled
 * @property {boolean} must_change the password is one for one sign-in, and was not used yet
 * @property {string} created
 * @property {boolean} own
 * @property {boolean} may_change
 */

/** @param {string} label */
export const signKey = (label) => `sign.${label}`;

/** @param {string} label */
export const languageKey = (label) => `people.language.${label}`;

/**
 * Labels in words: those that have a text, and the others as they are; with its level, where one is said.
 * @param {readonly string[]} labels
 * @param {(label: string) => string} keyOf
 */
export function labelsText(labels, keyOf) {
  const words = labels.map((each) => {
    const [label, level] = each.split(":");
    const word = wordFor(label, keyOf);
    return level ? t("people.level", { word, level }) : word;
  });
  return words.join(t("list.comma")) || t("records.nothing");
}

/**
 * @param {string} label
 * @param {(label: string) => string} keyOf
 */
export function wordFor(label, keyOf) {
  return has(keyOf(label)) ? t(keyOf(label)) : wordOf(label);
}

/**
 * What changing name and labels will do; of calls only where some can come.
 * @param {Person} person
 */
export function willChange(person) {
  const what = person.role === "agent" && !person.disabled ? "agent" : "name";
  return t(`people.will_change_${what}`, { name: person.name });
}

/** @type {Readonly<Record<string, [string, import("../shared/icons.js").IconName, string]>>} tone, icon, text */
const STATES = Object.freeze({
  disabled: ["danger", "end", "people.state_disabled"],
  new: ["attention", "clock", "people.state_new"],
  enabled: ["good", "check", "people.state_enabled"],
});

/** @param {Person} person */
export function statePill(person) {
  const [tone, mark, key] = STATES[person.disabled ? "disabled" : person.must_change ? "new" : "enabled"];
  return h("span", { class: `pill pill-${tone}` }, icon(mark), h("span", { text: t(key) }));
}
