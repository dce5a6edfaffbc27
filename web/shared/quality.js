/** How the network is, judged from the receiver's own counts, in two words that a person can use. */

/**
 * @typedef {object} Counts
 * @property {number} atMs
 * @property {number} frames decoded since the start
 * @property {number} packets received since the start
 * @property {number} lost packets lost since the start
 * @property {number} asked times that packets were asked for again since the start; what comes then is not lost
 * @property {number} roundTripMs
 * @property {number} bytes sent and received since the start
 */

/** @typedef {"clear" | "weak"} Quality */

const LEAST_FPS = 18;
const MOST_LOSS = 0.08;
const MOST_ROUND_TRIP_MS = 600;
const LITTLE_LOSS = 0.02;
const LONG_ROUND_TRIP_MS = 300;

/**
 * Judge one interval. Few frames alone say nothing of the network: a phone may be busy, or the other room dark.
 * @param {Counts} before
 * @param {Counts} now
 * @returns {Quality}
 */
export function judge(before, now) {
  const seconds = (now.atMs - before.atMs) / 1000;
  if (seconds <= 0) return "clear";
  const fps = (now.frames - before.frames) / seconds;
  const packets = now.packets - before.packets;
  const lost = Math.max(0, now.lost - before.lost);
  const loss = packets + lost > 0 ? lost / (packets + lost) : 1;
  if (loss > MOST_LOSS || now.roundTripMs > MOST_ROUND_TRIP_MS) return "weak";
  const missed = Math.max(lost, now.asked - before.asked) / (packets + lost);
  const strained = missed > LITTLE_LOSS || now.roundTripMs > LONG_ROUND_TRIP_MS;
  return fps < LEAST_FPS && strained ? "weak" : "clear";
}

/**
 * Read the counts of one received picture.
 * @param {RTCPeerConnection} pc
 * @param {MediaStreamTrack} track
 * @returns {Promise<Counts>}
 */
export async function readCounts(pc, track) {
  const counts = { atMs: performance.now(), frames: 0, packets: 0, lost: 0, asked: 0, roundTripMs: 0, bytes: 0 };
  const report = await pc.getStats();
  report.forEach((entry) => {
    if (entry.type === "inbound-rtp" && entry.trackIdentifier === track.id) {
      counts.frames = entry.framesDecoded ?? 0;
      counts.packets = entry.packetsReceived ?? 0;
      counts.lost = entry.packetsLost ?? 0;
      counts.asked = entry.nackCount ?? 0;
    } else if (entry.type === "candidate-pair") {
      // Firefox counts bytes with its pairs of candidates alone, not with the transport.
      counts.bytes += (entry.bytesSent ?? 0) + (entry.bytesReceived ?? 0);
      if (entry.nominated) counts.roundTripMs = (entry.currentRoundTripTime ?? 0) * 1000;
    }
  });
  return counts;
}

/** Watches one received picture; two weak intervals in a row are weak, two clear ones are clear again. */
export class QualityWatch {
  /** @param {(quality: Quality, bytes: number) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Quality} */
    this.quality = "clear";
    this.against = 0;
    this.earlierBytes = 0;
    /** @type {Counts | null} */
    this.last = null;
    /** @type {RTCPeerConnection | null} */
    this.pc = null;
  }

  /**
   * Look once; call it every two seconds while a picture should flow.
   * @param {RTCPeerConnection} pc
   * @param {MediaStreamTrack} track
   */
  async look(pc, track) {
    if (pc !== this.pc) {
      this.earlierBytes += this.last?.bytes ?? 0;
      this.pc = pc;
      this.last = null;
    }
    const counts = await readCounts(pc, track).catch(() => null);
    if (!counts || pc !== this.pc) return;
    if (this.last) {
      const verdict = judge(this.last, counts);
      this.against = verdict === this.quality ? 0 : this.against + 1;
      if (this.against >= 2) {
        this.quality = verdict;
        this.against = 0;
      }
    }
    this.last = counts;
    this.onChange(this.quality, this.earlierBytes + counts.bytes);
  }
}
