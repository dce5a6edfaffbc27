/** Sending a film in parts: what was sent stays sent, so that a lost connection costs one part. */

import { request, RequestError } from "../shared/service.js";

/** @typedef {import("./recorder.js").Film} Film */

const TRIES = 5;
const PART_LIMIT_MS = 60_000;
const AGAIN_MS = 1_500;
const MAKING_TRIES = 120;
/** What no second try of the same would change. */
const FINAL = new Set([400, 401, 403, 404, 413, 429]);

/**
 * @param {Film} film
 * @param {number} consent version of the words that were read before it was recorded
 * @param {(share: number) => void} progress from 0 to 1: all is sent
 * @returns {Promise<string>} its name
 */
export async function sendFilm(film, consent, progress) {
  try {
    return await send(film, consent, progress);
  } catch (error) {
    // Its time on the service is over, or the answer that made somebody of this browser was lost: once more, anew.
    if (!(error instanceof RequestError) || error.code !== "no_video") throw error;
    film.id = freshName();
    return send(film, consent, progress);
  }
}

/** @param {Parameters<typeof sendFilm>} all */
async function send(...[film, consent, progress]) {
  const { id, blob, sound } = film;
  progress(0);
  const wish = { video: id, size: blob.size, sound, consent };
  const { part_bytes, parts } = await again(() => request("POST", "/api/video-messages", wish));
  const count = Math.ceil(blob.size / part_bytes);
  const there = new Set(parts);
  for (let part = 0; part < count; part++) {
    const bytes = blob.slice(part * part_bytes, (part + 1) * part_bytes);
    if (!there.has(part)) await again(() => put(id, part, bytes));
    progress((part + 1) / count);
  }
  // It is made anew over there, which takes a while; who asks again is not first in any line, but loses nothing.
  await again(() => request("POST", "/api/video-messages/finish", { video: id }), MAKING_TRIES);
  return id;
}

/**
 * @param {string} id
 * @param {number} part
 * @param {Blob} bytes
 */
async function put(id, part, bytes) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PART_LIMIT_MS);
  try {
    const answer = await fetch(`/api/video-messages/part?video=${id}&part=${part}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: bytes,
      signal: limit.signal,
    });
    if (answer.ok) return;
    const { error } = await answer.json().catch(() => ({ error: "internal" }));
    throw new RequestError(error, answer.status);
  } catch (error) {
    throw error instanceof RequestError ? error : new RequestError("unreachable", 0);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @template T
 * @param {() => Promise<T>} work
 * @param {number} [tries]
 * @returns {Promise<T>}
 */
async function again(work, tries = TRIES) {
  for (let left = tries - 1; ; left--) {
    try {
      return await work();
    } catch (error) {
      const final = error instanceof RequestError && (FINAL.has(error.status) || error.code === "videos_full");
      if (final || left <= 0) throw error;
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }
}

export function freshName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
