/** The text strip of a call: whose line is whose is told by side, name, edge and colour; and a field to write. */

import { h, keyed, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { MOST_LINE } from "./text.js";

const photos = () => import("./photo.js");

/** @typedef {import("./text.js").Line} Line */

const LOOKS = { me: "line-mine", other: "line-theirs", before: "line-before" };

/** @param {Line} line */
const isDraft = ({ state }) => state === "writing" || state === "broken";

/** Draws the strip and its field. */
export class TextStrip {
  /** @param {{ lines: import("./text.js").Lines, typing: import("./typing.js").Typing | null }} app */
  constructor(app) {
    this.app = app;
    this.otherName = "";
    /** @type {readonly { name: string, writer?: string }[]} */
    this.others = [];
    this.last = "";
    // Whole lines are read out; one that is being written is there to be looked at.
    this.log = h("div", { role: "log", "aria-label": t("text.title"), tabindex: "0" });
    this.drafts = h("div");
    this.list = h("div", { class: "lines" }, this.log, this.drafts);
    // A notice or the keyboard takes room, a photo grows as it comes: whoever was at the newest line stays there. A
    // browser scrolls, too, when the room changes; that says nothing about the person. Whoever leaves the end goes up.
    this.atEnd = true;
    let room = "";
    let before = 0;
    const roomNow = () => `${this.list.clientWidth} ${this.list.clientHeight}`;
    this.list.addEventListener("scroll", () => {
      const { scrollTop, clientHeight, scrollHeight } = this.list;
      const here = scrollTop + clientHeight >= scrollHeight - 8;
      if (here || (room === roomNow() && scrollTop < before)) this.atEnd = here;
      before = scrollTop;
    });
    new ResizeObserver(() => {
      room = roomNow();
      if (this.atEnd) this.toEnd();
    }).observe(this.list);
    this.input = h("input", {
      class: "input",
      id: "text-input",
      type: "text",
      maxlength: String(MOST_LINE),
      autocomplete: "off",
      enterkeyhint: "send",
      placeholder: t("text.placeholder"),
      "aria-label": t("text.placeholder"),
      on: {
        input: (/** @type {InputEvent} */ event) => event.isComposing || app.typing?.write(this.input.value),
        compositionend: () => app.typing?.write(this.input.value),
      },
    });
    this.form = h(
      "form",
      {
        class: "write",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            if (app.lines.write(this.input.value, app.typing?.end())) this.input.value = "";
          },
        },
      },
      this.input,
      h(
        "label",
        { class: "button button-photo" },
        icon("camera"),
        h("span", { text: t("text.photo") }),
        h("input", { type: "file", accept: "image/jpeg,image/png,image/webp", on: { change: (event) => this.share(event.target) } }),
      ),
      h("button", { class: "button", type: "submit" }, icon("send"), h("span", { text: t("text.send") })),
    );
  }

  /**
   * @param {Line[]} lines
   * @param {string} otherName
   * @param {readonly { name: string, writer?: string }[]} [others] further people
   */
  draw(lines, otherName, others = []) {
    this.otherName = otherName;
    this.others = others;
    for (const [place, some] of /** @type {const} */ ([
      [this.log, lines.filter((line) => !isDraft(line))],
      [this.drafts, lines.filter(isDraft)],
    ])) {
      keyed(
        place,
        some,
        (line) => line.id,
        (line) => this.make(line),
      );
    }
    const newest = lines.at(-1);
    const last = newest ? `${newest.id} ${newest.text.length}` : "";
    if (last === this.last) return;
    this.last = last;
    // Whoever reads further up is not pulled away by each character.
    if (newest && (this.atEnd || !isDraft(newest))) this.toEnd();
  }

  /** @param {HTMLInputElement} field */
  async share(field) {
    const file = field.files?.[0];
    field.value = "";
    if (file) (await photos()).sendPhoto(this.app.lines, file);
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {Line} line */
  make(line) {
    const again = h("button", { class: "button small", type: "button", on: { click: () => this.app.lines.writeAgain(line.id) } });
    again.append(icon("again"), h("span", { text: t("text.again") }));
    const who = h("span", { class: "line-who" });
    const text = h("p");
    const { photo } = line;
    const picture =
      photo &&
      h(
        "button",
        { class: "line-photo", type: "button", "aria-label": t("text.photo"), on: { click: async () => (await photos()).showPhoto(photo) } },
        h("img", { src: photo, alt: "", on: { load: () => this.atEnd && this.toEnd() } }),
      );
    const element = h("div", {}, who, picture, text, again);
    const update = (/** @type {Line} */ now) => {
      const further = this.others.find(({ writer }) => writer && writer === now.writer);
      element.className = `line ${LOOKS[now.who]}${further ? " line-further" : ""}${isDraft(now) ? " line-draft" : ""}`;
      element.dataset.who = now.who;
      const name = now.who === "other" ? further?.name || now.name || this.otherName : t(`text.${now.who}`);
      setText(text, now.text);
      show(text, now.text !== "");
      setText(who, now.state === "there" ? name : `${name} · ${t(`text.${now.state}`)}`);
      show(again, now.state === "failed");
    };
    return { element, update };
  }
}
