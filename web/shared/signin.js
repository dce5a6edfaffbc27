/**
 * Signing in, for both consoles: a name, a password, and a sentence when it does not work. Whoever signs in with a
 * password that was made for once chooses an own one here.
 */

import { h, setAttribute, setText, show } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { languageChoice } from "./language.js";
import { request, RequestError } from "./service.js";
import { errorText } from "./words.js";

/** @typedef {import("./service.js").Me} Me */

const WRONG = ["bad_sign_in", "sign_in_empty", "passwords_differ", "weak_password", "same_password"];

export class SignIn {
  /**
   * @param {object} options
   * @param {string} options.title
   * @param {readonly Me["role"][]} options.roles who may enter here
   * @param {(me: Me) => void} options.onSignedIn
   */
  constructor({ title, roles, onSignedIn }) {
    this.roles = roles;
    this.onSignedIn = onSignedIn;
    this.busy = false;
    this.heading = h("h1", { text: title, tabindex: "-1" });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", id: "sign-in-trouble", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.name = h("input", {
      class: "input",
      id: "sign-in-name",
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
      maxlength: "128",
    });
    this.password = h("input", {
      class: "input",
      id: "sign-in-password",
      name: "password",
      type: "password",
      autocomplete: "current-password",
      required: true,
      maxlength: "1024",
    });
    this.fresh = freshField("sign-in-fresh");
    this.again = freshField("sign-in-again");
    /** The one-time password while an own one is being chosen; "" otherwise. */
    this.oneTime = "";
    this.button = h(
      "button",
      { class: "button button-main", type: "submit" },
      icon("door"),
      (this.buttonText = h("span", { text: t("sign_in.act") })),
    );
    this.element = h(
      "main",
      { class: "sign-in" },
      h(
        "div",
        { class: "row spread" },
        h(
          "p",
          { class: "brand" },
          h("span", { class: "brand-mark" }, icon("hands")),
          h("span", { text: t("company") }),
        ),
        languageChoice(),
      ),
      h(
        "form",
        { class: "card", novalidate: true, on: { submit: (/** @type {Event} */ event) => this.submit(event) } },
        this.heading,
        (this.known = h(
          "div",
          { class: "stack" },
          field("sign_in.name", this.name),
          field("sign_in.password", this.password),
        )),
        this.trouble,
        this.button,
      ),
    );
  }

  /**
   * Say something above the button: why the person is here again, or what went wrong.
   * @param {string} code "" for nothing
   */
  explain(code) {
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
    const wrong = WRONG.includes(code);
    for (const input of [this.name, this.password, this.fresh, this.again]) {
      setAttribute(input, "aria-invalid", wrong ? "true" : null);
      setAttribute(input, "aria-describedby", code ? "sign-in-trouble" : null);
    }
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    if (this.oneTime) {
      if (!this.fresh.value) this.explain("sign_in_empty");
      else if (this.fresh.value !== this.again.value) this.explain("passwords_differ");
      else await this.send("/api/password", { old: this.oneTime, new: this.fresh.value });
      return;
    }
    if (!this.name.value.trim() || !this.password.value) {
      this.explain("sign_in_empty");
      (this.name.value.trim() ? this.password : this.name).focus();
      return;
    }
    await this.send("/api/sign-in", { name: this.name.value.trim(), password: this.password.value });
  }

  /**
   * @param {"/api/sign-in" | "/api/password"} path
   * @param {object} body
   */
  async send(path, body) {
    this.setBusy(true);
    this.explain("");
    try {
      /** @type {Me} */
      const me = await request("POST", path, body);
      if (!this.roles.includes(me.role)) this.explain("wrong_role");
      else if (me.must_change) this.choose(this.password.value);
      else this.onSignedIn(me);
      this.password.value = "";
    } catch (error) {
      this.explain(error instanceof RequestError ? error.code : "internal");
      (this.oneTime ? this.fresh : this.password).select();
    } finally {
      this.setBusy(false);
    }
  }

  /** @param {string} oneTime the password that has to give way */
  choose(oneTime) {
    this.oneTime = oneTime;
    this.known.replaceWith(
      h(
        "div",
        { class: "stack" },
        h("p", { text: t("sign_in.choose") }),
        field("sign_in.fresh", this.fresh),
        field("sign_in.again", this.again),
      ),
    );
    this.fresh.focus();
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.busy = busy;
    setAttribute(this.button, "aria-disabled", busy ? "true" : null);
    setText(this.buttonText, t(busy ? "sign_in.busy" : "sign_in.act"));
  }
}

/**
 * @param {string} key text of the label
 * @param {HTMLInputElement} input
 */
function field(key, input) {
  return h("div", { class: "field" }, h("label", { for: input.id, text: t(key) }), input);
}

/** @param {string} id */
function freshField(id) {
  return h("input", { class: "input", id, type: "password", autocomplete: "new-password", maxlength: "1024" });
}
