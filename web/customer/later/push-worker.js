/** Shows that there is news: the message itself is empty, the words came with this worker's own address. */

const worker = /** @type {any} */ (self);
const words = new URL(worker.location.href).searchParams;

worker.addEventListener("push", (/** @type {any} */ event) => {
  const options = { body: words.get("body") ?? "", tag: "news", lang: words.get("lang") ?? "" };
  event.waitUntil(worker.registration.showNotification(words.get("title") ?? "", options));
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(open());
});

/** The page that is open already, else a new one. */
async function open() {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((/** @type {any} */ each) => new URL(each.url).pathname === "/customer/");
  return page ? page.focus() : worker.clients.openWindow("/customer/");
}
