/** Shifts from a file: first what it would add and every fault by its line, then, when there is none, all of it. */

import { h, setText, show } from "../shared/dom.js";
import { count, locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { dayText, hourText } from "../shared/time.js";
import { errorText } from "../shared/words.js";

/** @typedef {{ line: number, name: string, start: string, end: string, breaks: { start: string, end: string }[] }} PlannedShift */
/** @typedef {{ line: number, code: string, column?: string, value?: string, other?: number }} Fault */
/** @typedef {{ shifts: PlannedShift[], faults: Fault[], rows: number, imported: number }} Answer */

const MAX_BYTES = 512 * 1024;

/** @type {Record<string, string>} */
const COLUMNS = { agent: "shifts.agent", date: "shifts.day", from: "shifts.from", to: "shifts.to", breaks: "import.breaks" };

export class ShiftImport {
  /**
   * @param {(error: unknown) => string} refused
   * @param {() => void} onImported
   */
  constructor(refused, onImported) {
    this.refused = refused;
    this.onImported = onImported;
    this.attempt = 0;
    this.zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    this.input = h("input", { type: "file", accept: ".csv,.txt,.xlsx", hidden: true, class: "import-file" });
    this.input.addEventListener("change", () => this.chosen());
    this.choose = h(
      "button",
      { class: "button", type: "button", on: { click: () => this.input.click() } },
      icon("add"),
      h("span", { text: t("import.choose") }),
    );
    this.status = h("p", { class: "soft", role: "status" });
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", tabindex: "-1", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.done = h(
      "p",
      { class: "notice notice-good", role: "status", hidden: true },
      icon("check"),
      (this.doneText = h("span")),
    );
    this.result = h("div", { class: "stack" });
    this.element = h(
      "section",
      { class: "card stack import" },
      h("h2", { text: t("import.title") }),
      h("p", { class: "small soft", text: t("import.how") }),
      h(
        "div",
        { class: "row" },
        this.choose,
        this.input,
        h(
          "a",
          { class: "button button-quiet", href: `/api/shifts/template.csv?lang=${locale()}`, download: true },
          icon("download"),
          h("span", { text: t("import.template") }),
        ),
      ),
      this.status,
      this.done,
      this.trouble,
      this.result,
    );
  }

  async chosen() {
    const [file] = this.input.files ?? [];
    if (!file) return;
    const attempt = ++this.attempt;
    this.clear();
    setText(this.status, t("import.checking", { file: file.name }));
    try {
      const content = file.size > MAX_BYTES ? "" : await base64(file);
      const answer = content || !file.size ? await this.ask(content, false) : tooLarge();
      if (attempt === this.attempt) this.draw(file.name, content, answer);
    } catch (error) {
      if (attempt === this.attempt) this.fail(this.refused(error));
    }
    if (attempt === this.attempt) setText(this.status, "");
    this.input.value = ""; // the same file, mended, may be chosen again
  }

  /**
   * @param {string} file Base64
   * @param {boolean} apply
   * @returns {Promise<Answer>}
   */
  ask(file, apply) {
    return request("POST", "/api/shifts/import", { file, zone: this.zone, apply });
  }

  /**
   * @param {string} name
   * @param {string} content
   * @param {Answer} answer
   */
  draw(name, content, { shifts, faults }) {
    if (faults.length) {
      this.say(count("import.faulty", faults.length, { file: name }));
      this.result.replaceChildren(
        table("import.faults", ["import.col_line", "import.col_column", "import.col_what"], faults.map(faultRow)),
      );
      this.trouble.focus();
      return;
    }
    const heading = h("h3", {
      class: "import-found",
      tabindex: "-1",
      text: count("import.found", shifts.length, { file: name }),
    });
    const go = h(
      "button",
      { class: "button button-main", type: "button" },
      icon("check"),
      h("span", { text: count("import.go", shifts.length) }),
    );
    go.addEventListener("click", () => this.apply(name, content, go), { once: true });
    const drop = h(
      "button",
      { class: "button", type: "button", on: { click: () => (this.clear(), this.choose.focus()) } },
      icon("back"),
      h("span", { text: t("import.drop") }),
    );
    this.result.replaceChildren(
      heading,
      h("p", { class: "small soft", text: t("import.zone", { zone: this.zone }) }),
      table("import.preview", ["import.col_line", "shifts.agent", "import.col_when", "import.breaks"], shifts.map(shiftRow)),
      h("div", { class: "row" }, go, drop),
    );
    heading.focus();
  }

  /**
   * @param {string} name
   * @param {string} content
   * @param {HTMLButtonElement} go
   */
  async apply(name, content, go) {
    go.disabled = true;
    const attempt = ++this.attempt;
    try {
      const answer = await this.ask(content, true);
      if (attempt !== this.attempt) return;
      this.clear();
      if (!answer.imported) return this.draw(name, content, answer);
      show(this.done, true);
      setText(this.doneText, count("import.done", answer.imported));
      this.choose.focus();
      this.onImported();
    } catch (error) {
      this.clear();
      this.fail(this.refused(error));
    }
    return undefined;
  }

  clear() {
    show(this.done, false);
    setText(this.doneText, "");
    show(this.trouble, false);
    this.result.replaceChildren();
  }

  /** @param {string} code */
  fail(code) {
    this.say(errorText(code));
  }

  /** @param {string} text */
  say(text) {
    show(this.trouble, true);
    setText(this.troubleText, text);
  }
}

/** @returns {Answer} */
function tooLarge() {
  return { shifts: [], faults: [{ line: 0, code: "file_too_large" }], rows: 0, imported: 0 };
}

/**
 * @param {File} file
 * @returns {Promise<string>}
 */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).split(",")[1] ?? ""));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

/**
 * @param {string} name key of the table's name
 * @param {string[]} heads keys
 * @param {HTMLElement[]} rows
 */
function table(name, heads, rows) {
  return h(
    "div",
    { class: "table-frame import-frame", tabindex: "0", role: "region", "aria-label": t(name) },
    h(
      "table",
      { class: "table import-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((key) => h("th", { scope: "col", text: t(key) })),
        ),
      ),
      h("tbody", {}, rows),
    ),
  );
}

/** @param {Fault} fault */
function faultRow({ line, code, column, value = "", other = 0 }) {
  const named = code === "columns_missing" ? value.split(" ").map((one) => t(COLUMNS[one])) : [value];
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "figure", text: line ? String(line) : t("import.whole") }),
    h("td", { text: column ? t(COLUMNS[column]) : t("records.nothing") }),
    h("td", { text: t(`import.fault.${code}`, { value: named.join(t("list.comma")), other }) }),
  );
}

/** @param {PlannedShift} shift */
function shiftRow({ line, name, start, end, breaks }) {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const last = dayText(from) === dayText(to) ? hourText(to) : `${dayText(to)} ${hourText(to)}`;
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "figure", text: String(line) }),
    h("td", { text: name }),
    h("td", { class: "figure", text: `${dayText(from)} ${hourText(from)}–${last}` }),
    h("td", { class: "figure", text: breaks.map(pauseText).join(t("list.comma")) || t("records.nothing") }),
  );
}

/** @param {{ start: string, end: string }} pause */
function pauseText({ start, end }) {
  return `${hourText(Date.parse(start))}–${hourText(Date.parse(end))}`;
}
