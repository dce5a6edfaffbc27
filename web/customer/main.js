/** Starts the customer's page and puts the right screen on it. */

import { h } from "../shared/dom.js";
import { loadPart, loadTexts, t } from "../shared/i18n.js";
import { followKeyboard } from "../shared/phone.js";
import { CustomerApp } from "./app.js";
import { HomeScreen } from "./home.js";
import { screenOf } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").ScreenName} ScreenName */

/**
 * One screen. It is made when it is first needed, drawn whenever something changed, and told when it goes.
 * @typedef {object} Screen
 * @property {HTMLElement} element
 * @property {HTMLElement} heading takes the focus when the screen comes
 * @property {(state: State) => void} draw
 * @property {() => void} [leave]
 */

/** @typedef {new (app: CustomerApp) => Screen} ScreenKind */

const AGAIN_MS = 3000;

/** The screens whose module is here; the first one comes with the page. @type {Partial<Record<ScreenName, ScreenKind>>} */
const here = { home: HomeScreen };

/** The others come while the person reads the first, in the order in which they are needed. */
const LATER = Object.freeze({
  ready: async () => (await import("./ready.js")).ReadyScreen,
  waiting: async () => (await import("./waiting.js")).WaitingScreen,
  call: async () => (await import("./call.js")).CallScreen,
  ended: async () => (await import("./ended.js")).EndedScreen,
  stopped: async () => (await import("./ended.js")).StoppedScreen,
});

/** Who writes is online: what few people open comes when they do. */
const ASKED = Object.freeze({
  message: () => import("./message.js").then(({ MessageScreen }) => MessageScreen),
});

const OTHERS = Object.freeze({ ...LATER, ...ASKED });

/** @param {keyof typeof OTHERS} name */
async function bring(name) {
  if (here[name]) return;
  const [Kind] = await Promise.all([OTHERS[name](), loadPart("later")]);
  here[name] = Kind;
}

async function bringAll() {
  for (const name of /** @type {(keyof typeof LATER)[]} */ (Object.keys(LATER))) await bring(name).catch(() => {});
}

/** In place of a screen whose module did not come. The page tries again by itself; a reload loses nothing either. */
function missing() {
  const heading = h("h1", { text: t("boot.missing_title"), tabindex: "-1" });
  const again = h("button", {
    class: "button button-main",
    type: "button",
    text: t("boot.retry"),
    on: { click: () => location.reload() },
  });
  const element = h("main", { class: "boot" }, heading, h("p", { role: "alert", text: t("boot.missing") }), again);
  return { element, heading };
}

async function main() {
  await loadTexts();
  document.title = t("title.customer");
  followKeyboard();
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  /** @type {Screen | null} */
  let screen = null;
  /** @type {ScreenName | "missing" | null} */
  let name = null;
  /** @type {ScreenName | null} */
  let coming = null;

  /** @param {{ element: HTMLElement, heading: HTMLElement }} next */
  const put = ({ element, heading }, /** @type {ScreenName | "missing"} */ nextName) => {
    const first = name === null;
    screen?.leave?.();
    screen = null;
    name = nextName;
    root.dataset.screen = nextName;
    root.replaceChildren(element);
    scrollTo(0, 0);
    if (!first) heading.focus({ preventScroll: true });
  };

  const app = new CustomerApp((state) => {
    const wanted = screenOf(state);
    const { view } = state;
    // The edge is steady, from the ring until the agent can be seen.
    root.classList.toggle("calls-you", view?.state === "ringing" || (wanted === "call" && !state.pictureShown));
    const Kind = here[wanted];
    if (!Kind) {
      fetchScreen(/** @type {keyof typeof OTHERS} */ (wanted));
      return;
    }
    if (wanted !== name || !screen) {
      const next = new Kind(app);
      put(next, wanted);
      screen = next;
    }
    const focused = document.activeElement;
    screen.draw(state);
    // Whatever had the focus and is not needed any more hands it on; a browser would leave it nowhere.
    if (focused instanceof HTMLElement && screen.element.contains(focused) && !focused.offsetParent) {
      screen.heading.focus({ preventScroll: true });
    }
  });

  /** The screen that is there stays until the wanted one has come. @param {keyof typeof OTHERS} wanted */
  async function fetchScreen(wanted) {
    if (coming === wanted) return;
    coming = wanted;
    try {
      await bring(wanted);
      coming = null;
      app.set({});
    } catch {
      if (name !== "missing") put(missing(), "missing");
      setTimeout(() => {
        coming = null;
        app.set({});
      }, AGAIN_MS);
    }
  }

  app.start();
  app.set({});
  (window.requestIdleCallback ?? setTimeout)(bringAll);
}

main().catch(() => {
  // The catalogue did not come: the words in the page's own markup stay, and a link tries again.
  document.getElementById("boot-retry")?.removeAttribute("hidden");
});
