/** What this tab keeps for itself until it is closed. Where storage is closed nothing is kept, and nothing breaks. */

/**
 * @param {string} key
 * @returns {string} "" where nothing is kept
 */
export function kept(key) {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function keep(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // After a reload the camera is asked for again, and what was half written has to be written again.
  }
}
