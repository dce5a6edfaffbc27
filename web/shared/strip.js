/** The text strip of a call: whose line is whose is told by side, name, edge and colour; and a field to write. */

import { h, keyed, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { MOST_LINE } from "./text.js";

/** @typedef {import("./text.js").Line} Line */

const LOOKS = { me: "line-mine", other: "line-theirs", before: "line-before" };

/** Draws the strip and its field. */
export class TextStrip {
  /**
   * @param {object} options
   * @param {(text: string) => boolean} options.onWrite
   * @param {(id: string) => void} options.onAgain
   */
  constructor({ onWrite, onAgain }) {
    this.onAgain = onAgain;
    this.otherName = "";
    this.last = "";
    this.list = h("div", { class: "lines", role: "log", "aria-label": t("text.title"), tabindex: "0" });
    // A notice or the keyboard takes room: whoever was at the newest line stays there. A browser scrolls, too, when
    // the room changes; that says nothing about the person.
    this.atEnd = true;
    let room = "";
    const roomNow = () => `${this.list.clientWidth} ${this.list.clientHeight}`;
    this.list.addEventListener("scroll", () => {
      const { scrollTop, clientHeight, scrollHeight } = this.list;
      if (room === roomNow()) this.atEnd = scrollTop + clientHeight >= scrollHeight - 8;
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
    });
    this.form = h(
      "form",
      {
        class: "write",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            if (onWrite(this.input.value)) this.input.value = "";
          },
        },
      },
      this.input,
      h("button", { class: "button", type: "submit" }, icon("send"), h("span", { text: t("text.send") })),
    );
  }

  /**
   * @param {Line[]} lines
   * @param {string} otherName
   */
  draw(lines, otherName) {
    this.otherName = otherName;
    keyed(
      this.list,
      lines,
      (line) => line.id,
      (line) => this.make(line),
    );
    const last = lines.length ? lines[lines.length - 1].id : "";
    if (last !== this.last) {
      this.last = last;
      this.toEnd();
    }
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {Line} line */
  make(line) {
    const again = h("button", { class: "button small", type: "button", on: { click: () => this.onAgain(line.id) } });
    again.append(icon("again"), h("span", { text: t("text.again") }));
    const who = h("span", { class: "line-who" });
    const element = h(
      "div",
      {},
      who,
      h("p", { text: line.text }),
      again,
    );
    const update = (/** @type {Line} */ now) => {
      element.className = `line ${LOOKS[now.who]}`;
      element.dataset.who = now.who;
      const name = now.who === "other" ? this.otherName : t(`text.${now.who}`);
      setText(who, now.state === "there" ? name : `${name} · ${t(`text.${now.state}`)}`);
      show(again, now.state === "failed");
    };
    return { element, update };
  }
}
