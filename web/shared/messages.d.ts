// Written by `video-service schema` from signaling/messages.py: change that file, not this one.

export type ProtocolVersion = 1;

/** WebSocket close codes of the service. */
export interface CloseCodes {
  readonly BAD_MESSAGE: 4400;
  readonly BAD_TICKET: 4401;
  readonly VERSION: 4406;
  readonly TOO_SLOW: 4408;
  readonly REPLACED: 4409;
  readonly TOO_LARGE: 1009;
  readonly TOO_MANY: 4429;
  readonly GOING_AWAY: 1012;
}

export type AgentEndReason =
  | ""
  | "agent_hung_up"
  | "agent_lost"
  | "another_signer"
  | "closed"
  | "customer_cancelled"
  | "customer_hung_up"
  | "customer_lost"
  | "handed_over"
  | "shutdown"
  | "transferred";

export type AgentState = "after_call" | "available" | "break" | "offline" | "on_call" | "reserved" | "rest";

export type BackgroundKind = "blur" | "colour" | "picture";

export type CallClass = "callback" | "normal" | "resumed" | "urgent" | "vip";

export type EndReason =
  | ""
  | "agent_hung_up"
  | "agent_lost"
  | "closed"
  | "customer_cancelled"
  | "customer_hung_up"
  | "customer_lost"
  | "shutdown";

export type Escalated = "" | "agent" | "proposal" | "solution";

export type InviteEnded = "" | "declined" | "left" | "missed";

export type MediaWish = "connecting" | "live" | "none" | "offer" | "reconnecting";

export type Narrow = "" | "both" | "mine" | "theirs";

export type Outcome = "cut_off" | "follow_up" | "misdirected" | "referred" | "solved";

export type OutcomeSoFar = "" | "cut_off" | "follow_up" | "misdirected" | "referred" | "solved";

export type Requeued = "" | "agent_lost" | "another_signer" | "transferred";

export type UrgentReason = "" | "airport" | "car" | "hotel";

export type WatchEnded = "" | "gone" | "no_answer" | "over" | "refused";

export type WatchState = "asked" | "coach" | "in" | "joined";

export type LineWord = "" | "fair" | "good" | "poor";

/** First message on a socket: a one-time ticket (POST /api/ticket) or the resume token of an earlier socket. */
export interface Hello {
  type: "hello";
  v: number;
  ticket?: string | null;
  resume?: string | null;
  codecs?: ReadonlyArray<string>;
  locale?: string;
}

/** Sent every `heartbeat_s` (see welcome); answered by pong. */
export interface Ping {
  type: "ping";
  t?: number;
}

/**
 * A customer joins the queue. Joining twice is joining once.
 *
 * `needs`: what the agent must have, each a label or a label and the least level (voice, rail:2). `sign_language`: the
 * variety that the customer is used to; "" for not said (that of the last call counts). What the host application said
 * comes before it. `topic`: what the matter is about, one of the queue's; who knows it is asked, or anybody where
 * nobody on shift does.
 * `consent`: version of the consent text that the page showed and the customer agreed to (`consent_version` of
 * GET /api/service); another one is refused as `consent_needed`.
 */
export interface Join {
  type: "join";
  queue?: string;
  needs?: ReadonlyArray<string>;
  sign_language?: string;
  topic?: string;
  urgent?: boolean;
  reason?: UrgentReason;
  consent?: number;
}

/** What a waiting customer writes about the matter; the agent sees it at ring and during the call. */
export interface Note {
  type: "note";
  text: string;
}

/** Leave: a customer leaves the queue or the call, an agent ends the call. */
export interface HangUp {
  type: "hang_up";
  call: string;
}

/** An agent wants calls (ends a break or the after-call work). */
export interface Ready {
  type: "ready";
}

/** An agent wants no further calls; at once when idle, after the call when on one. */
export interface Break {
  type: "break";
}

/** An agent asks for a break, or takes that back. It begins as soon as somebody else is at work, at once if so. */
export interface AskBreak {
  type: "ask_break";
  wanted?: boolean;
}

/** An agent takes the call that rings. */
export interface Accept {
  type: "accept";
  call: string;
  epoch: number;
}

/** An agent refuses the call that rings; it goes to somebody else, and not back while others may take it. */
export interface Decline {
  type: "decline";
  call: string;
  epoch: number;
}

/**
 * A customer in a call asks for another signer: back to the head of the line, and never to this one again.
 *
 * Refused as `nobody_else` when no other agent at work covers the needs; then the call goes on.
 */
export interface AnotherSigner {
  type: "another_signer";
  call: string;
  epoch: number;
}

/**
 * An agent puts the customer on hold, or takes the call up again. Saying so twice is saying so once.
 *
 * On hold the customer is sent neither picture nor sound of an agent, and is told so; text goes on, and the agent sees
 * the customer.
 */
export interface Hold {
  type: "hold";
  call: string;
  epoch: number;
  held: boolean;
}

/**
 * An agent passes a live call on, and is free: the customer goes back to the head of the line, and is told so.
 *
 * `to`: one of the call's `colleagues`, who is asked first and by name; then whoever can take it. "" asks anybody.
 * `sign_language`: how the customer signs, as it turned out; `need`: another label that whoever takes it must have; ""
 * for none. `note`: what the next agent should know. The text of the call goes along.
 * Refused as `not_free` when `to` is not, as `nobody_else` when nobody else at work covers the needs; it goes on then.
 */
export interface Transfer {
  type: "transfer";
  call: string;
  epoch: number;
  to?: string;
  sign_language?: string;
  need?: string;
  note?: string;
}

/**
 * An agent asks a colleague to come into a live call, or ("") takes that back.
 *
 * It rings there with all that is known of the call and `note`. Who accepts is seen and sees as the others do; each
 * may leave, and the call goes on with the rest. Refused as `not_free` when the colleague is not, as `wrong_state`
 * while another one is asked, and as `call_full` when three agents are in.
 */
export interface Invite {
  type: "invite";
  call: string;
  epoch: number;
  to?: string;
  note?: string;
}

/**
 * The agent of a live call says that the matter is urgent. The call goes on, and the coordinator's wall has it.
 *
 * It has this agent as its owner, and the times of urgent matters from now on. Saying so twice is saying so once.
 */
export interface Escalate {
  type: "escalate";
  call: string;
  epoch: number;
}

/**
 * What an agent in after-call work says of that call; the last word counts.
 *
 * `due_in_h`: with "follow_up" 2, 24 or 72, with every other outcome 0; else refused as `bad_disposition`.
 */
export interface Disposition {
  type: "disposition";
  call: string;
  outcome: Outcome;
  note?: string;
  due_in_h?: number;
}

/**
 * An SDP offer: audio sendrecv, video sendonly, video recvonly x3. `generation` numbers the page's offers.
 *
 * It needs no ICE candidates, and none follow: the page's own checks lead to the worker.
 * `blur`: a customer's room is not to be seen. It holds for this peer connection: another wish is another offer.
 * Refused as `blur_full` when there is no room for it; nothing of the picture is shown then.
 */
export interface MediaOffer {
  type: "media_offer";
  generation: number;
  sdp: string;
  blur?: boolean;
}

/**
 * The sender paused (or resumed) its own picture; the other page says so instead of "reconnecting".
 *
 * `by_phone`: nobody did; the phone took the camera away for a while, as when a phone call comes in.
 */
export interface PausePicture {
  type: "pause_picture";
  paused: boolean;
  by_phone?: boolean;
}

/** What the page presented of the other person's picture in the last second, said while it is in sight. */
export interface PictureShown {
  type: "picture_shown";
  fps: number;
  freezes?: number;
  frozen_ms?: number;
}

/** An agent says: the person nearest to my camera now is me. The picture shows that person from here on. */
export interface ThisIsMe {
  type: "this_is_me";
}

/**
 * What an agent wants behind the own picture from now on, in this and in later sessions.
 *
 * `strength` 1 to 3 is that of the blur; 1 is the weakest there is. `colour` is "#rrggbb". "picture" is the company's;
 * where there is none the room is blurred. `brighten` lifts the signer in low light.
 */
export interface ChooseBackground {
  type: "background";
  kind: BackgroundKind;
  strength?: number;
  colour?: string;
  brighten?: boolean;
}

/**
 * An agent shows what lies in `box`, beside the own figure, for a minute at most; null: not any more.
 *
 * `box`: x, y, width and height as shares of the agent's picture as others see it (not mirrored). One that reaches
 * outside, or is too large or too small, is refused as `bad_box`.
 */
export interface ShowObject {
  type: "show_object";
  call: string;
  epoch: number;
  box: ReadonlyArray<number> | null;
}

/**
 * One line of written text to the others of the call.
 *
 * `line`: the number under which it was seen while it was written (see rtt), 0 when it was not.
 */
export interface Say {
  type: "say";
  call: string;
  text: string;
  line?: number;
}

/**
 * A piece of a line that is being written: T.140 text, sent at most every 300 ms.
 *
 * A character adds one to the line, U+0008 takes the last one (a code point) back, U+2028 ends the line; a page sends
 * what an input method has committed, never what it still composes. `line`: larger with each line of this person, such
 * as the time in ms. `number` counts the pieces of the line from 1. More than 30 characters a second, over ten
 * seconds, may be refused as `too_fast`; the line that follows by `say` is whole in any case.
 */
export interface Typing {
  type: "rtt";
  call: string;
  line: number;
  number: number;
  text: string;
}

/** What a customer says of an answered call; the last word counts. `face`: 1 (bad) to 5 (good), 0 for none. */
export interface Survey {
  type: "survey";
  call: string;
  solved?: "" | "no" | "yes";
  face?: number;
}

/**
 * An agent in a live call switches the own microphone on, or off. The customer hears who did so last, nobody else.
 *
 * Whoever was heard before is told by the view (`speaks`), and switches off.
 */
export interface Voice {
  type: "voice";
  call: string;
  on: boolean;
}

/**
 * A coordinator comes beside a live call, or goes. One coordinator at a call, and one call for each.
 *
 * `how`: "coach" writes to its agent and sees nothing of it, "watch" asks the customer and looks on once that one
 * agrees, "leave" goes, and puts away how the last one ended. Whom the customer let in is let in again without a
 * question, until the customer says no. "join" goes on from there: this one reads what is written in the call and
 * writes in it (`say`), by name. Refused as `watched` while another coordinator is there, as `watch_refused` once this
 * customer has said no in this call, a "join" of one who does not look on as `wrong_state`.
 *
 * With the own picture: "prepare" makes the next offer one of a camera, whose picture, out of the blur, only its owner
 * sees; "show" asks the customer, and once that one agrees everybody of the call sees it; "hide" ends it at once, and
 * one looks on as before. Refused as `picture_refused` once the customer has said no to it, as `call_full` while three
 * agents are in or asked in, and a "show" as `no_picture` before the own picture has come.
 */
export interface Watch {
  type: "watch";
  call: string;
  how: "coach" | "hide" | "join" | "leave" | "prepare" | "show" | "watch";
}

/**
 * A customer lets a coordinator look on, or does not: before it begins, and at any time while it lasts.
 *
 * `ask`: that of the view; a yes to somebody else than the one who asks now is refused as `stale`. A no is for good
 * as far as this call goes, and the coordinator sees nothing from then on. `picture`: the answer is about the
 * coordinator's own picture; a no to that ends it alone.
 */
export interface AllowWatch {
  type: "allow_watch";
  call: string;
  ask: number;
  allow: boolean;
  picture?: boolean;
}

/** A line between the coordinator beside a call and its agent, sent to nobody else, and gone with the call. */
export interface Coach {
  type: "coach";
  call: string;
  text: string;
}

/** An agent has read what the coordinator wrote, up to `seq`. */
export interface CoachRead {
  type: "coach_read";
  call: string;
  seq: number;
}

/** The answer to hello. `resume` replaces every earlier resume token of this person. */
export interface Welcome {
  type: "welcome";
  v: number;
  role: "agent" | "coordinator" | "customer";
  person: string;
  name: string;
  resume: string;
  heartbeat_s: number;
  server_time_ms: number;
  ice_servers: ReadonlyArray<IceServer>;
}

/** As RTCIceServer in the browser. */
export interface IceServer {
  urls: ReadonlyArray<string>;
  username?: string;
  credential?: string;
}

/** Other ICE servers for the page's next peer connection, before those of welcome end. */
export interface IceServers {
  type: "ice_servers";
  ice_servers: ReadonlyArray<IceServer>;
}

/** The answer to ping. */
export interface Pong {
  type: "pong";
  t: number;
}

/** A message was refused. `code` is a key of the page's texts; the socket stays open unless it closes too. */
export interface Error {
  type: "error";
  code: string;
  retryable: boolean;
  reply_to: string;
}

/**
 * All that a customer's page shows.
 *
 * `state`: "home" (no call), "waiting", "ringing" (an agent is being asked), "connected" (an agent accepted; see
 * `media`), "ended" (see `ended_reason`; the next join leaves it, and so does a hang_up of that call).
 * `agents_on`: agents signed in and on shift, in a wait those who cover its needs; `open`: whether a join is taken,
 * at home `urgent_open`: whether an urgent one is, which may ask those too who have signed enough for today; all of
 * `queue`.
 * `place` counts from 1. The estimate is an interval in minutes; both 0: not known, or nobody may take the call now.
 * `other_media` is "reconnecting" while the agent's page is not here.
 * `requeued`: why an answered call waits again; of one that was passed on `agent_name` says who is asked just now.
 * `follow_up_due_ms`: by when the agent of an ended call, named by `agent_name`, has promised to come back to the
 * customer; 0 for no promise.
 * `media`: what the page's peer connection should be: "offer" asks for a new one. `narrow`: whose line is too narrow
 * for fluent signing; `camera_fps`: the most pictures a second for the own camera to send, 0 for no limit.
 * `picture`: how the customer sees the agent. `own_picture`: how the agent sees a customer who asked for blur
 * ("clear": only the room is blurred); "" while the picture goes through as it is, and before the first one.
 * `line_word`: one of the two pictures reaches the other person poorly.
 * `others`: further agents who are in the call, in the order of the slots from 1 on.
 * `held_from_ms`: since when the customer is on hold: no picture of the agent comes until the agent is back; else 0.
 * `kept_until_ms`: until when a place in the queue is kept for a page that is closed, once asked for; else 0.
 * `onlooker`: a coordinator who asks to look on, or does.
 */
export interface CustomerView {
  type: "customer_view";
  state: "connected" | "ended" | "home" | "ringing" | "waiting";
  open: boolean;
  agents_on: number;
  urgent_open: boolean;
  queue: string;
  call: string;
  epoch: number;
  urgent: boolean;
  place: number;
  estimate_low_min: number;
  estimate_high_min: number;
  joined_ms: number;
  connected_ms: number;
  agent_name: string;
  media: MediaWish;
  other_media: MediaWish;
  other_paused: boolean;
  picture: "" | "clear" | "protected" | "slate";
  own_picture: "" | "clear" | "protected" | "slate";
  narrow: Narrow;
  line_word: "" | "poor";
  others: ReadonlyArray<OtherAgent>;
  held_from_ms: number;
  camera_fps: number;
  ended_reason: EndReason;
  requeued: Requeued;
  follow_up_due_ms: number;
  kept_until_ms: number;
  onlooker: Onlooker | null;
  server_time_ms: number;
}

/**
 * A further agent of a call. `state`: "asked" until `until_ms`, or "in", with that one's picture.
 *
 * `writer`: what pieces of this one's unfinished lines are marked with (see rtt).
 */
export interface OtherAgent {
  name: string;
  state: "asked" | "in";
  writer: string;
  media: MediaWish;
  until_ms: number;
}

/**
 * The coordinator beside a call, as its people are told.
 *
 * `state`: "asked" until `until_ms`: the customer has not said yet; "in": looks on; "joined": takes part in writing,
 * too; "coach" (agents alone are told): only writes to the agent. `ask` numbers the questions of a call.
 * `picture`: that one's own, in the last slot: "asked" until `until_ms`, or "shown", and how it comes (`media`).
 */
export interface Onlooker {
  name: string;
  state: WatchState;
  ask: number;
  until_ms: number;
  picture: "" | "asked" | "shown";
  media: MediaWish;
}

/**
 * All that an agent's page shows.
 *
 * `media` is the agent's own peer connection (preview and call are one). `shift_until_ms` 0: not on shift now.
 * `picture` is what viewers of this agent see. `signing_ms`: signed since the last rest, without the running call,
 * which began at `signing_from_ms` (0: none runs); at `signing_limit_ms` a rest comes before the next call.
 * `background`: what stands behind the agent. `object_box`: what the customer sees beside the signer, as in
 * show_object; empty for nothing.
 * `day_signing_ms`, `day_limit_ms`: the same of today; at that limit (0: none) only urgent calls ask until tomorrow.
 * `day_from_ms`: since when the running call counts for today, midnight at the earliest (0: none runs).
 * `break_from_ms`, `break_length_ms`: the shift's next break; from `break_quiet_ms` on only urgent calls are offered.
 * `break_owed_ms`: length of a break whose time has come and that begins when the call is over; `break_until_ms`: end
 * of the one that goes on. `break_asked_ms`: since when a break that was asked for waits; `break_latest_ms`: it waits
 * no longer than until then. 0 for none. `rest_owed`: what rings came in a rest.
 * `rest_until_ms` 0: not resting. `after_call`: while the state is that. `narrow`, `camera_fps`: as a customer's.
 * `line_mine`, `line_theirs`: how well the agent's picture reaches the customer, and the customer's the agent, in the
 * last seconds of a call; "" while it is not known.
 * `shift_news_ms`: when something about this agent's requests for shifts was decided last, 0 for never.
 * `promise_news_ms`: the same of what this agent has promised to customers, and of urgent matters.
 */
export interface AgentView {
  type: "agent_view";
  state: AgentState;
  since_ms: number;
  shift_until_ms: number;
  waiting: number;
  agents_on: number;
  media: MediaWish;
  picture: "" | "clear" | "protected" | "slate";
  picture_reason: string;
  narrow: Narrow;
  line_mine: LineWord;
  line_theirs: LineWord;
  camera_fps: number;
  background: AgentBackground | null;
  object_box: ReadonlyArray<number>;
  break_wanted: boolean;
  away_reason: "" | "asked" | "missed" | "no_picture" | "rostered" | "shift_over";
  reservation: Reservation | null;
  call: AgentCall | null;
  after_call: AfterCall | null;
  ended_reason: AgentEndReason;
  signing_ms: number;
  signing_from_ms: number;
  signing_limit_ms: number;
  day_signing_ms: number;
  day_from_ms: number;
  day_limit_ms: number;
  rest_until_ms: number;
  rest_owed: boolean;
  break_from_ms: number;
  break_length_ms: number;
  break_quiet_ms: number;
  break_owed_ms: number;
  break_until_ms: number;
  break_asked_ms: number;
  break_latest_ms: number;
  shift_news_ms: number;
  promise_news_ms: number;
  server_time_ms: number;
}

/**
 * What stands behind an agent, and what the agent may choose.
 *
 * `strength` 1 to 3 is that of the blur. `picture`: whether the company has a picture. `may_choose`: whether kind,
 * strength and colour are the agent's to choose; `brighten` always is.
 */
export interface AgentBackground {
  kind: BackgroundKind;
  strength: number;
  colour: string;
  brighten: boolean;
  picture: boolean;
  may_choose: boolean;
}

/**
 * The call that rings at an agent. `handover`: who passed it on, and what there is to know; None for nobody.
 *
 * `joins`: that agent is in the call, and asks this one to come in as a second.
 * `topic`: what the customer chose, "" for nothing; `topic_titles`: what the queue's topics are called, by language,
 * and `queue_title` the queue, where there are several.
 */
export interface Reservation {
  call: string;
  epoch: number;
  queue: string;
  needs: ReadonlyArray<string>;
  topic: string;
  topic_titles: Readonly<Record<string, Readonly<Record<string, string>>>>;
  queue_title: Readonly<Record<string, string>>;
  urgent: boolean;
  reason: string;
  note: string;
  waited_ms: number;
  ring_until_ms: number;
  handover: Handover | null;
  joins: boolean;
  about: Caller;
}

/** What the agent who passed a call on says to the next one; `note` may be empty. */
export interface Handover {
  from_name: string;
  note: string;
}

/**
 * What the host application said of a customer (all empty for a guest of the page itself), and earlier calls.
 *
 * `verified`: the host knows this person. `entry`: "web" (the page), "embed" (a frame on the host's page) or "launch".
 * `sign_language`: the variety asked for, such as csl; "" for not known. `context`: an order number or the like.
 * `earlier`: newest first, at most five.
 */
export interface Caller {
  verified: boolean;
  entry: string;
  sign_language: string;
  context: string;
  earlier: ReadonlyArray<Earlier>;
}

/**
 * An earlier answered call of a customer.
 *
 * `at_ms`: when it was joined. `agent_name`: who served it last, "" when that name is not at hand any more. `outcome`:
 * what that agent said of it, "" for nothing. `with_me`: the reader served a part of it.
 */
export interface Earlier {
  at_ms: number;
  agent_name: string;
  outcome: OutcomeSoFar;
  with_me: boolean;
}

/**
 * The call that an agent is on. `other_by_phone`: the customer's picture is paused because the phone did so.
 *
 * `held_from_ms`: since when the customer is on hold, 0 for not at all. `handover`: as in a reservation.
 * `colleagues`: who is free to take it, the longest rested first, at most five. `skills_on`: the labels of skills that
 * somebody else on shift has. `others`: further agents, those who are in before one who is asked, in the order of the
 * slots from 2 on; `helps`: the reader is one who came in, who may leave and not hold, pass on or invite.
 * `invite_ended`: why the last one who was asked did not come.
 * `onlooker`: a coordinator beside the call; `coach`: what went to and fro with that one, for its agent alone.
 * `voice`: the agent whom the customer hears, marked as a writer is (see OtherAgent), "" for nobody; `speaks`: that is
 * the reader. `topic`, `topic_titles`, `queue_title`: as in a reservation.
 */
export interface AgentCall {
  call: string;
  epoch: number;
  queue: string;
  needs: ReadonlyArray<string>;
  topic: string;
  topic_titles: Readonly<Record<string, Readonly<Record<string, string>>>>;
  queue_title: Readonly<Record<string, string>>;
  urgent: boolean;
  reason: string;
  note: string;
  waited_ms: number;
  since_ms: number;
  other_media: MediaWish;
  other_paused: boolean;
  other_by_phone: boolean;
  held_from_ms: number;
  handover: Handover | null;
  colleagues: ReadonlyArray<Colleague>;
  skills_on: ReadonlyArray<string>;
  others: ReadonlyArray<OtherAgent>;
  helps: boolean;
  invite_ended: InviteEnded;
  onlooker: Onlooker | null;
  coach: ReadonlyArray<CoachLine>;
  voice: string;
  speaks: boolean;
  about: Caller;
}

/** An agent who is free now. `covers`: has what the call needs. */
export interface Colleague {
  agent: string;
  name: string;
  covers: boolean;
}

/** One line between coordinator and agent. `read`: the agent has said so, or wrote it. */
export interface CoachLine {
  seq: number;
  mine: boolean;
  text: string;
  at_ms: number;
  read: boolean;
}

/**
 * The call that an agent has after-call work for, and what the agent has said of it so far.
 *
 * `warn_ms`, `limit_ms`: how long after `since_ms` the page warns, and how long after it the work ends by itself.
 */
export interface AfterCall {
  call: string;
  since_ms: number;
  warn_ms: number;
  limit_ms: number;
  outcome: OutcomeSoFar;
  note: string;
  due_in_h: number;
  about: Caller;
}

/**
 * The live wall. Service level is of today: answered within the target over offered.
 *
 * `classes_today`: the same by queue and class, of each that has had a call. `urgent_matters`: the oldest first.
 * `late_promises`: what is late, was asked after or has nobody who can keep it, who waits longest first.
 * `signing_limit_ms`, `day_limit_ms` (0: none): when an agent rests, and has signed enough for today.
 * `after_call_warn_ms`: after-call work that lasts longer than this is unusual.
 * `watching`: the call that this coordinator is beside; `watch_ended`: how that of `watch_ended_call` ended.
 */
export interface CoordinatorView {
  type: "coordinator_view";
  waiting: ReadonlyArray<WallCall>;
  active: ReadonlyArray<WallCall>;
  agents: ReadonlyArray<WallAgent>;
  offered_today: number;
  answered_today: number;
  within_target_today: number;
  abandoned_today: number;
  target_s: number;
  classes_today: ReadonlyArray<ClassToday>;
  urgent_matters: ReadonlyArray<UrgentMatter>;
  late_promises: ReadonlyArray<LatePromise>;
  signing_limit_ms: number;
  day_limit_ms: number;
  after_call_warn_ms: number;
  watching: Watching | null;
  watch_ended: WatchEnded;
  watch_ended_call: string;
  server_time_ms: number;
}

/**
 * A waiting or live call on the coordinator's wall.
 *
 * `watch`: a coordinator is beside it, or its customer has said that nobody may look on.
 */
export interface WallCall {
  call: string;
  state: "active" | "ringing" | "waiting";
  queue: string;
  urgent: boolean;
  joined_ms: number;
  since_ms: number;
  agent: string;
  customer_present: boolean;
  watch: "" | "refused" | "taken";
}

/**
 * An agent on the coordinator's wall.
 *
 * `signing_ms`, `day_signing_ms`: signed since the last rest, and today, the running call included.
 * `rest_until_ms`, `break_until_ms`: end of the rest, or of the break of the roster, that goes on. `break_from_ms`:
 * start of the shift's next break; `break_owed_ms`: length of one that is due when the call is over. `break_asked_ms`:
 * since when the agent waits for a break; `break_wanted`: it begins when the call is over. 0 for none.
 */
export interface WallAgent {
  agent: string;
  name: string;
  state: AgentState;
  since_ms: number;
  shift_until_ms: number;
  away_reason: string;
  signing_ms: number;
  day_signing_ms: number;
  rest_until_ms: number;
  break_from_ms: number;
  break_owed_ms: number;
  break_until_ms: number;
  break_asked_ms: number;
  break_wanted: boolean;
}

/**
 * Today's calls of one queue and class against their target.
 *
 * Of `offered` calls `within` were answered in `target_s`, as `goal_percent` of a hundred should be.
 */
export interface ClassToday {
  queue: string;
  class: CallClass;
  offered: number;
  within: number;
  target_s: number;
  goal_percent: number;
}

/**
 * An urgent matter that is not solved yet; its call may be over.
 *
 * `owner_name`: the agent who answered last, "" when nobody has. `proposed`: an agent has said what can be done.
 * `escalated`: half of the time for a proposal, or for a solution, has passed without one; "agent": a call's agent
 * has said that it is urgent. `proposal_s`, `solution_s`: these times, from `since_ms` on.
 */
export interface UrgentMatter {
  call: string;
  state: "active" | "over" | "ringing" | "waiting";
  since_ms: number;
  reason: UrgentReason;
  owner_name: string;
  proposed: boolean;
  escalated: Escalated;
  proposal_s: number;
  solution_s: number;
}

/**
 * A promise to a customer that a coordinator should look at, by its call.
 *
 * `late`: it is past `due_ms`. `urged_ms`: when the customer asked after it, 0 for not. `away`: why its owner cannot
 * keep it. `owner_name` is "" of somebody who has not been here for a day.
 */
export interface LatePromise {
  call: string;
  owner_name: string;
  due_ms: number;
  late: boolean;
  urged_ms: number;
  away: "" | "disabled" | "leave";
}

/**
 * The call that a coordinator is beside. `media`: what the page's peer connection should be.
 *
 * `connected`: an agent talks with the customer; between two agents the coordinator stays. `agent_media`,
 * `customer_media`: how their pictures come. `others`: further agents, in the order of the slots after these two.
 * `lines`: what went to and fro with this agent, oldest first.
 *
 * `picture`: the own one, which takes a connection of its own, with the own picture in the first slot: "ready" is seen
 * by nobody else, "asked" until `until_ms`, "unanswered", "shown", or "refused" for this call. `own_picture`,
 * `own_reason`, `camera_fps`: as an agent's (see AgentView).
 */
export interface Watching {
  call: string;
  state: WatchState;
  connected: boolean;
  agent_name: string;
  since_ms: number;
  until_ms: number;
  held_from_ms: number;
  media: MediaWish;
  agent_media: MediaWish;
  customer_media: MediaWish;
  others: ReadonlyArray<OtherAgent>;
  lines: ReadonlyArray<CoachLine>;
  picture: "" | "asked" | "ready" | "refused" | "shown" | "unanswered";
  own_picture: "" | "clear" | "protected" | "slate";
  own_reason: string;
  camera_fps: number;
}

/** The SDP answer to the offer of the same generation. */
export interface MediaAnswer {
  type: "media_answer";
  generation: number;
  sdp: string;
}

/**
 * One line of a call's text; `seq` grows by one. `of_before`: an agent wrote it who is not in the call any more.
 *
 * `line`: the number under which it was seen while it was written, 0 when it was not. `photo`: the id of a photo, at
 * GET /api/photos/<call>/<photo>, which is shown instead of text; "" for none. `writer` tells writers apart, "" for
 * the reader; `name` is the agent's, "" for the customer and for the reader.
 */
export interface TextLine {
  type: "text_line";
  call: string;
  seq: number;
  mine: boolean;
  text: string;
  at_ms: number;
  of_before: boolean;
  line: number;
  photo: string;
  writer: string;
  name: string;
}

/**
 * A piece of a line that another person is writing, as in rtt from a page. `writer`: as in that one's `text_line`.
 *
 * Pieces may come twice, out of order, or not at all: `number` tells; U+FFFD is to stand where one does not come. The
 * `text_line` with the same `line` takes the place of all that was seen of it. `number` 0: the other page has missed
 * what was written of this page's unfinished line, and needs it from the start, under a new `line`.
 */
export interface OtherTyping {
  type: "rtt";
  call: string;
  line: number;
  number: number;
  text: string;
  writer: string;
}

/** This node is going down; the page reconnects with its resume token. Nothing is lost. */
export interface Draining {
  type: "draining";
}

export type FromPage =
  | Hello
  | Ping
  | Join
  | Note
  | HangUp
  | Ready
  | Break
  | AskBreak
  | Accept
  | Decline
  | AnotherSigner
  | Hold
  | Transfer
  | Invite
  | Escalate
  | Disposition
  | MediaOffer
  | PausePicture
  | PictureShown
  | ThisIsMe
  | ChooseBackground
  | ShowObject
  | Say
  | Typing
  | Survey
  | Voice
  | Watch
  | AllowWatch
  | Coach
  | CoachRead;

export type ToPage =
  | Welcome
  | IceServers
  | Pong
  | Error
  | CustomerView
  | AgentView
  | CoordinatorView
  | MediaAnswer
  | TextLine
  | OtherTyping
  | Draining;
