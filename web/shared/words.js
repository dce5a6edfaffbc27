/** Words that several pages put together from codes and names. */

import { has, t } from "./i18n.js";

/**
 * The sentence for an error code of the service; a code without its own sentence gets the general one and stands
 * behind it as small print. Every refusal of a host application's link asks for another link.
 * @param {string} code
 */
export function errorText(code) {
  const key = `error.${code}`;
  if (has(key)) return t(key);
  return code.startsWith("launch_") ? t("error.launch_refused") : t("error.other", { code });
}

/**
 * How much data a call has used.
 * @param {number} bytes
 */
export function dataText(bytes) {
  const megabytes = bytes / 1_000_000;
  return t("picture.data", { mb: megabytes < 10 ? megabytes.toFixed(1) : String(Math.round(megabytes)) });
}
