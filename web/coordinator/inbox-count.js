/** How many messages and promises are open, in the tab of their part: asked for again and again while it is there. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { count } from "../shared/i18n.js";
import { request } from "../shared/service.js";

const COUNT_MS = 30_000;

export class InboxCount {
  /** @param {HTMLElement} link of the navigation */
  constructor(link) {
    this.badge = h("span", { class: "badge", hidden: true });
    link.append(this.badge);
    /** Told of every count. @type {(open: number) => void} */
    this.counted = () => {};
    const timer = setInterval(() => (link.isConnected ? this.look() : clearInterval(timer)), COUNT_MS);
    this.look();
  }

  async look() {
    // A count shows nobody's words: it is no look at anybody's data.
    const answer = await request("GET", "/api/messages/count").catch(() => null);
    if (answer) this.show(answer.open);
  }

  /** @param {number} open */
  show(open) {
    show(this.badge, open > 0);
    setText(this.badge, String(open));
    setAttribute(this.badge, "aria-label", count("inbox.waiting", open));
    this.counted(open);
  }
}
