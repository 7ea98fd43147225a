// The dashboard of all lanes.
import { listen } from "./stream.js";
import { tick } from "./since.js";

const root = document.getElementById("lanes");
const grid = root.querySelector("[data-cards]");
const summary = root.querySelector(".page-head p");

function card(name) {
  return [...grid.children].find((one) => one.dataset.lane === name);
}

function put(name, { html }) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const now = made.content.querySelector("[data-lane]");
  const before = card(name);
  // A picture that stays the same is not fetched and drawn again.
  const [shown, next] = [before?.querySelector(".pic img"), now.querySelector(".pic img")];
  if (shown && next && shown.getAttribute("src") === next.getAttribute("src")) next.replaceWith(shown);
  const link = before?.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  tick(now);
  if (before) before.replaceWith(now);
  else grid.append(now);
  const same = link && [...now.querySelectorAll("a")].find((one) => one.getAttribute("href") === link);
  same?.focus({ preventScroll: true });
}

const handlers = {
  summary: ({ text }) => { summary.textContent = text; },
  order(names) {
    // Moved only where the order changed: a card that somebody is about to press stays under the finger.
    if (names.every((name, place) => grid.children[place]?.dataset.lane === name)) return;
    const focused = grid.contains(document.activeElement) ? document.activeElement : null;
    for (const name of names) grid.append(card(name));
    focused?.focus({ preventScroll: true });
  },
};
for (const one of grid.children) {
  const { lane } = one.dataset;
  handlers[`lane:${lane}`] = (news) => put(lane, news);
}
tick(root);
listen(root, root.dataset.news, handlers, () => {});
