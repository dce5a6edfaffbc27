/** The service's HTTP surface, with a time limit on every request and errors that carry a code. */

const TIMEOUT_MS = 8000;

/**
 * A request that failed. `code` is a key of the texts (`error.<code>`); `status` 0 means that nobody answered; `answer`
 * is what else was said.
 */
export class RequestError extends Error {
  /**
   * @param {string} code
   * @param {number} status
   * @param {any} [answer]
   */
  constructor(code, status, answer = null) {
    super(code);
    this.code = code;
    this.status = status;
    this.answer = answer;
  }
}

/**
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} the JSON answer; null where there is none
 */
export async function request(method, path, body) {
  /** @type {Response} */
  let answer;
  // The service takes a change only with a JSON body, if only an empty one: no other site's form can send that.
  const sent = method === "POST" || method === "PUT" ? JSON.stringify(body ?? {}) : undefined;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIMEOUT_MS);
  try {
    answer = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: sent === undefined ? {} : { "Content-Type": "application/json" },
      body: sent,
      signal: limit.signal,
    });
  } catch {
    throw new RequestError("unreachable", 0);
  } finally {
    clearTimeout(timer);
  }
  const text = await answer.text().catch(() => "");
  /** @type {any} */
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    // An answer of a proxy in between: its status is all there is to know.
  }
  if (!answer.ok) throw new RequestError(codeOf(value, answer.status), answer.status, value);
  return value;
}

/**
 * @param {any} value
 * @param {number} status
 */
function codeOf(value, status) {
  if (value && typeof value.error === "string") return value.error;
  return status === 401 ? "sign_in_first" : status === 429 ? "too_many" : "internal";
}

/**
 * A one-time ticket for the WebSocket.
 * @param {string} role
 * @param {string} locale
 * @returns {Promise<string>}
 */
export async function fetchTicket(role, locale) {
  return (await request("POST", "/api/ticket", { as: role, locale })).ticket;
}

/**
 * Who is signed in.
 * @typedef {object} Me
 * @property {string} name
 * @property {string} sign_in_name
 * @property {"agent" | "coordinator" | "admin"} role
 * @property {boolean} [must_change] the password was made for one sign-in: nothing else works before it is changed
 */

/**
 * Who is signed in; null when nobody is.
 * @returns {Promise<Me | null>}
 */
export async function fetchMe() {
  try {
    return await request("GET", "/api/me");
  } catch (error) {
    if (error instanceof RequestError && error.status === 401) return null;
    throw error;
  }
}

/**
 * Opening hours: today's by the clock of `zone`, and the next opening in ms since 1970, 0 where none is known.
 * @typedef {object} Hours
 * @property {string} zone
 * @property {readonly (readonly [string, string])[]} today
 * @property {boolean} open_now
 * @property {number} next_open_ms
 */

/**
 * What a customer has booked; `state`: what became of it.
 * @typedef {{ start_ms: number, end_ms: number, state: "booked" | "joined" | "missed" | "unserved" }} Booked
 */

/**
 * The line as anybody may see it.
 * @typedef {object} Service
 * @property {boolean} open
 * @property {number} [promises] how many things this customer was promised
 * @property {boolean} [urgent_open] an urgent call would be taken
 * @property {number} agents_on
 * @property {Record<string, string> | null} [notice] what a coordinator says who has closed the line, by language
 * @property {number} [consent_version] of the consent's words
 * @property {string} [signs] how this customer signs, as the host application said; "" for not said
 * @property {number} [message_retention_days] after how many days a left message is deleted
 * @property {{ days: number, done_days: number, most_s: number, consent: number } | null} [video_messages] null: none
 * @property {{ key: string, told: string } | null} [push] null: no browser is told of news; `told`: digest of the
 *   address of the one that is, "" for none
 * @property {Record<string, string>} [title] what the queue is called, where there are several
 * @property {{ topic: string, title: Record<string, string> }[]} [topics] to choose from
 * @property {string} [topic] that of the last call, "" for none of these
 * @property {Hours | null} [hours] null: no opening hours are set
 * @property {boolean} [yours] this customer has a call that goes on
 * @property {{ booked: Booked | null } | null} [callbacks] null: none are booked here
 * @property {boolean} [known] this customer would get a ticket
 * @property {boolean} [guests] anybody would
 */

/**
 * Come in with the launch token of a host application: as whom it names, once.
 * @param {string} token
 * @returns {Promise<{ verified: boolean, entry: string }>}
 */
export function enter(token) {
  return request("POST", "/api/enter", { token, framed: window.self !== window.top });
}

/**
 * A message in writing. `contact` may be empty; `consent`: version of the words that were shown; `id`: the same again
 * is the same message; `video`: the name of a film that was sent.
 * @typedef {{ text: string, contact: string, consent: number, locale: string, id: string, video?: string }} LeftMessage
 */

/**
 * Leave a message.
 * @param {LeftMessage} message
 * @returns {Promise<{ message: string }>}
 */
export function leaveMessage(message) {
  return request("POST", "/api/messages", message);
}

/** @returns {Promise<Service>} */
export function fetchService() {
  return request("GET", "/api/service");
}
