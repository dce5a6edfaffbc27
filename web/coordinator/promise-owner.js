/** Giving a promise to another agent: who is asked for when it is wanted, and a word when it is done. */

import { announce, h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { refusalText } from "../shared/promise-words.js";
import { request } from "../shared/service.js";

/** @typedef {{ agent: string, name: string, disabled?: boolean }} Agent */

/**
 * @param {string} call of the promise
 * @param {() => void} given told when another agent owns it
 */
export function ownerChoice(call, given) {
  const choice = h("select", { class: "input", id: `owner-${call}` });
  const trouble = h("p", { class: "notice notice-danger", role: "alert", hidden: true }, icon("info"), h("span"));
  const form = h(
    "form",
    { class: "row", hidden: true },
    h("div", { class: "field" }, h("label", { for: `owner-${call}`, text: t("inbox.give_to") }), choice),
    h("button", { class: "button", type: "submit" }, icon("check"), h("span", { text: t("inbox.give_do") })),
  );
  const open = h(
    "button",
    { class: "button", type: "button", "aria-expanded": "false" },
    icon("people"),
    h("span", { text: t("inbox.give") }),
  );
  /** @param {() => Promise<void>} work */
  const attempt = async (work) => {
    show(trouble, false);
    try {
      await work();
    } catch (error) {
      setText(/** @type {HTMLElement} */ (trouble.lastChild), refusalText(error));
      show(trouble, true);
    }
  };
  open.addEventListener("click", () =>
    attempt(async () => {
      const closed = Boolean(form.hidden);
      show(form, closed);
      open.setAttribute("aria-expanded", String(closed));
      if (!closed || choice.childElementCount) return;
      /** @type {{ agents: Agent[] }} */
      const { agents } = await request("GET", "/api/agents");
      choice.replaceChildren(
        ...agents.filter((one) => !one.disabled).map((one) => h("option", { value: one.agent, text: one.name })),
      );
      choice.focus();
    }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const { owner_name } = await request("POST", `/api/promises/${call}/owner`, { owner: choice.value });
      announce(t("inbox.given", { name: owner_name }));
      given();
    });
  });
  return h("div", { class: "stack" }, h("div", { class: "row" }, open), form, trouble);
}
