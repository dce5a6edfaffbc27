/** The text strip of a call: whose line is whose is told by side, name, edge and colour; and a field to write. */

import { h, keyed, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

/** @typedef {import("./messages.js").TextLine} TextLine */

/**
 * "before": a signer who has left this call.
 * @typedef {"me" | "other" | "before"} Writer
 */

/**
 * A line on the strip. "sending" and "failed" are own lines that the service has not confirmed.
 * @typedef {object} Line
 * @property {string} id
 * @property {number} seq 0 until the service has it
 * @property {Writer} who
 * @property {string} text
 * @property {"there" | "sending" | "failed"} state
 */

export const MOST_LINE = 500;
const CONFIRM_MS = 3000;
const LOOKS = { me: "line-mine", other: "line-theirs", before: "line-before" };

/** The lines of one call, each once, in the service's order; own ones wait at the end until confirmed. */
export class Lines {
  /**
   * @param {object} options
   * @param {(call: string, text: string) => boolean} options.send
   * @param {(lines: Line[]) => void} options.onChange
   * @param {(line: TextLine) => void} [options.onTheirs] a new line of the other person
   */
  constructor({ send, onChange, onTheirs = () => {} }) {
    this.send = send;
    this.onChange = onChange;
    this.onTheirs = onTheirs;
    this.call = "";
    /** @type {Line[]} */
    this.lines = [];
    this.own = 0;
  }

  /**
   * A strip belongs to one call; another call starts an empty one.
   * @param {string} call
   */
  begin(call) {
    if (this.call === call) return;
    this.call = call;
    this.lines = [];
    this.onChange(this.lines);
  }

  /** @param {TextLine} line */
  hear(line) {
    // Lines may come before the view that names their call; the service sends those of the present call only.
    this.begin(line.call);
    /** @type {Writer} */
    const who = line.mine ? "me" : line.of_before ? "before" : "other";
    if (this.lines.some((known) => known.seq === line.seq)) {
      // With another signer the service says all lines again: whose they are has changed, they themselves have not.
      this.lines = this.lines.map((known) => (known.seq === line.seq ? { ...known, who } : known));
      this.onChange(this.lines);
      return;
    }
    const waiting = this.lines.findIndex((known) => line.mine && known.seq === 0 && known.text === line.text);
    if (waiting >= 0) this.lines.splice(waiting, 1);
    this.lines = [
      ...this.lines,
      { id: `s${line.seq}`, seq: line.seq, who, text: line.text, state: /** @type {const} */ ("there") },
    ].sort((a, b) => (a.seq || Infinity) - (b.seq || Infinity));
    if (who === "other") this.onTheirs(line);
    this.onChange(this.lines);
  }

  /**
   * @param {string} written
   * @returns {boolean} false when there was nothing to send
   */
  write(written) {
    const text = written.trim().slice(0, MOST_LINE);
    if (!text || !this.call) return false;
    this.own += 1;
    /** @type {Line} */
    const line = { id: `o${this.own}`, seq: 0, who: "me", text, state: "sending" };
    this.lines = [...this.lines, line];
    this.attempt(line);
    return true;
  }

  /** @param {string} id */
  writeAgain(id) {
    const line = this.lines.find((known) => known.id === id && known.state === "failed");
    if (line) this.attempt(line);
  }

  /** @param {Line} line */
  attempt(line) {
    this.change(line.id, this.send(this.call, line.text) ? "sending" : "failed");
    setTimeout(() => this.change(line.id, "failed"), CONFIRM_MS);
  }

  /**
   * @param {string} id
   * @param {"sending" | "failed"} state
   */
  change(id, state) {
    if (!this.lines.some((line) => line.id === id)) return;
    this.lines = this.lines.map((line) => (line.id === id ? { ...line, state } : line));
    this.onChange(this.lines);
  }
}

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
