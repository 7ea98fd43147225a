"""The rule for what counts as read and as wrong, and the counts of one engine on one set of labelled pictures."""

from __future__ import annotations

import statistics
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bench.figures import percentile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


SURE: Final = 0.9
"""From this confidence on the product acts on a plate; agent.core.plates has it as ACCEPTED."""


class Verdict(StrEnum):
    """What an engine's answer about one picture is worth.

    OTHER: only texts that are labels of other pictures of the set, as where several codes lie on one table, or texts
    in a picture that nothing could read when it was labelled: neither right nor shown to be wrong.
    LOST: the engine's process died or outlasted its deadline.
    """

    READ = "read"
    WRONG = "wrong"
    OTHER = "other"
    NOTHING = "nothing"
    LOST = "lost"


def judged_codes(texts: Iterable[str], label: str, labels: Collection[str], *, empty: bool = False) -> Verdict:
    """The verdict on the codes read in one picture.

    Args:
        texts: what was read; line ends count as one kind, and a text counts by its bytes too, where an engine took them
            for Latin-1 that are UTF-8 or Shift JIS: the symbol was read, and only its character set guessed wrong.
        label: what the picture holds; "" where that is not known.
        labels: the labels of the whole set.
        empty: the set's pictures hold no code at all, so that whatever is read there is wrong.
    """
    found = {plain(spelt) for text in texts for spelt in _spellings(text)}
    if label and plain(label) in found:
        return Verdict.READ
    if not found:
        return Verdict.NOTHING
    if empty or (label and not found & {plain(known) for known in labels if known}):
        return Verdict.WRONG
    return Verdict.OTHER


def judged_plates(texts: Sequence[str], labels: Collection[str], *, alike: bool = False) -> Verdict:
    """The verdict on the plates read in one picture: by the first text alone. `labels`: the ways to write the label.

    `alike`: O counts as 0 and I as 1, as a reader needs that does not know at which place of a plate letters stand.
    """
    if not texts or not texts[0]:
        return Verdict.NOTHING
    if alike:
        return Verdict.READ if _alike(texts[0]) in {_alike(label) for label in labels} else Verdict.WRONG
    return Verdict.READ if texts[0] in labels else Verdict.WRONG


def _alike(text: str) -> str:
    return text.replace("O", "0").replace("I", "1")


def _spellings(text: str) -> set[str]:
    found = {text}
    for character_set in ("utf-8", "shift_jis"):
        with suppress(UnicodeError):
            found.add(text.encode("latin-1").decode(character_set))
    return found


def plain(text: str) -> str:
    """A code's text with line ends of one kind."""
    return text.replace("\r\n", "\n")


@dataclass(slots=True)
class Tally:
    """Counts of one engine on one set, or on several together. `ms`: CPU time of each picture that was answered.

    `anywhere`: pictures with the label among the texts, first or not. `peak_mb`: of the engine's process, or None.
    `by_kind`: verdicts by kind of picture, `by_half`: by half of the set, where it is halved. `lost`: why its process
    was lost, and how often. `errors`: likewise of exceptions that it raised; such pictures count as not read.
    `confidences`: of each answer READ or WRONG. `sure`: by kind, the verdicts of those that are sure (SURE).
    `ms_by_kind`: as `ms`. `versions`: of its packages.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    by_kind: dict[str, Counter[Verdict]] = field(default_factory=dict)
    by_half: dict[str, Counter[Verdict]] = field(default_factory=dict)
    ms: list[float] = field(default_factory=list)
    anywhere: int = 0
    peak_mb: float | None = None
    lost: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    confidences: list[tuple[float, bool]] = field(default_factory=list)
    sure: dict[str, Counter[Verdict]] = field(default_factory=dict)
    ms_by_kind: dict[str, list[float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """All pictures."""
        return self.verdicts.total()

    @property
    def read(self) -> int:
        """Pictures read."""
        return self.verdicts[Verdict.READ]

    @property
    def wrong(self) -> int:
        """Pictures with a wrong text."""
        return self.verdicts[Verdict.WRONG]

    def add(
        self, verdict: Verdict, kind: str, half: str = "", *, confidence: float | None = None, ms: float | None = None
    ) -> None:
        """Count one picture. `confidence`: in the first text, where there is one. `ms`: None where nothing came."""
        self.verdicts[verdict] += 1
        self.by_kind.setdefault(kind, Counter())[verdict] += 1
        if half:
            self.by_half.setdefault(half, Counter())[verdict] += 1
        if confidence is not None:
            self.confidences.append((confidence, verdict is Verdict.READ))
            if confidence >= SURE:
                self.sure.setdefault(kind, Counter())[verdict] += 1
        if ms is not None:
            self.ms.append(ms)
            self.ms_by_kind.setdefault(kind, []).append(ms)

    def of_kind(self, kind: str) -> Tally:
        """What is known of one kind alone."""
        sure = self.sure.get(kind, Counter())
        verdicts = self.by_kind.get(kind, Counter())
        return Tally(verdicts, {kind: verdicts}, ms=self.ms_by_kind.get(kind, []), sure={kind: sure})

    @property
    def wrong_of_sure(self) -> tuple[int, int]:
        """Of the answers that are sure: how many are wrong, and how many there are."""
        together = sum(self.sure.values(), Counter())
        return together[Verdict.WRONG], together.total()

    def times(self) -> tuple[float, float, float] | None:
        """Median, p99 and most CPU time of a picture, in ms; None where none was answered."""
        return (statistics.median(self.ms), percentile(self.ms, 0.99), max(self.ms)) if self.ms else None

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        times = self.times()
        return {
            "pictures": self.count,
            **{verdict.value: self.verdicts[verdict] for verdict in Verdict},
            "anywhere": self.anywhere,
            "ms": dict(zip(("p50", "p99", "max"), (round(value, 2) for value in times), strict=True))
            if times
            else None,
            "peak_mb": self.peak_mb,
            "by_kind": {
                kind: {"pictures": counts.total(), **{verdict.value: counts[verdict] for verdict in counts}}
                for kind, counts in sorted(self.by_kind.items())
            },
            "sure": {kind: dict(counts) for kind, counts in sorted(self.sure.items())},
            "by_half": {
                half: {"pictures": counts.total(), **{verdict.value: counts[verdict] for verdict in counts}}
                for half, counts in sorted(self.by_half.items())
            },
            "lost_why": dict(self.lost),
            "errors": dict(self.errors),
        }


def total(tallies: Iterable[Tally]) -> Tally:
    """Several sets as one."""
    whole = Tally()
    for one in tallies:
        whole.verdicts += one.verdicts
        for kind, counts in one.by_kind.items():
            whole.by_kind[kind] = whole.by_kind.get(kind, Counter()) + counts
        for half, counts in one.by_half.items():
            whole.by_half[half] = whole.by_half.get(half, Counter()) + counts
        whole.ms += one.ms
        for kind, counts in one.sure.items():
            whole.sure[kind] = whole.sure.get(kind, Counter()) + counts
        for kind, ms in one.ms_by_kind.items():
            whole.ms_by_kind.setdefault(kind, []).extend(ms)
        whole.anywhere += one.anywhere
        whole.lost += one.lost
        whole.errors += one.errors
        whole.confidences += one.confidences
        whole.peak_mb = max((mb for mb in (whole.peak_mb, one.peak_mb) if mb is not None), default=None)
    return whole


def accepted(tally: Tally, least: float) -> tuple[int, int]:
    """Of the answers with at least this confidence: how many are wrong, and how many there are."""
    sure = [right for confidence, right in tally.confidences if confidence >= least]
    return sum(not right for right in sure), len(sure)
