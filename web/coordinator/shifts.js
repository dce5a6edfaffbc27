/** Shifts: who is on when, by day; adding one and taking one away. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { dayText, hourText, lengthText } from "../shared/time.js";
import { errorText } from "../shared/words.js";
import { ShiftImport } from "./shift-import.js";
import { dayField, skipped, spanOf, timeField } from "./shift-times.js";

/** @typedef {{ shift: string, agent: string, start: string, end: string }} Shift */
/** @typedef {{ agent: string, name: string, sign_in_name: string, disabled: boolean }} Agent */

export class ShiftsPart {
  /** @param {(error: unknown) => string} refused */
  constructor(refused) {
    this.refused = refused;
    /** @type {Map<string, string>} */
    this.names = new Map();
    this.attempt = 0;
    this.adding = false;
    this.heading = h("h1", { text: t("coordinator.shifts"), tabindex: "-1" });
    this.agent = h("select", { class: "input", id: "shift-agent" });
    this.day = h("input", {
      class: "input",
      id: "shift-day",
      type: "date",
      value: dayField(new Date()),
      required: true,
    });
    this.from = h("input", { class: "input", id: "shift-from", type: "time", value: "09:00", required: true });
    this.to = h("input", { class: "input", id: "shift-to", type: "time", value: "17:00", required: true });
    this.hint = h("p", { class: "small soft", id: "shift-hint", text: t("shifts.night") });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.done = h(
      "p",
      { class: "notice notice-good", role: "status", hidden: true },
      icon("check"),
      (this.doneText = h("span")),
    );
    this.add = h(
      "button",
      { class: "button button-main", type: "submit" },
      icon("add"),
      h("span", { text: t("shifts.add") }),
    );
    this.form = h(
      "form",
      {
        class: "card shift-form",
        novalidate: true,
        on: { submit: (/** @type {Event} */ event) => this.submit(event) },
      },
      h("h2", { text: t("shifts.add_title") }),
      field("shift-agent", "shifts.agent", this.agent),
      field("shift-day", "shifts.day", this.day),
      h(
        "div",
        { class: "shift-times" },
        field("shift-from", "shifts.from", this.from),
        field("shift-to", "shifts.to", this.to),
      ),
      this.hint,
      this.trouble,
      this.done,
      this.add,
    );
    this.list = h("div", { class: "stack" });
    this.none = h("p", { class: "soft", text: t("shifts.loading") });
    this.element = h(
      "div",
      { class: "stack" },
      this.heading,
      h(
        "div",
        { class: "shifts-grid" },
        h("div", { class: "stack shifts-side" }, this.form, new ShiftImport(refused, () => this.load()).element),
        h(
          "section",
          { class: "stack" },
          h("h2", { class: "visually-hidden", text: t("shifts.list") }),
          this.none,
          this.list,
        ),
      ),
    );
  }

  /** @param {string} rest "" or the time to fill, as from/to in milliseconds since 1970 */
  enter(rest) {
    this.fill(rest);
    this.load();
  }

  /** @param {string} rest */
  fill(rest) {
    const [from, to] = rest.split("/").map(Number);
    if (!(from > 0 && to > from)) return;
    this.say("", "");
    this.day.value = dayField(new Date(from));
    this.from.value = timeField(new Date(from));
    this.to.value = timeField(new Date(to));
    // The heading gets the focus first: this is the next thing to do.
    requestAnimationFrame(() => this.agent.focus());
  }

  async load() {
    const attempt = ++this.attempt;
    try {
      const [{ agents }, { shifts }] = await Promise.all([
        request("GET", "/api/agents"),
        request("GET", "/api/shifts"),
      ]);
      if (attempt !== this.attempt) return; // it was asked for before a shift was added, and may not know it
      this.drawAgents(agents);
      this.drawShifts(shifts);
    } catch (error) {
      const code = this.refused(error);
      if (attempt !== this.attempt) return;
      this.say(this.done.hidden ? "" : this.doneText.textContent ?? "", code); // what was added is, all the same
      setText(this.none, t("shifts.not_loaded"));
    }
  }

  /** @param {Agent[]} agents */
  drawAgents(agents) {
    this.names = new Map(agents.map((agent) => [agent.agent, agent.name || agent.sign_in_name]));
    const kept = this.agent.value;
    const usable = agents.filter((agent) => !agent.disabled);
    this.agent.replaceChildren(
      ...usable.map((agent) => h("option", { value: agent.agent, text: this.names.get(agent.agent) })),
    );
    if (usable.some((agent) => agent.agent === kept)) this.agent.value = kept;
    if (!usable.length) this.say("", "no_agents");
    setAttribute(this.add, "aria-disabled", usable.length && !this.adding ? null : "true");
  }

  /** @param {Shift[]} shifts */
  drawShifts(shifts) {
    const sorted = [...shifts].sort((a, b) => a.start.localeCompare(b.start));
    show(this.none, sorted.length === 0);
    setText(this.none, t("shifts.none"));
    /** @type {Map<string, Shift[]>} */
    const days = new Map();
    for (const shift of sorted) {
      const day = dayText(Date.parse(shift.start));
      days.set(day, [...(days.get(day) ?? []), shift]);
    }
    this.list.replaceChildren(
      ...[...days].map(([day, those]) =>
        h(
          "section",
          { class: "card" },
          h("h3", { text: day }),
          h(
            "ul",
            { class: "shift-list" },
            those.map((shift) => this.row(shift)),
          ),
        ),
      ),
    );
  }

  /** @param {Shift} shift */
  row(shift) {
    const [startMs, endMs] = [Date.parse(shift.start), Date.parse(shift.end)];
    const name = this.names.get(shift.agent) ?? shift.agent;
    const time = `${hourText(startMs)}–${hourText(endMs)}`;
    const now = Date.now();
    const here = startMs <= now && now < endMs;
    const remove = h(
      "button",
      { class: "button button-quiet", type: "button", "aria-label": t("shifts.remove_one", { name, time }) },
      icon("remove"),
      h("span", { text: t("shifts.remove") }),
    );
    remove.addEventListener("click", () => this.ask(row, shift, name, time));
    const row = h(
      "li",
      { class: "shift-row" },
      h("span", { class: "shift-name", text: name }),
      h("span", { class: "figure", text: time }),
      h("span", { class: "soft small figure", text: lengthText(endMs - startMs) }),
      here && h("span", { class: "pill pill-good" }, icon("check"), h("span", { text: t("shifts.here") })),
      remove,
    );
    return row;
  }

  /**
   * Taking a shift away is asked for twice, in its own row.
   * @param {HTMLElement} row
   * @param {Shift} shift
   * @param {string} name
   * @param {string} time
   */
  ask(row, shift, name, time) {
    const kept = [...row.childNodes];
    const no = h(
      "button",
      {
        class: "button",
        type: "button",
        on: { click: () => (row.replaceChildren(...kept), row.querySelector("button")?.focus()) },
      },
      icon("back"),
      h("span", { text: t("shifts.keep") }),
    );
    const yes = h(
      "button",
      { class: "button button-end", type: "button", on: { click: () => this.remove(shift, name, time) } },
      icon("remove"),
      h("span", { text: t("shifts.remove") }),
    );
    row.replaceChildren(h("span", { class: "shift-ask", text: t("shifts.remove_ask", { name, time }) }), no, yes);
    no.focus();
  }

  /**
   * @param {Shift} shift
   * @param {string} name
   * @param {string} time
   */
  async remove(shift, name, time) {
    try {
      await request("DELETE", `/api/shifts/${encodeURIComponent(shift.shift)}`);
      this.say(t("shifts.removed", { name, time }), "");
    } catch (error) {
      this.say("", this.refused(error));
    }
    await this.load();
    this.heading.focus();
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    if (this.add.getAttribute("aria-disabled") === "true") return;
    const span = spanOf(this.day.value, this.from.value, this.to.value);
    if (!span || !this.agent.value) {
      this.say("", "shift_empty");
      return;
    }
    const gone = skipped(this.day.value, this.from.value, this.to.value);
    if (gone) {
      this.say("", "time_skipped", t("import.fault.time_skipped", { value: gone }));
      return;
    }
    this.adding = true;
    setAttribute(this.add, "aria-disabled", "true");
    try {
      await request("POST", "/api/shifts", { agent: this.agent.value, ...span });
      const time = `${hourText(Date.parse(span.start))}–${hourText(Date.parse(span.end))}`;
      this.say(t("shifts.added", { name: this.names.get(this.agent.value) ?? "", time }), "");
    } catch (error) {
      this.say("", this.refused(error));
    }
    this.adding = false;
    setAttribute(this.add, "aria-disabled", null);
    await this.load();
  }

  /**
   * @param {string} done
   * @param {string} trouble a code
   * @param {string} [words] of the trouble
   */
  say(done, trouble, words = trouble ? errorText(trouble) : "") {
    show(this.done, done !== "");
    setText(this.doneText, done);
    show(this.trouble, trouble !== "");
    setText(this.troubleText, words);
  }
}

/**
 * @param {string} id
 * @param {string} key
 * @param {HTMLElement} control
 */
function field(id, key, control) {
  return h("div", { class: "field" }, h("label", { for: id, text: t(key) }), control);
}
