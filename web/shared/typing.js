/** Joins the field of a call's text and the other person's unfinished lines with the service. */

import { Reader, Typist } from "./rtt.js";
import { nowMs } from "./time.js";

/** @typedef {import("./messages.js").FromPage} FromPage */
/** @typedef {import("./messages.js").ToPage} ToPage */

export class Typing {
  /** @param {{ socket: { send: (message: FromPage) => boolean }, lines: import("./text.js").Lines }} app */
  constructor({ socket, lines }) {
    this.lines = lines;
    this.call = "";
    this.typist = new Typist({
      nowMs,
      send: (piece) => socket.send({ type: "rtt", call: lines.call, ...piece }),
    });
    this.reader = new Reader({ onChange: (drafts) => lines.draft(drafts) });
  }

  /** @param {string} text the field as it stands, with nothing that an input method still composes */
  write(text) {
    this.turn();
    this.typist.write(text);
  }

  /** The line goes out as a whole. @returns {number} its number, 0 when nothing was seen of it */
  end() {
    return this.typist.end();
  }

  /** @param {ToPage} message */
  hear(message) {
    this.turn();
    if (message.type === "welcome") this.typist.again();
    if (message.type === "text_line" && !message.mine) this.reader.settle(message.line);
    if (message.type !== "rtt" || message.call !== this.call) return;
    if (message.number) this.reader.hear(message);
    else this.typist.again();
  }

  /** With another call nothing is left of the last one. */
  turn() {
    const { call } = this.lines;
    if (call === this.call) return;
    this.call = call;
    this.typist.begin();
    this.reader.clear();
  }
}
