/** The last screens: what happened, in a sentence, and what one can do now. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { lengthText, momentText } from "../shared/time.js";
import { signedClip } from "./clip.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/** @type {readonly [IconName, number][]} five faces, best first: the thumb lies there */
const FACES = [
  ["face-5", 5],
  ["face-4", 4],
  ["face-3", 3],
  ["face-2", 2],
  ["face-1", 1],
];

/** @type {Record<string, IconName>} */
const MARKS = {
  customer_hung_up: "check-circle",
  agent_hung_up: "check-circle",
  customer_lost: "lost",
  agent_lost: "lost",
  closed: "clock",
  shutdown: "info",
};

/** Two questions after a call that was answered; each answer is one tap, and may be changed. */
class Questions {
  /** @param {import("./app.js").CustomerApp} app */
  constructor(app) {
    this.solved = {
      yes: choice("check", t("survey.yes"), () => app.answer({ solved: "yes" })),
      no: choice("end", t("survey.no"), () => app.answer({ solved: "no" })),
    };
    this.faces = FACES.map(([mark, face]) => ({
      face,
      element: choice(mark, t(`survey.face_${face}`), () => app.answer({ face }), "face"),
    }));
    this.thanks = h("p", { class: "soft", role: "status" });
    this.element = h(
      "div",
      { class: "stack survey" },
      h("h2", { id: "survey-solved", text: t("survey.solved") }),
      h(
        "div",
        { class: "survey-solved", role: "group", "aria-labelledby": "survey-solved" },
        this.solved.yes,
        this.solved.no,
      ),
      h("h2", { id: "survey-faces", text: t("survey.how") }),
      h(
        "div",
        { class: "survey-faces", role: "group", "aria-labelledby": "survey-faces" },
        this.faces.map(({ element }) => element),
      ),
      this.thanks,
    );
  }

  /** @param {State["survey"]} survey */
  draw({ solved, face, sent }) {
    setAttribute(this.solved.yes, "aria-pressed", String(solved === "yes"));
    setAttribute(this.solved.no, "aria-pressed", String(solved === "no"));
    for (const one of this.faces) setAttribute(one.element, "aria-pressed", String(one.face === face));
    const said = solved !== "" || face > 0;
    setText(this.thanks, said ? t(sent ? "survey.thanks" : "survey.later") : "");
  }
}

/**
 * @param {IconName} mark
 * @param {string} word
 * @param {() => void} act
 * @param {string} [look]
 */
function choice(mark, word, act, look = "") {
  return h(
    "button",
    { class: `button ${look}`.trim(), type: "button", "aria-pressed": "false", on: { click: act } },
    icon(mark),
    h("span", { text: word }),
  );
}

export class EndedScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.mark = h("p", { class: "end-mark" });
    this.heading = h("h1", { tabindex: "-1" });
    this.what = h("p", { class: "lead" });
    this.next = h("p", { class: "notice notice-accent", role: "status", hidden: true });
    this.next.append(icon("calendar"), (this.nextText = h("span")));
    this.facts = h("p", { class: "soft figure" });
    this.clips = { closed: signedClip("closed"), error: signedClip("error") };
    this.questions = new Questions(app);
    this.again = h(
      "button",
      { class: "button button-main button-wide", type: "button", on: { click: () => app.prepare() } },
      icon("hands"),
      h("span", { text: t("ended.again") }),
    );
    this.message = h(
      "button",
      { class: "button button-main button-wide", type: "button", on: { click: () => app.writeMessage() } },
      icon("write"),
      h("span", { text: t("home.message") }),
    );
    this.element = h(
      "div",
      { class: "page ended" },
      h(
        "main",
        { class: "ended-main" },
        h("div", { class: "stack ended-words" }, this.mark, this.heading, this.what, this.next, this.facts, Object.values(this.clips)),
        this.questions.element,
        h(
          "div",
          { class: "stack" },
          this.again,
          this.message,
          h(
            "button",
            { class: "button button-wide", type: "button", on: { click: () => app.goHome() } },
            icon("back"),
            h("span", { text: t("ended.home") }),
          ),
        ),
      ),
    );
  }

  /** @param {State} state */
  draw({ view, left, lengthMs, agentName, answered, survey }) {
    if (!view) return;
    // The page may know earlier than the service that the person has ended the call.
    const reason =
      view.state === "ended" ? view.ended_reason || "closed" : view.call === left ? "customer_hung_up" : "closed";
    const well = reason === "customer_hung_up" || reason === "agent_hung_up";
    if (this.mark.dataset.reason !== reason) {
      this.mark.dataset.reason = reason;
      this.mark.className = `end-mark ${well ? "is-good" : "is-attention"}`;
      this.mark.replaceChildren(icon(MARKS[reason] ?? "info"));
    }
    setText(this.heading, t(well ? "ended.title" : "ended.title_broken"));
    const name = view.agent_name || agentName || t("call.agent");
    const over = reason === "customer_lost" && view.kept_until_ms > 0 && answered !== view.call;
    setText(this.what, over ? t("error.place_gone") : t(`ended.${reason}`, { name }));
    show(this.next, view.follow_up_due_ms > 0);
    if (view.follow_up_due_ms) {
      setText(this.nextText, t("ended.follow_up", { name, time: momentText(view.follow_up_due_ms) }));
    }
    setText(this.facts, t("ended.length", { time: lengthText(lengthMs) }));
    show(this.facts, lengthMs > 0);
    if (this.clips.closed) show(this.clips.closed, reason === "closed");
    if (this.clips.error) show(this.clips.error, !well && reason !== "closed");
    // Behind a closed door nobody answers another call, but a message is read.
    show(this.message, reason === "closed");
    show(this.again, reason !== "closed");
    show(this.questions.element, answered === view.call);
    this.questions.draw(survey);
  }
}

/** The page was opened elsewhere, or is older than the service: it stops, says so, and goes on by one tap. */
export class StoppedScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.heading = h("h1", { tabindex: "-1" });
    this.what = h("p", { class: "lead" });
    this.act = h("span");
    this.element = h(
      "div",
      { class: "page ended" },
      h(
        "main",
        { class: "ended-main" },
        h(
          "div",
          { class: "stack ended-words" },
          h("p", { class: "end-mark is-attention" }, icon("info")),
          this.heading,
          this.what,
        ),
        h(
          "div",
          { class: "stack" },
          h(
            "button",
            { class: "button button-main button-wide", type: "button", on: { click: () => app.takeOver() } },
            icon("again"),
            this.act,
          ),
        ),
      ),
    );
  }

  /** @param {State} state */
  draw({ link }) {
    const name = link === "version" ? "version" : "replaced";
    setText(this.heading, t(`stopped.${name}_title`));
    setText(this.what, t(`stopped.${name}`));
    setText(this.act, t(`stopped.${name}_act`));
  }
}
