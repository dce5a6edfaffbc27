/**
 * What an agent says of a call after it: one key says how it ended, a note may follow. Kept by the service as it is
 * said; what did not reach it is said again when the page is back.
 */

/** @typedef {import("../shared/messages.js").AfterCall} AfterCall */
/** @typedef {import("../shared/messages.js").Disposition} Message */
/** @typedef {import("../shared/messages.js").Outcome} Outcome */
/** @typedef {import("../shared/messages.js").OutcomeSoFar} OutcomeSoFar */

/** @typedef {{ outcome: OutcomeSoFar, note: string, due_in_h: number }} Said */
/** @typedef {{ outcome: Outcome, due_in_h: number }} Choice */

/**
 * "empty": nothing said; "unchosen": a note alone, which waits for an outcome; "saving": on its way; "waiting": there
 * is no network; "refused": the service does not take it; "saved": the service has it.
 * @typedef {"empty" | "unchosen" | "saving" | "waiting" | "refused" | "saved"} Saved
 */

/**
 * @typedef {object} Work
 * @property {string} call "" when there is nothing to say
 * @property {Said} said
 * @property {Saved} saved
 * @property {string} lost a note that the service did not get before the time was over; "" for none
 */

/** What the number keys say, from 1: how it ended, then by when the follow-up is due. @type {readonly Choice[]} */
export const CHOICES = Object.freeze([
  { outcome: "solved", due_in_h: 0 },
  { outcome: "follow_up", due_in_h: 24 },
  { outcome: "referred", due_in_h: 0 },
  { outcome: "cut_off", due_in_h: 0 },
  { outcome: "misdirected", due_in_h: 0 },
  { outcome: "follow_up", due_in_h: 2 },
  { outcome: "follow_up", due_in_h: 24 },
  { outcome: "follow_up", due_in_h: 72 },
]);

export const MOST_NOTE = 1000;
const NOTE_PAUSE_MS = 700;

/** @returns {Work} */
export function noWork() {
  return { call: "", said: nothing(), saved: "empty", lost: "" };
}

/** @returns {Said} */
function nothing() {
  return { outcome: "", note: "", due_in_h: 0 };
}

/**
 * @param {Said} one
 * @param {Said} other
 */
function isSame(one, other) {
  return one.outcome === other.outcome && one.note === other.note && one.due_in_h === other.due_in_h;
}

export class DispositionDesk {
  /**
   * @param {object} options
   * @param {(message: Message) => boolean} options.send false when there is no connection
   * @param {(work: Work) => void} options.onChange
   */
  constructor({ send, onChange }) {
    this.send = send;
    this.onChange = onChange;
    this.call = "";
    /** What the agent says now. */
    this.said = nothing();
    /** What the service has. */
    this.kept = nothing();
    /** What was sent last on the present connection. @type {Said | null} */
    this.sent = null;
    this.refused = false;
    this.lost = "";
    /** A note that was on its way when the work ended. */
    this.late = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @returns {Work} */
  work() {
    return { call: this.call, said: this.said, saved: this.saved(), lost: this.lost };
  }

  /** @returns {Saved} */
  saved() {
    if (isSame(this.said, nothing()) && isSame(this.kept, this.said)) return "empty";
    if (isSame(this.said, this.kept)) return "saved";
    if (!this.said.outcome) return "unchosen";
    if (this.refused) return "refused";
    return this.sent ? "saving" : "waiting";
  }

  /**
   * Follow the newest view.
   * @param {AfterCall | null} after
   */
  see(after) {
    if (!after) return this.finish();
    if (after.call !== this.call) {
      this.finish();
      this.call = after.call;
      this.kept = { outcome: after.outcome, note: after.note, due_in_h: after.due_in_h };
      this.said = { ...this.kept };
      this.lost = "";
    } else {
      const untouched = isSame(this.said, this.kept);
      this.kept = { outcome: after.outcome, note: after.note, due_in_h: after.due_in_h };
      if (untouched) this.said = { ...this.kept };
      // A view of a new connection, which was told nothing yet.
      if (!this.sent) this.flush();
    }
    return this.onChange(this.work());
  }

  /** The connection is gone: what was sent last may not have arrived. */
  cut() {
    this.sent = null;
    this.onChange(this.work());
  }

  /** @param {Choice} choice */
  choose(choice) {
    if (!this.call) return;
    this.say({ ...this.said, ...choice });
    this.flush();
  }

  /** @param {string} note */
  write(note) {
    if (!this.call) return;
    this.say({ ...this.said, note });
    this.timer ??= setTimeout(() => this.flush(), NOTE_PAUSE_MS);
  }

  /** @param {Said} said */
  say(said) {
    this.said = said;
    this.refused = false;
    this.onChange(this.work());
  }

  /** Tell the service now whatever it has not been told. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { call, said } = this;
    if (!call || !said.outcome || isSame(said, this.sent ?? this.kept)) return;
    const { outcome, note, due_in_h } = said;
    this.sent = this.send({ type: "disposition", call, outcome, note, due_in_h }) ? said : null;
    this.onChange(this.work());
  }

  /** The service refused what was said. */
  refuse() {
    if (this.call) this.refused = true;
    // The work ended while it was on its way.
    else this.lost = this.late;
    this.onChange(this.work());
  }

  /** The work is over, by the agent or by its limit: a note that could not be kept stays to be read. */
  finish() {
    if (!this.call) return;
    const { note } = this.said;
    this.late = note === this.kept.note ? "" : note;
    if (note !== (this.sent ?? this.kept).note) this.lost = note;
    this.forget();
  }

  /** The agent has read the note that was lost. */
  dismiss() {
    this.lost = "";
    this.onChange(this.work());
  }

  forget() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.call = "";
    this.said = this.kept = nothing();
    this.sent = null;
    this.refused = false;
    this.onChange(this.work());
  }
}
