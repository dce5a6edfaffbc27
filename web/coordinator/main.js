/** Starts the coordinator's page: sign-in, then its parts, each behind a tab. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { loadTexts, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { languageChoice } from "../shared/language.js";
import { fetchMe, request, RequestError } from "../shared/service.js";
import { SignIn } from "../shared/signin.js";
import { Socket } from "../shared/socket.js";
import { BackgroundPart } from "./background.js";
import { HoursPart } from "./hours.js";
import { MessagesPart } from "./messages.js";
import { NowPart } from "./now.js";
import { PeoplePart } from "./people.js";
import { RecordsPart } from "./records.js";
import { RosterPart } from "./roster.js";
import { ShiftsPart } from "./shifts.js";

/** @typedef {import("../shared/service.js").Me} Me */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/**
 * One part of the page. `enter` is called whenever it comes on the screen, with what stands behind its name in the
 * address: `#shifts/1/2` is "1/2" for the part `shifts`.
 * @typedef {{ element: HTMLElement, heading: HTMLElement, enter: (rest: string) => void }} Part
 */

/** @typedef {(error: unknown) => string} Refused what a part does with a request that failed */

/** @type {readonly [string, IconName, string, new (refused: Refused) => Part][]} name, icon, text, class */
const PARTS = [
  ["now", "wall", "coordinator.now", NowPart],
  ["shifts", "calendar", "coordinator.shifts", ShiftsPart],
  ["roster", "data", "roster.tab", RosterPart],
  ["records", "list", "coordinator.records", RecordsPart],
  ["messages", "write", "inbox.tab", MessagesPart],
  ["hours", "clock", "hours.tab", HoursPart],
  ["people", "people", "coordinator.people", PeoplePart],
  ["background", "room", "background.tab", BackgroundPart],
];

class Console {
  /**
   * @param {Me} me
   * @param {(trouble: string) => void} onAway nobody is signed in any more
   */
  constructor(me, onAway) {
    this.onAway = onAway;
    this.left = false;
    const refused = (/** @type {unknown} */ error) => this.refused(error);
    /** @type {Record<string, Part>} */
    this.parts = Object.fromEntries(PARTS.map(([name, , , Made]) => [name, new Made(refused)]));
    this.now = /** @type {NowPart} */ (this.parts.now);
    this.shown = "";
    this.links = PARTS.map(([name, mark, text]) =>
      h("a", { class: "tab", href: `#${name}` }, icon(mark), h("span", { text: t(text) })),
    );
    const link = PARTS.findIndex(([name]) => name === "messages");
    /** @type {MessagesPart} */ (this.parts.messages).countIn(this.links[link]);
    /** @type {HoursPart} */ (this.parts.hours).waiting = () => this.now.view?.waiting.length ?? 0;
    this.lost = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("lost"),
      (this.lostText = h("span")),
    );
    this.main = h("div");
    this.element = h(
      "div",
      { class: "board" },
      h(
        "header",
        { class: "board-head" },
        h("p", { class: "brand" }, h("span", { class: "brand-mark" }, icon("hands")), h("span", { text: me.name })),
        h("nav", { class: "tabs", "aria-label": t("coordinator.parts") }, this.links),
        h(
          "div",
          { class: "row" },
          languageChoice(),
          h(
            "button",
            { class: "button button-quiet", type: "button", on: { click: () => this.signOut() } },
            icon("leave"),
            h("span", { text: t("sign_in.out") }),
          ),
        ),
      ),
      h("main", { class: "stack" }, this.lost, this.main),
    );
    this.socket = new Socket({
      role: "coordinator",
      locale: locale(),
      onMessage: (message) => message.type === "coordinator_view" && this.now.follow(message),
      onLink: (link) => this.linked(link),
    });
    this.route = () => this.showPart();
    addEventListener("hashchange", this.route);
    this.socket.open();
    this.showPart();
  }

  showPart() {
    const [asked, ...rest] = location.hash.slice(1).split("/");
    const name = Object.hasOwn(this.parts, asked) ? asked : "now";
    if (name === this.shown && !rest.length) return;
    const first = this.shown === "";
    this.shown = name;
    PARTS.forEach(([part], i) => setAttribute(this.links[i], "aria-current", part === name ? "page" : null));
    this.main.replaceChildren(this.parts[name].element);
    this.parts[name].enter(rest.join("/"));
    if (!first) this.parts[name].heading.focus();
  }

  /** @param {import("../shared/socket.js").Link} link */
  linked(link) {
    if (link === "signed_out") return this.leave("sign_in_first");
    const words =
      link === "lost"
        ? t("coordinator.link_lost")
        : link === "replaced" || link === "version"
          ? t(`stopped.${link}`)
          : "";
    show(this.lost, words !== "");
    setText(this.lostText, words);
    return undefined;
  }

  /**
   * A request of a part failed: signed out is everybody's business, the rest is the part's own.
   * @param {unknown} error
   * @returns {string} the error's code
   */
  refused(error) {
    const code = error instanceof RequestError ? error.code : "internal";
    if (code === "sign_in_first") this.leave(code);
    return code;
  }

  async signOut() {
    await request("POST", "/api/sign-out").catch(() => {});
    this.leave("");
  }

  /** @param {string} trouble */
  leave(trouble) {
    // What was asked for before is refused after it: whoever signs in again is left alone.
    if (this.left) return;
    this.left = true;
    removeEventListener("hashchange", this.route);
    this.socket.close();
    this.now.stop();
    this.onAway(trouble);
  }
}

async function main() {
  await loadTexts();
  document.title = t("title.coordinator");
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  /** @param {string} trouble */
  const signIn = (trouble) => {
    const form = new SignIn({ title: t("coordinator.sign_in"), roles: ["coordinator", "admin"], onSignedIn: enter });
    root.dataset.screen = "sign_in";
    root.replaceChildren(form.element);
    form.explain(trouble);
    form.name.focus();
  };
  /** @param {Me} me */
  const enter = (me) => {
    root.dataset.screen = "board";
    root.replaceChildren(new Console(me, signIn).element);
  };
  const me = await fetchMe();
  if (me && me.role !== "agent" && !me.must_change) enter(me);
  else signIn(!me ? "" : me.must_change ? "password_change_first" : "wrong_role");
}

main().catch(() => {
  // No texts or no service: the words in the page's own markup stay, and a link tries again.
  document.getElementById("boot-retry")?.removeAttribute("hidden");
});
