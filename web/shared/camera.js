/** Opening the camera and the microphone, with every way to fail told apart. */

/** Why there is no camera; each is a text `camera.<key>`. */
/** @typedef {"refused" | "none" | "busy" | "insecure" | "unsupported" | "lost" | "failed"} CameraTrouble */

export class CameraError extends Error {
  /** @param {CameraTrouble} trouble */
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

/**
 * What a DOMException of getUserMedia means to a person.
 * @param {string} name
 * @returns {CameraTrouble}
 */
export function troubleOf(name) {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
    case "PermissionDeniedError":
      return "refused";
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

/** True where a page can ask for a camera at all: not over plain http, not in every app's own browser. */
export function cameraPossible() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * Open a camera: 640x480 at 30 fps is what signing needs and what a phone's data plan bears.
 * @param {"user" | "environment"} [facing]
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openCamera(facing = "user") {
  return open({
    video: {
      width: { ideal: 640 },
      height: { ideal: 480 },
      frameRate: { ideal: 30 },
      facingMode: facing,
    },
  });
}

/** How many cameras there are; browsers tell once one was allowed. @returns {Promise<number>} */
export async function countCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.filter((device) => device.kind === "videoinput").length;
}

/** @returns {Promise<MediaStreamTrack>} */
export async function openMicrophone() {
  return open({ audio: { echoCancellation: true, noiseSuppression: true } });
}

/**
 * @param {MediaStreamConstraints} constraints
 * @returns {Promise<MediaStreamTrack>}
 */
async function open(constraints) {
  if (!cameraPossible()) throw new CameraError(isSecureContext ? "unsupported" : "insecure");
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    return stream.getTracks()[0];
  } catch (error) {
    throw new CameraError(troubleOf(error instanceof DOMException ? error.name : ""));
  }
}

/**
 * A drawn still picture as a track, sent while there is no camera or the own picture is paused: packets go on, so
 * that the other side never takes a pause for a lost network.
 * @returns {MediaStreamTrack}
 */
export function cardTrack() {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 480;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let even = false;
  const draw = () => {
    even = !even;
    // One corner pixel alternates: a canvas that does not change gives no frames.
    pen.fillStyle = "#20262b";
    pen.fillRect(0, 0, 640, 480);
    pen.fillStyle = even ? "#20262b" : "#20272c";
    pen.fillRect(0, 0, 2, 2);
    pen.fillStyle = "#8295a0";
    pen.fillRect(272, 180, 32, 120);
    pen.fillRect(336, 180, 32, 120);
  };
  draw();
  const track = canvas.captureStream(5).getVideoTracks()[0];
  const timer = setInterval(() => (track.readyState === "ended" ? clearInterval(timer) : draw()), 250);
  return track;
}
