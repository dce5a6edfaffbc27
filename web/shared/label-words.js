/** Skills and needs in words: what signs and writes, voices, and topics as coordinators have called them. */

import { has, locale, t } from "./i18n.js";

/** @typedef {Readonly<Record<string, string>>} Words by language */

const WRITES = "writes_";

/** What topics are called, as far as this page has heard. @type {Map<string, Words>} */
const topics = new Map();

/** @param {Readonly<Record<string, Words>>} titles by label */
export function learnTopics(titles) {
  for (const [label, title] of Object.entries(titles)) topics.set(label, title);
}

/** Codes of the topics that this page has heard of. */
export const knownTopics = () => [...topics.keys()];

/**
 * What somebody wrote in several languages, in the one of this page, else in Chinese; "" for nothing.
 * @param {Words | null | undefined} words
 */
export function inWords(words) {
  return words?.[locale()] || words?.["zh-CN"] || "";
}

/** A written language by its name. @param {string} code */
export function languageText(code) {
  return has(`people.language.${code}`) ? t(`people.language.${code}`) : code;
}

/** The written language that a label asks for, "" for another label. @param {string} label */
export const writtenIn = (label) => (label.startsWith(WRITES) ? label.slice(WRITES.length) : "");

/** A label without its level; one without a word stands for itself. @param {string} label */
export function wordOf(label) {
  if (writtenIn(label)) return t("queues.writes", { language: languageText(writtenIn(label)) });
  const key = [`sign.${label}`, `need.${label}`].find(has);
  return key ? t(key) : inWords(topics.get(label)) || label;
}

/** A label with its level, where one is said. @param {string} each */
export function labelText(each) {
  const [label, level] = each.split(":");
  return level ? t("people.level", { word: wordOf(label), level }) : wordOf(label);
}
