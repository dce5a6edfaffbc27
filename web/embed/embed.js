/**
 * For a company's own page: every element with `data-video-service` opens the customer's page in a frame.
 * A classic script, so that a host page needs nothing but one line; see docs/embedding.md.
 */
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const service = new URL(script.src).origin;
  const ALLOW = "camera; microphone; autoplay; fullscreen; screen-wake-lock";
  const TOKEN_TIMEOUT_MS = 8000;

  /** @type {{ dialog: HTMLDialogElement, frame: HTMLIFrameElement, opener: HTMLElement } | null} */
  let shown = null;

  /**
   * A launch token from the host's own server, or "" to come as a guest. It is fetched at the tap: tokens live short.
   * @param {HTMLElement} opener
   * @returns {Promise<string>}
   */
  async function launchToken(opener) {
    const url = opener.dataset.launchUrl;
    if (!url) return "";
    try {
      const answer = await fetch(url, {
        method: "POST",
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
      });
      const { token } = await answer.json();
      return answer.ok && typeof token === "string" ? token : "";
    } catch {
      return "";
    }
  }

  /**
   * The token stands behind "#": that part of an address is sent to no server and stands in no log.
   * @param {HTMLElement} opener
   */
  async function address(opener) {
    const url = new URL("/embed/", service);
    const lang = opener.dataset.lang || opener.closest("[lang]")?.getAttribute("lang");
    if (lang) url.searchParams.set("lang", lang);
    const token = await launchToken(opener);
    if (token) url.hash = new URLSearchParams({ token }).toString();
    return url.href;
  }

  /** @param {HTMLElement} opener */
  async function open(opener) {
    if (shown) return;
    const frame = document.createElement("iframe");
    frame.allow = ALLOW;
    frame.title = opener.dataset.title || opener.textContent?.trim() || service;
    Object.assign(frame.style, { flex: "1", width: "100%", border: "0" });
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = opener.dataset.close || "\u00d7";
    close.addEventListener("click", shut);
    Object.assign(close.style, { alignSelf: "end", minWidth: "44px", minHeight: "44px", font: "inherit" });
    const dialog = document.createElement("dialog");
    dialog.append(close, frame);
    dialog.setAttribute("aria-label", frame.title);
    // Escape must not end a call; the button does, and focus can reach it. A browser that does not know `closedby` asks
    // at the first Escape and closes at the second, whatever it is told: then the dialog opens again, the frame as it was.
    dialog.setAttribute("closedby", "none");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => dialog.isConnected && dialog.showModal());
    Object.assign(dialog.style, {
      boxSizing: "border-box",
      flexDirection: "column",
      width: "min(30rem, 100vw)",
      height: "min(54rem, 100dvh)",
      maxWidth: "100vw",
      maxHeight: "100dvh",
      margin: "auto",
      padding: "0",
      border: "0",
      display: "flex",
    });
    shown = { dialog, frame, opener };
    document.body.append(dialog);
    dialog.showModal();
    frame.src = await address(opener);
  }

  function shut() {
    shown?.dialog.remove();
    shown?.opener.focus();
    shown = null;
  }

  /** @param {{ state?: unknown, code?: unknown }} said by the page in the frame */
  async function hear({ state, code }) {
    if (!shown) return;
    const { frame, opener } = shown;
    opener.dispatchEvent(new CustomEvent("video-service", { bubbles: true, detail: { state, code } }));
    if (state === "again") frame.src = await address(opener);
    // A browser that keeps no cookie for a frame keeps one for a page of its own.
    else if (state === "blocked") location.assign(await address(opener));
  }

  document.addEventListener("click", (event) => {
    const opener = event.target instanceof Element ? event.target.closest("[data-video-service]") : null;
    if (!(opener instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(opener);
  });
  addEventListener("message", (event) => {
    if (event.origin !== service || event.source !== shown?.frame.contentWindow) return;
    if (event.data?.type === "video-service") hear(event.data);
  });
})();
