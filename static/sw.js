/* Without a connection the kept list stands in for the day's page. Nothing is answered from what is
   kept as long as the office answers, and nothing is kept here: outbox.js does that, for one user. */
const DAY = "/today/";
const KEPT = "/today/kept/";
const HOURS = 18;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const forget = async () => {
  const names = await caches.keys();
  return Promise.all(names.map((name) => caches.delete(name)));
};

const keptDay = async (url) => {
  const kept = await caches.match(KEPT);
  if (!kept) return Response.error();
  if (Date.now() - Date.parse(kept.headers.get("Date")) > HOURS * 3600000) {
    await forget();
    return Response.error();
  }
  return url.pathname === DAY ? kept : Response.redirect(DAY);
};

const keptFile = async (request) => (await caches.match(request.url)) || Response.error();

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => keptDay(url)));
  else if (url.pathname.startsWith("/static/")) event.respondWith(fetch(request).catch(() => keptFile(request)));
});
