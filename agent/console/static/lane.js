// The page Lane.
import { element, figureRow, fill, listen, Picture, show } from "./stream.js";

const root = document.getElementById("lane");
const box = root.querySelector(".picture");
const picture = box ? new Picture(box) : null;
const list = document.getElementById("vehicles");

async function loadVehicles() {
  const answer = await fetch(root.dataset.vehicles);
  if (!answer.ok) return;
  const opened = new Set([...list.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  list.innerHTML = await answer.text();
  for (const one of list.querySelectorAll("details")) one.open = opened.has(one.dataset.key);
}

function row(name, state, tone) {
  const made = element("li", "", tone);
  made.append(element("span", name), element("span", state, `chip ${tone}`));
  return made;
}

function tellCamera(news) {
  picture.tell(news);
  fill(root, "camera-state", news.state, news.tone);
  fill(root, "camera-size", news.size);
  fill(root, "camera-advice", news.advice);
  show(root, "camera-advice", Boolean(news.advice));
  fill(root, "figures", news.figures.map(figureRow));
  show(root, "no-figures", news.figures.length === 0);
}

const handlers = {
  lane(news) {
    fill(root, "state", news.state, news.tone);
    fill(root, "notes", news.notes.map((note) => element("li", note)));
    fill(root, "sign", news.sign);
    fill(root, "lamp", news.lamp_text);
    for (const lamp of root.querySelectorAll(".lamp")) lamp.dataset.lamp = news.lamp;
  },
  barrier: (news) => fill(root, "arm", news.arm, news.tone),
  inputs(news) {
    const tones = { on: "open", off: "off", unknown: "bad" };
    fill(root, "signals", news.signals.map((one) => row(one.name, one.text, tones[one.state])));
    fill(root, "inputs-age", news.age, news.tone);
  },
  devices: (news) => fill(root, "devices", news.map((one) => row(one.name, one.state, one.tone))),
  vehicles: loadVehicles,
};
if (picture) handlers[`camera:${root.dataset.camera}`] = tellCamera;
listen(root, root.dataset.news, handlers, () => picture?.begin());
