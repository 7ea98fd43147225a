"""How long the whole decision on a permit takes.

Behind it is a real registry of 100,000 declarations and as many uses. Usage: bench/permits.py [--decisions N] [--rows
N]

Trust list, Base45, CBOR, signature, claims, all three lists, the plates of other declarations, plate match, ledger, the
draw of a sample, and the comparison of what the kept pictures show; that they are read is timed by
bench/second_reading.py. Every decision is on a permit of its own and passes; its reservation, which waits for the disk,
is timed apart. As in a lane, each frame of the plate was weighed when it came; what that takes of the newest is timed
apart too.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent.core.decision import JudgementRules, PicturesShown, PlateShown, weigh
from agent.core.events import ClockReading
from agent.core.lane import Decide, Decided
from agent.core.lists import FreshnessRules
from agent.core.model import (
    Instant,
    LedgerChange,
    LedgerState,
    ListKind,
    Presentation,
    Reading,
    Revocation,
    Subject,
    Verdict,
    Watched,
)
from agent.core.permit import DAY_S, Issuer, Permit, PermitForm, digest_of, permit_of, reference_of, seal, trust_list
from agent.core.permit.issue import issue
from agent.core.plates import ALPHABET, encode
from agent.lane.decider import Decider, LanePlace, Sources
from agent.site import StandaloneSite
from agent.store.journal import Journal
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from tests.support.lists.lists import ROOT, SITE, declarations
from tests.support.pki.permits import KEY, NOW
from tests.support.store.registries import open_registry, put_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.model import Declaration
    from agent.store.registry import Registry

Require: TypeAlias = Literal["permit_and_plate", "permit", "plate", "either"]

GOAL_MS = 5.0
UNREAD_GOAL_MS = 12.0
"""Where no frame reads the plate right, nothing of it was weighed before."""
SERIAL = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MS_PER_S = 1000.0
BATCH = 2_000
FRAMES = 3
REVOKED = 10_000
WATCHED = 1_000
RULES = JudgementRules(already_exited_s=30.0 * DAY_S, anti_passback_s=600.0, sample_share=1e-12, sample_salt=b"salt")
REQUIRE: Mapping[str, Require] = {
    "signed": "permit_and_plate",
    "blurred": "permit_and_plate",
    "reference": "permit_and_plate",
    "plate": "plate",
    "code alone": "permit",
}
"""What the lane asks for in each way."""


@dataclass(frozen=True, slots=True)
class CheckTimes:
    """In ms, for each way.

    The decisions, their CPU time, and that of weighing the newest frame before; all reservations.
    """

    rows: int
    decisions: Mapping[str, list[float]]
    cpu: Mapping[str, list[float]]
    weighing: Mapping[str, list[float]]
    reservations: list[float]

    def figures(self) -> list[Figure]:
        n = f"n={len(self.reservations)}"
        notes = {
            "signed": (
                f"the whole decision on {self.rows:,} declarations and as many uses; {FRAMES} frames of the plate"
            ),
            "blurred": "signed; no frame reads the plate right, nor as the next one does",
            "reference": "a GPR code and the plate",
            "plate": "no code",
            "code alone": "the plate does not decide",
        }
        rows = [row for way, note in notes.items() for row in self._of(way, note)]
        return [
            *rows,
            Figure(
                "reservation in the ledger, p50", p50(self.reservations), "ms", note=f"durable, with its fsync; {n}"
            ),
            Figure("reservation in the ledger, p99", p99(self.reservations), "ms"),
        ]

    def _of(self, way: str, note: str) -> list[Figure]:
        """Wall time has the goal; CPU time is what it takes on a quiet machine."""
        goal_ms = UNREAD_GOAL_MS if way == "blurred" else GOAL_MS
        wall, cpu, weighing = self.decisions[way], self.cpu[way], self.weighing[way]
        newest = (
            f"before it, in the supervisor's thread: newest frame, p50 {p50(weighing):.2f}, p99 {p99(weighing):.2f} ms"
        )
        return [
            Figure(f"permit check, {way}, p99", p99(wall), "ms", goal_ms, note=f"{note}; p50 {p50(wall):.2f}"),
            Figure(f"permit check, {way}, p99 of its CPU time", p99(cpu), "ms", note=f"p50 {p50(cpu):.2f}; {newest}"),
        ]


class _AsToldPictures:
    """Stands for the second readers: the pictures show what was told of them."""

    readings: tuple[Reading, ...] = ()

    def read(
        self,
        codes: Sequence[bytes],
        plates: Sequence[bytes],
        answer: Callable[[PicturesShown | None, str], None],
        vins: Sequence[bytes] = (),
    ) -> None:
        """Answer at once; no VIN is asked for here."""
        if vins:
            message = f"expected no pictures of VINs, not {len(vins)}"
            raise ValueError(message)
        shown = (
            PlateShown(one.text, one.positions, one.confidence, one.columns, one.two_lines)
            for one in self.readings[: len(plates)]
        )
        answer(PicturesShown(tuple(codes), tuple(shown)), "")


class _Trusted:
    """A clock that is trusted."""

    def trusted(self) -> bool:
        return True


def measure(decisions: int, rows: int) -> CheckTimes:
    """Decide that many times in each way, each time on another declared permit."""
    if len(REQUIRE) * decisions > rows:
        message = f"{decisions} decisions in {len(REQUIRE)} ways are more than {rows} declarations"
        raise ValueError(message)
    with scratch() as folder, ExitStack() as opened:
        journal = Journal.open(
            folder / "journal.db",
            gate="bench",
            boot="1",
            clock=lambda: ClockReading(NOW, synced=True),
            max_bytes=1 << 28,
        )
        opened.callback(journal.close)
        registry = open_registry(folder / "registry.db")
        opened.callback(registry.close)
        declared = _declared(rows)
        _fill(journal, rows)
        _tell(registry, declared)
        times = CheckTimes(rows, *({way: [] for way in REQUIRE} for _ in range(3)), [])
        for place, way in enumerate(REQUIRE):
            _time(way, declared[place * decisions : (place + 1) * decisions], registry, journal, times)
        return times


def _declared(count: int) -> list[Declaration]:
    rows = declarations(count)
    return [replace(row, expires_at=NOW + DAY_S, reference=digest_of(_secret(place))) for place, row in enumerate(rows)]


def _secret(place: int) -> bytes:
    return place.to_bytes(10, "big")


def _fill(journal: Journal, count: int) -> None:
    """Uses of other permits that were reserved and consumed."""
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        for state in (LedgerState.RESERVED, LedgerState.CONSUMED):
            changes = [
                LedgerChange(n.to_bytes(8, "big"), 1, state, f"transaction {n}", f"VIN {n}", "export") for n in numbers
            ]
            journal.record([], changes)


def _tell(registry: Registry, declared: Sequence[Declaration]) -> None:
    """The trust list and all three lists; none of them stands against a permit of the bench."""
    registry.take_trust(seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
    put_whole(registry, ListKind.DECLARATIONS, declared)
    put_whole(registry, ListKind.REVOCATIONS, [Revocation(n.to_bytes(8, "big"), NOW) for n in range(REVOKED)])
    put_whole(registry, ListKind.WATCH, [Watched(Subject.PERMIT, f"{n:016x}") for n in range(WATCHED)])


def _time(way: str, rows: Sequence[Declaration], registry: Registry, journal: Journal, times: CheckTimes) -> None:
    place = LanePlace(
        site=SITE,
        lane=1,
        direction="export",
        clock_skew_s=60,
        max_text=700,
        require_clock=True,
        rules=replace(RULES, require=REQUIRE[way]),
        forms=frozenset({PermitForm.SIGNED, PermitForm.REFERENCE}),
        freshness=FreshnessRules(required=frozenset(ListKind)),
        scanners=frozenset({"bench"}),
    )
    pictures, answers = _AsToldPictures(), list[Decided]()
    decider = Decider(place, Sources(registry, journal, _Trusted().trusted, StandaloneSite(journal), pictures))
    for number, row in enumerate(rows):
        readings = _readings(row, blurred=way == "blurred")
        pictures.readings = readings
        held = {one.picture: b"" for one in readings if one.picture is not None}
        question = Decide(f"{way} {number}", _shown(way, row, number), readings, final=False, pictures=held)
        for frame in range(FRAMES):
            cpu_at = time.thread_time()
            weigh(readings[frame : frame + 1], readings[:frame])
        times.weighing[way].append((time.thread_time() - cpu_at) * MS_PER_S)
        now = Instant(float(number), NOW)
        begun_at, cpu_at = time.perf_counter(), time.thread_time()
        answer = decider.decide(question, now, answers.append) or (answers.pop() if answers else None)
        times.cpu[way].append((time.thread_time() - cpu_at) * MS_PER_S)
        times.decisions[way].append((time.perf_counter() - begun_at) * MS_PER_S)
        if answer is None or answer.decision.verdict is not Verdict.PASS:
            message = f"a valid permit was judged {answer}"
            raise RuntimeError(message)
        change = LedgerChange(row.permit_id, answer.use, LedgerState.RESERVED, question.transaction, row.vin, "export")
        begun_at = time.perf_counter()
        journal.record([], [change])
        times.reservations.append((time.perf_counter() - begun_at) * MS_PER_S)


def _shown(way: str, row: Declaration, number: int) -> tuple[Presentation, ...]:
    if way == "plate":
        return ()
    text = reference_of(_secret_of(row)) if way == "reference" else issue(_permit(row), KEY)
    return (Presentation(text.encode(), "bench", "bench", number, float(number)),)


def _secret_of(row: Declaration) -> bytes:
    """The declaration numbers count up, and so do the secrets."""
    return _secret(row.declaration % 10**9)


def _permit(row: Declaration) -> Permit:
    return replace(permit_of(row, PermitForm.SIGNED), key_id=KEY.public.key_id)


def _readings(row: Declaration, *, blurred: bool) -> tuple[Reading, ...]:
    """The plate in some frames, with the network's word on it column by column.

    `blurred`: each frame takes another of its characters for the next digit or letter, by a little.
    """
    plate = row.plate or ""
    return tuple(_reading(plate, frame, len(plate) - 1 - frame if blurred else None) for frame in range(FRAMES))


def _reading(plate: str, frame: int, wrong: int | None) -> Reading:
    sure = 0.998 - frame / 1000
    shares: list[dict[str, float]] = [{character: sure} for character in plate]
    if wrong is not None:
        shares[wrong] = {_after(plate[wrong]): 0.5, plate[wrong]: sure - 0.5}
    text = "".join(next(iter(listed)) for listed in shares)
    positions = tuple(tuple(listed.items()) for listed in shares)
    columns = _columns(shares, sure)
    box = (100, 100, 140, 44)
    return Reading(
        text, positions, "civil_blue", 0.8, "bench", frame, float(frame), box, f"{frame:064x}", columns=columns
    )


def _after(character: str) -> str:
    return SERIAL[(SERIAL.index(character) + 1) % len(SERIAL)]


def _columns(shares: Sequence[Mapping[str, float]], sure: float) -> bytes:
    """Three columns a character, as a network gives them: blank, itself beside some doubt, blank."""
    rows = []
    for listed in shares:
        for peaks in ({0: sure}, {ALPHABET.index(one) + 1: share for one, share in listed.items()}, {0: sure}):
            row = [0.0] * (len(ALPHABET) + 1)
            for peak, share in peaks.items():
                row[peak] = share
            for other in range(1, 5):
                row[(next(iter(peaks)) + other * 7) % len(row)] += (1 - sure) / 4
            rows.append(row)
    return encode(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=2_000, help="in each way")
    parser.add_argument("--rows", type=int, default=100_000, help="declarations, and uses in the ledger")
    options = parser.parse_args()
    figures = measure(options.decisions, options.rows).figures()
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
