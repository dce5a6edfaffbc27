/** The second screen: the own picture, what is kept, and the button that begins. */

import { h, setAttribute, setText, show } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { cameraTrouble } from "../shared/person.js";
import { isWeChat, outsideAddress } from "../shared/phone.js";
import { OwnPicture } from "../shared/own.js";
import { errorText } from "../shared/words.js";
import { BlurSwitch } from "./blur.js";
import { CameraCheck } from "./check.js";
import { signedClip } from "./clip.js";
import { SigningQuestion } from "./signing.js";
import { CONSENT_VERSION, isConsentOld } from "./state.js";
import { TopicQuestion } from "./topic.js";

/** @typedef {import("./app.js").CustomerApp} CustomerApp */
/** @typedef {import("./state.js").State} State */

/** @type {readonly [import("../shared/icons.js").IconName, string][]} */
const CONSENT = [
  ["no-record", "ready.not_recorded"],
  ["room", "ready.room_seen"],
  ["data", "ready.kept"],
];

export class ReadyScreen {
  /** @param {CustomerApp} app */
  constructor(app) {
    this.app = app;
    this.joining = false;
    this.old = false;
    this.heading = h("h1", { text: t("ready.title"), tabindex: "-1" });
    this.own = new OwnPicture({ label: t("own.label"), emptyText: t("own.none"), outline: true });
    this.still = t(matchMedia("(min-width: 900px)").matches ? "ready.hint_desk" : "ready.hint");
    this.hint = h(
      "p",
      { class: "ready-hint", role: "status" },
      (this.hintIcon = h("span")),
      (this.hintText = h("span", { text: this.still })),
    );
    this.check = new CameraCheck(this.own.video, (verdict) => this.advise(verdict));
    this.turnButton = h(
      "button",
      { class: "button button-wide", type: "button", hidden: true, on: { click: () => app.turnCamera() } },
      icon("turn"),
      h("span", { text: t("call.turn") }),
    );
    this.copyButton = h(
      "button",
      { class: "button button-wide", type: "button", hidden: true, on: { click: () => this.copyAddress() } },
      icon("copy"),
      (this.copyText = h("span", { text: t("camera.copy") })),
    );
    const outside = outsideAddress(navigator.userAgent, location.href);
    this.outside = outside
      ? h(
          "a",
          { class: "button button-main button-wide", href: outside },
          icon("next"),
          h("span", { text: t("camera.outside") }),
        )
      : null;
    this.problem = h(
      "div",
      { class: "notice notice-attention", role: "alert", hidden: true },
      icon("camera-off"),
      (this.problemText = h("p")),
    );
    this.errorClip = signedClip("error");
    this.trouble = h(
      "p",
      { class: "notice notice-danger", role: "alert", hidden: true },
      icon("info"),
      (this.troubleText = h("span")),
    );
    this.beginText = h("span");
    this.beginButton = h(
      "button",
      { class: "button button-main button-wide", type: "button", on: { click: () => this.begin() } },
      icon("check"),
      this.beginText,
    );
    this.againButton = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => app.useCamera() } },
      icon("again"),
      h("span", { text: t("camera.again") }),
    );
    this.writeButton = h(
      "button",
      { class: "button button-wide", type: "button", on: { click: () => this.begin(true) } },
      icon("write"),
      h("span", { text: t("ready.write") }),
    );
    this.blur = new BlurSwitch(app);
    this.signing = new SigningQuestion();
    this.topics = new TopicQuestion();
    this.roomText = h("span", { text: t("ready.room_seen") });
    this.element = h(
      "div",
      { class: "page ready" },
      h(
        "header",
        { class: "row" },
        h(
          "button",
          { class: "button button-quiet back", type: "button", on: { click: () => app.goHome() } },
          icon("back"),
          h("span", { text: t("ready.back") }),
        ),
      ),
      h(
        "main",
        { class: "ready-main" },
        h("div", { class: "stack ready-look" }, this.heading, this.own.element, this.hint, this.problem, this.errorClip),
        h(
          "div",
          { class: "stack ready-acts" },
          this.signing.element,
          this.topics.element,
          h(
            "ul",
            { class: "consent", "aria-label": t("ready.consent") },
            CONSENT.map(([name, key]) =>
              name === "room"
                ? h("li", { class: "consent-room" }, icon(name), this.roomText, this.blur.button)
                : h("li", {}, icon(name), h("span", { text: t(key, { days: keptDays() }) })),
            ),
          ),
          signedClip("consent"),
          this.trouble,
          h(
            "div",
            { class: "ready-buttons" },
            this.beginButton,
            this.againButton,
            this.outside,
            this.copyButton,
            this.writeButton,
            this.turnButton,
          ),
          h("p", { class: "small soft", text: t("ready.version", { version: CONSENT_VERSION }) }),
        ),
      ),
    );
  }

  leave() {
    this.check.stop();
  }

  /** @param {import("./check.js").Verdict} verdict */
  advise(verdict) {
    if (this.hint.dataset.verdict === verdict) return;
    this.hint.dataset.verdict = verdict;
    this.hintIcon.replaceChildren(...(verdict === "still" ? [] : [icon(verdict === "fine" ? "check-circle" : "info")]));
    setText(this.hintText, verdict === "still" ? this.still : t(`check.${verdict}`));
  }

  /** An app's own browser may know no camera: the address goes to one that does. */
  async copyAddress() {
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    setText(this.copyText, copied ? t("camera.copied") : location.href);
  }

  /** @param {boolean} [withoutCamera] */
  begin(withoutCamera = false) {
    if (this.old) this.app.reread();
    else if (withoutCamera ? !this.joining : this.beginButton.getAttribute("aria-disabled") !== "true") {
      this.app.begin(withoutCamera);
    }
  }

  /** @param {State} state */
  draw(state) {
    const { camera, cameras, facing, track, joining, link, trouble, service, blur } = state;
    this.blur.draw(state);
    this.signing.draw(state);
    this.topics.draw(state);
    show(this.blur.button, camera === "on");
    setText(this.roomText, t(blur ? "blur.ready" : "ready.room_seen"));
    this.joining = joining;
    this.old = isConsentOld({ service, trouble });
    const failed = cameraTrouble(camera);
    this.own.mirror(facing === "user");
    this.own.setTrack(track);
    this.own.explain(camera === "opening" ? t("ready.opening") : t("own.none"));
    show(this.hint, !failed);
    show(this.problem, failed !== "");
    if (this.errorClip) show(this.errorClip, failed !== "");
    const inWeChat = failed === "unsupported" && isWeChat(navigator.userAgent);
    if (failed) setText(this.problemText, t(inWeChat ? "camera.wechat" : `camera.${failed}`));
    if (this.outside) show(this.outside, failed === "unsupported");
    show(this.beginButton, this.old || !failed);
    show(this.writeButton, !this.old);
    show(this.againButton, failed !== "" && failed !== "unsupported");
    show(this.copyButton, failed === "unsupported");
    show(this.turnButton, cameras > 1 && camera === "on");
    const lost = joining && link === "lost";
    setAttribute(this.beginButton, "aria-disabled", !this.old && (joining || camera !== "on") ? "true" : null);
    setText(this.beginText, t(this.old ? "ready.reread" : joining ? "ready.joining" : "ready.begin"));
    const said = this.old ? "consent_needed" : lost ? "unreachable" : trouble;
    show(this.trouble, said !== "");
    if (said) setText(this.troubleText, errorText(said));
  }
}

/** How long the record of a call is kept, as the service has it. */
function keptDays() {
  return document.getElementById("app")?.dataset.keptDays ?? "";
}
