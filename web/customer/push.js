/** Being told by this browser that there is news, while the page is closed: only where both sides want it. */

import { h, setText, show } from "../shared/dom.js";
import { locale, t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { request } from "../shared/service.js";
import { screenOf } from "./state.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

/** The worker's own folder: it controls no page. */
const SCOPE = "/customer/later/";

export class Part {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.busy = false;
    this.on = false;
    this.told = "";
    this.text = h("span");
    this.button = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => this.turn() } },
      icon("info"),
      this.text,
    );
    this.say = h("p", { class: "small soft", role: "status" });
    this.element = h("div", { class: "stack push", hidden: true }, this.button, this.say);
  }

  /** @param {State} state */
  draw(state) {
    const { service } = state;
    const known = service && service !== "unreachable" ? service : null;
    // At home only with something to be told of; elsewhere that is why this part is there.
    const news = screenOf(state) !== "home" || known?.promises || known?.callbacks?.booked;
    show(this.element, Boolean(known?.push && news));
    if (!known?.push) return;
    this.key = known.push.key;
    if (known.push.told !== this.told) this.look((this.told = known.push.told));
    const can = ability();
    show(this.button, can === "can");
    setText(this.text, t(this.on ? "push.stop" : "push.start"));
    if (can !== "can") setText(this.say, t(`push.${can}`));
    else if (!this.say.textContent) setText(this.say, t("push.about"));
  }

  /** Whether it is this browser that is told. @param {string} told digest of the address that the service has */
  async look(told) {
    const address = (await subscription().catch(() => null))?.endpoint;
    this.on = Boolean(address && told && told === (await digest(address)));
    this.draw(this.app.state);
  }

  async turn() {
    if (this.busy) return;
    this.busy = true;
    setText(this.say, t("push.asking"));
    const said = await (this.on ? this.stop() : this.start()).catch(() => "failed");
    setText(this.say, t(`push.${said}`));
    this.busy = false;
    this.app.askService();
    this.draw(this.app.state);
  }

  /** @returns {Promise<string>} what is to be said */
  async start() {
    const allowed = await Notification.requestPermission();
    if (allowed !== "granted") return allowed === "denied" ? "blocked" : "not_yet";
    const words = new URLSearchParams({ title: t("push.title"), body: t("push.body"), lang: locale() });
    const registration = await navigator.serviceWorker.register(`${SCOPE}push-worker.js?${words}`, { scope: SCOPE });
    await atWork(registration);
    // One that was made for somebody else, or with another key.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: this.key });
    await request("PUT", "/api/push", { address: made.endpoint });
    this.on = true;
    return "is_on";
  }

  async stop() {
    await request("DELETE", "/api/push");
    this.on = false;
    await (await subscription())?.unsubscribe();
    await (await navigator.serviceWorker.getRegistration(SCOPE))?.unregister();
    return "is_off";
  }
}

/** Whether this browser can be asked: an app's own browser cannot, a frame may not, and a person may have said no. */
function ability() {
  const there = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!there || window.top !== window) return "unsupported";
  return Notification.permission === "denied" ? "blocked" : "can";
}

/**
 * Browsers subscribe nobody before the worker is at work; `navigator.serviceWorker.ready` waits for one in charge of the page.
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<void>}
 */
function atWork(registration) {
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return Promise.resolve();
  return new Promise((done, fail) => {
    coming.addEventListener("statechange", () => {
      if (registration.active) done();
      else if (coming.state === "redundant") fail(new Error("redundant"));
    });
  });
}

async function subscription() {
  if (ability() === "unsupported") return null;
  return (await navigator.serviceWorker.getRegistration(SCOPE))?.pushManager.getSubscription();
}

/** As the service makes it. @param {string} address */
async function digest(address) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(address)));
  return Array.from(bytes.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
