/** Who could work a shift that nobody has, the best first: what speaks against each, and one press gives it. */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { brokenText } from "../shared/request-words.js";
import { hoursText } from "../shared/rule-words.js";
import { skillsText } from "./request-means.js";

/**
 * @typedef {object} Candidate
 * @property {string} person
 * @property {import("../shared/rule-words.js").Rule[]} broken
 * @property {string[]} lacks
 * @property {boolean} wished_off
 * @property {number} week_min
 * @property {number} most_min
 */

/**
 * @param {readonly Candidate[]} people
 * @param {(person: string) => string} nameOf
 * @param {(person: string, button: HTMLButtonElement) => void} give
 */
export function peopleList(people, nameOf, give) {
  if (!people.length) return h("p", { class: "soft", text: t("requests.nobody_else") });
  return h(
    "ol",
    { class: "request-people" },
    people.map((one) => candidate(one, nameOf(one.person), give)),
  );
}

/**
 * @param {Candidate} one
 * @param {string} name
 * @param {(person: string, button: HTMLButtonElement) => void} give
 */
function candidate(one, name, give) {
  const against = [
    one.broken.length ? brokenText(one.broken) : "",
    one.lacks.length ? t("requests.lacks", { what: skillsText(one.lacks) }) : "",
    one.wished_off ? t("requests.wished_free") : "",
  ].filter(Boolean);
  const fits = !one.broken.length && !one.lacks.length;
  const hours = { has: hoursText(one.week_min), most: hoursText(one.most_min) };
  const button = h(
    "button",
    { class: fits ? "button button-main" : "button", type: "button", "aria-label": t("requests.give_to", { name }) },
    icon("check"),
    h("span", { text: t("requests.give") }),
  );
  button.addEventListener("click", () => give(one.person, button));
  return h(
    "li",
    { class: "request-person" },
    h(
      "div",
      { class: "request-who" },
      h("strong", { text: name }),
      h(
        "span",
        { class: `request-mean tone-${fits ? "good" : "attention"}` },
        icon(fits ? "check" : "urgent"),
        h("span", { text: against.join(t("list.comma")) || t("requests.fits") }),
      ),
      h("span", { class: "soft figure", text: one.most_min ? t("requests.week", hours) : t("requests.week_only", hours) }),
    ),
    button,
  );
}
