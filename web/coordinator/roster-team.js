/** The team's rules as a file: shifts, contracts, days off. A fault is told by its row before anything is kept. */

import { h, setText, show } from "../shared/dom.js";
import { count, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request, RequestError } from "../shared/service.js";
import { RosterClash } from "./roster-clash.js";

export class RosterTeam {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    this.set = h("p", { class: "small soft" });
    this.text = h("textarea", {
      class: "input roster-rules",
      id: "roster-rules",
      rows: 18,
      spellcheck: "false",
      dir: "ltr",
      "aria-describedby": "roster-rules-how",
    });
    this.rev = 0;
    this.clash = new RosterClash({ mine: () => this.overwrite(), theirs: () => this.theirs() });
    this.mineText = h("textarea", { class: "input roster-rules", id: "roster-rules-mine", rows: 8, readonly: true, dir: "ltr" });
    this.mine = h(
      "div",
      { class: "field", hidden: true },
      h("label", { class: "label", for: "roster-rules-mine", text: t("roster.clash.own") }),
      this.mineText,
    );
    this.done = h("p", { class: "notice notice-good", role: "status", hidden: true }, icon("check"), (this.doneText = h("span")));
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.element = h(
      "details",
      { class: "card roster-team" },
      h("summary", {}, icon("people"), h("span", { text: t("roster.team") })),
      h(
        "div",
        { class: "stack" },
        h("p", { class: "small soft", id: "roster-rules-how", text: t("roster.team_how") }),
        this.set,
        h("label", { class: "label", for: "roster-rules", text: t("roster.team_text") }),
        this.text,
        this.done,
        this.trouble,
        this.clash.element,
        this.mine,
        h(
          "div",
          { class: "row" },
          h(
            "button",
            { class: "button button-main", type: "button", on: { click: () => this.keep() } },
            icon("check"),
            h("span", { text: t("roster.team_save") }),
          ),
        ),
      ),
    );
    this.element.addEventListener("toggle", () => this.element.open && this.read());
  }

  async read() {
    if (this.text.value) return;
    try {
      const { text, set, rev } = await request("GET", "/api/rosters/team");
      this.text.value = text;
      this.rev = rev;
      setText(this.set, t(set ? "roster.team_set" : "roster.team_ordinary"));
    } catch (error) {
      this.say("", t("roster.refused.other", { code: this.refused(error) }));
    }
  }

  async keep() {
    try {
      const found = await request("PUT", "/api/rosters/team", { text: this.text.value, rev: this.rev });
      this.rev = found.rev;
      this.clash.close();
      show(this.mine, false);
      const parts = [count("roster.team_saved", found.people)];
      if (found.unknown.length) parts.push(t("roster.team_unknown", { names: found.unknown.join(t("list.comma")) }));
      if (found.without.length) parts.push(t("roster.team_without", { names: found.without.join(t("list.comma")) }));
      setText(this.set, t("roster.team_set"));
      this.say(parts.join(" "), "");
    } catch (error) {
      if (this.refused(error) === "roster_changed") {
        this.say("", "");
        this.clash.open("roster.clash.team");
        return;
      }
      const words = error instanceof RequestError ? (error.answer?.words ?? "") : "";
      this.say("", words ? t("roster.team_wrong", { words }) : t("roster.refused.other"));
    }
  }

  /** What is written here goes in place of what somebody else has written. */
  async overwrite() {
    try {
      this.rev = (await request("GET", "/api/rosters/team")).rev;
    } catch (error) {
      this.say("", t("roster.refused.other", { code: this.refused(error) }));
      return;
    }
    await this.keep();
  }

  /** What somebody else has written is shown; what was written here stands below it. */
  async theirs() {
    this.mineText.value = this.text.value;
    show(this.mine, true);
    this.text.value = "";
    await this.read();
    this.text.focus();
  }

  /**
   * @param {string} done
   * @param {string} trouble
   */
  say(done, trouble) {
    show(this.done, done !== "");
    setText(this.doneText, done);
    show(this.trouble, trouble !== "");
    setText(this.troubleText, trouble);
  }
}
