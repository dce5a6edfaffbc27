/** What holds on public holidays: whose they are, hours for them, and which weekday a make-up workday is like. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { locale, t } from "../shared/i18n.js";
import { DayRows, tell } from "./hours-day.js";
import { dayName } from "./hours-words.js";

/** @typedef {import("./hours-words.js").HolidayRule} HolidayRule */
/** @typedef {import("./hours-words.js").Fault} Fault */

export class HolidayFields {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.region = h("select", { class: "input", id: "hours-region", "aria-describedby": "hours-region-say" });
    this.rows = new DayRows(() => t("hours.holiday"), onChange);
    this.makeUp = h(
      "select",
      { class: "input", id: "hours-make-up" },
      Array.from({ length: 7 }, (_, day) =>
        h("option", { value: String(day), text: t("hours.as_day", { day: dayName(day) }) }),
      ),
    );
    this.fault = h("p", { class: "hours-fault", id: "hours-region-fault", hidden: true });
    const name = t("hours.holiday");
    this.more = h(
      "div",
      {},
      h(
        "div",
        { class: "hours-line", role: "group", "aria-label": name },
        h("span", { class: "hours-name", text: name }),
        this.rows.element,
      ),
      h(
        "div",
        { class: "hours-line" },
        h("label", { class: "hours-name", for: "hours-make-up", text: t("hours.make_up") }),
        this.makeUp,
      ),
    );
    this.region.addEventListener("change", () => (this.drawMore(), onChange()));
    this.makeUp.addEventListener("change", onChange);
    this.element = h(
      "section",
      { class: "card stack" },
      h("h3", { text: t("hours.holidays") }),
      h("p", { class: "small soft", id: "hours-region-say", text: t("hours.holidays_say") }),
      h("div", { class: "field" }, h("label", { for: "hours-region", text: t("hours.region") }), this.region, this.fault),
      this.more,
    );
  }

  /**
   * @param {HolidayRule | null} rule
   * @param {readonly string[]} regions countries, as ISO codes
   */
  draw(rule, regions) {
    const known = rule && !regions.includes(rule.region) ? [rule.region, ...regions] : regions;
    const options = known
      .map((code) => ({ code, name: regionName(code) }))
      .sort((a, b) => Number(b.code === "CN") - Number(a.code === "CN") || a.name.localeCompare(b.name, locale()));
    this.region.replaceChildren(
      h("option", { value: "", text: t("hours.no_region") }),
      ...options.map(({ code, name }) => h("option", { value: code, text: name })),
    );
    this.region.value = rule?.region ?? "";
    this.rows.spans = rule?.hours ?? [];
    this.makeUp.value = String(rule?.make_up_as ?? 0);
    this.drawMore();
  }

  drawMore() {
    show(this.more, this.region.value !== "");
  }

  /** @returns {HolidayRule | null} as the service wants it */
  get wish() {
    const region = this.region.value;
    return region ? { region, hours: this.rows.spans, make_up_as: Number(this.makeUp.value) } : null;
  }

  /** @param {Fault[]} faults */
  blame(faults) {
    tell(this.fault, [this.region], faults.find(({ code }) => code === "region_unknown"));
    if (this.fault.hidden) {
      setText(this.fault, "");
      setAttribute(this.region, "aria-describedby", "hours-region-say");
    }
    this.rows.blame(faults.filter(({ code }) => code !== "region_unknown"));
  }
}

/** @param {string} code */
function regionName(code) {
  try {
    return new Intl.DisplayNames([locale()], { type: "region" }).of(code) ?? code;
  } catch {
    return code; // a part of a country, such as DE-BY
  }
}
