/**
 * Joins the field of a call's text and other people's unfinished lines with the service, by two carriers: each piece
 * goes by the peer connection's channel where it is open, and by the socket. What comes first is shown; one that fails
 * is made up for by the other before anybody could have noticed (docs/adr/0025-two-carriers-of-text.md).
 */

import { Reader, Typist } from "./rtt.js";
import { nowMs } from "./time.js";

/** @typedef {import("./messages.js").FromPage} FromPage */
/** @typedef {import("./messages.js").ToPage} ToPage */

/** @typedef {import("./text.js").Line} Line */

// Call, line, number and who writes stand before the text in a T.140 control string (SOS to ST).
const MESSAGE = /^\x98(\S+) (\d+) (\d+) (\S+)\x9c(.+)$/su;

/**
 * @typedef {object} App
 * @property {{ send: (message: FromPage) => boolean }} socket
 * @property {import("./peer.js").Peer} peer
 * @property {import("./text.js").Lines} lines
 */

export class Typing {
  /** @param {App} app */
  constructor({ socket, peer, lines }) {
    this.lines = lines;
    this.call = "";
    this.typist = new Typist({
      nowMs,
      send: (piece) => {
        const { line, number, text } = piece;
        if (peer.text?.readyState === "open") peer.text.send(`\x98${lines.call} ${line} ${number}\x9c${text}`);
        socket.send({ type: "rtt", call: lines.call, ...piece });
      },
    });
    peer.onText = (message) => this.hearChannel(message);
    /** One for each who writes. @type {Map<string, Reader>} */
    this.readers = new Map();
    /** @type {Map<string, Line[]>} */
    this.drafts = new Map();
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
    if (message.type === "text_line" && !message.mine) this.reader(message.writer).settle(message.line);
    if (message.type !== "rtt" || message.call !== this.call) return;
    if (message.number) this.reader(message.writer).hear(message);
    else this.typist.again();
  }

  /** @param {string} message of the peer connection's channel */
  hearChannel(message) {
    this.turn();
    const [, call, line, number, writer, text] = MESSAGE.exec(message) ?? [];
    if (call && call === this.call) this.reader(writer).hear({ line: Number(line), number: Number(number), text });
  }

  /** What somebody writes. @param {string} [writer] */
  reader(writer = "") {
    let reader = this.readers.get(writer);
    if (!reader) {
      reader = new Reader({
        onChange: (drafts) => {
          this.drafts.set(
            writer,
            drafts.map((draft) => ({ ...draft, id: `${writer}-${draft.id}`, writer })),
          );
          this.lines.draft([...this.drafts.values()].flat());
        },
      });
      this.readers.set(writer, reader);
    }
    return reader;
  }

  /** With another call nothing is left of the last one. */
  turn() {
    const { call } = this.lines;
    if (call === this.call) return;
    this.call = call;
    this.typist.begin();
    for (const reader of this.readers.values()) reader.clear();
    this.readers.clear();
    this.drafts.clear();
  }
}
