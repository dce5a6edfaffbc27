/** Starts the customer's page and puts the right screen on it. */

import { loadTexts, t } from "../shared/i18n.js";
import { followKeyboard } from "../shared/phone.js";
import { CustomerApp } from "./app.js";
import { CallScreen } from "./call.js";
import { EndedScreen, StoppedScreen } from "./ended.js";
import { HomeScreen } from "./home.js";
import { ReadyScreen } from "./ready.js";
import { screenOf } from "./state.js";
import { WaitingScreen } from "./waiting.js";

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

/** @type {Record<ScreenName, new (app: CustomerApp) => Screen>} */
const SCREENS = {
  home: HomeScreen,
  ready: ReadyScreen,
  waiting: WaitingScreen,
  call: CallScreen,
  ended: EndedScreen,
  stopped: StoppedScreen,
};

async function main() {
  await loadTexts();
  document.title = t("title.customer");
  followKeyboard();
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  /** @type {Screen | null} */
  let screen = null;
  /** @type {ScreenName | null} */
  let name = null;
  const app = new CustomerApp((state) => {
    const wanted = screenOf(state);
    if (wanted !== name || !screen) {
      const first = name === null;
      screen?.leave?.();
      screen = new SCREENS[wanted](app);
      name = wanted;
      root.dataset.screen = wanted;
      root.replaceChildren(screen.element);
      scrollTo(0, 0);
      if (!first) screen.heading.focus({ preventScroll: true });
    }
    screen.draw(state);
    const { view } = state;
    // The edge is steady, from the ring until the agent can be seen.
    root.classList.toggle("calls-you", view?.state === "ringing" || (wanted === "call" && !state.pictureShown));
  });
  app.start();
  app.set({});
}

main().catch(() => {
  // The catalogue did not come: the words in the page's own markup stay, and a link tries again.
  document.getElementById("boot-retry")?.removeAttribute("hidden");
});
