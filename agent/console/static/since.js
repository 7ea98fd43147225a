// Times that go on: how long somebody waits (data-since), and how long ago something was (data-ago). Both are Unix
// seconds of the gate; the clock of the header says what time it is there.

const clock = document.querySelector("[data-clock]");
const beganAt = performance.now();
// Not Intl.RelativeTimeFormat: browsers have no Kazakh for it, and write "-31 s".
const words = document.querySelector("[data-ago-s]")?.dataset;

function nowS() {
  return clock ? (Number(clock.dataset.clock) + performance.now() - beganAt) / 1000 : Date.now() / 1000;
}

function waited(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function before(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole === 0) return words.agoNow;
  const [said, unit_s] = whole < 60 ? [words.agoS, 1] : whole < 3600 ? [words.agoMin, 60]
    : whole < 86400 ? [words.agoH, 3600] : [words.agoDays, 86400];
  return said.replace("%1", Math.floor(whole / unit_s));
}

// Write the times that stand in a part of the page.
export function tick(root) {
  const now = nowS();
  for (const place of root.querySelectorAll("[data-since]")) {
    place.textContent = waited(now - Number(place.dataset.since));
  }
  if (!words) return; // the time of day stays there
  for (const place of root.querySelectorAll("[data-ago]")) {
    const time = place.querySelector("time");
    if (time && !place.title) place.title = time.textContent;
    place.textContent = before(now - Number(place.dataset.ago));
  }
}

setInterval(() => tick(document), 1000);
