/** Texts from catalogues: no sentence stands in code. zh-CN is the first language. */

/** Languages that have a catalogue, by their own name. */
export const LOCALES = Object.freeze({ "zh-CN": "简体中文", "zh-HK": "繁體中文", en: "English" });

/** @typedef {keyof typeof LOCALES} Locale */

const CHOICE = "video-service.locale";

/** Where Chinese is written in traditional characters, by the subtags of a language (BCP 47). */
const TRADITIONAL = new Set(["hant", "hk", "mo", "tw"]);

/** @type {Record<string, string>} */
let texts = {};
/** @type {Partial<Record<"later" | "more", Promise<void>>>} */
const parts = {};
/** @type {Locale} */
let current = "zh-CN";

/**
 * The language for this person: the link's `?lang=`, the last choice, the browser's languages, else zh-CN.
 * @param {string} search
 * @param {string | null} chosen
 * @param {readonly string[]} preferred
 * @returns {Locale}
 */
export function pickLocale(search, chosen, preferred) {
  const asked = new URLSearchParams(search).get("lang");
  for (const wish of [asked, chosen, ...preferred]) {
    if (!wish) continue;
    const [language, ...rest] = wish.toLowerCase().split("-");
    if (language === "en") return "en";
    if (language !== "zh" && language !== "yue") continue;
    const simplified = rest.includes("hans");
    return !simplified && (language === "yue" || rest.some((tag) => TRADITIONAL.has(tag))) ? "zh-HK" : "zh-CN";
  }
  return "zh-CN";
}

/**
 * Load the catalogue and mark the document with its language.
 * @returns {Promise<Locale>}
 */
export async function loadTexts() {
  current = pickLocale(location.search, remembered(), navigator.languages);
  texts = await fetchTexts("");
  document.documentElement.lang = current;
  return current;
}

/** @param {string} part "" or the start of a part's file name */
async function fetchTexts(part) {
  const answer = await fetch(`${document.getElementById("app")?.dataset.texts}${part}${current}.json`);
  if (!answer.ok) throw new Error(`texts ${answer.status}`);
  return answer.json();
}

/**
 * Load the texts of a part of the page that comes after its first screen. They come once; when they did not come, the
 * next call asks again.
 * @param {"later" | "more"} part
 * @returns {Promise<void>}
 */
export async function loadPart(part) {
  parts[part] ??= fetchTexts(`${part}-`).then((more) => void Object.assign(texts, more));
  try {
    await parts[part];
  } catch (error) {
    delete parts[part];
    throw error;
  }
}

/** @returns {Locale} */
export function locale() {
  return current;
}

/**
 * Keep a choice of language and start the page again in it. Nothing is lost: calls are resumed by their token.
 * @param {Locale} wanted
 */
export function chooseLocale(wanted) {
  try {
    localStorage.setItem(CHOICE, wanted);
  } catch {
    // Storage may be closed (private mode): then the choice travels in the address.
  }
  const url = new URL(location.href);
  url.searchParams.set("lang", wanted);
  location.replace(url);
}

/**
 * The text of `key`, its `{placeholders}` filled. A missing key shows itself: it can be reported.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * The text of `key.one` or `key.other`, by the plural rules of the language.
 * @param {string} key
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function count(key, n, values = {}) {
  const form = new Intl.PluralRules(current).select(n) === "one" ? "one" : "other";
  return t(`${key}.${form}`, { n, ...values });
}

/**
 * True when the catalogue has `key`: codes from the service fall back to a general sentence.
 * @param {string} key
 */
export function has(key) {
  return key in texts;
}

/** @returns {string | null} */
function remembered() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}
