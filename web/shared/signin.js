/** Signing in, for both consoles: a name, a password, and a sentence when it does not work. */

import { h, setAttribute, setText, show } from "./dom.js";
import { chooseLocale, locale, LOCALES, t } from "./i18n.js";
import { icon } from "./icons.js";
import { request, RequestError } from "./service.js";
import { errorText } from "./words.js";

/** @typedef {import("./service.js").Me} Me */

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
    this.button = h(
      "button",
      { class: "button button-main", type: "submit" },
      icon("door"),
      (this.buttonText = h("span", { text: t("sign_in.act") })),
    );
    const other = locale() === "en" ? "zh-CN" : "en";
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
        h(
          "button",
          { class: "button button-quiet", type: "button", lang: other, on: { click: () => chooseLocale(other) } },
          icon("language"),
          h("span", { text: LOCALES[other] }),
        ),
      ),
      h(
        "form",
        { class: "card", novalidate: true, on: { submit: (/** @type {Event} */ event) => this.submit(event) } },
        this.heading,
        h("div", { class: "field" }, h("label", { for: "sign-in-name", text: t("sign_in.name") }), this.name),
        h(
          "div",
          { class: "field" },
          h("label", { for: "sign-in-password", text: t("sign_in.password") }),
          this.password,
        ),
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
    const wrong = code === "bad_sign_in" || code === "sign_in_empty";
    for (const field of [this.name, this.password]) {
      setAttribute(field, "aria-invalid", wrong ? "true" : null);
      setAttribute(field, "aria-describedby", code ? "sign-in-trouble" : null);
    }
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    if (!this.name.value.trim() || !this.password.value) {
      this.explain("sign_in_empty");
      (this.name.value.trim() ? this.password : this.name).focus();
      return;
    }
    this.setBusy(true);
    this.explain("");
    try {
      /** @type {Me} */
      const me = await request("POST", "/api/sign-in", { name: this.name.value.trim(), password: this.password.value });
      this.password.value = "";
      if (this.roles.includes(me.role)) this.onSignedIn(me);
      else this.explain("wrong_role");
    } catch (error) {
      this.explain(error instanceof RequestError ? error.code : "internal");
      this.password.select();
    } finally {
      this.setBusy(false);
    }
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.busy = busy;
    setAttribute(this.button, "aria-disabled", busy ? "true" : null);
    setText(this.buttonText, t(busy ? "sign_in.busy" : "sign_in.act"));
  }
}
