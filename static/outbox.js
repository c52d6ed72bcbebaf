/* Outcomes recorded without a connection: kept in this browser, for this user, sent once. The same
   form key makes a doubled delivery do nothing. All words come from the server. */
(() => {
  "use strict";
  const box = document.querySelector("#outbox");
  const { user, token, kept } = box.dataset; // a kept page has no token: it records and never sends
  const STORE = "entries";
  const mirror = `unsent:${user}`; // so that signing out can ask without waiting
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, act, target = document) => target.addEventListener(type, act);
  const say = (value) => document.dispatchEvent(new CustomEvent("announce", { detail: { value } }));

  // --- the store
  const settled = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const store = async (mode, act) => {
    const opening = indexedDB.open("outbox", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
    const base = await settled(opening);
    try { return await settled(act(base.transaction(STORE, mode).objectStore(STORE))); } finally { base.close(); }
  };
  const entries = async () => (await store("readonly", (rows) => rows.getAll()))
    .filter((entry) => entry.user === user)
    .sort((a, b) => a.at - b.at);
  const put = (entry) => store("readwrite", (rows) => rows.put(entry));
  const drop = (key) => store("readwrite", (rows) => rows.delete(key));

  // --- showing what waits, and what was refused
  const show = async () => {
    const list = await entries();
    const sent = sessionStorage.getItem("sent");
    sessionStorage.removeItem("sent");
    try { localStorage.setItem(mirror, list.length); } catch { /* private mode */ }
    one("ul", box).replaceChildren(...list.map(row));
    if (sent) {
      one("[data-sent]", box).hidden = false;
      one("[data-sent] b", box).textContent = sent;
    }
    box.hidden = !list.length && !sent;
    all("[data-recorded]").forEach((mark) => {
      const key = one("[name=key]", mark.closest("li")).value;
      mark.hidden = !list.some((entry) => entry.key === key);
    });
  };
  const row = (entry) => {
    const made = one("template", box).content.cloneNode(true);
    const fill = (name, text) => { one(`[data-${name}]`, made).textContent = text; };
    fill("who", entry.who);
    fill("what", entry.what);
    fill("note", entry.note);
    fill("why", entry.refused);
    one("[data-waits]", made).hidden = Boolean(entry.refused);
    const again = one("[data-again]", made);
    again.hidden = !entry.refused || entry.gone;
    again.href = entry.url;
    const away = one("[data-away]", made);
    away.hidden = !entry.refused;
    on("click", () => drop(entry.key).then(show), away);
    return made;
  };

  // --- keeping
  const wordsOf = (form) => {
    const chosen = one("[name=outcome]:checked", form);
    return chosen ? chosen.closest("label").textContent.trim() : one("button", form).ariaLabel || "";
  };
  const keepEntry = async (form, url) => {
    const data = new FormData(form);
    data.delete("csrfmiddlewaretoken");
    // It is written down on the server when the net is back, and took place now.
    if (!data.get("met_at")) data.set("met_at", new Date().toTimeString().slice(0, 5));
    const holder = form.closest("li,.sheet,.inspector") || form;
    const who = one(".who,h2,.sub", holder);
    await put({
      key: data.get("key"),
      user,
      url,
      body: new URLSearchParams(data).toString(),
      who: form.dataset.who || (who ? who.textContent.trim() : ""),
      what: wordsOf(form),
      note: data.get("note") || "",
      at: Date.now(),
      refused: "",
    });
    await show();
  };

  // --- sending
  const reasonIn = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const told = one(".alert,.invalid-feedback,.note p", page);
    return told ? told.textContent.trim() : "";
  };
  const refuse = async (entry, answer) => {
    const gone = answer.status === 404;
    const refused = (!gone && reasonIn(await answer.text())) || box.dataset.gone;
    const task = entry.url.match(/\/tasks\/(\d+)\//);
    // The form, opened again, begins with what was typed.
    if (task && entry.note) localStorage.setItem(`draft:${user}:task-${task[1]}`, entry.note);
    await put({ ...entry, refused, gone });
    say(`${entry.who}: ${refused}`);
  };
  const send = async (entry) => {
    const answer = await fetch(entry.url, {
      method: "POST",
      redirect: "manual",
      headers: { "X-CSRFToken": token, "HX-Request": "true" },
      body: new URLSearchParams(entry.body),
    });
    if (answer.ok) { await drop(entry.key); return true; }
    // A refusal is told; whatever else stands between (a new login, a server that starts) passes.
    if ([404, 409, 422].includes(answer.status)) await refuse(entry, answer);
    return false;
  };
  const onPage = (key) => all("input[name=key]").some((field) => field.value === key);
  let sending = false;
  const deliver = async () => {
    if (!token || sending) return;
    sending = true;
    let sent = 0;
    try {
      for (const entry of await entries()) {
        // A form that still stands on the page goes again by itself.
        if (!entry.refused && !onPage(entry.key) && await send(entry)) sent += 1;
      }
    } catch {
      if (navigator.onLine) setTimeout(deliver, 5000); // nothing answers yet
    }
    sending = false;
    if (sent) sessionStorage.setItem("sent", sent);
    if (sent && !one("dialog[open]")) location.reload();
    else await show();
  };

  // --- on the day's page: what could not be sent is kept as well
  const keyed = (element) => {
    const form = element.closest("form");
    return form && one("[name=key]", form) && /^\/(tasks|clients)\//.test(form.getAttribute("hx-post")) ? form : null;
  };
  const lost = (event) => {
    const form = keyed(event.detail.elt);
    if (form) keepEntry(form, form.getAttribute("hx-post"));
    else if (event.detail.elt.closest(".task") && !navigator.onLine) openKept(event.detail.elt.closest(".task").id);
  };
  const openKept = async (id) => {
    if (!await caches.match(kept)) return;
    history.replaceState(null, "", `/today/#${id}`);
    location.reload();
  };
  const answered = async (event) => {
    const { elt, xhr, requestConfig } = event.detail;
    if (!xhr.status || xhr.status >= 500 || requestConfig.verb === "get") return;
    const form = keyed(elt);
    if (form) await drop(one("[name=key]", form).value).then(show);
    clearTimeout(answered.timer);
    answered.timer = setTimeout(keepDay, 2000);
  };
  const forgetOthers = async (own) => {
    const names = await caches.keys();
    return Promise.all(names.filter((name) => name !== own).map((name) => caches.delete(name)));
  };
  /* The list, and beside it the files that it names: exactly what is needed to show it. */
  const keepDay = async () => {
    try {
      const answer = await fetch(kept);
      if (!answer.ok || answer.redirected) return;
      const page = await answer.clone().text();
      const files = new Set([...page.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)].map((found) => found[1]));
      const own = `kept:${user}`;
      const cache = await caches.open(own);
      const there = (await cache.keys()).map((request) => new URL(request.url).pathname);
      await cache.addAll([...files].filter((file) => !there.includes(file)));
      await cache.put(kept, answer);
      await Promise.all(there.filter((file) => file !== kept && !files.has(file)).map((file) => cache.delete(file)));
    } catch { /* no connection, or no room: there is the page itself */ }
  };

  // --- on the kept page: every outcome goes into the box
  const NEEDS = { will_pay: "until", asked_later: "until", refused: "note" };
  const complete = (form) => {
    const chosen = one("[name=outcome]:checked", form);
    ["until", "note"].forEach((name) => {
      const field = form.elements[name];
      const missing = NEEDS[chosen.value] === name && !field.value.trim();
      field.setCustomValidity(missing ? field.dataset.missing : "");
    });
    return form.reportValidity();
  };
  on("input", (event) => { if (event.target.setCustomValidity) event.target.setCustomValidity(""); });
  on("submit", async (event) => {
    const form = event.target.closest("[data-offline]");
    if (!form) return;
    event.preventDefault();
    if (!complete(form)) return;
    await keepEntry(form, form.getAttribute("action"));
    const details = form.closest("details");
    details.open = false;
    one("summary", details).focus();
    say(one("[data-recorded]", details).textContent);
  });
  /* A browser may call itself online before anything answers. */
  const back = async () => {
    if (token) { deliver(); return; }
    if (!navigator.onLine || location.pathname === kept) return;
    const answers = await fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
    if (!answers) setTimeout(back, 3000);
    else if (one("details[open]")) one("[data-back]").hidden = false;
    else location.reload();
  };

  const begin = async () => {
    await show();
    if (!token) {
      const row = location.hash && document.getElementById(location.hash.slice(1));
      if (row) one("details", row).open = true;
      setTimeout(back, 3000);
      return;
    }
    ["htmx:sendError", "htmx:timeout"].forEach((type) => on(type, lost));
    on("htmx:afterRequest", answered);
    await deliver();
    if (!("serviceWorker" in navigator)) return;
    await forgetOthers(`kept:${user}`);
    await navigator.serviceWorker.register("/sw.js");
    await keepDay();
  };
  on("online", back, window);
  on("visibilitychange", () => { if (!document.hidden && navigator.onLine && token) deliver(); });
  begin();
})();
