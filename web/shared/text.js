/** The written lines of a call, as a page knows them. */

/** @typedef {import("./messages.js").TextLine} TextLine */

/**
 * "before": a signer who has left this call.
 * @typedef {"me" | "other" | "before"} Writer
 */

/**
 * A line on the strip. "sending" and "failed" are own lines that the service has not confirmed; "writing" and "broken"
 * are lines of the other person that are not finished, the latter with something missing. "refused": a photo that is none.
 * @typedef {object} Line
 * @property {string} id
 * @property {number} seq 0 until the service has it
 * @property {Writer} who
 * @property {string} text
 * @property {"there" | "sending" | "failed" | "writing" | "broken" | "refused"} state
 * @property {number} [line] its number while it was written
 * @property {string} [writer] what tells one other person's lines from another's
 * @property {string} [name] of an agent who wrote it
 * @property {string} [photo] where it is, for a line that is one
 * @property {() => void} [upload] what sends an own photo
 */

export const MOST_LINE = 500;
const CONFIRM_MS = 3000;

/** The lines of one call, each once, in the service's order; own ones wait at the end until confirmed. */
export class Lines {
  /**
   * @param {object} options
   * @param {(call: string, text: string, line: number) => boolean} options.send
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
    /** @type {Line[]} */
    this.drafts = [];
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
    this.draft([]);
  }

  /** @param {Line[]} drafts the other person's unfinished lines */
  draft(drafts) {
    this.drafts = drafts;
    this.tell();
  }

  tell() {
    this.onChange([...this.lines, ...this.drafts]);
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
      this.tell();
      return;
    }
    const waiting = this.lines.findIndex(
      (known) =>
        line.mine &&
        known.seq === 0 &&
        (line.photo ? known.id === line.photo : line.line ? known.line === line.line : known.text === line.text),
    );
    if (waiting >= 0) this.lines.splice(waiting, 1);
    const photo = line.photo && `/api/photos/${line.call}/${line.photo}`;
    this.lines = [
      ...this.lines,
      {
        ...{ id: `s${line.seq}`, seq: line.seq, who, text: line.text, photo, state: /** @type {const} */ ("there") },
        ...{ writer: line.writer, name: line.name },
      },
    ].sort((a, b) => (a.seq || Infinity) - (b.seq || Infinity));
    if (who === "other") this.onTheirs(line);
    this.tell();
  }

  /**
   * @param {string} written
   * @param {number} [number] under which it was seen while it was written
   * @returns {boolean} false when there was nothing to send
   */
  write(written, number = 0) {
    const text = written.trim().slice(0, MOST_LINE);
    if (!text || !this.call) return false;
    this.own += 1;
    this.add({ id: `o${this.own}`, seq: 0, who: "me", text, state: "sending", line: number });
    return true;
  }

  /** @param {Line} line an own one that is to be sent */
  add(line) {
    this.lines = [...this.lines, line];
    this.attempt(line);
  }

  /** @param {string} id */
  writeAgain(id) {
    const line = this.lines.find((known) => known.id === id && known.state === "failed");
    if (line) this.attempt(line);
  }

  /** @param {Line} line */
  attempt(line) {
    if (line.upload) {
      this.change(line.id, "sending");
      line.upload();
      return;
    }
    this.change(line.id, this.send(this.call, line.text, line.line ?? 0) ? "sending" : "failed");
    setTimeout(() => this.change(line.id, "failed"), CONFIRM_MS);
  }

  /**
   * @param {string} id
   * @param {"sending" | "failed" | "refused"} state
   * @param {string} [why]
   */
  change(id, state, why) {
    if (!this.lines.some((line) => line.id === id)) return;
    this.lines = this.lines.map((line) => (line.id === id ? { ...line, state, text: why ?? line.text } : line));
    this.tell();
  }
}
