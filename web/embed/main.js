/** Takes a customer in, by the launch token of a host application or as a guest, and goes on to the customer's page. */

import { h } from "../shared/dom.js";
import { loadTexts, t } from "../shared/i18n.js";
import { enter, fetchService, RequestError } from "../shared/service.js";
import { errorText } from "../shared/words.js";

const NEXT = "/customer/";
const RESUME = "video-service.resume.customer";
const framed = window.parent !== window;

/** The token is taken out of the address at once: a reload or a shared link must not carry it. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/**
 * Tell the page around the frame. No secret and no person is in it, so it may be any page.
 * @param {"failed" | "blocked" | "again"} state
 * @param {string} [code]
 */
function tell(state, code = "") {
  if (framed) window.parent.postMessage({ type: "video-service", state, code }, "*");
}

/** Whoever this tab was before is not the person whom the token names. */
function forgetOther() {
  try {
    sessionStorage.removeItem(RESUME);
  } catch {
    // Storage is closed: nothing was kept.
  }
}

/** @param {string} code */
function show(code) {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const heading = h("h1", { text: t("title.embed"), tabindex: "-1" });
  const again = h("button", {
    class: "button button-main",
    type: "button",
    text: t("boot.retry"),
    // In a frame the host brings a new token; a page of its own can only look again.
    on: { click: () => (framed ? tell("again") : location.reload()) },
  });
  root.dataset.screen = "refused";
  root.replaceChildren(h("main", { class: "boot" }, heading, h("p", { role: "alert", text: errorText(code) }), again));
  tell("failed", code);
}

async function comeIn() {
  const token = takeToken();
  await loadTexts();
  document.title = t("title.embed");
  const known = async () => (await fetchService()).known;
  if (token || !(await known())) {
    await enter(token);
    forgetOther();
    if (!(await known())) {
      show("cookies_blocked");
      tell("blocked");
      return;
    }
  }
  location.replace(NEXT + location.search);
}

function start() {
  comeIn().catch((error) => {
    if (error instanceof RequestError) show(error.code);
    else document.getElementById("boot-retry")?.removeAttribute("hidden");
  });
}

// Another token for the same frame changes what stands behind "#" only, which loads nothing anew.
addEventListener("hashchange", start);
start();
