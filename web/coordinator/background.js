/** What stands behind the agents: the company's default, its picture, and whether agents may choose for themselves. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { errorText } from "../shared/words.js";

/** @typedef {{ kind: string, strength: number, colour: string, brighten: boolean }} Default */
/** @typedef {{ digest: string, width: number, height: number }} Picture */
/** @typedef {{ default: Default, picture: Picture | null, agents_choose: boolean }} Company */

const CHOICES = ["blur-1", "blur-2", "blur-3", "colour", "picture"];
const PATH = "/api/background";
const TYPES = ["image/png", "image/jpeg", "image/webp"];
const MAX_BYTES = 2 * 1024 * 1024;
/** A picture goes up a slow line, and is then decoded and made anew. */
const UPLOAD_MS = 60_000;

export class BackgroundPart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.attempt = 0;
    /** @type {Company | null} */
    this.saved = null;
    this.heading = h("h1", { text: t("background.title"), tabindex: "-1" });
    this.pending = h("p", { class: "soft", text: t("background.loading") });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.done = h("p", { class: "notice notice-good", role: "status" }, icon("check"), (this.doneText = h("span")));
    show(this.done, false);
    const change = () => this.changed();
    this.kind = h(
      "select",
      { class: "input", id: "company-background", on: { change } },
      CHOICES.map((value) => h("option", { value, text: t(`agent.background.${value}`) })),
    );
    this.colour = h("input", { class: "input", id: "company-colour", type: "color", on: { input: change } });
    this.tint = h(
      "div",
      { class: "field" },
      h("label", { for: "company-colour", text: t("agent.background_colour") }),
      this.colour,
    );
    this.brighten = h("input", { id: "company-brighten", type: "checkbox", on: { change } });
    this.choose = h("input", { id: "company-choose", type: "checkbox", on: { change } });
    this.save = h(
      "button",
      { class: "button button-main", type: "submit", "aria-disabled": "true" },
      icon("check"),
      h("span", { text: t("background.save") }),
    );
    this.form = h(
      "form",
      {
        class: "card stack",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.send()) },
      },
      h(
        "div",
        { class: "field" },
        h("label", { for: "company-background", text: t("background.default") }),
        this.kind,
      ),
      this.tint,
      h(
        "label",
        { class: "tick", for: "company-brighten" },
        this.brighten,
        h("span", { text: t("background.brighten") }),
      ),
      h("label", { class: "tick", for: "company-choose" }, this.choose, h("span", { text: t("background.choose") })),
      h("div", { class: "row" }, this.save),
    );
    this.preview = h("img", { class: "background-preview", alt: t("background.preview"), hidden: true });
    this.none = h("p", { class: "soft", text: t("background.none") });
    this.status = h("p", { class: "soft", role: "status" });
    this.file = h("input", {
      type: "file",
      class: "background-file",
      accept: TYPES.join(","),
      hidden: true,
      on: { change: () => this.upload() },
    });
    this.pick = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.file.click() } },
      icon("add"),
      h("span", { text: t("background.pick") }),
    );
    this.remove = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.ask() } },
      icon("remove"),
      h("span", { text: t("background.remove") }),
    );
    this.sure = h(
      "button",
      { class: "button button-end", type: "button", on: { click: () => this.take() } },
      icon("remove"),
      h("span", { text: t("background.remove_sure") }),
    );
    this.asks = h(
      "div",
      { class: "stack", hidden: true },
      h("p", { text: t("background.remove_say") }),
      h(
        "div",
        { class: "row background-acts" },
        this.sure,
        h(
          "button",
          { class: "button", type: "button", on: { click: () => (this.settle(), this.remove.focus()) } },
          icon("back"),
          h("span", { text: t("background.keep") }),
        ),
      ),
    );
    this.acts = h("div", { class: "row background-acts" }, this.pick, this.file, this.remove);
    this.card = h(
      "section",
      { class: "card stack" },
      h("h2", { text: t("background.picture") }),
      this.none,
      this.preview,
      h("p", { class: "small soft", text: t("background.limits") }),
      this.acts,
      this.asks,
      this.status,
    );
    this.grid = h("div", { class: "background-grid", hidden: true }, this.form, this.card);
    this.element = h(
      "div",
      { class: "stack" },
      this.heading,
      h("p", { class: "soft", text: t("background.say") }),
      this.pending,
      (this.top = h("div", { class: "stack" }, this.trouble, this.done)),
      this.grid,
    );
  }

  enter() {
    this.settle();
    // What somebody has changed and not saved yet is still there.
    return this.exchange(() => request("GET", PATH), "", this.top);
  }

  /**
   * Ask the service and draw what it answers; only the newest answer counts.
   * @param {() => Promise<Company>} work
   * @param {string} words what is said once it is done
   * @param {HTMLElement} where what is said stands: beside what was pressed, for a phone shows little at once
   * @returns {Promise<boolean>} whether it is done
   */
  async exchange(work, words, where) {
    const attempt = ++this.attempt;
    show(this.done, false);
    show(this.trouble, false);
    if (!where.contains(this.trouble)) where.append(this.trouble, this.done);
    try {
      const company = await work();
      if (attempt !== this.attempt) return false;
      this.draw(company);
      setText(this.doneText, words);
      show(this.done, words !== "");
      return true;
    } catch (error) {
      const code = this.refused(error);
      if (attempt !== this.attempt) return false;
      setText(this.troubleText, faultText(code));
      show(this.trouble, true);
      return false;
    } finally {
      show(this.pending, false);
      setText(this.status, "");
    }
  }

  /** @param {Company} company */
  draw(company) {
    const { picture } = company;
    const keep = this.isChanged() && (picture !== null || this.kind.value !== "picture");
    this.saved = company;
    this.kind.options[CHOICES.length - 1].disabled = !picture;
    if (!keep) this.fill(company);
    this.changed();
    show(this.grid, true);
    show(this.none, !picture);
    show(this.preview, picture !== null);
    show(this.remove, picture !== null);
    // Another picture has another address: no browser shows the last one in its place.
    const address = picture ? `${PATH}/picture.jpg?${picture.digest.slice(0, 12)}` : "";
    if (!picture) this.preview.removeAttribute("src");
    else if (this.preview.getAttribute("src") !== address) {
      this.preview.width = picture.width;
      this.preview.height = picture.height;
      this.preview.src = address;
    }
  }

  /** @param {Company} company */
  fill({ default: now, agents_choose: choose }) {
    this.kind.value = now.kind === "blur" ? `blur-${now.strength}` : now.kind;
    this.colour.value = now.colour;
    this.brighten.checked = now.brighten;
    this.choose.checked = choose;
  }

  /** What the fields say. @returns {{ default: Default, agents_choose: boolean }} */
  wish() {
    const [kind, strength] = this.kind.value.split("-");
    return {
      default: {
        kind,
        strength: Number(strength ?? this.saved?.default.strength),
        colour: this.colour.value,
        brighten: this.brighten.checked,
      },
      agents_choose: this.choose.checked,
    };
  }

  isChanged() {
    if (!this.saved) return false;
    const { default: now, agents_choose: choose } = this.saved;
    const wish = this.wish();
    return (
      choose !== wish.agents_choose ||
      now.kind !== wish.default.kind ||
      now.strength !== wish.default.strength ||
      now.colour !== wish.default.colour ||
      now.brighten !== wish.default.brighten
    );
  }

  changed() {
    show(this.tint, this.kind.value === "colour");
    setAttribute(this.save, "aria-disabled", this.isChanged() ? null : "true");
    if (this.isChanged()) show(this.done, false);
  }

  async send() {
    if (!this.isChanged()) return;
    const wish = this.wish();
    await this.exchange(() => request("PUT", PATH, wish), t("background.saved"), this.form);
  }

  async upload() {
    const file = this.file.files?.[0];
    this.file.value = ""; // the same file, mended, may be chosen again
    if (!file) return;
    setText(this.status, t("background.sending"));
    await this.exchange(() => sent(file), t("background.picture_kept"), this.card);
  }

  ask() {
    show(this.asks, true);
    show(this.acts, false);
    this.sure.focus();
  }

  settle() {
    show(this.asks, false);
    show(this.acts, true);
  }

  async take() {
    const gone = () => request("DELETE", `${PATH}/picture`);
    const done = await this.exchange(gone, t("background.picture_removed"), this.card);
    this.settle();
    (done ? this.pick : this.remove).focus();
  }
}

/**
 * Send a picture; what cannot be one does not leave this computer.
 * @param {File} file
 * @returns {Promise<Company>}
 */
async function sent(file) {
  if (!TYPES.includes(file.type)) throw new RequestError("bad_image", 0);
  if (file.size > MAX_BYTES) throw new RequestError("too_large", 0);
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(`${PATH}/picture`, {
      method: "PUT",
      credentials: "same-origin",
      headers: { "Content-Type": file.type },
      body: file,
      signal: AbortSignal.timeout(UPLOAD_MS),
    });
  } catch {
    throw new RequestError("unreachable", 0);
  }
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw new RequestError(value?.error ?? "internal", answer.status, value);
  return value;
}

/** @param {string} code */
function faultText(code) {
  const key = `background.fault.${code}`;
  return has(key) ? t(key) : errorText(code);
}
