// Keeps the overview live. The server makes the page; this asks for it again whenever the stream names a new version,
// and puts the difference in. Text of feeds never becomes markup here: it arrives escaped and is moved as nodes.
import { morph } from "./morph.js";

const EVERY_MS = 30_000; // relative times grow old even when nothing happens
const LOST_AFTER_MS = 4_000; // a stream that comes back at once is not worth a word
const $ = (id) => document.getElementById(id);
let chart = null;
let busy = false;
let again = false;
let version = Number($("status").dataset.version);
let lostTimer = 0;

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const address = new URL(location.href);
    address.hash = "";
    if (chart) address.searchParams.set("map", "live");
    const [page, board] = await Promise.all([answer(address), chart ? answer("/api/overview") : null]);
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    if (!chart) morph($("map").firstElementChild, fresh.getElementById("map").firstElementChild);
    const before = new Map([...document.querySelectorAll(".card")].map((card) => [card.id, card.textContent]));
    for (const id of ["clock", "status", "list", "ribbons", "ledger"]) morph($(id), fresh.getElementById(id));
    morph(document.querySelector(".sprite"), fresh.querySelector(".sprite"));
    document.title = fresh.title;
    version = Number($("status").dataset.version);
    if (board) chart.show(await board.json());
    mark(before);
    choose();
    found();
  } catch {
    lost();
  } finally {
    busy = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

async function answer(address) {
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok) throw new Error(`the console answered ${response.status}`);
  return response;
}

// A place that is new in the list, or whose level changed, lights up for a moment.
const levels = new Map();
function mark(before) {
  for (const card of document.querySelectorAll(".card")) {
    const level = [...card.classList].find((name) => name.startsWith("level-"));
    if (before.size && levels.has(card.id) && levels.get(card.id) !== level) {
      card.classList.add("fresh");
      card.addEventListener("animationend", () => card.classList.remove("fresh"), { once: true });
    }
    levels.set(card.id, level);
  }
}

function listen() {
  const stream = new EventSource(`/api/events?after=${version}`);
  stream.addEventListener("open", found);
  stream.addEventListener("version", (event) => {
    found();
    if (Number(event.data) !== version) refresh();
  });
  stream.addEventListener("error", () => {
    lost();
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5_000);
  });
}

function lost() {
  lostTimer ||= setTimeout(() => {
    const time = $("clock").querySelector("time").textContent;
    $("lost").textContent = `Connection lost. What you see is of ${time}. Trying again ...`;
    $("lost").hidden = false;
  }, LOST_AFTER_MS);
}

function found() {
  clearTimeout(lostTimer);
  lostTimer = 0;
  $("lost").hidden = true;
}

// --- choosing a place ------------------------------------------------------------------------------------------

function choose() {
  const id = decodeURIComponent(location.hash).replace(/^#(place|ribbon)-/, "");
  for (const node of document.querySelectorAll(".card, .ribbons li")) {
    node.classList.toggle("chosen", !!id && (node.id === `place-${id}` || node.id === `ribbon-${id}`));
  }
  return id;
}

addEventListener("hashchange", () => {
  const id = choose();
  for (const part of ["place", "ribbon"]) document.getElementById(`${part}-${id}`)?.scrollIntoView({ block: "nearest" });
  chart?.goTo(id);
});

// --- theme -------------------------------------------------------------------------------------------------------

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
function themed() {
  $("theme").textContent = isDark() ? "Light" : "Dark";
  $("theme").setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  chart?.paint();
}
$("theme").hidden = false;
$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  } catch { /* not kept then */ }
  themed();
});
dark.addEventListener("change", themed);

// --- map -----------------------------------------------------------------------------------------------------------

async function startMap() {
  const part = $("map");
  part.dataset.kind = "drawing";
  if (part.dataset.library !== "yes") return;
  try {
    const { open } = await import("./map.js");
    const board = await (await answer("/api/overview")).json();
    chart = await open(part, board, (id) => (location.hash = `place-${id}`));
    part.dataset.kind = "live";
  } catch {
    chart = null; // The drawing made by the server stays where it is.
  }
}

themed();
mark(new Map());
choose();
listen();
setInterval(refresh, EVERY_MS);
startMap();
