// The page Aim.
import { figureRow, fill, listen, Picture, show } from "./stream.js";
import { fault, Zone } from "./zone.js";

const SIZES = ["module_px", "character_px"];
const root = document.getElementById("aim");
const words = root.dataset;
const put = (text, value) => text.replace("%1", value);
// Browsers do not know how Kazakh writes figures.
const COMMA = ["ru", "kk"].includes(document.documentElement.lang);
const written = (value, digits) => (COMMA ? value.toFixed(digits).replace(".", ",") : value.toFixed(digits));

// ---------------------------------------------------------------------------------------------------------- the zone

const picture = new Picture(root.querySelector(".picture"), "large");
const saved = JSON.stringify(picture.zone);
const form = document.getElementById("zone");
const act = (name) => form.querySelector(`[data-act="${name}"]`);
const KEPT = `zone before: ${words.camera}`;
let saving = false;

function tellZone() {
  const wrong = fault(zone.corners);
  const unsaved = JSON.stringify(zone.corners) !== saved;
  act("save").disabled = Boolean(wrong) || !unsaved;
  act("undo").disabled = zone.before.length === 0;
  act("remove").disabled = !zone.mayRemove;
  act("draw").hidden = zone.corners.length > 0;
  act("clear").hidden = act("remove").hidden = zone.corners.length === 0;
  const states = [wrong ? words[wrong] : "", zone.corners.length ? "" : words.whole, unsaved ? words.unsaved : ""];
  fill(root, "zone-state", states.filter(Boolean).join(" "));
}

const zone = new Zone(
  picture,
  { corner: (number) => put(words.corner, number), add: (number) => put(words.addCorner, number) },
  tellZone,
);
const before = sessionStorage.getItem(KEPT);
act("back").hidden = before === null || before === saved;
act("undo").addEventListener("click", () => zone.undo());
act("remove").addEventListener("click", () => zone.remove());
act("draw").addEventListener("click", () => zone.start());
act("clear").addEventListener("click", () => zone.set([]));
act("back").addEventListener("click", () => zone.set(JSON.parse(before)));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  form.zone.value = JSON.stringify(zone.corners);
  form.was.value = saved;
  htmx.trigger(form, "ready");
});
form.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  sessionStorage.setItem(KEPT, saved);
  saving = true;
  act("save").disabled = true;
});
// The gate runs with another configuration: ours, or somebody else's, over which nothing that is drawn here may be
// lost.
root.addEventListener("gate:changed", () => {
  if (saving || JSON.stringify(zone.corners) === saved) window.location.reload();
});

// --------------------------------------------------------------------------------------------------------- the meters

const bar = root.querySelector(".focus .gauge");
const exposure = document.getElementById("exposure");
let best = 0;

function tellFocus(figure) {
  best = Math.max(best, figure.number);
  const share = best > 0 ? (100 * figure.number) / best : 0;
  // The best mark stands short of the end, so that a better one is seen to come.
  bar.querySelector(".level").style.width = `${share * 0.9}%`;
  bar.querySelector(".peak").style.left = "90%";
  bar.setAttribute("aria-valuenow", Math.round(share));
  for (const tone of ["good", "poor", "bad"]) bar.classList.toggle(tone, tone === figure.tone);
  fill(root, "focus-now", figure.value);
  fill(root, "focus-best", put(words.best, written(best, 2)));
  fill(root, "focus-share", put(words.ofBest, Math.round(share)));
}

document.getElementById("again").addEventListener("click", () => { best = 0; });

function tellExposure({ share, settable }) {
  const told = settable === null ? words.exposureWaiting
    : settable === false ? words.exposureFixed
    : share < 1 ? put(words.exposureNow, `1/${written(1 / share, 0)}`)
      : words.exposureAutomatic;
  fill(root, "exposure", told);
  for (const button of exposure.querySelectorAll("button")) button.disabled = settable !== true;
}

function tell(news) {
  picture.tell(news);
  fill(root, "camera-state", news.state, news.tone);
  fill(root, "camera-size", news.size);
  fill(root, "camera-advice", news.advice);
  show(root, "camera-advice", Boolean(news.advice));
  const sizes = news.figures.filter((one) => SIZES.includes(one.key));
  const focus = news.figures.find((one) => one.key === "sharpness");
  fill(root, "sizes", sizes.map(figureRow));
  show(root, "no-sizes", sizes.length === 0);
  fill(root, "measures", news.figures.filter((one) => !SIZES.includes(one.key)).map(figureRow));
  if (focus) tellFocus(focus);
  tellExposure(news.exposure);
}

tellZone();
listen(root, words.news, { camera: tell }, () => picture.begin());
