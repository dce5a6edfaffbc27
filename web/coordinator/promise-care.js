/** Promises that a coordinator should look at: late, asked after, or with nobody who can keep them; each with its clock. */

import { announce, h, keyed, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { refusalText } from "../shared/promise-words.js";
import { request } from "../shared/service.js";
import { clockText, hourText, momentText } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").LatePromise} LatePromise */

/**
 * What is to be said of a promise, the heaviest first, and since when its clock runs (ms since 1970, 0: it does not).
 * @param {LatePromise} promise
 */
export function careOfPromise({ owner_name, due_ms, late, urged_ms = 0, away = "" }) {
  const name = owner_name || t("now.promise.somebody");
  /** @type {string[]} */
  const said = [];
  if (late) said.push(t("now.promise.late", { name, time: momentText(due_ms) }));
  if (away) said.push(t(`now.promise.${away}`, { name, time: momentText(due_ms) }));
  if (urged_ms) said.push(t("now.promise.urged", { name, time: hourText(urged_ms) }));
  return { text: said.join(" "), sinceMs: late ? due_ms : urged_ms };
}

export class PromiseCare {
  constructor() {
    this.list = h("ul", { class: "stack" });
    this.element = h("section", { class: "stack", "aria-label": t("now.promise.title"), hidden: true }, this.list);
    /** @type {Map<string, { element: HTMLElement, atMs: number }>} */
    this.clocks = new Map();
  }

  /** @param {readonly LatePromise[]} promises */
  show(promises) {
    show(this.element, promises.length > 0);
    this.clocks.clear();
    keyed(
      this.list,
      promises,
      (promise) => promise.call,
      () => {
        const clock = h("span", { class: "call-clock figure" });
        const words = h("span", { class: "call-words" });
        const link = h("a", { class: "button", href: "#messages" }, icon("next"), h("span", { text: t("now.promise.see") }));
        return {
          element: h("li", { class: "notice notice-attention" }, icon("turn"), clock, words, link),
          update: (/** @type {LatePromise} */ promise) => {
            const { text, sinceMs } = careOfPromise(promise);
            setText(words, text);
            this.clocks.set(promise.call, { element: clock, atMs: sinceMs });
          },
        };
      },
    );
  }

  /** @param {number} now */
  tick(now) {
    for (const { element, atMs } of this.clocks.values()) setText(element, atMs && atMs <= now ? clockText(now - atMs) : "");
  }
}

/**
 * The button that takes an urgent matter as solved.
 * @param {string} call
 * @param {(error: unknown) => string} refused
 */
export function settleButton(call, refused) {
  const element = h(
    "button",
    { class: "button", type: "button" },
    icon("check"),
    h("span", { text: t("now.settle") }),
  );
  element.addEventListener("click", async () => {
    element.disabled = true;
    try {
      await request("POST", `/api/matters/${call}/settle`);
      announce(t("now.settled"));
    } catch (error) {
      refused(error);
      announce(refusalText(error));
      element.disabled = false;
    }
  });
  return element;
}
