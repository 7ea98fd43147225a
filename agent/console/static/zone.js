// The zone of a camera: a polygon over its picture that can be changed with mouse, finger and keys.

const SVG = "http://www.w3.org/2000/svg";
const MOST_CORNERS = 32;
const FEWEST_CORNERS = 3;
const SMALLEST = 0.01;
const STEP = 0.005;
const DOT_PX = 9;
const TOUCH_PX = 22;
const FIRST = [[0.15, 0.35], [0.85, 0.35], [0.85, 0.95], [0.15, 0.95]];

function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function cross([a, b], [c, d]) {
  return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

// What stands against a zone: "crossed", "tooSmall", or "".
export function fault(corners) {
  if (!corners.length) return "";
  const sides = corners.map((corner, index) => [corner, corners[(index + 1) % corners.length]]);
  if (sides.some((one, index) => sides.slice(index + 1).some((other) => cross(one, other)))) return "crossed";
  const area = Math.abs(sides.reduce((sum, [a, b]) => sum + a[0] * b[1] - b[0] * a[1], 0)) / 2;
  return area < SMALLEST ? "tooSmall" : "";
}

function drawn(kind, attributes, ...children) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function within(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 10000) / 10000;
}

export class Zone {
  // `picture`: the Picture that it is drawn over. `changed` is called after every change.
  constructor(picture, words, changed) {
    this.picture = picture;
    this.words = words;
    this.changed = changed;
    this.corners = picture.zone;
    this.before = [];
    this.chosen = -1;
    this.dragged = -1;
    this.parts = null;
    picture.zoneParts = () => this.draw();
    const drawing = picture.drawing;
    drawing.addEventListener("pointermove", (event) => this.dragged >= 0 && this.move(this.dragged, this.place(event)));
    for (const end of ["pointerup", "pointercancel"]) drawing.addEventListener(end, () => this.drop());
  }

  place(event) {
    const box = this.picture.drawing.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  remember() {
    this.before.push(this.corners.map((corner) => [...corner]));
  }

  set(corners) {
    this.remember();
    this.corners = corners.map((corner) => [...corner]);
    this.chosen = -1;
    this.show();
  }

  start() {
    this.set(FIRST);
  }

  undo() {
    const before = this.before.pop();
    if (before === undefined) return;
    this.corners = before;
    this.chosen = -1;
    this.show();
  }

  get mayRemove() {
    return this.chosen >= 0 && this.corners.length > FEWEST_CORNERS;
  }

  remove() {
    if (!this.mayRemove) return;
    const chosen = this.chosen;
    this.set(this.corners.filter((_, index) => index !== chosen));
  }

  move(index, corner) {
    this.corners[index] = corner;
    this.show();
  }

  pick(index, event) {
    event.preventDefault();
    this.remember();
    this.chosen = this.dragged = index;
    this.picture.drawing.setPointerCapture(event.pointerId);
    this.show();
  }

  // A corner that was only touched has not been changed.
  drop() {
    if (this.dragged < 0) return;
    this.dragged = -1;
    const last = this.before[this.before.length - 1];
    if (JSON.stringify(last) === JSON.stringify(this.corners)) this.before.pop();
    this.show();
  }

  add(after, event) {
    event.preventDefault();
    if (this.corners.length >= MOST_CORNERS) return;
    this.remember();
    const a = this.corners[after];
    const b = this.corners[(after + 1) % this.corners.length];
    this.corners.splice(after + 1, 0, [within((a[0] + b[0]) / 2), within((a[1] + b[1]) / 2)]);
    this.chosen = after + 1;
    if (event.pointerId !== undefined) {
      this.dragged = after + 1;
      this.picture.drawing.setPointerCapture(event.pointerId);
    }
    this.show();
  }

  key(index, event) {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.chosen = index;
      this.remove();
    } else if (step) {
      event.preventDefault();
      this.remember();
      this.chosen = index;
      this.move(index, [within(this.corners[index][0] + step[0]), within(this.corners[index][1] + step[1])]);
      this.handles[index].focus();
    }
  }

  show() {
    this.parts = null;
    this.picture.draw();
    this.changed();
  }

  // Made anew only where something has changed: a corner that is held, or has the focus, must stay the same.
  draw() {
    const size = `${this.picture.sizePx} ${this.picture.scale}`;
    if (this.parts === null || this.size !== size) {
      this.size = size;
      this.parts = this.corners.length ? this.made() : [];
    }
    return this.parts;
  }

  made() {
    const [width, height] = this.picture.sizePx;
    const scale = this.picture.scale;
    const wrong = fault(this.corners) ? "zone wrong" : "zone";
    const points = this.picture.points(this.corners);
    const adders = this.corners.length >= MOST_CORNERS ? [] : this.corners.map((corner, index) => {
      const next = this.corners[(index + 1) % this.corners.length];
      const at = [((corner[0] + next[0]) / 2) * width, ((corner[1] + next[1]) / 2) * height];
      return this.knob("adder", at, scale, this.words.add(index + 1), (event) => this.add(index, event), (event) => {
        if (event.key === "Enter" || event.key === " ") this.add(index, event);
      });
    });
    this.handles = this.corners.map((corner, index) => {
      const kind = index === this.chosen ? "handle chosen" : "handle";
      const at = [corner[0] * width, corner[1] * height];
      const name = this.words.corner(index + 1);
      return this.knob(kind, at, scale, name, (event) => this.pick(index, event), (event) => this.key(index, event));
    });
    return [drawn("polygon", { points, class: wrong }), ...adders, ...this.handles];
  }

  knob(kind, [x, y], scale, label, pressed, keyed) {
    const dot = (kind === "adder" ? DOT_PX * 0.9 : DOT_PX) * scale;
    const made = drawn("g", { class: kind, tabindex: 0, role: "button", "aria-label": label },
      drawn("circle", { class: "touch", cx: x, cy: y, r: TOUCH_PX * scale }),
      drawn("circle", { class: "dot", cx: x, cy: y, r: dot }));
    if (kind === "adder") made.append(drawn("path", { d: `M${x - dot / 2} ${y}h${dot}M${x} ${y - dot / 2}v${dot}` }));
    made.addEventListener("pointerdown", pressed);
    made.addEventListener("keydown", keyed);
    return made;
  }
}
