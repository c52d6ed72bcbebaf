/* What the pages do beyond links and forms. Every action works without this file; all words come
   from the server, in the page's language. */
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, act, target = document, options) => target.addEventListener(type, act, options);
  const sheet = one("#sheet");
  const live = one("#live");
  const visible = (element) => element && element.getClientRects().length > 0;
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* private mode */ } },
    keys: () => { try { return Object.keys(localStorage); } catch { return []; } },
  };

  // --- telling: one polite region speaks for everything that changes
  const say = (text) => {
    if (!live || !text) return;
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 60);
  };
  on("announce", (event) => say(event.detail.value));

  // --- theme: changed at once, kept by the server in a cookie and with the user
  on("submit", (event) => {
    const form = event.target.closest("[data-theme-form]");
    if (!form) return;
    event.preventDefault();
    const theme = event.submitter.value;
    const root = document.documentElement;
    if (theme === "system") root.removeAttribute("data-bs-theme");
    else root.setAttribute("data-bs-theme", theme);
    all("button", form).forEach((b) => b.setAttribute("aria-pressed", b === event.submitter));
    form.closest("details").open = false;
    const body = new FormData(form);
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body }).catch(() => {});
  });

  // --- menus close by themselves
  on("click", (event) => all("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  }));

  // --- sheet: one <dialog>; the inspector falls back to it where there is no room for it
  const openSheet = () => {
    const heading = one("h2,h1", sheet);
    if (heading) sheet.setAttribute("aria-label", heading.textContent.trim());
    if (!sheet.open) sheet.showModal();
    if (heading) heading.focus();
  };
  on("click", (event) => {
    if (event.target.matches("dialog[open]")) event.target.close();
  });
  if (sheet) on("close", () => { sheet.textContent = ""; }, sheet);
  on("sheet-close", () => sheet && sheet.open && sheet.close());
  on("htmx:beforeSwap", (event) => {
    const swap = event.detail;
    const intoSheet = swap.target.id === "inspector" && !visible(swap.target);
    const faultInSheet = swap.xhr.status === 422 && sheet && sheet.contains(swap.elt);
    if (!intoSheet && !faultInSheet) return;
    swap.target = sheet;
    swap.swapOverride = "innerHTML";
  });

  // --- swaps: keep the focus, collapse what is done, restore drafts
  let before = null;
  on("htmx:beforeSwap", (event) => {
    const active = document.activeElement;
    const row = (active === document.body ? event.detail.requestConfig.elt : active).closest(".task");
    const next = row && (row.nextElementSibling || row.previousElementSibling);
    before = {
      id: active.id,
      row: row && row.id,
      next: next && next.id,
      group: row && row.closest("section"),
    };
  });
  const refocus = () => {
    if (!before) return;
    const { id, row: rowId, next: nextId, group } = before;
    before = null;
    const row = rowId && document.getElementById(rowId);
    const inRow = row && row.contains(document.activeElement);
    const finished = row && row.matches(".done");
    if (document.activeElement !== document.body && !inRow) return;
    if (inRow && !finished) return;
    const next = nextId && document.getElementById(nextId);
    const target = (!finished && id && document.getElementById(id))
      || (next && one(".ck,.who", next))
      || (group && one("[tabindex='-1']", group));
    if (target) target.focus();
  };
  const fold = (row) => {
    const list = one("#done-list");
    if (!list || list.contains(row)) return;
    setTimeout(() => {
      row.classList.add("gone");
      setTimeout(() => { row.classList.remove("gone"); list.prepend(row); }, 200);
    }, 400);
  };
  on("htmx:afterSwap", (event) => { if (event.detail.target === sheet) openSheet(); });
  on("htmx:afterSettle", (event) => {
    restoreDrafts();
    all("[data-say]").forEach(sayStep);
    const row = event.detail.elt;
    if (row.matches && row.matches(".task.done")) fold(row);
    const wrong = one("[aria-invalid=true],.is-invalid", event.detail.target);
    if (wrong) wrong.focus();
    else if (event.detail.target !== sheet) refocus();
  });
  const said = new Map();
  const sayStep = (element) => {
    if (said.get(element.id) === element.dataset.sayStep) return;
    said.set(element.id, element.dataset.sayStep);
    say(element.dataset.say);
  };

  // --- rows: the chosen one
  const rows = () => all(".task,[data-row]").filter(visible);
  const current = () => document.activeElement.closest(".task,[data-row]")
    || one(".task.sel,[data-row].sel");
  const choose = (row) => {
    all(".task.sel,[data-row].sel").forEach((other) => {
      other.classList.remove("sel");
      other.removeAttribute("aria-current");
    });
    row.classList.add("sel");
    row.setAttribute("aria-current", "true");
  };
  on("click", (event) => {
    const link = event.target.closest(".who");
    const row = link && link.closest(".task,[data-row]");
    if (row) choose(row);
  });
  let opening = 0;
  const step = (by) => {
    const list = rows();
    const row = list[Math.max(0, Math.min(list.length - 1, list.indexOf(current()) + by))];
    const link = row && one(".who", row);
    if (!link) return;
    link.focus();
    choose(row);
    clearTimeout(opening);
    if (visible(one("#inspector"))) opening = setTimeout(() => link.click(), 150);
  };

  // --- keys: pages name them with data-key; the nearest element with that name is clicked
  const typing = (element) => element.isContentEditable
    || element.matches("textarea,select,input:not([type=checkbox],[type=radio],[type=button])");
  const press = (key) => {
    const dialog = one("dialog[open]");
    const places = dialog ? [dialog] : [current(), one("#inspector"), document];
    for (const place of places) {
      const found = place && all(`[data-key~="${key}"]`, place).pop();
      if (found) { found.click(); return true; }
    }
    return false;
  };
  const KEYS = {
    j: () => step(1), arrowdown: () => step(1), k: () => step(-1), arrowup: () => step(-1),
    "/": () => { const box = one("#q"); if (visible(box)) box.focus(); },
    "?": () => { const keys = one("#keys"); if (keys && !one("dialog[open]")) keys.showModal(); },
  };
  on("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.defaultPrevented) return;
    const element = event.target.closest ? event.target : document.body;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = element.closest("form");
      const button = (form && one('[data-key="ctrl+enter"]', form)) || one('[data-key="ctrl+enter"]');
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || typing(element)) return;
    if (document.body.dataset.keys === "off" && event.key.length === 1) return;
    const key = event.key.toLowerCase();
    if (key.startsWith("arrow") && (element.matches("[type=radio]") || one("dialog[open]"))) return;
    if (key === "enter" || key === " ") return;
    const moves = /^(j|k|arrow)/.test(key) && !rows().length; // no list here: the page may name them
    const own = one("dialog[open]") || moves ? null : KEYS[key];
    if (own) { event.preventDefault(); own(); } else if (press(key)) event.preventDefault();
  });

  // --- toasts: ten seconds, waiting while looked at, two at most
  const settle = (note) => {
    let timer;
    const start = () => { clearTimeout(timer); timer = setTimeout(() => note.remove(), 10000); };
    const wait = () => clearTimeout(timer);
    on("mouseenter", wait, note);
    on("focusin", wait, note);
    on("mouseleave", start, note);
    on("focusout", start, note);
    start();
    say(one("p", note).textContent);
  };
  const toasts = one("#toasts");
  if (toasts) {
    all(".note", toasts).forEach(settle);
    new MutationObserver((changes) => {
      changes.forEach((change) => change.addedNodes.forEach((node) => {
        if (node.matches && node.matches(".note")) settle(node);
      }));
      all(".note", toasts).slice(0, -2).forEach((note) => note.remove());
    }).observe(toasts, { childList: true });
  }
  on("click", (event) => {
    if (event.target.closest("[data-shut]")) event.target.closest(".note").remove();
  });

  // --- a request that failed: say so where it happened; the same form, the same key, goes again
  const holderOf = (element) => element.closest(".task") || element.closest("form") || element;
  const failed = (event) => {
    const element = event.detail.elt;
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    if (!element.closest("form") || (status > 0 && status < 500)) return;
    const holder = holderOf(element);
    const words = document.body.dataset.failed;
    holder.classList.add("failed");
    if (!one(".retry", holder)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "retry";
      button.textContent = words;
      on("click", () => {
        button.remove();
        holder.classList.remove("failed");
        element.closest("form").requestSubmit();
      }, button);
      holder.append(button);
    }
    say(words);
  };
  ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach((type) => on(type, failed));
  on("online", () => all(".retry").forEach((button) => button.click()), window);

  // --- drafts: what is being typed survives a lost page; cleared at save and at sign-out
  const draftKey = (field) => `draft:${document.body.dataset.user}:${field.dataset.draft}`;
  const restoreDrafts = () => all("[data-draft]").forEach((field) => {
    const kept = store.get(draftKey(field));
    if (kept && !field.value) field.value = kept;
  });
  const dropDrafts = (form) => all("[data-draft]", form).forEach((f) => store.drop(draftKey(f)));
  on("input", (event) => {
    const field = event.target;
    if (field.matches("[data-draft]")) store.set(draftKey(field), field.value);
  });
  // --- the list kept for lost connections: fetched when the page rests, gone with the user
  const forgetKept = () => {
    if (window.caches) caches.keys().then((names) => names.forEach((name) => caches.delete(name)));
  };
  if (one(".login")) forgetKept();
  const outbox = one("#outbox[data-script]");
  const rest = outbox && Number(store.get(`unsent:${document.body.dataset.user}`)) ? 0 : 1500;
  if (outbox) on("load", () => setTimeout(() => import(outbox.dataset.script), rest), window);

  on("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-logout]")) {
      const { user, unsent } = document.body.dataset;
      if (Number(store.get(`unsent:${user}`)) && !confirm(unsent)) { event.preventDefault(); return; }
      store.keys().filter((key) => /^(draft|unsent):/.test(key)).forEach(store.drop);
      forgetKept();
      if (window.indexedDB) indexedDB.deleteDatabase("outbox");
    } else if (!form.closest("[hx-post]")) dropDrafts(form);
  });
  on("htmx:afterRequest", (event) => {
    const { elt, successful } = event.detail;
    const form = elt.closest("form");
    if (!successful || !form) return;
    dropDrafts(form);
    if (form.matches("[data-close]") && sheet.open) sheet.close();
    if (form.matches("[data-close-note]")) form.closest(".note").remove();
  });

  // --- swipe left on a row: three actions, each with a button twin elsewhere
  let swipe = null;
  on("touchstart", (event) => {
    const row = event.target.closest(".task");
    const panel = row && one(".swipe", row);
    all(".swipe.open").forEach((other) => { if (other !== panel) other.classList.remove("open"); });
    if (!panel || panel.contains(event.target)) return;
    swipe = { panel, x: event.touches[0].clientX, y: event.touches[0].clientY, far: 0 };
  }, document, { passive: true });
  on("touchmove", (event) => {
    if (!swipe) return;
    const dx = event.touches[0].clientX - swipe.x;
    const dy = event.touches[0].clientY - swipe.y;
    if (Math.abs(dy) > Math.abs(dx)) return;
    swipe.far = dx;
    if (dx < -8) {
      swipe.panel.style.visibility = "visible";
      swipe.panel.style.transform = `translateX(max(0px, calc(100% + ${dx}px)))`;
    }
  }, document, { passive: true });
  on("touchend", () => {
    if (!swipe) return;
    swipe.panel.style.visibility = swipe.panel.style.transform = "";
    swipe.panel.classList.toggle("open", swipe.far < -64);
    swipe = null;
  });

  // --- copy: clipboard, else the old command, else selected text to hold
  const byCommand = (text) => {
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "visually-hidden";
    (one("dialog[open]") || document.body).append(box);
    box.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { done = false; }
    box.remove();
    return done;
  };
  const copyText = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { return byCommand(text); }
  };
  on("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = one(button.dataset.copy);
    const done = await copyText(source.value || source.innerText);
    if (!done) getSelection().selectAllChildren(source);
    const words = done ? button.dataset.copied : button.dataset.hold;
    const label = one("[data-label]", button);
    say(words);
    if (!label || !words) return;
    const was = label.textContent;
    label.textContent = words;
    setTimeout(() => { label.textContent = was; }, 3000);
  });

  // --- a call made from here: on return, ask how it went (its length is guessed from the absence)
  let call = null;
  on("click", (event) => {
    const link = event.target.closest('a[href^="tel:"][data-outcome]');
    if (link) call = { url: link.dataset.outcome, at: Date.now(), left: 0 };
  });
  on("visibilitychange", () => {
    if (!call) return;
    if (document.hidden) { call.left = Date.now(); return; }
    if (!call.left || Date.now() - call.left < 3000) return;
    const minutes = Math.max(1, Math.round((Date.now() - call.left) / 60000));
    const join = call.url.includes("?") ? "&" : "?";
    const url = `${call.url}${join}dialled=${Math.floor(call.at / 1000)}&minutes=${minutes}`;
    call = null;
    if (window.htmx) window.htmx.ajax("GET", url, { target: "#sheet", swap: "innerHTML" });
  });

  // --- small things
  on("click", (event) => {
    const button = event.target.closest("[data-reveal]");
    if (!button) return;
    const field = document.getElementById(button.dataset.reveal);
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", show);
  });
  on("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
  on("change", (event) => {
    const field = event.target;
    if (field.matches("[data-submit]")) field.form.requestSubmit();
    if (field.matches("[type=file][data-name]") && field.files[0]) {
      one(field.dataset.name).textContent = [...field.files].map((file) => file.name).join(", ");
    }
  });
  const hideAgain = (element) => {
    if (element.dataset.counting) return;
    element.dataset.counting = "yes";
    const seconds = Number(element.dataset.hideAfter);
    setTimeout(() => { element.textContent = element.dataset.masked; }, seconds * 1000);
  };
  on("htmx:load", () => all("[data-hide-after]").forEach(hideAgain));
  ["dragover", "dragleave", "drop"].forEach((type) => on(type, (event) => {
    const zone = event.target.closest && event.target.closest(".drop");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("over", type === "dragover");
    if (type !== "drop") return;
    const field = one("[type=file]", zone);
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }));
  restoreDrafts();
  all(".seg [aria-current],.tabs [aria-current]").forEach((tab) => {
    const strip = tab.parentElement;
    strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.clientWidth) / 2;
  });
  const fault = one("main [aria-invalid=true],main .is-invalid");
  if (fault) fault.focus();
})();
