// What the pages Lane and Aim share: news of the gate, its live picture, and what is drawn over it.

const RETRY_MS = 2000;
const SVG = "http://www.w3.org/2000/svg";
const LABEL_PX = 13;

const REFUSED = { 401: "logged_out", 404: "gone", 429: "too_many", 503: "too_many" };

// Show one of the page's notes about its connection; "" for none.
function banner(root, shown) {
  for (const note of root.querySelectorAll("[data-banner]")) note.hidden = note.dataset.banner !== shown;
  root.classList.toggle("old", !["", "changed", "connecting"].includes(shown));
}

// Listen to the news at an address for as long as the page is open. `handlers`: by the name of the event.
// `opened` is called whenever they begin anew: after a loss all else is to begin anew too.
export function listen(root, address, handlers, opened) {
  let source = null;
  const begin = () => {
    source = new EventSource(address);
    let isNew = false;
    source.addEventListener("open", () => { isNew = true; });
    source.addEventListener("hello", (event) => {
      const { configuration, refused } = JSON.parse(event.data);
      const changed = configuration !== root.dataset.configuration;
      banner(root, changed ? "changed" : "");
      for (const note of document.querySelectorAll(".refused")) note.hidden = !refused;
      if (changed) root.dispatchEvent(new CustomEvent("gate:changed"));
      if (isNew) opened();
      isNew = false;
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    source.onerror = () => {
      banner(root, "lost");
      // A connection that broke is tried again by the browser itself; one that was refused is not.
      if (source.readyState === EventSource.CLOSED) setTimeout(ask, RETRY_MS);
    };
  };
  const ask = async () => {
    const stop = new AbortController();
    try {
      const answer = await fetch(address, { signal: stop.signal });
      stop.abort();
      if (answer.ok) return begin();
      banner(root, REFUSED[answer.status] ?? "lost");
    } catch {
      banner(root, "lost");
    }
    setTimeout(ask, RETRY_MS);
  };
  window.addEventListener("pagehide", () => source?.close());
  begin();
}

// Put a text or a list of elements into the place of this name.
export function fill(root, name, value, tone) {
  for (const place of root.querySelectorAll(`[data-fill="${name}"]`)) {
    if (Array.isArray(value)) place.replaceChildren(...value);
    else place.textContent = value;
    if (tone !== undefined) {
      for (const one of ["good", "busy", "open", "poor", "bad", "off"]) place.classList.toggle(one, one === tone);
    }
  }
}

export function show(root, name, shown) {
  for (const place of root.querySelectorAll(`[data-fill="${name}"]`)) place.hidden = !shown;
}

export function element(kind, words = "", tone = "") {
  const made = document.createElement(kind);
  made.textContent = words;
  if (tone) made.className = tone;
  return made;
}

function drawn(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// The live picture with the drawing over it. All corners are fractions of width and height. While nobody can see the
// page, the gate is asked for no picture.
export class Picture {
  constructor(box, size = "small") {
    this.image = box.querySelector("img");
    this.drawing = box.querySelector("svg");
    this.note = box.querySelector(".picture-note");
    this.box = box;
    this.address = `${box.dataset.pictures}?size=${size}`;
    this.zone = JSON.parse(box.dataset.zone || "[]");
    this.sizePx = [1280, 720];
    this.marks = [];
    this.begun = false;
    this.markLayer = drawn("g", {});
    this.zoneLayer = drawn("g", {});
    this.drawing.replaceChildren(this.markLayer, this.zoneLayer);
    this.image.addEventListener("error", () => setTimeout(() => this.begin(), RETRY_MS));
    this.image.addEventListener("load", () => this.image.classList.add("seen"));
    document.addEventListener("visibilitychange", () => this.ask());
    new ResizeObserver(() => this.draw()).observe(this.image);
  }

  begin() {
    this.begun = true;
    this.ask();
  }

  ask() {
    if (document.hidden) this.image.removeAttribute("src");
    else if (this.begun) this.image.src = `${this.address}&begun=${Date.now()}`;
  }

  // Take in the news of the camera.
  tell(news) {
    if (news.size_px[0]) this.sizePx = news.size_px;
    this.marks = news.marks;
    const wrong = news.tone === "bad" || news.tone === "busy";
    this.note.hidden = news.fresh && !wrong;
    if (wrong) this.note.textContent = news.detail ? `${news.state} (${news.detail})` : news.state;
    this.box.classList.toggle("stale", !news.fresh);
    this.draw();
  }

  draw() {
    const [width, height] = this.sizePx;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.box.style.aspectRatio = `${width} / ${height}`;
    // A label is as large on a phone as on a desktop screen.
    this.scale = width / Math.max(1, this.box.clientWidth);
    this.markLayer.replaceChildren(...this.marks.flatMap((mark) => this.markParts(mark)));
    // What stays the same stays where it is: somebody may hold it, or have it under the keys.
    const zone = this.zoneParts();
    if (zone !== this.zoneDrawn) this.zoneLayer.replaceChildren(...zone);
    this.zoneDrawn = zone;
  }

  points(corners) {
    return corners.map(([x, y]) => `${x * this.sizePx[0]},${y * this.sizePx[1]}`).join(" ");
  }

  zoneParts() {
    return this.zone.length ? [drawn("polygon", { points: this.points(this.zone), class: "zone" })] : [];
  }

  markParts(mark) {
    const parts = [];
    if (mark.corners.length) {
      parts.push(drawn("polygon", { points: this.points(mark.corners), class: `mark ${mark.tone}` }));
    }
    const size = LABEL_PX * this.scale;
    const [width, height] = this.sizePx;
    const xs = mark.corners.map(([x]) => x * width);
    const ys = mark.corners.map(([, y]) => y * height);
    const label = drawn("text", { class: `label ${mark.tone}`, "font-size": size, "stroke-width": size / 4 });
    label.textContent = mark.label;
    const long = mark.label.length * size * 0.62;
    const x = xs.length ? Math.min(...xs) : size;
    const above = ys.length ? Math.min(...ys) - size * 0.5 : size * 1.5;
    label.setAttribute("x", Math.max(size * 0.3, Math.min(x, width - long)));
    label.setAttribute("y", above > size ? above : Math.max(...ys) + size * 1.2);
    parts.push(label);
    return parts;
  }
}

// One figure with its traffic light: colour, sign and word, so that none of them is needed alone.
export function figureRow(figure) {
  const row = element("li", "", `figure ${figure.tone}`);
  row.append(
    element("span", figure.name, "figure-name"),
    element("span", figure.value, "figure-value"),
    element("span", figure.grade, "chip " + figure.tone),
  );
  if (figure.advice) row.append(element("small", figure.advice));
  return row;
}
