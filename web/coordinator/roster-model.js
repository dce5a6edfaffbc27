/** A roster in the making, as the page changes it: functions of what GET /api/rosters/<draft> answers, and its undo. */

/** @typedef {{ from_min: number, to_min: number }} Pause minutes from the shift's start */

/**
 * One shift of one person. `person` is a sign-in name, `shift` a type of the team's or "" for times of its own.
 * @typedef {{ person: string, day: string, shift: string, start: string, minutes: number, pauses: Pause[] }} Duty
 */

/** @typedef {{ name: string, start_min: number, minutes: number }} Kind a type of shift */

/** @typedef {{ rule: string, person: string, day: number | null, shift: string, has: number, limit: number }} Fault */

/** @typedef {{ name: string, title: string, ruled: boolean }} Person */

/**
 * @typedef {object} Draft
 * @property {string} draft
 * @property {number} rev
 * @property {string} state
 * @property {string} first_day
 * @property {number} days
 * @property {string} zone
 * @property {Person[]} people
 * @property {Kind[]} shifts
 * @property {Record<string, string[]>} off
 * @property {Record<string, string[]>} wishes_off
 * @property {Duty[]} duties
 * @property {Fault[]} faults
 * @property {number[][]} scheduled
 * @property {number[][]} required
 */

/** @typedef {{ from: number, to: number, missing: number }} Gap quarter hours of a day */

export const QUARTER_MIN = 15;
export const DAY_MIN = 1440;
const DAY_MS = 86_400_000;

/**
 * @param {string} first YYYY-MM-DD
 * @param {number} count
 * @returns {string[]}
 */
export function daysFrom(first, count) {
  const start = Date.parse(`${first}T00:00:00Z`);
  return Array.from({ length: count }, (_, n) => new Date(start + n * DAY_MS).toISOString().slice(0, 10));
}

/**
 * @param {readonly Duty[]} duties
 * @param {string} person
 * @param {string} day
 */
export function dutiesAt(duties, person, day) {
  return duties.filter((duty) => duty.person === person && duty.day === day).sort((a, b) => minuteOf(a) - minuteOf(b));
}

/** @param {Pick<Duty, "start">} duty minutes of the day at which it begins */
export function minuteOf({ start }) {
  const [hours, minutes] = start.split(":").map(Number);
  return hours * 60 + minutes;
}

/**
 * HH:MM of a minute of the day, of the next day's too.
 * @param {number} minute
 */
export function clock(minute) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const at = ((minute % DAY_MIN) + DAY_MIN) % DAY_MIN;
  return `${two(Math.floor(at / 60))}:${two(at % 60)}`;
}

/** @param {Duty} duty */
export function timesOf(duty) {
  return `${duty.start}–${clock(minuteOf(duty) + duty.minutes)}`;
}

/**
 * The duties with this person's day as it is to be.
 * @param {readonly Duty[]} duties
 * @param {string} person
 * @param {string} day
 * @param {readonly Duty[]} wanted
 * @returns {Duty[]}
 */
export function withDay(duties, person, day, wanted) {
  const others = duties.filter((duty) => duty.person !== person || duty.day !== day);
  return [...others, ...wanted.map((duty) => ({ ...duty, person, day }))];
}

/**
 * A shift of a type; its breaks are put in by the service.
 * @param {string} person
 * @param {string} day
 * @param {Kind} kind
 * @returns {Duty}
 */
export function dutyOf(person, day, kind) {
  return { person, day, shift: kind.name, start: clock(kind.start_min), minutes: kind.minutes, pauses: [] };
}

/**
 * The duty at other times. Breaks that no longer lie inside are gone; times of a type are of that type.
 * @param {Duty} duty
 * @param {number} startMin of the day
 * @param {number} minutes
 * @param {readonly Kind[]} kinds
 * @returns {Duty}
 */
export function retimed(duty, startMin, minutes, kinds) {
  const at = Math.max(0, Math.min(DAY_MIN - QUARTER_MIN, startMin));
  const length = Math.max(QUARTER_MIN, Math.min(DAY_MIN, minutes));
  const kind = kinds.find((each) => each.start_min === at && each.minutes === length);
  const pauses = duty.pauses.filter((pause) => pause.to_min < length);
  return { ...duty, shift: kind?.name ?? "", start: clock(at), minutes: length, pauses };
}

/**
 * One person's day given to another cell; what stands there comes back in exchange.
 * @param {readonly Duty[]} duties
 * @param {{ person: string, day: string }} from
 * @param {{ person: string, day: string }} to
 */
export function exchanged(duties, from, to) {
  const [moved, back] = [dutiesAt(duties, from.person, from.day), dutiesAt(duties, to.person, to.day)];
  return withDay(withDay(duties, to.person, to.day, moved), from.person, from.day, back);
}

/**
 * The faults at a cell.
 * @param {readonly Fault[]} faults
 * @param {string} person
 * @param {number} day from 0
 */
export function faultsAt(faults, person, day) {
  return faults.filter((fault) => fault.person === person && fault.day === day);
}

/**
 * Stretches of a day in which fewer are on the floor than are wanted.
 * @param {readonly number[]} required
 * @param {readonly number[]} scheduled
 * @returns {Gap[]}
 */
export function gapsOf(required, scheduled) {
  /** @type {Gap[]} */
  const gaps = [];
  required.forEach((wanted, at) => {
    const missing = wanted - (scheduled[at] ?? 0);
    const last = gaps[gaps.length - 1];
    if (missing <= 0) return;
    if (last?.to === at && last.missing === missing) last.to = at + 1;
    else gaps.push({ from: at, to: at + 1, missing });
  });
  return gaps;
}

/**
 * The day in stretches in which no number changes.
 * @param {readonly number[]} required empty: not known
 * @param {readonly number[]} scheduled
 * @param {readonly number[]} [present] less than 0: not known
 * @returns {{ from: number, to: number, required: number, scheduled: number, present: number }[]}
 */
export function stretches(required, scheduled, present = []) {
  /** @type {ReturnType<typeof stretches>} */
  const found = [];
  scheduled.forEach((there, at) => {
    const wanted = required[at] ?? 0;
    const here = present[at] ?? -1;
    const last = found[found.length - 1];
    if (last && last.required === wanted && last.scheduled === there && last.present === here) last.to = at + 1;
    else found.push({ from: at, to: at + 1, required: wanted, scheduled: there, present: here });
  });
  return found;
}

/**
 * @param {readonly Duty[]} duties
 * @param {string} person
 */
export function minutesOf(duties, person) {
  return duties.reduce((sum, duty) => sum + (duty.person === person ? duty.minutes : 0), 0);
}

/** What was done, to be undone and done again. Each state is the whole list of duties. */
export class History {
  /** @param {Duty[]} first */
  constructor(first) {
    this.now = first;
    /** @type {Duty[][]} */
    this.before = [];
    /** @type {Duty[][]} */
    this.after = [];
  }

  /** @param {Duty[]} next */
  push(next) {
    this.before.push(this.now);
    this.after = [];
    this.now = next;
  }

  /**
   * The same state as the service keeps it (with its breaks): no step of its own.
   * @param {Duty[]} kept
   */
  settle(kept) {
    this.now = kept;
  }

  /** @returns {boolean} whether there was something to undo */
  undo() {
    const last = this.before.pop();
    if (!last) return false;
    this.after.push(this.now);
    this.now = last;
    return true;
  }

  /** @returns {boolean} whether there was something to do again */
  redo() {
    const next = this.after.pop();
    if (!next) return false;
    this.before.push(this.now);
    this.now = next;
    return true;
  }
}
