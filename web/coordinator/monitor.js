/**
 * The call that this coordinator is beside: its two pictures once the customer has let them be seen, and what is written
 * to its agent, or to both by whoever joins. Nothing else of the coordinator is sent to anybody, but the own picture by
 * wish (own-camera.js).
 */

import { h, keyed, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { Peer } from "../shared/peer.js";
import { play, RemotePicture } from "../shared/picture.js";
import { TextStrip } from "../shared/strip.js";
import { Lines } from "../shared/text.js";
import { clockText, nowMs } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { hasCamera, OwnCamera } from "./own-camera.js";

/** @typedef {import("../shared/messages.js").CoordinatorView} CoordinatorView */
/** @typedef {import("../shared/messages.js").FromPage} FromPage */
/** @typedef {import("../shared/messages.js").ToPage} ToPage */
/** @typedef {import("../shared/messages.js").Watching} Watching */
/** @typedef {import("../shared/socket.js").Socket} Socket */

const ASKED = ["watch", "coach", "media_offer", "this_is_me"];
const MOST_TEXT = 200;
/** @type {readonly string[]} */
const SEES = ["in", "joined"];
/** Who is seen in which slot of the connection; with a camera the own picture comes before them. */
const SEEN = /** @type {const} */ (["agent", "customer", "second", "third"]);

export class Monitor {
  /** @param {Socket} socket */
  constructor(socket) {
    this.socket = socket;
    /** @type {Watching | null} */
    this.watching = null;
    /** The call whose pictures this page showed last: after a broken network it asks for them again by itself. */
    this.seen = "";
    this.again = "";
    this.peer = new Peer({
      send: (message) => this.socket.send(message),
      iceServers: () => this.socket.welcome?.ice_servers ?? [],
      onSlot: (slot, track) => this.slot(slot, track),
      onState: () => this.draw(),
      slots: SEEN.length,
    });
    /** Whether the connection is one with the own picture. */
    this.camera = false;
    this.own = new OwnCamera({
      send: (how) => this.send(how),
      confirm: () => this.socket.send({ type: "this_is_me" }),
      changed: () => this.draw(),
    });
    this.heading = h("h2", { tabindex: "-1" });
    this.clock = h("span", { class: "figure" });
    this.say = h("p", { class: "notice", role: "status", tabindex: "-1" }, (this.sayIcon = h("span")), (this.sayText = h("span")));
    this.trouble = h("p", { class: "notice notice-danger", role: "alert", hidden: true });
    this.pictures = Object.fromEntries(SEEN.map((who) => [who, figure(who, () => this.tap())]));
    this.ask = button("eye", "beside.ask", "button button-main", () => this.send("watch"));
    this.stop = button("camera-off", "beside.stop", "button", () => this.send("coach"));
    this.join = button("people", "beside.join", "button", () => this.send("join"));
    this.look = button("eye", "beside.only_look", "button", () => this.send("watch"));
    /** What is written in the call itself, once this one takes part. */
    this.text = new Lines({
      send: (call, text, line) => this.socket.send({ type: "say", call, text, line }),
      onChange: (lines) => this.strip?.draw(lines, t("agent.customer")),
    });
    this.strip = new TextStrip({ lines: this.text, typing: null });
    this.strip.input.id = "beside-say";
    this.call = h("section", { class: "stack", "aria-label": t("beside.text") }, h("h3", { text: t("beside.text") }), this.strip.list, this.strip.form);
    this.leave = button("leave", "beside.leave", "button button-quiet", () => this.send("leave"));
    this.lines = h("ol", { class: "beside-lines", "aria-label": t("beside.lines") });
    this.input = h("input", {
      class: "input",
      id: "beside-text",
      type: "text",
      maxlength: String(MOST_TEXT),
      autocomplete: "off",
    });
    this.form = h(
      "form",
      { class: "beside-form", on: { submit: (/** @type {Event} */ event) => this.write(event) } },
      h("label", { for: "beside-text", text: t("beside.write") }),
      this.input,
      h("button", { class: "button", type: "submit" }, icon("send"), h("span", { text: t("text.send") })),
    );
    this.shown = h("div", { class: "beside-pictures" }, Object.values(this.pictures).map(({ element }) => element));
    this.element = h(
      "section",
      { class: "card stack beside", "aria-label": t("beside.title"), hidden: true },
      h("div", { class: "row spread" }, h("div", { class: "row" }, this.heading, this.clock), h("div", { class: "row" }, this.ask, this.join, this.own.join, this.look, this.stop, this.leave)),
      this.say,
      this.trouble,
      this.own.element,
      h("div", { class: "beside-body" }, this.shown, h("div", { class: "stack beside-side" }, this.call, this.lines, this.form)),
    );
  }

  /** @param {CoordinatorView} view */
  follow(view) {
    const before = this.watching;
    this.watching = view.watching ?? null;
    this.ended = view.watch_ended ?? "";
    this.endedCall = view.watch_ended_call ?? "";
    if (before?.call !== this.watching?.call) this.input.value = "";
    if (this.watching && SEES.includes(this.watching.state)) [this.seen, this.again] = [this.watching.call, ""];
    // Only this page's network was gone: whom the customer let in may come back without a question, once.
    const lost = this.ended === "gone" && this.endedCall !== "" && this.endedCall === this.seen;
    if (lost && this.again !== this.seen) {
      this.again = this.seen;
      this.socket.send({ type: "watch", call: this.seen, how: "watch" });
    }
    this.draw();
  }

  /** @param {ToPage} message */
  hear(message) {
    this.peer.hear(message);
    if (message.type === "text_line") this.text.hear(message);
    if (message.type !== "error" || !ASKED.includes(message.reply_to ?? "")) return;
    if (message.reply_to === "watch") this.own.refused(this.watching);
    this.own.full = message.code === "media_full";
    // A connection that finds nobody is tried again by itself.
    if (message.reply_to !== "media_offer") this.refuse(message.code);
    else this.draw();
  }

  /**
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  slot(slot, track) {
    const at = this.camera ? slot - 1 : slot;
    if (at < 0) this.own.preview.attach(track);
    else this.pictures[SEEN[at]]?.picture.attach(track);
  }

  /** A connection with the own picture is another one. @param {boolean} camera */
  turn(camera) {
    if (camera !== this.camera) {
      this.camera = camera;
      this.own.forget();
      this.peer.drop();
      this.peer.slots = SEEN.length + Number(camera);
    }
    if (!camera) this.own.dropCard();
    const sent = camera ? this.own.sending() : null;
    if (this.peer.picture !== sent) this.peer.setPicture(sent);
  }

  /** @param {string} code "" for nothing */
  refuse(code) {
    show(this.trouble, code !== "");
    setText(this.trouble, code ? errorText(code) : "");
    if (code) show(this.element, true);
  }

  /** Somebody else is at this page now, or nobody: the camera goes off. */
  away() {
    this.own.close();
    this.close();
  }

  /** The page shows nothing more of anybody. */
  close() {
    this.peer.close();
    this.own.preview.clear();
    for (const { picture } of Object.values(this.pictures)) picture.clear();
  }

  /**
   * @param {"watch" | "coach" | "join" | "prepare" | "show" | "hide" | "leave"} how
   * @param {string} [call]
   */
  send(how, call = this.watching?.call || this.endedCall || "") {
    this.refuse("");
    if (how === "coach" || how === "leave") this.seen = "";
    if (["coach", "leave", "watch"].includes(how)) this.own.close();
    if (!call) show(this.element, false);
    else if (!this.socket.send({ type: "watch", call, how })) this.refuse("unreachable");
  }

  /** @param {Event} event */
  write(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text || !this.watching) return;
    if (this.socket.send({ type: "coach", call: this.watching.call, text })) this.input.value = "";
    else this.refuse("unreachable");
  }

  /** The browser wanted a tap before it plays. */
  tap() {
    for (const picture of [this.own.preview, ...SEEN.map((who) => this.pictures[who].picture)]) play(picture.video);
  }

  draw() {
    const { watching: now, ended = "" } = this;
    const pressed = [this.ask, this.stop, this.join, this.look].find((each) => each === document.activeElement);
    const looks = Boolean(now?.connected && SEES.includes(now.state));
    this.own.follow(now, looks, ended);
    this.turn(looks && hasCamera(now));
    this.peer.follow(looks ? (now?.media ?? "none") : "none");
    this.peer.slow(this.camera ? (now?.camera_fps ?? 0) : 0);
    if (!looks) this.close();
    this.own.draw(now, looks);
    const nobody = !now && !ended;
    if (nobody && this.trouble.hidden) show(this.element, false);
    else if (!nobody) show(this.element, true);
    setText(this.heading, now?.agent_name ? t("beside.of", { agent: now.agent_name }) : t("beside.title"));
    const [name, mark, tone] = sayingOf(now, ended);
    if (this.say.dataset.name !== name) {
      this.say.dataset.name = name;
      this.say.className = `notice notice-${tone}`;
      this.sayIcon.replaceChildren(icon(mark));
    }
    setText(this.sayText, name ? t(`beside.say.${name}`) : "");
    show(this.say, name !== "");
    show(this.ask, Boolean(now?.connected && now.state === "coach"));
    show(this.stop, Boolean(now && now.state !== "coach"));
    setText(wordOf(this.leave), t(now ? "beside.leave" : "beside.read"));
    show(this.join, looks && now?.state === "in");
    show(this.look, looks && now?.state === "joined" && !hasCamera(now));
    show(this.call, looks && now?.state === "joined");
    if (now) this.text.begin(now.call);
    show(this.shown, looks);
    show(this.form, Boolean(now?.connected));
    this.drawPictures(now);
    keyed(
      this.lines,
      now?.lines ?? [],
      (line) => `${now?.call} ${line.seq}`,
      () => {
        const who = h("span", { class: "small soft" });
        const text = h("p");
        const element = h("li", { class: "beside-line" }, who, text);
        return {
          element,
          update: (line) => {
            element.dataset.who = line.mine ? "me" : "agent";
            setText(who, line.mine ? t(line.read ? "beside.read_by" : "beside.unread") : (now?.agent_name ?? ""));
            setText(text, line.text);
          },
        };
      },
    );
    this.tick();
    // What was pressed may be gone: the focus goes where it is said what became of it.
    if (pressed?.hidden && !this.say.hidden) this.say.focus();
  }

  /** @param {Watching | null} now */
  drawPictures(now) {
    const [second, third] = now?.others ?? [];
    const people = {
      agent: { name: now?.agent_name, media: now?.agent_media },
      customer: { name: t("agent.customer"), media: now?.customer_media },
      second,
      third,
    };
    for (const who of SEEN) {
      const { element, title, picture } = this.pictures[who];
      const one = people[who];
      setText(title, one ? one.name || t("agent.colleague") : "");
      picture.explain("hands", t("beside.connecting"));
      picture.dim(this.peer.state === "interrupted" || one?.media === "reconnecting");
      show(element, Boolean(one));
    }
  }

  tick() {
    this.own.tick();
    setText(this.clock, this.watching?.since_ms ? clockText(nowMs() - this.watching.since_ms) : "");
  }
}

/**
 * What is said of the state: a text `beside.say.<name>`, its icon and tone.
 * @param {Watching | null} now
 * @param {string} ended
 * @returns {[string, import("../shared/icons.js").IconName, string]}
 */
function sayingOf(now, ended) {
  if (!now) return ended ? [ended, "info", "attention"] : ["", "info", "attention"];
  if (!now.connected) return ["between", "clock", "attention"];
  if (now.held_from_ms && SEES.includes(now.state)) return ["held", "pause", "attention"];
  if (now.state === "asked") return ["asked", "clock", "accent"];
  if (now.picture === "shown") return ["shown", "people", "accent"];
  if (now.state === "joined") return ["joined", "people", "accent"];
  return now.state === "in" ? ["in", "eye", "accent"] : ["coach", "write", "accent"];
}

/**
 * @param {typeof SEEN[number]} who
 * @param {() => void} tap
 */
function figure(who, tap) {
  const title = h("h3");
  const needed = button("play", "call.tap", "button", tap);
  show(needed, false);
  const label = t(who === "customer" ? "agent.customer_picture" : "picture.theirs");
  const picture = new RemotePicture({ label, onTapNeeded: (tapNeeded) => show(needed, tapNeeded) });
  return { element: h("div", { class: "beside-figure", "data-who": who }, title, picture.element, needed), title, picture };
}

/**
 * @param {import("../shared/icons.js").IconName} name
 * @param {string} key
 * @param {string} look
 * @param {() => void} act
 */
function button(name, key, look, act) {
  return h("button", { class: look, type: "button", on: { click: act } }, icon(name), h("span", { text: t(key) }));
}

/** @param {HTMLElement} element */
function wordOf(element) {
  return element.querySelector("span") ?? element;
}
