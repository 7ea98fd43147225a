"""Run a real vision worker over 100,000 frames as fast as it takes them, with faults: does it grow, does it die?

python -m tests.soak.vision [--frames N] [--seed N] [--photographs FOLDER]

The process is started as the product starts it, with the product's readers; only its camera is ours (vision_child.py).
Exit code 1 when its memory grew, it was started anew, or it read a text that nobody showed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import CameraPhase, ChangeDetectorSettings, Configure
from agent.vision.worker_link import VisionWorkerLimits
from tests.soak.vision_pictures import TEXTS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.mapping import CameraStatus, MappedDetection

CHILD = Path(__file__).with_name("vision_child.py")
FRAMES = 100_000
SAMPLE_S = 0.5
START_S = 60.0
STALLED_S = 60.0
PATIENT = VisionWorkerLimits(hang_s=STALLED_S, reading_s=STALLED_S)
"""It is no matter of time here, and other things may run on the machine meanwhile."""
WARM_UP_SHARE = 0.2
FLAT_MB_PER_100_000 = 20.0
ENOUGH_FRAMES = 10_000
"""A line through fewer says nothing."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Tally:
    """What happened. `memory`: (frames read, resident memory in MB) over the run. `failure`: why it broke off.

    `end`: the camera's last word, with the turns of the readers that give way.
    """

    frames: int = 0
    dropped: int = 0
    failures: int = 0
    restarts: int = 0
    presentations: int = 0
    readings: int = 0
    snapshots: int = 0
    camera_losses: int = 0
    misconfigured: int = 0
    cpu_s: float = 0.0
    took_s: float = 0.0
    failure: str = ""
    end: str = ""
    engines: dict[str, int] = field(default_factory=dict)
    invented: list[bytes] = field(default_factory=list)
    memory: list[tuple[int, float]] = field(default_factory=list)

    @property
    def settled(self) -> list[tuple[int, float]]:
        """The memory after the warm-up, the first fifth of the frames."""
        return [(frames, mb) for frames, mb in self.memory if frames >= WARM_UP_SHARE * self.frames]

    @property
    def slope_mb(self) -> float:
        """Growth of the memory after the warm-up, in MB per 100,000 frames: least squares."""
        settled = self.settled
        if len({frames for frames, _ in settled}) < 2:
            return 0.0
        frames, megabytes = zip(*settled, strict=True)
        return statistics.linear_regression(frames, megabytes).slope * 100_000

    def verdicts(self) -> list[str]:
        """What is wrong, in words; empty where all is well."""
        wrong = [self.failure] if self.failure else []
        if self.restarts:
            wrong.append(f"the vision worker was started anew {self.restarts} times")
        if self.failures:
            wrong.append(f"the readers failed {self.failures} times")
        if self.invented:
            wrong.append(f"{len(self.invented)} texts were read that nobody showed, such as {self.invented[0]!r}")
        if self.frames >= ENOUGH_FRAMES and self.slope_mb > FLAT_MB_PER_100_000:
            wrong.append(f"the memory grows by {self.slope_mb:.1f} MB per 100,000 frames")
        return wrong


class Soak:
    """One run. `known`: the texts that may be read; None where photographs show others."""

    def __init__(self, frames: int, seed: int, photographs: Path | None) -> None:
        self.tally = Tally()
        self._frames = frames
        self._known = None if photographs else {text.encode() for text in TEXTS}
        self._done = threading.Event()
        self._port = CameraSupervisor(
            "soak",
            Configure(
                camera_kind="soak",
                camera={"frames": frames, "seed": seed, "folder": str(photographs) if photographs else None},
                gate=ChangeDetectorSettings(enabled=False),
                retry_first_s=0.01,
                retry_cap_s=0.05,
            ),
            on_seen=self._seen,
            on_status=self._changed,
            limits=PATIENT,
            command=[sys.executable, str(CHILD)],
        )

    def run(self, progress: Callable[[str], None]) -> Tally:
        """Until all frames are shown, the vision worker dies or nothing moves any more."""
        begun_at = time.monotonic()
        self._port.start()
        try:
            self._watch(progress)
        finally:
            self._port.stop()
        self.tally.took_s = time.monotonic() - begun_at
        return self.tally

    def _watch(self, progress: Callable[[str], None]) -> None:
        tally, rounds, tenth = self.tally, 0, 0
        moved_at = time.monotonic() + START_S
        while not self._done.wait(SAMPLE_S):
            rounds += 1
            before = tally.frames
            self._sample()
            if tally.frames > before:
                moved_at = max(moved_at, time.monotonic())
            elif time.monotonic() - moved_at > STALLED_S:
                tally.failure = f"nothing was read for {STALLED_S:.0f} s: {self._port.status}"
                return
            # What the parent may ask of a vision worker at any time.
            self._port.set_vehicle_present(present=rounds % 8 < 4)
            if rounds % 10 == 0:
                tally.snapshots += self._port.snapshot(5.0) is not None
            if tally.frames * 10 // self._frames > tenth:
                tenth = tally.frames * 10 // self._frames
                progress(
                    f"{tenth * 10:3} %  {tally.frames:,} frames, {tally.memory[-1][1]:.0f} MB, "
                    f"{tally.restarts} restarts"
                )
        last = self._port.last_heartbeat
        eventually(lambda: self._port.last_heartbeat is not last, what="the last beat")
        self._sample()

    def _sample(self) -> None:
        heartbeat, pid = self._port.last_heartbeat, self._port.pid
        if heartbeat is None or pid is None:
            return
        try:
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        except FileNotFoundError:  # it ended between the two looks
            return
        tally = self.tally
        tally.frames, tally.dropped, tally.failures = heartbeat.read, heartbeat.dropped, heartbeat.failures
        tally.memory.append((heartbeat.read, resident))
        tally.cpu_s = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    def _seen(self, seen: MappedDetection) -> None:
        tally = self.tally
        tally.presentations += len(seen.presentations)
        tally.readings += len(seen.readings)
        for presentation in seen.presentations:
            tally.engines[presentation.engine] = tally.engines.get(presentation.engine, 0) + 1
            if self._known is not None and presentation.payload not in self._known:
                tally.invented.append(presentation.payload)

    def _changed(self, status: CameraStatus) -> None:
        tally = self.tally
        tally.camera_losses += status.phase is CameraPhase.BACKOFF
        tally.misconfigured += status.misconfigured and status.phase is CameraPhase.BACKOFF
        if status.restarts > tally.restarts:
            tally.restarts = status.restarts
            tally.failure = status.detail
            self._done.set()
        if status.phase is CameraPhase.ENDED:
            tally.end = status.detail
            self._done.set()


def report(tally: Tally) -> str:
    """The result as text."""
    megabytes = [mb for _, mb in tally.settled] or [0.0]
    first = tally.memory[0][1] if tally.memory else 0.0
    engines = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.engines.items()))
    return "\n".join(
        [
            f"frames read       {tally.frames:>10,}  in {tally.took_s:.0f} s, {tally.cpu_s:.0f} s of CPU",
            (
                f"                              {1000 * tally.cpu_s / max(1, tally.frames):.1f} ms of CPU a frame, "
                "all readers together"
            ),
            f"                              {tally.end}",
            f"frames lost       {tally.dropped:>10,}",
            f"restarts          {tally.restarts:>10,}",
            f"readers' failures {tally.failures:>10,}",
            f"camera lost       {tally.camera_losses:>10,}  {tally.misconfigured:,} of them misconfigured",
            f"presentations     {tally.presentations:>10,}  {engines}",
            f"texts invented    {len(tally.invented):>10,}",
            f"readings          {tally.readings:>10,}",
            f"snapshots         {tally.snapshots:>10,}",
            (
                f"memory            {first:>10.0f}  MB at first; after the warm-up {min(megabytes):.0f} to "
                f"{max(megabytes):.0f} MB"
            ),
            (
                f"growth            {tally.slope_mb:>10.2f}  MB per 100,000 frames after the warm-up; "
                f"at most {FLAT_MB_PER_100_000:g}"
            ),
        ]
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photographs", type=Path, help="folder of pictures to mix in; their texts are not judged")
    options = parser.parse_args()
    soak = Soak(options.frames, options.seed, options.photographs)
    tally = soak.run(lambda line: print(line, flush=True))  # noqa: T201 - a command
    print("\n" + report(tally))  # noqa: T201
    wrong = tally.verdicts()
    print("\n".join(f"WRONG: {one}" for one in wrong) or "all is well")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
