// The page of one lane.
import { element, fill, listen, Picture, show } from "./stream.js";
import { tick } from "./since.js";

const root = document.getElementById("lane");
const box = root.querySelector(".picture");
const picture = box ? new Picture(box) : null;
const list = document.getElementById("vehicles");
const TONES = { good: "is-passed", busy: "is-busy", poor: "is-warning", bad: "is-refused", off: "is-unknown" };

async function loadVehicles() {
  const answer = await fetch(root.dataset.vehicles);
  if (answer.ok) list.innerHTML = await answer.text();
}

function put(name, news) {
  const part = root.querySelector(`[data-part="${name}"]`);
  const focused = part.contains(document.activeElement) ? document.activeElement.dataset.decide : null;
  part.innerHTML = news.html;
  tick(part);
  if (focused) part.querySelector(`[data-decide="${focused}"]`)?.focus({ preventScroll: true });
  return part;
}

function putStanding(news) {
  const part = put("standing", news);
  part.dataset.transaction = news.transaction;
  part.dataset.plate = news.plate;
  part.dataset.decides = news.decides.join(" ");
  root.dispatchEvent(new CustomEvent("lane:standing"));
}

function figureRow(figure) {
  const row = element("div", "", "in");
  const grade = element("span", figure.grade, `chip ${TONES[figure.tone]}`);
  row.append(element("span", `${figure.name}: ${figure.value}`), grade);
  if (!figure.advice) return [row];
  return [row, element("p", figure.advice, "muted small")];
}

function tellCamera(news) {
  picture.tell(news);
  fill(root, "camera-state", news.state);
  for (const chip of root.querySelectorAll('[data-fill="camera-state"]')) chip.className = `chip ${TONES[news.tone]}`;
  fill(root, "camera-size", news.size);
  fill(root, "camera-advice", news.advice);
  show(root, "camera-advice", Boolean(news.advice));
  fill(root, "figures", news.figures.flatMap(figureRow));
  show(root, "no-figures", news.figures.length === 0);
}

const handlers = { "part:standing": putStanding, vehicles: loadVehicles };
for (const name of ["compare", "driver", "inputs", "devices"]) handlers[`part:${name}`] = (news) => put(name, news);
if (picture) handlers[`camera:${root.dataset.camera}`] = tellCamera;
tick(root);
listen(root, root.dataset.news, handlers, () => picture?.begin());
