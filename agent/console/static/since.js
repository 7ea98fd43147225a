// Times that go on: how long somebody waits (data-since), and how long ago something was (data-ago). Both are Unix
// seconds of the gate; the clock of the header says what time it is there.

const clock = document.querySelector("[data-clock]");
const beganAt = performance.now();
const ago = window.Intl?.RelativeTimeFormat
  ? new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always", style: "short" }) : null;

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
  if (seconds < 60) return ago.format(-Math.max(0, Math.floor(seconds)), "second");
  if (seconds < 3600) return ago.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return ago.format(-Math.floor(seconds / 3600), "hour");
  return ago.format(-Math.floor(seconds / 86400), "day");
}

// Write the times that stand in a part of the page.
export function tick(root) {
  const now = nowS();
  for (const place of root.querySelectorAll("[data-since]")) {
    place.textContent = waited(now - Number(place.dataset.since));
  }
  if (!ago) return; // the time of day stays there
  for (const place of root.querySelectorAll("[data-ago]")) {
    const time = place.querySelector("time");
    if (time && !place.title) place.title = time.textContent;
    place.textContent = before(now - Number(place.dataset.ago));
  }
}

setInterval(() => tick(document), 1000);
