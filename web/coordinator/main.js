/** Starts the coordinator's page: sign-in, then its parts, each behind a tab. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { loadTexts, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { languageChoice } from "../shared/language.js";
import { fetchMe, request, RequestError } from "../shared/service.js";
import { SignIn } from "../shared/signin.js";
import { Socket } from "../shared/socket.js";
import { InboxCount } from "./inbox-count.js";
import { NowPart } from "./now.js";

/** @typedef {import("../shared/service.js").Me} Me */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/**
 * One part of the page. `enter` is called whenever it comes on the screen, with what stands behind its name in the
 * address: `#shifts/1/2` is "1/2" for the part `shifts`.
 * @typedef {{ element: HTMLElement, heading: HTMLElement, enter: (rest: string) => void }} Part
 */

/** @typedef {(error: unknown) => string} Refused what a part does with a request that failed */

/**
 * The parts, in the order of their tabs: icon, text, and where the part comes from. The first screen comes with the
 * page; what the others need comes while it is looked at.
 * @type {Record<string, [IconName, string, (board: Console) => Part | Promise<Part>]>}
 */
const PARTS = {
  now: ["wall", "coordinator.now", (board) => board.now],
  shifts: ["calendar", "coordinator.shifts", async ({ refused }) => new (await import("./shifts.js")).ShiftsPart(refused)],
  roster: ["data", "roster.tab", async ({ refused }) => new (await import("./roster.js")).RosterPart(refused)],
  requests: [
    "turn",
    "requests.tab",
    async ({ refused, asked }) => new (await import("./requests.js")).RequestsPart(refused, asked),
  ],
  records: ["list", "coordinator.records", async ({ refused }) => new (await import("./records.js")).RecordsPart(refused)],
  messages: [
    "write",
    "inbox.tab",
    async ({ refused, inbox }) => new (await import("./messages.js")).MessagesPart(refused, inbox),
  ],
  hours: [
    "clock",
    "hours.tab",
    async ({ refused, now }) => new (await import("./hours.js")).HoursPart(refused, () => now.view?.waiting.length ?? 0),
  ],
  people: ["people", "coordinator.people", async ({ refused }) => new (await import("./people.js")).PeoplePart(refused)],
  background: ["room", "background.tab", async ({ refused }) => new (await import("./background.js")).BackgroundPart(refused)],
};

class Console {
  /**
   * @param {Me} me
   * @param {(trouble: string) => void} onAway nobody is signed in any more
   */
  constructor(me, onAway) {
    this.onAway = onAway;
    this.left = false;
    /** @type {Refused} */
    this.refused = (error) => this.failed(error);
    this.now = new NowPart(this.refused);
    /** @type {Record<string, Promise<Part>>} */
    this.parts = {};
    this.shown = "";
    this.links = Object.entries(PARTS).map(([name, [mark, text]]) =>
      h("a", { class: "tab", href: `#${name}`, "data-part": name }, icon(mark), h("span", { text: t(text) })),
    );
    const tab = (/** @type {string} */ name) => /** @type {HTMLElement} */ (this.links.find((link) => link.dataset.part === name));
    this.inbox = new InboxCount(tab("messages"), "/api/messages/count", "open", "inbox.waiting");
    this.asked = new InboxCount(tab("requests"), "/api/requests/count", "for_you", "requests.waiting");
    this.lost = h(
      "p",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("lost"),
      (this.lostText = h("span")),
    );
    this.main = h("div", { class: "board-part" });
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
      onMessage: (message) => this.now.hear(message),
      onLink: (link) => this.linked(link),
    });
    this.now.socket = this.socket;
    this.route = () => this.showPart();
    addEventListener("hashchange", this.route);
    this.socket.open();
    this.showPart();
  }

  /**
   * @param {string} name
   * @returns {Promise<Part>} made once; asked for again when it did not come
   */
  part(name) {
    return (this.parts[name] ??= Promise.resolve(PARTS[name][2](this)).catch(() => {
      delete this.parts[name];
      return missing();
    }));
  }

  async showPart() {
    const [asked, ...rest] = location.hash.slice(1).split("/");
    const name = Object.hasOwn(PARTS, asked) ? asked : "now";
    if (name === this.shown && !rest.length) return;
    const first = this.shown === "";
    this.shown = name;
    for (const link of this.links) setAttribute(link, "aria-current", link.dataset.part === name ? "page" : null);
    setAttribute(this.main, "aria-busy", "true");
    const part = await this.part(name);
    if (name !== this.shown || this.left) return;
    setAttribute(this.main, "aria-busy", null);
    this.main.replaceChildren(part.element);
    part.enter(rest.join("/"));
    if (!first) part.heading.focus();
    else await this.bringOthers();
  }

  /** What the other parts need comes while the first one is looked at. */
  async bringOthers() {
    for (const name of Object.keys(PARTS)) if (!this.left) await this.part(name);
  }

  /** @param {import("../shared/socket.js").Link} link */
  linked(link) {
    if (link !== "open" && link !== "connecting" && link !== "lost") this.now.monitor?.away();
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
  failed(error) {
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

/** In place of a part whose modules did not come. @returns {Part} */
function missing() {
  const heading = h("h1", { text: t("boot.missing_title"), tabindex: "-1" });
  const again = h("button", {
    class: "button button-main",
    type: "button",
    text: t("boot.retry"),
    on: { click: () => location.reload() },
  });
  const element = h("div", { class: "stack" }, heading, h("p", { role: "alert", text: t("coordinator.part_missing") }), again);
  return { element, heading, enter: () => {} };
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
