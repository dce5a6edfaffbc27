/**
 * Text as it is written: what goes out piece by piece (`Typist`), and what comes in, by whichever carrier (`Reader`).
 *
 * A piece is T.140 text: characters, U+0008 for each that is taken back, U+2028 at the line's end. It belongs to a line
 * and has a number in it, from 1: pieces that come twice or too late are dropped, one that does not come is marked. The
 * finished line comes as a whole and takes their place. Characters are code points: no surrogate pair is ever parted.
 *
 * Source: ITU-T T.140; RFC 8865; RFC 4103, section 5.
 */

/** @typedef {import("./text.js").Line} Line */
/** @typedef {{ line: number, number: number, text: string }} Piece */
/** @typedef {{ text: string, next: number, held: Map<number, string>, ended: boolean, waiting: boolean }} Draft */

const EVERY_MS = 300;
const PER_S = 30;
const BURST = 10 * PER_S;
const GAP_MS = 1000;
const MOST_SIGNS = 1000;
const MOST_HELD = 64;
const MOST_DRAFTS = 4;
const END = "\u2028";
const LOSS = "\ufffd";
const UNWRITTEN = /[\p{Cc}\p{Cs}\u2028\u2029]/gu;

/**
 * @param {string} text
 * @param {string} piece
 */
export function applied(text, piece) {
  const signs = Array.from(text);
  for (const sign of piece) {
    if (sign === "\b") signs.pop();
    else if (sign !== END && signs.length < MOST_SIGNS) signs.push(sign);
  }
  return signs.join("");
}

/**
 * What makes one text of another: so many taken back, then the new end.
 * @param {string} before
 * @param {string} after
 */
export function change(before, after) {
  const [old, now] = [Array.from(before), Array.from(after)];
  let same = 0;
  while (same < old.length && old[same] === now[same]) same += 1;
  return [...old.slice(same).fill("\b"), ...now.slice(same)];
}

/** The own line: what of it is there on the other side, and what has to be sent next. */
export class Typist {
  /**
   * @param {object} options
   * @param {(piece: Piece) => void} options.send
   * @param {() => number} options.nowMs the service's clock: lines of two devices stand in one order
   * @param {() => number} [options.steadyMs]
   * @param {(act: () => void, ms: number) => unknown} [options.later]
   */
  constructor({ send, nowMs, steadyMs = () => performance.now(), later = setTimeout.bind(window) }) {
    this.send = send;
    this.nowMs = nowMs;
    this.steadyMs = steadyMs;
    this.later = later;
    this.last = 0;
    this.spare = BURST;
    this.sentMs = -Infinity;
    this.due = false;
    this.line = 0;
    this.number = 0;
    /** What the other side has of the line, and how it stands here. */
    this.there = "";
    this.text = "";
  }

  begin() {
    this.line = 0;
    this.number = 0;
    this.there = "";
    this.text = "";
  }

  /** @param {string} text the line as it stands now */
  write(text) {
    this.text = text.replace(UNWRITTEN, "");
    this.soon();
  }

  /** The other side has missed some of it, or may have: the line begins anew. */
  again() {
    const { text } = this;
    this.begin();
    this.write(text);
  }

  /** The line is done. @returns {number} its number, 0 when nothing of it has gone out */
  end() {
    const { line } = this;
    if (line) this.flush(END);
    this.begin();
    return line;
  }

  soon() {
    if (this.due) return;
    this.due = true;
    this.later(() => this.due && this.flush(), Math.max(0, this.sentMs + EVERY_MS - this.steadyMs()));
  }

  flush(end = "") {
    this.due = false;
    const now = this.steadyMs();
    const signs = change(this.there, this.text);
    if (!signs.length && !end) return;
    this.spare = Math.min(BURST, this.spare + ((now - this.sentMs) / 1000) * PER_S);
    this.sentMs = now;
    const some = signs.slice(0, Math.floor(this.spare));
    if (some.length || end) {
      this.spare -= some.length;
      if (!this.line) this.line = this.last = Math.max(this.last + 1, Math.round(this.nowMs()));
      this.number += 1;
      const text = some.join("");
      this.there = applied(this.there, text);
      this.send({ line: this.line, number: this.number, text: text + end });
    }
    if (some.length < signs.length && !end) this.soon();
  }
}

/** The other person's unfinished lines, in one order whichever carrier a piece came by. */
export class Reader {
  /**
   * @param {object} options
   * @param {(lines: Line[]) => void} options.onChange
   * @param {(act: () => void, ms: number) => unknown} [options.later]
   */
  constructor({ onChange, later = setTimeout.bind(window) }) {
    this.onChange = onChange;
    this.later = later;
    /** Lines up to this number have come as a whole. */
    this.done = 0;
    /** @type {Map<number, Draft>} */
    this.drafts = new Map();
  }

  /** @param {Piece} piece */
  hear({ line, number, text }) {
    if (line <= this.done) return;
    let draft = this.drafts.get(line);
    if (!draft) {
      // A writer has one line in work: an older one is over, and what comes of it later comes as a whole.
      for (const [other, its] of this.drafts) {
        if (other > line) return;
        if (!its.ended) this.drafts.delete(other);
      }
      draft = { text: "", next: 1, held: new Map(), ended: false, waiting: false };
      this.drafts.set(line, draft);
      if (this.drafts.size > MOST_DRAFTS) this.drafts.delete(Math.min(...this.drafts.keys()));
    }
    if (number < draft.next) return;
    draft.held.set(number, text);
    this.take(draft);
    if (draft.held.size > MOST_HELD) this.skip(draft);
    else this.wait(draft);
    this.tell();
  }

  /**
   * A line has come as a whole.
   * @param {number} line
   */
  settle(line) {
    this.done = Math.max(this.done, line);
    for (const other of this.drafts.keys()) if (other <= line) this.drafts.delete(other);
    this.tell();
  }

  clear() {
    this.drafts.clear();
    this.done = 0;
    this.tell();
  }

  /** @param {Draft} draft */
  take(draft) {
    for (let text; (text = draft.held.get(draft.next)) !== undefined; draft.next += 1) {
      draft.held.delete(draft.next);
      draft.text = applied(draft.text, text);
      draft.ended ||= text.endsWith(END);
    }
  }

  /** A piece is missing: the other carrier may bring it yet. @param {Draft} draft */
  wait(draft) {
    if (draft.waiting || !draft.held.size) return;
    const { next } = draft;
    draft.waiting = true;
    this.later(() => {
      draft.waiting = false;
      if (draft.next === next) this.skip(draft);
      this.wait(draft);
      this.tell();
    }, GAP_MS);
  }

  /** It does not come: say so in its place, and go on. @param {Draft} draft */
  skip(draft) {
    if (!draft.held.size) return;
    draft.next = Math.min(...draft.held.keys());
    draft.text = applied(draft.text, LOSS);
    this.take(draft);
  }

  tell() {
    const drafts = [...this.drafts].filter(([, { text }]) => text);
    this.onChange(
      drafts.map(([line, { text }]) => ({
        id: `w${line}`,
        seq: 0,
        who: "other",
        text,
        state: text.includes(LOSS) ? "broken" : "writing",
      })),
    );
  }
}
