/** Whether new customers come in: one switch, what it will do in words, and the notice for who finds it closed. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { fetchService, request } from "../shared/service.js";
import { dayText, hourText } from "../shared/time.js";
import { errorText } from "../shared/words.js";

/** @typedef {{ open: boolean, since: string | null, by: string, notice: Record<string, string> }} DoorState */

const MAX_NOTICE = 120;
/** @type {readonly [import("../shared/i18n.js").Locale, string][]} */
const NOTICES = [
  ["zh-CN", "door.notice_zh"],
  ["zh-HK", "door.notice_hk"],
  ["en", "door.notice_en"],
];

export class DoorCard {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.attempt = 0;
    /** It is a time outside of the opening hours, whatever the switch says. */
    this.resting = false;
    /** @type {DoorState | null} */
    this.state = null;
    this.mark = h("span", { class: "pill" });
    this.since = h("span", { class: "soft" });
    this.said = h("ul", { class: "door-said" });
    this.effect = h("p", { class: "small soft", id: "door-effect" });
    this.turn = h("button", {
      class: "button",
      type: "button",
      "aria-describedby": "door-effect",
      on: { click: () => (this.state?.open ? this.ask() : this.send(true)) },
    });
    this.inputs = NOTICES.map(([lang]) =>
      h("input", { class: "input", id: `door-${lang}`, lang, maxlength: MAX_NOTICE, autocomplete: "off" }),
    );
    this.form = h(
      "form",
      {
        class: "stack",
        hidden: true,
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.send(false)) },
      },
      h("p", { class: "notice notice-attention" }, icon("info"), h("span", { text: t("door.will_close") })),
      NOTICES.map(([lang, key], i) =>
        h("div", { class: "field" }, h("label", { for: `door-${lang}`, text: t(key) }), this.inputs[i]),
      ),
      h("p", { class: "small soft", text: t("door.notice_say") }),
      h(
        "div",
        { class: "row" },
        h("button", { class: "button button-end", type: "submit" }, icon("door"), h("span", { text: t("door.close") })),
        h(
          "button",
          { class: "button", type: "button", on: { click: () => this.keep() } },
          icon("back"),
          h("span", { text: t("door.keep") }),
        ),
      ),
    );
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.element = h(
      "section",
      { class: "card stack now-door", hidden: true },
      h(
        "div",
        { class: "row spread" },
        h(
          "div",
          { class: "row", role: "status" },
          h("h2", { text: t("door.title") }),
          this.mark,
          this.since,
        ),
        this.effect,
        this.turn,
      ),
      this.said,
      this.form,
      this.trouble,
    );
  }

  /** Ask how it stands; another coordinator may have turned it. */
  async look() {
    const attempt = ++this.attempt;
    try {
      const [state, service] = await Promise.all([request("GET", "/api/door"), fetchService()]);
      if (attempt !== this.attempt || !this.form.hidden) return;
      this.resting = Boolean(service.hours && !service.hours.open_now);
      this.draw(state);
    } catch (error) {
      if (attempt === this.attempt) this.fail(this.refused(error));
    }
  }

  /** @param {DoorState} state */
  draw(state) {
    this.state = state;
    const { open, since, by, notice } = state;
    show(this.element, true);
    this.fail("");
    const resting = open && this.resting;
    this.mark.className = `pill pill-${resting ? "attention" : open ? "good" : "danger"}`;
    const word = resting ? "door.resting" : open ? "door.open" : "door.closed";
    // A screen reader says again whatever is put here anew: only what has changed.
    if (this.mark.dataset.word !== word) {
      this.mark.dataset.word = word;
      this.mark.replaceChildren(icon(resting ? "clock" : open ? "check" : "door"), h("span", { text: t(word) }));
    }
    const at = since ? Date.parse(since) : 0;
    setText(this.since, at && !open ? t("door.since", { time: `${dayText(at)} ${hourText(at)}`, name: by }) : "");
    const said = NOTICES.filter(([lang]) => notice[lang]);
    this.said.replaceChildren(...said.map(([lang]) => h("li", { lang, text: notice[lang] })));
    show(this.said, !open && said.length > 0);
    setText(this.effect, t(resting ? "door.say_resting" : open ? "door.say_open" : "door.say_closed"));
    this.turn.replaceChildren(
      icon(open ? "door" : "check"),
      h("span", { text: t(open ? "door.close_ask" : "door.reopen") }),
    );
  }

  ask() {
    show(this.form, true);
    show(this.turn, false);
    show(this.effect, false);
    this.inputs[0].focus();
  }

  keep() {
    show(this.form, false);
    show(this.turn, true);
    show(this.effect, true);
    this.turn.focus();
  }

  /** @param {boolean} open */
  async send(open) {
    const notice = Object.fromEntries(NOTICES.map(([lang], i) => [lang, open ? "" : this.inputs[i].value.trim()]));
    this.attempt += 1;
    try {
      this.draw(await request("POST", "/api/door", { open, notice }));
      this.keep();
    } catch (error) {
      this.fail(this.refused(error));
    }
  }

  /** @param {string} code */
  fail(code) {
    show(this.element, true);
    show(this.trouble, code !== "");
    setText(this.troubleText, code ? errorText(code) : "");
  }
}
