// Keeps a page fresh. Everything works without this: it replaces what the server has written by what the server
// would write now, and never while somebody writes or points.
"use strict";
const body = document.body, said = body.dataset;
const policy = window.trustedTypes?.createPolicy("tidegate", { createHTML: (text) => text });
const channel = "BroadcastChannel" in window ? new BroadcastChannel("tidegate") : null;
// Whoever hears nothing for so long, or whose stream broke off so long ago, reads something old.
const STALE = 25000, BROKEN = 3000, AGAIN = 3000;
let offset = 0, heard = performance.now(), broke = Infinity, ticked = false, touched = 0, tried = 0, wanted = false, busy = false;
const missed = new Set();

const by = (id) => document.getElementById(id);
const now = () => Date.now() + offset;

// Times, by the server's clock and in its words.
const units = said.units.split("|");
const relate = (at) => {
  const seconds = Math.round((at - now()) / 1000), away = Math.abs(seconds);
  const [unit, of] = away < 60 ? [0, 1] : away < 3600 ? [1, 60] : away < 172800 ? [2, 3600] : [3, 86400];
  return (seconds > 0 ? said.left : said.ago).replace("{}", units[unit].replace("{}", Math.trunc(away / of)));
};
const clock = () => {
  const old = performance.now() - heard > STALE || performance.now() - broke > BROKEN;
  if (!ticked && !old) return;
  for (const time of document.querySelectorAll("time")) {
    const rel = time.querySelector(".rel");
    if (rel) rel.textContent = relate(Date.parse(time.dateTime));
  }
  const live = by("live");
  if (!live) return;
  // Whoever listens for this tab may sleep.
  if (old && !document.hidden && performance.now() - tried > STALE) listen();
  live.classList.toggle("old", old);
  live.classList.toggle("fresh", !old);
  const at = new Date(now()).toISOString().slice(11, 19);
  const last = new Date(now() - (performance.now() - heard)).toISOString().slice(11, 19);
  live.textContent = old ? `▲ ${said.stale} ${last} UTC` : `● ${said.liveWord} ${at} UTC`;
  for (const button of document.querySelectorAll("#answer button[name]")) hold(button, "old", old);
  const form = by("answer"), until = document.querySelector(".deadline time");
  if (form && until && Date.parse(until.dateTime) <= now()) want();
};
// A button is off for several reasons at once; it comes back when none is left.
const hold = (button, why, off) => {
  const whys = new Set((button.dataset.off ?? (button.disabled ? "server" : "")).split(" ").filter(Boolean));
  off ? whys.add(why) : whys.delete(why);
  button.dataset.off = [...whys].join(" ");
  button.disabled = whys.size > 0;
};

// What has changed is shown, or offered where rows would move or words would be lost.
const notice = (text, action, label) => {
  const bar = by("notice");
  const words = document.createElement("span");
  words.textContent = text;
  bar.replaceChildren(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", action);
    bar.append(button);
  }
  bar.hidden = false;
};
const dirty = () =>
  [...document.querySelectorAll("#main input:not([type=hidden]),#main select,#main textarea")].some(
    (field) => field === document.activeElement || (field.value !== field.defaultValue && field.tagName !== "SELECT"),
  );
const pointing = () => performance.now() - touched < 2000;
for (const kind of ["pointermove", "pointerdown", "touchstart", "keydown"])
  document.addEventListener(kind, () => { touched = performance.now(); }, { passive: true });

const asks = (answer) => {
  const out = answer.redirected && new URL(answer.url).pathname === "/sign-in";
  if (out) notice(said.signedOut, () => location.reload(), said.signIn);
  return out;
};
const signedOut = () => fetch(location.href, { method: "HEAD", cache: "no-store" }).then(asks, () => false);
const fetched = async () => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  // What cannot be told now leaves what was told before.
  if (asks(answer) || answer.status >= 500) return null;
  const text = await answer.text();
  if (!answer.headers.get("content-type")?.startsWith("text/html")) return null;
  return new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
};
// What somebody reads stays where it is, whatever grows above it.
const reading = () => {
  const under = document.querySelector("header.top")?.getBoundingClientRect().bottom ?? 0;
  const place = (one) => one.getBoundingClientRect().top;
  const first = scrollY > 0 && [...document.querySelectorAll("#main [id]")].find((one) => one.offsetParent && place(one) >= under);
  const was = first && place(first);
  return () => {
    const one = first && by(first.id);
    if (one) scrollBy({ top: place(one) - was, behavior: "instant" });
  };
};
const replace = (fresh) => {
  const back = reading();
  const open = [...document.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
  const focus = document.activeElement?.id, top = scrollY;
  for (const id of ["banners", "main"]) {
    const next = fresh.getElementById(id);
    if (next) by(id)?.replaceWith(document.adoptNode(next));
  }
  document.title = fresh.title;
  for (const [id, was] of open) { const one = by(id); if (one?.tagName === "DETAILS") one.open = was; }
  if (focus) by(focus)?.focus({ preventScroll: true });
  scrollTo({ top, behavior: "instant" });
  by("notice").hidden = true;
  back();
  missed.clear();
  clock();
};
const show = async () => {
  if (busy) return;
  busy = true;
  const slow = setTimeout(() => by("main")?.setAttribute("aria-busy", "true"), 300);
  try {
    const fresh = await fetched();
    if (fresh) replace(fresh);
  } catch { /* The next event or tick tries again; the header says that the page is old. */ } finally {
    clearTimeout(slow);
    by("main")?.removeAttribute("aria-busy");
    busy = false;
  }
};
const refresh = async () => {
  if (!wanted || busy) return;
  if (document.hidden) return;
  if (said.live === "offer") {
    wanted = false;
    notice(missed.size ? `${said.missed} ${missed.size}` : said.changed, show, said.show);
    return;
  }
  if (said.live === "question" && by("answer")) {
    wanted = false;
    busy = true;
    let fresh = null;
    try { fresh = await fetched(); } catch { wanted = true; } finally { busy = false; }
    if (!fresh || fresh.getElementById("main")?.dataset.version === by("main").dataset.version) return;
    // Nobody answers what is not asked any more.
    if (!dirty()) return replace(fresh);
    for (const button of document.querySelectorAll("#answer button[name]")) hold(button, "changed", true);
    notice(said.changed, () => replace(fresh), said.show);
    return;
  }
  if (dirty() || pointing()) return;
  wanted = false;
  await show();
};
const want = () => { wanted = true; };
const concerns = (ids) =>
  said.live === "any" || said.live === "offer" || ids === null || ids.includes(said.incident);
setInterval(() => { clock(); refresh(); }, 1000);

const take = (event) => {
  if (event.kind === "tick") {
    offset = event.now - Date.now();
    heard = performance.now();
    broke = Infinity;
    if (!ticked) { ticked = true; body.dataset.ready = "true"; }
    clock();
  } else if (event.kind === "broken") {
    broke = Math.min(broke, performance.now());
  } else if (said.live !== "still" && concerns(event.ids)) {
    event.ids?.forEach((id) => missed.add(id));
    want();
  }
};
if (channel) channel.onmessage = ({ data }) => take(data);

// One tab listens for all: a browser has few connections to one host.
let source = null, last = "";
const listen = () => {
  tried = performance.now();
  source?.close();
  source = new EventSource(last ? `/live?since=${encodeURIComponent(last)}` : "/live");
  const pass = (event) => { take(event); channel?.postMessage(event); };
  source.addEventListener("tick", (event) => pass({ kind: "tick", now: Number(event.data) }));
  source.addEventListener("changed", (event) => { last = event.lastEventId; pass({ kind: "changed", ids: JSON.parse(event.data) }); });
  source.addEventListener("reload", (event) => { last = event.lastEventId; pass({ kind: "changed", ids: null }); });
  source.onerror = async () => {
    pass({ kind: "broken" });
    if (source.readyState !== EventSource.CLOSED) return;
    // The host is there and does not let this browser in any more, such as after a start: nothing comes of asking again.
    if (await signedOut()) return;
    setTimeout(listen, AGAIN);
  };
};
const lead = () => new Promise(() => {
  listen();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && performance.now() - heard > STALE) listen();
  });
});
if (by("live")) {
  offset = Number(by("live").querySelector("time").dataset.ms) - Date.now();
  if (navigator.locks) navigator.locks.request("tidegate", lead);
  else lead();
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) { clock(); refresh(); } });

// Keys: rows, search and help; none in a field, and none that changes anything.
const step = (by) => {
  const rows = [...document.querySelectorAll("#main tbody tr,#main ul.rows>li,#main ul.cards>li")].filter((row) => row.querySelector("a[href]"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by]?.querySelector("a[href]").focus();
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || by("help")?.open) return;
  if (event.target.closest?.("input,select,textarea")) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "?") by("help")?.showModal();
  else if (event.key === "/") {
    const field = document.querySelector("#main form[role=search] input");
    if (!field) return;
    event.preventDefault();
    field.focus();
  }
});
if (by("keys")) {
  by("keys").hidden = false;
  by("keys").addEventListener("click", () => by("help")?.showModal());
}
