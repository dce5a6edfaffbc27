/** The line above the picture while the customer is on hold: since when, what the customer sees, and what to do. */

import { h, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { clockText, nowMs } from "../shared/time.js";

/** @typedef {import("../shared/messages.js").AgentCall} AgentCall */

/** Whoever waits longer than this without a word begins to wonder. */
const LONG_MS = 120_000;

export class HoldLine {
  constructor() {
    this.words = h("span");
    this.clock = h("strong", { class: "figure hold-clock", role: "timer" });
    this.element = h("p", { class: "notice notice-attention hold-line", hidden: true }, icon("pause"), this.clock, this.words);
    this.fromMs = 0;
  }

  /** @param {AgentCall | null} call */
  draw(call) {
    this.fromMs = call?.held_from_ms ?? 0;
    show(this.element, this.fromMs > 0);
    this.tick();
  }

  tick() {
    if (!this.fromMs) return;
    const ms = Math.max(0, nowMs() - this.fromMs);
    setText(this.clock, clockText(ms));
    setText(this.words, t(ms < LONG_MS ? "agent.held" : "agent.held_long"));
  }
}
