/** What is said of a refusal that has to do with promises. */

import { has, t } from "./i18n.js";
import { RequestError } from "./service.js";
import { errorText } from "./words.js";

/**
 * @param {unknown} error
 * @returns {string}
 */
export function refusalText(error) {
  const code = error instanceof RequestError ? error.code : "internal";
  return has(`promise.error.${code}`) ? t(`promise.error.${code}`) : errorText(code);
}
