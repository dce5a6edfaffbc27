/** What a phone can do besides the page: stay awake, vibrate, and say how much room its keyboard leaves. */

/** Vibration patterns in ms; a phone without it shows the same by edge, colour and word. */
export const PATTERNS = Object.freeze({
  ringing: [200, 120, 200],
  connected: [400],
  ended: [120, 80, 120],
  text: [60],
});

/** Before the first tap a browser refuses, and writes an error. @param {keyof typeof PATTERNS} name */
export function vibrate(name) {
  if (navigator.userActivation?.hasBeenActive === false) return;
  try {
    navigator.vibrate?.([...PATTERNS[name]]);
  } catch {
    // Not allowed in this frame, or not there at all.
  }
}

/** Keeps the screen on while somebody waits or signs; the lock is lost with the page's visibility and taken again. */
export class WakeLock {
  constructor() {
    this.wanted = false;
    /** @type {WakeLockSentinel | null} */
    this.lock = null;
    document.addEventListener("visibilitychange", () => this.settle());
  }

  /** @param {boolean} wanted */
  want(wanted) {
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    this.settle();
  }

  async settle() {
    if (!this.wanted) {
      const lock = this.lock;
      this.lock = null;
      await lock?.release().catch(() => {});
    } else if (
      document.visibilityState === "visible" &&
      "wakeLock" in navigator &&
      (!this.lock || this.lock.released)
    ) {
      this.lock = await navigator.wakeLock.request("screen").catch(() => null);
      if (!this.wanted) this.settle();
    }
  }
}

/** Whether this is WeChat's own browser, whose menu is the one way out of it. @param {string} userAgent */
export function isWeChat(userAgent) {
  return /MicroMessenger/i.test(userAgent);
}

/**
 * An address that leads from an app's own browser into the phone's, "" where there is none: Android's intent, and what
 * iOS 17 and later take.
 * @param {string} userAgent
 * @param {string} address of a page over https
 */
export function outsideAddress(userAgent, address) {
  const { protocol, host, pathname, search } = new URL(address);
  if (isWeChat(userAgent) || protocol !== "https:") return "";
  if (/Android/.test(userAgent)) {
    return `intent://${host}${pathname}${search}#Intent;scheme=https;action=android.intent.action.VIEW;end`;
  }
  return /iPhone|iPad/.test(userAgent) ? `x-safari-https://${host}${pathname}${search}` : "";
}

/** Publish the height that is really visible as `--room`: on iOS the keyboard lies over the page instead of shrinking it. */
export function followKeyboard() {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const settle = () => {
    const zoomed = viewport.scale > 1.05;
    document.documentElement.style.setProperty("--room", zoomed ? "100dvh" : `${Math.round(viewport.height)}px`);
  };
  viewport.addEventListener("resize", settle);
  settle();
}
