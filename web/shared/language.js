/** The language of a page: its own name, and the others one tap further, each in its own words. */

import { h } from "./dom.js";
import { chooseLocale, locale, LOCALES, t } from "./i18n.js";
import { icon } from "./icons.js";

/** @returns {HTMLDetailsElement} */
export function languageChoice() {
  const own = locale();
  const names = /** @type {[import("./i18n.js").Locale, string][]} */ (Object.entries(LOCALES));
  const others = names.filter(([name]) => name !== own);
  const choice = h(
    "details",
    { class: "language", on: { focusout: leave, keydown: leave } },
    h(
      "summary",
      { class: "button button-quiet", "aria-label": `${t("language.title")} ${LOCALES[own]}` },
      icon("language"),
      h("span", { text: LOCALES[own] }),
    ),
    h(
      "div",
      { class: "language-list card" },
      others.map(([name, text]) =>
        h("button", { class: "button", type: "button", lang: name, text, on: { click: () => chooseLocale(name) } }),
      ),
    ),
  );

  /** @param {FocusEvent & KeyboardEvent} event */
  function leave(event) {
    // A tap that moves the focus nowhere may be a tap on one of the names: some browsers focus no button.
    const elsewhere = event.type === "focusout" && event.relatedTarget instanceof Node;
    if (event.key === "Escape") choice.querySelector("summary")?.focus();
    if (event.key === "Escape" || (elsewhere && !choice.contains(/** @type {Node} */ (event.relatedTarget)))) {
      choice.open = false;
    }
  }
  return choice;
}
