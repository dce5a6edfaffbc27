/** One request on the coordinator's page: what is asked, what it would mean, and the buttons that decide it. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { stateLook, whatText } from "../shared/request-words.js";
import { meansLines, meansList } from "./request-means.js";
import { peopleList } from "./request-people.js";

/** @typedef {import("../shared/request-words.js").Row & { means?: import("./request-means.js").Means | null }} Row */
/** @typedef {import("../shared/icons.js").IconName} IconName */
/** @typedef {"grant" | "decline" | "cancel"} Act */

/**
 * @typedef {object} Desk what a card asks of its page
 * @property {(person: string) => string} nameOf
 * @property {(row: Row, wish: { act: string, person?: string, why?: string, anyway?: boolean }, card: RequestCard) => Promise<void>} decide
 * @property {(row: Row) => Promise<import("./request-people.js").Candidate[] | null>} people
 */

const WHYS = /** @type {const} */ (["too_few", "rules", "skill", "others", "talk"]);
/** @type {Record<Act, IconName>} */
const MARKS = { grant: "check", decline: "end", cancel: "remove" };
/** @type {Record<Row["kind"], IconName>} */
const KINDS = { open: "calendar", offer: "send", swap: "turn", leave: "leave", away: "leave", wish: "question", busy: "pause" };

export class RequestCard {
  /**
   * @param {Row} row
   * @param {readonly Act[]} acts
   * @param {Desk} desk
   */
  constructor(row, acts, desk) {
    this.row = row;
    this.desk = desk;
    const look = stateLook(row);
    const whose = row.person && desk.nameOf(row.person);
    const first = whose && row.kind === "open" ? t("requests.was", { name: whose }) : whose;
    const names = [first, row.other && desk.nameOf(row.other)].filter(Boolean);
    this.title = h("h3", { class: "request-title", tabindex: "-1" }, icon(KINDS[row.kind]), h("span", { text: t(`requests.kind.${row.kind}`) }));
    this.say = h("div", { class: "notice notice-attention", role: "alert", hidden: true }, icon("urgent"), (this.sayText = h("span")));
    this.means = h("div");
    this.buttons = h("div", { class: "row" });
    this.more = h("div", { class: "stack" });
    this.whoText = h("span", { text: t("requests.who") });
    this.who = h("button", { class: "button button-main", type: "button", "aria-expanded": "false" }, icon("people"), this.whoText);
    this.who.addEventListener("click", () => this.togglePeople());
    this.element = h(
      "li",
      { class: "card request-card", "data-request": row.request },
      h(
        "div",
        { class: "request-head" },
        this.title,
        names.length > 0 && h("span", { class: "request-names", text: names.join(" → ") }),
        h("span", { class: "figure", text: whatText(row) }),
        // What waits stands under a heading that says for whom.
        row.state !== "asked" &&
          row.state !== "waiting" &&
          h("span", { class: `pill pill-${look.tone}` }, icon(look.icon), h("span", { text: look.text })),
      ),
      row.why && h("p", { class: "soft", text: t(`requests.why.${row.why}`) }),
      this.means,
      this.say,
      this.buttons,
      this.more,
    );
    this.acts = acts;
    this.drawMeans();
    this.drawButtons();
  }

  drawMeans() {
    const { means } = this.row;
    const waits = this.row.state === "asked" || this.row.state === "waiting";
    if (means === undefined && waits) this.means.replaceChildren(h("p", { class: "soft", text: t("requests.means_coming") }));
    else this.means.replaceChildren(...(means ? [meansList(meansLines(this.row, means, this.desk.nameOf))] : []));
    show(this.means, this.means.childElementCount > 0);
  }

  drawButtons() {
    const { row } = this;
    const finds = row.kind === "open" && this.acts.length > 0;
    const free = finds && row.state === "waiting";
    this.who.className = free ? "button button-main" : "button";
    this.buttons.replaceChildren(
      ...(free ? [this.who] : []),
      ...this.acts.map((act) => this.button(act)),
      ...(finds && !free ? [this.who] : []),
    );
    show(this.buttons, this.acts.length > 0);
  }

  /** @param {Act} act */
  button(act) {
    const asksWhy = act === "decline" || (act === "cancel" && this.row.kind !== "open");
    const press = asksWhy ? () => this.askWhy(act) : () => this.decide({ act });
    const look = act === "grant" ? "button button-main" : "button";
    return plain(MARKS[act], t(`requests.${act}`), press, look);
  }

  /**
   * Why not: one press more, and the agent reads it.
   * @param {Act} act
   */
  askWhy(act) {
    const words = h("p", { class: "request-ask", tabindex: "-1", text: t("requests.why_title") });
    const group = h(
      "div",
      { class: "row", role: "group", "aria-label": t("requests.why_title") },
      WHYS.map((why) => plain("send", t(`requests.why.${why}`), () => this.decide({ act, why }))),
      plain("back", t("requests.back"), () => this.backTo(act)),
    );
    show(this.buttons, false);
    this.more.replaceChildren(words, group);
    words.focus();
  }

  /** @param {Act} [act] whose button gets the focus */
  backTo(act) {
    show(this.say, false);
    this.more.replaceChildren();
    setOpen(this.who, false);
    this.drawButtons();
    const at = act ? this.acts.indexOf(act) : 0;
    const buttons = [...this.buttons.querySelectorAll("button")].filter((one) => one !== this.who);
    (buttons[at] ?? this.title).focus();
  }

  /** @param {{ act: string, person?: string, why?: string, anyway?: boolean }} wish */
  async decide(wish) {
    await this.desk.decide(this.row, wish, this);
  }

  /**
   * It would break rules, or somebody could not do the same: said here, and done only when that is pressed.
   * @param {string} words
   * @param {{ act: string, person?: string }} wish
   */
  confirm(words, wish) {
    this.refuse(words);
    const anyway = plain("urgent", t("requests.anyway"), () => this.decide({ ...wish, anyway: true }), "button button-end");
    const back = plain("back", t("requests.back"), () => (wish.act === "assign" ? this.openPeople() : this.backTo()));
    show(this.buttons, false);
    this.more.replaceChildren(h("div", { class: "row" }, anyway, back));
    back.focus();
  }

  /** @param {string} words */
  refuse(words) {
    setText(this.sayText, words);
    show(this.say, words !== "");
  }

  togglePeople() {
    if (this.who.getAttribute("aria-expanded") === "true") {
      this.more.replaceChildren();
      setOpen(this.who, false);
    } else this.openPeople();
  }

  /** Who could, the best first; stays closed when it could not be read. */
  async openPeople() {
    this.refuse("");
    show(this.buttons, true);
    setOpen(this.who, true);
    this.more.replaceChildren(h("p", { class: "soft", role: "status", text: t("requests.looking") }));
    const people = await this.desk.people(this.row);
    if (this.who.getAttribute("aria-expanded") !== "true") return;
    if (!people) {
      this.more.replaceChildren();
      setOpen(this.who, false);
      return;
    }
    this.more.replaceChildren(
      h("p", { class: "soft", text: t("requests.ranked") }),
      peopleList(people, this.desk.nameOf, (person) => this.decide({ act: "assign", person })),
    );
  }
}

/**
 * @param {IconName} mark
 * @param {string} words
 * @param {() => void} press
 * @param {string} [look]
 */
function plain(mark, words, press, look = "button") {
  return h("button", { class: look, type: "button", on: { click: press } }, icon(mark), h("span", { text: words }));
}

/**
 * @param {HTMLElement} button
 * @param {boolean} open
 */
function setOpen(button, open) {
  button.setAttribute("aria-expanded", String(open));
}
