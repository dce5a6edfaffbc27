/** People: everybody who works here, adding somebody, and one person's account. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { PersonCard } from "./person-card.js";
import { PersonForm } from "./person-form.js";
import { PersonLabels } from "./person-labels.js";
import { labelsText, languageKey, signKey, statePill } from "./person-words.js";
import { learnQueueTopics } from "./queue-labels.js";

/** @typedef {import("./person-words.js").Person} Person */

export class PeoplePart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {Person[]} */
    this.people = [];
    this.attempt = 0;
    /** @type {HTMLElement | null} what opened the card beside the list */
    this.opener = null;
    this.heading = h("h1", { text: t("coordinator.people"), tabindex: "-1" });
    this.add = h(
      "button",
      // Which roles one may give is known with the list, where one's own stands.
      { class: "button", type: "button", disabled: true, on: { click: () => this.openForm() } },
      icon("add"),
      h("span", { text: t("people.add") }),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.caption = h("caption", { text: t("people.loading") });
    this.rows = h("tbody");
    this.side = h("section", { class: "card stack", hidden: true });
    this.grid = h(
      "div",
      { class: "records-grid" },
      h(
        "section",
        { class: "card stack" },
        h(
          "div",
          { class: "table-frame", tabindex: "0", role: "region", "aria-label": t("coordinator.people") },
          h(
            "table",
            { class: "table people-table" },
            this.caption,
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                ["name", "role", "skills", "languages", "state"].map((name) =>
                  h("th", { scope: "col", class: `people-${name}`, text: t(`people.col_${name}`) }),
                ),
                h("td"),
              ),
            ),
            this.rows,
          ),
        ),
      ),
      this.side,
    );
    this.element = h(
      "div",
      { class: "stack" },
      h("div", { class: "row spread" }, this.heading, this.add),
      this.trouble,
      this.grid,
    );
  }

  enter() {
    this.close();
    this.load();
  }

  async load() {
    const attempt = ++this.attempt;
    try {
      const [{ people }] = await Promise.all([request("GET", "/api/people"), learnQueueTopics()]);
      if (attempt !== this.attempt) return;
      this.fail("");
      this.draw(people);
    } catch (error) {
      if (attempt !== this.attempt) return;
      setText(this.caption, t("people.not_loaded"));
      this.fail(this.refused(error));
    }
  }

  /** @param {Person[]} people */
  draw(people) {
    this.people = people;
    this.add.disabled = false;
    setText(this.caption, t("people.say"));
    this.rows.replaceChildren(...people.map((person) => this.row(person)));
  }

  /** @param {Person} person */
  row(person) {
    const open = h(
      "button",
      {
        class: "button button-quiet",
        type: "button",
        "data-person": person.person,
        "aria-label": t("people.open_one", { name: person.name }),
        on: { click: () => this.openPerson(person) },
      },
      icon("next"),
      h("span", { text: t("people.open") }),
    );
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("span", { text: person.name }),
        person.own && h("span", { class: "pill" }, icon("person"), h("span", { text: t("people.own") })),
        h("span", { class: "people-sign-in small soft", text: person.sign_in_name }),
      ),
      h("td", { class: "people-role", text: t(`people.role.${person.role}`) }),
      h("td", { class: "people-skills", text: labelsText(person.skills, signKey) }),
      h("td", { class: "people-languages", text: labelsText(person.languages, languageKey) }),
      h("td", {}, statePill(person)),
      h("td", {}, open),
    );
  }

  openForm() {
    const admin = this.people.some((person) => person.own && person.role === "admin");
    const form = new PersonForm({
      roles: admin ? ["agent", "coordinator", "admin"] : ["agent"],
      refused: this.refused,
      onAdded: (person, password) => {
        this.openPerson(person, password);
        this.load();
      },
      onClose: () => this.closeAndReturn(),
    });
    this.openSide(form.element, form.first);
  }

  /**
   * @param {Person} person
   * @param {string} [password] the one that was just made, shown this once
   */
  openPerson(person, password = "") {
    const card = new PersonCard({
      person,
      password,
      refused: this.refused,
      onChanged: (changed) => this.update(changed),
      onChange: () => this.openLabels(card.person),
      onClose: () => this.closeAndReturn(),
    });
    this.openSide(card.element, card.heading);
    if (password) this.opener = this.add;
    return card;
  }

  /** @param {Person} person */
  openLabels(person) {
    const form = new PersonLabels({
      person,
      refused: this.refused,
      onChanged: (changed) => {
        this.update(changed);
        this.openPerson(changed).say(t("people.done_change", { name: changed.name }), "");
      },
      onLeft: () => this.openPerson(person),
    });
    this.openSide(form.element, form.first);
  }

  /** @param {Person} changed */
  update(changed) {
    this.people = this.people.map((one) => (one.person === changed.person ? changed : one));
    this.draw(this.people);
    this.opener = this.rows.querySelector(`[data-person="${changed.person}"]`);
  }

  /**
   * @param {HTMLElement} element
   * @param {HTMLElement} first what gets the focus
   */
  openSide(element, first) {
    const active = document.activeElement;
    // From one form of the card to the next, what opened the first is still where the focus goes back to.
    if (!this.side.contains(active)) this.opener = active instanceof HTMLElement ? active : null;
    this.side.replaceChildren(element);
    show(this.side, true);
    this.grid.classList.add("has-detail");
    first.focus();
  }

  close() {
    // A password that was shown leaves the page with its card.
    this.side.replaceChildren();
    show(this.side, false);
    this.grid.classList.remove("has-detail");
  }

  closeAndReturn() {
    this.close();
    (this.opener?.isConnected ? this.opener : this.add).focus();
  }

  /** @param {string} code */
  fail(code) {
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
  }
}
