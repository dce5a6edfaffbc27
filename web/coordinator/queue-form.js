/** One queue: what it is called, what it asks of an agent, its targets; what a change does, before it is saved. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { errorText } from "../shared/words.js";
import { choices, field, LANGUAGES, SIGNS } from "./person-form.js";
import { languageKey, signKey } from "./person-words.js";
import { QueueTopics } from "./queue-topics.js";
import { CLASSES, effectLines, MAIN, queueName } from "./queue-words.js";

/** @typedef {import("./queue-words.js").Queue} Queue */
/** @typedef {import("./queue-words.js").House} House */

const PREVIEW_MS = 400;
const LOCALES = ["zh-CN", "zh-HK", "en"];

export class QueueForm {
  /**
   * @param {object} options
   * @param {Queue | null} options.queue null: a new one
   * @param {House} options.house
   * @param {(error: unknown) => string} options.refused
   * @param {(queue: Queue) => void} options.onSaved
   * @param {(name: string) => void} options.onDeleted
   * @param {() => void} options.onUndo
   */
  constructor({ queue, house, refused, onSaved, onDeleted, onUndo }) {
    this.queue = queue;
    this.house = house;
    this.refused = refused;
    this.onSaved = onSaved;
    this.onDeleted = onDeleted;
    this.attempt = 0;
    this.timer = 0;
    const changed = () => this.changed();
    this.name = h("input", {
      class: "input",
      id: "queue-name",
      maxlength: "32",
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      "aria-describedby": "queue-name-say",
      on: { input: changed },
    });
    this.title = words("title", "40", queue?.title, changed);
    this.closed = words("closed", "120", queue?.closed, changed);
    this.needs = choices("skills", signKey, [...SIGNS, "voice"], queue?.needs, {
      place: "queue",
      legend: "queues.needs",
      plain: 1,
      onChange: changed,
    });
    this.languages = choices("languages", languageKey, LANGUAGES, queue?.languages, {
      place: "queue",
      legend: "queues.languages",
      onChange: changed,
    });
    this.topics = new QueueTopics(queue?.topics ?? [], changed);
    this.targets = CLASSES.map((name) => {
      const target = queue?.targets[name];
      const label = (/** @type {string} */ key) => t(key, { name: t(`class.${name}`) });
      return {
        name,
        share: number(label("queues.share_of"), 100, target?.share_percent, house.share_percent, changed),
        within: number(label("queues.within_of"), 86_400, target?.within_s, house.within_s, changed),
      };
    });
    this.proposal = number(t("queues.proposal"), 10_080, queue?.proposal_min, house.proposal_min, changed, "queue-proposal");
    this.solution = number(t("queues.solution"), 10_080, queue?.solution_min, house.solution_min, changed, "queue-solution");
    this.effectTitle = h("h3");
    this.effect = h("ul", { class: "queue-effect" });
    this.unsaved = notice("attention", "info", t("queues.unsaved"));
    this.trouble = notice("danger", "info", "");
    setAttribute(this.trouble, "role", "alert");
    this.save = h(
      "button",
      { class: "button button-main", type: "submit" },
      icon("check"),
      h("span", { text: t(queue ? "queues.save" : "queues.add_now") }),
    );
    this.undo = h(
      "button",
      { class: "button", type: "button", on: { click: onUndo } },
      icon("back"),
      h("span", { text: t("hours.undo") }),
    );
    this.remove = this.removal();
    this.element = this.build();
    this.before = JSON.stringify(this.wish);
    this.tell();
  }

  build() {
    const { queue } = this;
    const heading = queue ? queueName(queue) : t("queues.new");
    return h(
      "section",
      { class: "stack" },
      h("h2", { text: heading }),
      h(
        "form",
        {
          class: "queue-grid",
          novalidate: true,
          on: { submit: (/** @type {Event} */ event) => (event.preventDefault(), this.send()) },
        },
        h(
          "div",
          { class: "stack" },
          h(
            "div",
            { class: "card stack" },
            queue
              ? h("p", { class: "small soft", text: t("queues.name_is", { name: queue.queue }) })
              : field(
                  "queue-name",
                  "queues.name",
                  this.name,
                  h("p", { class: "small soft", id: "queue-name-say", text: t("queues.name_say") }),
                ),
            this.title.element,
            this.closed.element,
          ),
          h("div", { class: "card stack" }, this.needs.element, this.languages.element),
          h("div", { class: "card stack" }, this.topics.element),
          h(
            "div",
            { class: "card stack" },
            h("h3", { text: t("queues.targets") }),
            h("p", { class: "small soft", id: "queue-targets-say", text: t("queues.targets_say") }),
            this.targetTable(),
            this.urgentFields(),
          ),
        ),
        h(
          "section",
          { class: "card stack queue-side" },
          this.effectTitle,
          h("div", { role: "status" }, this.effect),
          this.unsaved,
          this.trouble,
          h("div", { class: "row" }, this.save, this.undo),
          this.remove,
        ),
      ),
    );
  }

  targetTable() {
    return h(
      "table",
      { class: "table queue-targets", "aria-describedby": "queue-targets-say" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["class", "share", "within"].map((name) => h("th", { scope: "col", text: t(`queues.col_${name}`) })),
        ),
      ),
      h(
        "tbody",
        {},
        this.targets.map(({ name, share, within }) =>
          h("tr", {}, h("th", { scope: "row", text: t(`class.${name}`) }), h("td", {}, share), h("td", {}, within)),
        ),
      ),
    );
  }

  urgentFields() {
    return h(
      "div",
      { class: "row queue-urgent" },
      field("queue-proposal", "queues.proposal", this.proposal),
      field("queue-solution", "queues.solution", this.solution),
    );
  }

  /** Two steps: what it does is read before it is done. */
  removal() {
    const { queue } = this;
    if (!queue || queue.queue === MAIN) return null;
    const sure = h(
      "div",
      { class: "stack", hidden: true },
      h("p", { text: t("queues.delete_say") }),
      h(
        "button",
        { class: "button button-danger", type: "button", on: { click: () => this.deleteNow() } },
        icon("remove"),
        h("span", { text: t("queues.delete_now") }),
      ),
    );
    const ask = h(
      "button",
      { class: "button button-quiet", type: "button", "aria-expanded": "false" },
      icon("remove"),
      h("span", { text: t("queues.delete") }),
    );
    ask.addEventListener("click", () => {
      show(sure, Boolean(sure.hidden));
      setAttribute(ask, "aria-expanded", String(!sure.hidden));
    });
    return h("div", { class: "stack" }, ask, sure);
  }

  /** What stands in the fields, as the service wants it. */
  get wish() {
    /** @type {Queue["targets"]} */
    const targets = {};
    for (const { name, share, within } of this.targets) {
      // Whoever says one of the two means the house's for the other.
      if (share.value || within.value)
        targets[name] = {
          share_percent: whole(share.value) || this.house.share_percent,
          within_s: whole(within.value) || this.house.within_s,
        };
    }
    return {
      title: this.title.value(),
      closed: this.closed.value(),
      needs: this.needs.value(),
      languages: this.languages.value(),
      topics: this.topics.value(),
      targets,
      proposal_min: whole(this.proposal.value),
      solution_min: whole(this.solution.value),
      ...(!this.queue && { new: true }),
    };
  }

  isChanged() {
    return JSON.stringify(this.wish) !== this.before || this.name.value.trim() !== "";
  }

  /** A field changed: in a moment say what it would do. */
  changed() {
    const attempt = ++this.attempt;
    clearTimeout(this.timer);
    setAttribute(this.name, "aria-invalid", null);
    this.tell();
    if (this.isChanged()) this.timer = setTimeout(() => this.preview(attempt), PREVIEW_MS);
  }

  get path() {
    return `/api/queues/${encodeURIComponent(this.queue ? this.queue.queue : this.name.value.trim() || "new")}`;
  }

  /** @param {number} attempt */
  async preview(attempt) {
    try {
      const would = await request("PUT", this.path, { ...this.wish, apply: false });
      if (attempt === this.attempt) this.tell(would);
    } catch (error) {
      if (attempt === this.attempt) this.fail(error);
    }
  }

  async send() {
    if (this.save.getAttribute("aria-disabled") === "true") return;
    if (!this.queue && !this.name.value.trim()) {
      setAttribute(this.name, "aria-invalid", "true");
      this.name.focus();
      return;
    }
    this.attempt += 1;
    clearTimeout(this.timer);
    setAttribute(this.save, "aria-disabled", "true");
    try {
      this.onSaved(await request("PUT", this.path, this.wish));
    } catch (error) {
      this.fail(error);
    }
    setAttribute(this.save, "aria-disabled", null);
  }

  async deleteNow() {
    if (!this.queue) return;
    try {
      await request("DELETE", this.path);
      this.onDeleted(this.queue.queue);
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {Queue | null} [would] how it would be; without it, how it is */
  tell(would = null) {
    const changed = this.isChanged();
    const said = would ?? this.queue;
    setText(this.effectTitle, t(changed ? "hours.effect" : "hours.effect_now"));
    show(this.effectTitle, said !== null);
    show(this.unsaved, changed);
    show(this.undo, changed);
    show(this.trouble, false);
    setAttribute(this.save, "aria-disabled", changed ? null : "true");
    if (changed && !would) return; // it comes in a moment; what was said stays until then
    const lines = said ? [...effectLines(said, this.house), ...(changed ? [t("hours.calls_stay")] : [])] : [];
    this.effect.replaceChildren(...lines.map((text) => h("li", { text })));
  }

  /** @param {unknown} error */
  fail(error) {
    const code = this.refused(error);
    this.effect.replaceChildren(); // what was said before is not what would be
    show(this.effectTitle, false);
    setText(/** @type {HTMLElement} */ (this.trouble.lastElementChild), errorText(code === "bad_request" ? "queue_wrong" : code));
    show(this.trouble, true);
    setAttribute(this.name, "aria-invalid", ["bad_queue_name", "queue_there"].includes(code) ? "true" : null);
  }
}

/**
 * One line of text in each language of the pages.
 * @param {"title" | "closed"} name
 * @param {string} longest
 * @param {import("./queue-words.js").Words | undefined} value
 * @param {() => void} onChange
 */
function words(name, longest, value, onChange) {
  const fields = LOCALES.map((language) => {
    const id = `queue-${name}-${language}`;
    const input = h("input", {
      class: "input",
      id,
      lang: language,
      maxlength: longest,
      autocomplete: "off",
      value: value?.[language] ?? "",
      on: { input: onChange },
    });
    return { language, input, element: field(id, `queues.in.${language}`, input) };
  });
  return {
    element: h(
      "fieldset",
      { class: "queue-words" },
      h("legend", { text: t(name === "title" ? "queues.title_words" : "queues.closed") }),
      fields.map(({ element }) => element),
    ),
    value: () => Object.fromEntries(fields.map(({ language, input }) => [language, input.value.trim()])),
  };
}

/**
 * A field for a whole number; empty for the house's, which stands in it as a hint.
 * @param {string} label
 * @param {number} most
 * @param {number | undefined} value
 * @param {number} house
 * @param {() => void} onChange
 * @param {string} [id] of a field that has a label of its own
 */
function number(label, most, value, house, onChange, id) {
  return h("input", {
    class: "input queue-number figure",
    type: "number",
    inputmode: "numeric",
    min: "1",
    max: String(most),
    step: "1",
    value: value ? String(value) : "",
    placeholder: String(house),
    ...(id ? { id } : { "aria-label": label }),
    on: { input: onChange },
  });
}

/** @param {string} text */
function whole(text) {
  return Math.round(Number(text)) || 0;
}

/**
 * @param {"attention" | "danger"} tone
 * @param {import("../shared/icons.js").IconName} mark
 * @param {string} text
 */
function notice(tone, mark, text) {
  return h("p", { class: `notice notice-${tone}`, hidden: true }, icon(mark), h("span", { text }));
}
