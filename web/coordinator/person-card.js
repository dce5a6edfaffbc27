/** One person's account: what is known, and what can be done, each act with what it will do and a second step. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { dayText } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { labelsText, languageKey, signKey, statePill, willChange } from "./person-words.js";

/** @typedef {import("./person-words.js").Person} Person */
/** @typedef {import("../shared/icons.js").IconName} IconName */
/** @typedef {{ name: string, icon: IconName, path: string, body: object }} Act */

/** @type {Readonly<Record<"sign_out" | "reset" | "disable" | "enable", Act>>} */
const ACTS = Object.freeze({
  sign_out: { name: "sign_out", icon: "leave", path: "sign-out", body: {} },
  reset: { name: "reset", icon: "keys", path: "password", body: {} },
  disable: { name: "disable", icon: "end", path: "disabled", body: { disabled: true } },
  enable: { name: "enable", icon: "check", path: "disabled", body: { disabled: false } },
});

export class PersonCard {
  /**
   * @param {object} options
   * @param {Person} options.person
   * @param {string} options.password one that was just made, "" for none
   * @param {(error: unknown) => string} options.refused
   * @param {(person: Person) => void} options.onChanged
   * @param {() => void} options.onChange name, signs and writing are to be changed
   * @param {() => void} options.onClose
   */
  constructor({ person, password, refused, onChanged, onChange, onClose }) {
    this.person = person;
    this.refused = refused;
    this.onChanged = onChanged;
    this.onChange = onChange;
    this.heading = h("h2", { text: person.name, tabindex: "-1" });
    this.password = h("div", { class: "stack" });
    this.done = h(
      "p",
      { class: "notice notice-good", role: "status", hidden: true },
      icon("check"),
      (this.doneText = h("span")),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.facts = h("dl", { class: "facts" });
    this.acts = h("ul", { class: "person-acts" });
    this.element = h(
      "div",
      { class: "stack" },
      this.heading,
      this.done,
      this.password,
      this.facts,
      this.trouble,
      this.acts,
      h(
        "button",
        { class: "button", type: "button", on: { click: onClose } },
        icon("end"),
        h("span", { text: t("records.close") }),
      ),
    );
    if (password) {
      this.say(t("people.done_add", { name: person.name }), "");
      this.password.replaceChildren(passwordBox(person, password));
    }
    this.draw();
  }

  draw() {
    const { person } = this;
    const facts = [
      ["sign_in", person.sign_in_name],
      ["role", t(`people.role.${person.role}`)],
      ["skills", labelsText(person.skills, signKey)],
      ["languages", labelsText(person.languages, languageKey)],
      ["since", dayText(Date.parse(person.created))],
    ];
    this.facts.replaceChildren(
      ...facts.flatMap(([name, value]) => [
        h("dt", { class: "soft", text: t(`people.col_${name}`) }),
        h("dd", { text: value }),
      ]),
      h("dt", { class: "soft", text: t("people.col_state") }),
      h("dd", {}, statePill(person)),
    );
    if (!person.may_change) {
      const key = person.own ? "people.not_own" : "people.not_yours";
      this.acts.replaceChildren(h("li", { class: "notice" }, icon("info"), h("span", { text: t(key) })));
      return;
    }
    const acts = person.disabled ? [ACTS.enable, ACTS.reset] : [ACTS.sign_out, ACTS.reset, ACTS.disable];
    this.acts.replaceChildren(this.change(), ...acts.map((act) => this.act(act)));
  }

  /** What leads to the form, which says what a change does and is the second step. */
  change() {
    const what = this.person.role === "agent" ? "change_agent" : "change_name";
    const saying = h("p", { id: "act-change", text: willChange(this.person) });
    const ask = h(
      "button",
      { class: "button", type: "button", "aria-describedby": "act-change", on: { click: this.onChange } },
      icon("person"),
      h("span", { text: t(`people.act_${what}`) }),
    );
    return h("li", { class: "stack" }, saying, h("div", { class: "row" }, ask));
  }

  /** @param {Act} act */
  act(act) {
    const { person } = this;
    const ends = act !== ACTS.enable && person.role === "agent" && !person.disabled;
    const will = [t(`people.will_${act.name}`, { name: person.name }), ends && t("people.will_end_calls")];
    const saying = h("p", { id: `act-${act.name}`, text: will.filter(Boolean).join(" ") });
    const step = h("div", { class: "row" });
    const ask = h(
      "button",
      {
        class: `button${act === ACTS.disable ? " button-danger" : ""}`,
        type: "button",
        "aria-describedby": `act-${act.name}`,
        on: { click: () => (act === ACTS.enable ? this.do(act) : this.askTwice(act, step, ask)) },
      },
      icon(act.icon),
      h("span", { text: t(`people.act_${act.name}`) }),
    );
    step.append(ask);
    return h("li", { class: "stack" }, saying, step);
  }

  /**
   * @param {Act} act
   * @param {HTMLElement} step where the buttons stand
   * @param {HTMLElement} ask what was pressed
   */
  askTwice(act, step, ask) {
    const yes = h(
      "button",
      { class: "button button-end", type: "button", on: { click: () => this.do(act) } },
      icon(act.icon),
      h("span", { text: t(`people.yes_${act.name}`) }),
    );
    const no = h(
      "button",
      { class: "button", type: "button", on: { click: () => (step.replaceChildren(ask), ask.focus()) } },
      icon("back"),
      h("span", { text: t("people.no") }),
    );
    step.replaceChildren(yes, no);
    no.focus();
  }

  /** @param {Act} act */
  async do(act) {
    for (const button of this.acts.querySelectorAll("button")) button.disabled = true;
    this.password.replaceChildren();
    try {
      const path = `/api/people/${encodeURIComponent(this.person.person)}/${act.path}`;
      const answer = await request("POST", path, act.body);
      this.person = answer.account ?? answer;
      if (answer.password) this.password.replaceChildren(passwordBox(this.person, answer.password));
      this.say(t(`people.done_${act.name}`, { name: this.person.name }), "");
      this.onChanged(this.person);
    } catch (error) {
      this.say("", this.refused(error));
    }
    this.draw();
    this.heading.focus();
  }

  /**
   * @param {string} done
   * @param {string} trouble a code
   */
  say(done, trouble) {
    show(this.done, done !== "");
    setText(this.doneText, done);
    show(this.trouble, trouble !== "");
    setText(this.troubleText, trouble ? errorText(trouble) : "");
  }
}

/**
 * @param {Person} person
 * @param {string} password
 */
function passwordBox(person, password) {
  const words = h("output", { class: "one-time figure", text: password, "aria-label": t("people.password") });
  const copied = h("span", { class: "soft", role: "status" });
  const copy = h(
    "button",
    { class: "button", type: "button" },
    icon("copy"),
    h("span", { text: t("people.copy") }),
  );
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(password);
      setText(copied, t("people.copied"));
    } catch {
      // No clipboard (an address without https): the words are marked, and the keyboard copies them.
      getSelection()?.selectAllChildren(words);
      setText(copied, t("people.marked"));
    }
  });
  return h(
    "div",
    { class: "notice notice-attention one-time-box" },
    icon("keys"),
    h(
      "div",
      { class: "stack" },
      h("p", { text: t("people.password_say", { name: person.name, sign_in: person.sign_in_name }) }),
      words,
      h("div", { class: "row" }, copy, copied),
    ),
  );
}
