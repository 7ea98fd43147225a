// The driver's screen: shows what the gate says of its lane, and has the driver wait as soon as the gate is silent.
//
// All texts and pictograms lie in the page: nothing has to be loaded when the gate is gone. Time is measured by
// performance.now() alone, so a screen whose clock is wrong is right all the same.

const SILENT_MS = 4000; // without a word of the gate, which says one each second
const LATE_MS = 2000; // that a message may have been on its way longer than the quickest one
const JUMP_MS = 2000; // that a look may come too late, or the clocks part: the screen was asleep
const LOOK_MS = 250;
const DEAD_MS = 10000; // after which a connection that says nothing is given up for a new one
const RETRY_MS = 2000;
const RELOAD_MS = 60000;
const DRIFT = 0.001; // how fast two clocks may part
const FIT_LEAST = 0.2;
const FIT_STEPS = 9;
const DENSE_BELOW = 0.64; // of the whole size: then the picture gives room to the words
const AROUND = 2 * Math.PI * 42;

const screen = document.getElementById("screen");
const picture = document.getElementById("picture");
const said = document.getElementById("said");
const plate = document.getElementById("plate");
const count = document.getElementById("count");
const left = document.getElementById("left");
const seconds = document.getElementById("seconds");

let source = null;
let heardAt = -Infinity; // the last message that counts
let openedAt = performance.now();
let lookedAt = performance.now();
let wallAt = Date.now();
let ahead = -Infinity; // of the gate's clock over ours, by the quickest message
let aheadAt = 0;
let shownKey = "";
let endsAt = null;
let lastsMs = 0;

// ------------------------------------------------------------------------------------------------------ what is shown

function part(id, name) {
  const template = document.getElementById(id);
  return template ? template.content.querySelector(name) : null;
}

// The languages to show: where central sends a text, those in which it comes.
function spoken(news) {
  const sent = Object.keys(news.text ?? {});
  if (sent.length === 0) return news.languages;
  const known = news.languages.filter((language) => sent.includes(language));
  return known.length ? known : sent;
}

function build(news) {
  const id = `message-${news.message}`;
  screen.dataset.message = news.message;
  screen.dataset.tone = document.getElementById(id).dataset.tone;
  const drawn = news.how ? part("how-to-hold", "svg") : part(id, "svg");
  picture.replaceChildren(drawn.cloneNode(true));
  const lines = [];
  for (const language of spoken(news)) {
    const line = part(id, `p[lang="${language}"]`)?.cloneNode(true);
    if (!line) continue;
    if (news.text?.[language]) line.textContent = news.text[language];
    if (language === "zh") breakBetweenWords(line);
    lines.push(line);
  }
  said.replaceChildren(...lines);
}

// Chinese is written without blanks: a line must not end within a word, nor before a mark.
function breakBetweenWords(line) {
  if (!Intl.Segmenter) return;
  const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
  const words = line.textContent.split(/(二维码)/) // which its dictionary does not know
    .flatMap((text) => (text === "二维码" ? [{ segment: text, isWordLike: true }] : [...segmenter.segment(text)]));
  const parts = [];
  for (const { segment, isWordLike } of words) {
    if (isWordLike && parts.length) parts.push(document.createElement("wbr"));
    parts.push(segment);
  }
  line.replaceChildren(...parts);
  line.classList.add("words");
}

function show(news) {
  const known = document.getElementById(`message-${news.message}`) ? news : { ...news, message: screen.dataset.gone };
  const counts = known.left_s !== null;
  const key = JSON.stringify([known.message, known.languages, known.how, known.text, known.plate, counts]);
  endsAt = counts ? performance.now() + known.left_s * 1000 : null;
  lastsMs = (known.of_s ?? 0) * 1000;
  tick();
  if (key === shownKey) return;
  shownKey = key;
  build(known);
  plate.textContent = known.plate;
  plate.hidden = known.plate === "";
  plate.classList.toggle("long", known.plate.length > 8);
  count.toggleAttribute("hidden", !counts);
  fit();
}

function wait() {
  heardAt = -Infinity;
  const { gone, languages } = screen.dataset;
  show({ message: gone, plate: "", languages: languages.split(" "), left_s: null, of_s: null, how: false });
}

function tick() {
  if (endsAt === null) return;
  const leftMs = Math.max(0, endsAt - performance.now());
  seconds.textContent = String(Math.ceil(leftMs / 1000));
  const share = lastsMs > 0 ? Math.min(1, leftMs / lastsMs) : 0;
  left.setAttribute("stroke-dasharray", `${share * AROUND} ${AROUND}`);
}

function overflows() {
  const first = said.firstElementChild;
  const last = said.lastElementChild;
  // By the lines' own boxes: glyphs may reach beyond them, at any size.
  if (last.offsetTop + last.offsetHeight - first.offsetTop > said.clientHeight + 1) return true;
  return [...said.children].some((line) => line.scrollWidth > line.clientWidth + 1);
}

function fits(share) {
  screen.style.setProperty("--fit", String(share));
  return !overflows();
}

// The largest share of the whole size that there is room for, by halving.
function largest() {
  if (fits(1)) return 1;
  let least = FIT_LEAST;
  let most = 1;
  for (let step = 0; step < FIT_STEPS; step += 1) {
    const middle = (least + most) / 2;
    if (fits(middle)) least = middle;
    else most = middle;
  }
  return least;
}

// As large as there is room for.
function fit() {
  screen.classList.remove("dense");
  let share = largest();
  if (share < DENSE_BELOW) {
    screen.classList.add("dense");
    share = largest();
  }
  screen.style.setProperty("--fit", String(share));
}

// ----------------------------------------------------------------------------------------------- what the gate says

// Whether the screen was asleep, or its thread stood still: what it shows may be old.
function jumped() {
  const now = performance.now();
  const wall = Date.now();
  const passed = now - lookedAt;
  const parted = Math.abs(wall - wallAt - passed);
  lookedAt = now;
  wallAt = wall;
  return passed > JUMP_MS || parted > JUMP_MS;
}

// How much longer than the quickest message this one was on its way, in ms.
function lateMs(news) {
  const now = performance.now();
  const lead = news.at_ms - now;
  ahead = Math.max(ahead - (now - aheadAt) * DRIFT, lead);
  aheadAt = now;
  return ahead - lead;
}

function hear(event) {
  const news = JSON.parse(event.data);
  if (jumped()) return begin(); // it may be a message from before the screen fell asleep
  if (lateMs(news) > LATE_MS) return;
  heardAt = performance.now();
  if (news.page !== screen.dataset.page) return reload();
  show(news);
}

// The gate has another page now, and it answers: load it, but never again and again.
function reload() {
  const before = Number(sessionStorage.getItem("reloaded") ?? -Infinity);
  const now = performance.timeOrigin + performance.now();
  wait();
  if (Math.abs(now - before) < RELOAD_MS) return;
  sessionStorage.setItem("reloaded", String(now));
  window.location.reload();
}

function listen() {
  source?.close();
  openedAt = performance.now();
  ahead = -Infinity;
  source = new EventSource(screen.dataset.news);
  source.addEventListener("open", () => { ahead = -Infinity; });
  source.addEventListener("shown", hear);
  // The browser tries a connection again that broke, and never one that was refused.
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) openedAt = performance.now() - DEAD_MS + RETRY_MS;
  };
}

// Nothing that was heard before counts any more.
function begin() {
  wait();
  listen();
}

function look() {
  const now = performance.now();
  if (jumped()) return begin();
  if (now - heardAt > SILENT_MS) wait();
  if (now - Math.max(heardAt, openedAt) > DEAD_MS) listen();
  tick();
}

// ------------------------------------------------------------------------------------------------------ the screen

async function keepAwake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // A browser that does not let it stays as its settings say.
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  begin();
  keepAwake();
});
window.addEventListener("resize", fit);
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
document.fonts?.ready.then(fit);
begin();
keepAwake();
setInterval(look, LOOK_MS);
