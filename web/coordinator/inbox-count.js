/** How much is open in a part, in the tab of that part: asked for again and again while it is there. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { count } from "../shared/i18n.js";
import { request } from "../shared/service.js";

const COUNT_MS = 30_000;

export class InboxCount {
  /**
   * @param {HTMLElement} link of the navigation
   * @param {string} path that counts; a count shows nobody's words: it is no look at anybody's data
   * @param {string} field of its answer
   * @param {string} key of the badge's words
   */
  constructor(link, path, field, key) {
    this.path = path;
    this.field = field;
    this.key = key;
    this.badge = h("span", { class: "badge", hidden: true });
    link.append(this.badge);
    /** Told of every count. @type {(open: number, newestMs: number) => void} */
    this.counted = () => {};
    const timer = setInterval(() => (link.isConnected ? this.look() : clearInterval(timer)), COUNT_MS);
    this.look();
  }

  async look() {
    const answer = await request("GET", this.path).catch(() => null);
    if (answer) this.show(answer[this.field], answer.newest_ms ?? 0);
  }

  /**
   * @param {number} open
   * @param {number} [newestMs] when the newest of them changed, 0 for not said
   */
  show(open, newestMs = 0) {
    show(this.badge, open > 0);
    setText(this.badge, String(open));
    setAttribute(this.badge, "aria-label", count(this.key, open));
    this.counted(open, newestMs);
  }
}
