"""The 1:1 match of the VINs that were read with the one that the permit declares. It never searches among many VINs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agent.core.model import VinSource
from agent.core.permit import vin as vins
from agent.core.plates import MatchVerdict
from agent.core.plates.match import is_another
from agent.core.vin_match.printed import groups_of
from agent.core.vin_match.vin_distance import NEIGHBOURS_APART, differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.model import VinReading
    from agent.core.vin_match.printed import PrintedGroup

BY_CODE: Final = 99.0
"""The score of what no likelihood was worked out for: a code says a text or another one."""
_MOST_SIGHTINGS: Final = 8

Compared: TypeAlias = Literal["equal", "unsure", "other"]
"""What one VIN that was read is to the declared one."""


@dataclass(frozen=True, slots=True)
class VinMatchRules:
    """Where the verdicts on print part; scores are log odds in nats. This is the one place of these numbers.

    They are those of plates (agent.core.plates.match), with a test against every single neighbour beside them.
    Measured with bench/vin_print.py (docs/vin.md), in one frame each: the scores of VINs that were read right of
    drawn labels are 1.5 at least, those of their neighbours -2.7 at most, and -1.5 of photographs; `accept` stands
    between. The temperature of agent.core.plates.frame_evidence is that of the recogniser of plates, and is not
    moved: with it no neighbour comes near.

    `accept`: least score of a MATCH. `margin`: by how much the declared VIN must be likelier than any single other one.
    `reject`: how far below zero the score of another VIN is at least. `min_frames_to_mismatch`: how many frames must
    have read the other text alike, `confident_mismatch`: how surely.
    """

    accept: float = 0.25
    margin: float = 2.0
    reject: float = 2.0
    min_frames_to_mismatch: int = 2
    confident_mismatch: float = 0.9


DEFAULT_VIN_RULES: Final = VinMatchRules()


@dataclass(frozen=True, slots=True)
class VinSighting:
    """One VIN that was read, on the vehicle or near it.

    `camera`, `picture`: of the newest reading of it. `frames`: how many readings there are. `score`: as in VinMatch.
    """

    text: str
    source: VinSource
    camera: str
    picture: str | None
    frames: int
    compared: Compared
    score: float

    @property
    def check_digit_differs(self) -> bool:
        """Whether it must carry a check digit and carries a wrong one: a hint that it was misread, and no more."""
        return vins.check_digit_differs(self.text)


@dataclass(frozen=True, slots=True)
class VinMatch:
    """The result. MATCH: the declared VIN is in view; UNSURE: it may be; MISMATCH: another one is, and it is not.

    `read`: the declared VIN, or what is in view in its stead. `score`: log odds, in nats, of the declared VIN against
    all others together, -99 to 99; BY_CODE, or less it, for a code. `frames`: how many readings say so. `readings`:
    those that a MATCH rests on, by scanners first. `sightings`: each VIN that was read, first come, bounded.
    """

    verdict: MatchVerdict
    read: str
    source: VinSource
    score: float
    frames: int
    readings: tuple[VinReading, ...] = ()
    sightings: tuple[VinSighting, ...] = ()

    @property
    def others(self) -> int:
        """How many VINs were read that are not the declared one for sure."""
        return sum(one.compared == "other" for one in self.sightings)


def match_vin(
    readings: Sequence[VinReading], declared: str, rules: VinMatchRules = DEFAULT_VIN_RULES
) -> VinMatch | None:
    """Compare what was read with the declared VIN; None where no VIN was read.

    Readings whose text has not the form of a VIN are left aside. A code counts where it says the declared VIN, and says
    nothing else. But a bar code without a check character may be misread by a character, and new cars stand in series:
    where a VIN next to the declared one was read by codes as often as that, it is UNSURE. Print counts by its
    likelihood. Any other VIN in view changes no answer: a vehicle may bear two labels, or stand before another one.
    """
    usable = [one for one in readings if vins.is_well_formed(one.text)]
    if not usable:
        return None
    codes = [one for one in usable if read_by_code(one.source)]
    groups = groups_of([one for one in usable if not read_by_code(one.source)], declared)
    if not codes and not groups:
        return None
    equal = sorted(
        (one for one in codes if one.text == declared), key=lambda one: (one.source is not VinSource.SCANNER, -one.at)
    )
    neighbour = _neighbour(codes, declared, len(equal))
    seen = _sightings(codes, groups, declared, rules)
    if equal and not neighbour:
        return VinMatch(MatchVerdict.MATCH, declared, equal[0].source, BY_CODE, len(equal), tuple(equal), seen)
    best = groups[0] if groups else None
    if best is not None and not neighbour and _shows(best, rules):
        return VinMatch(MatchVerdict.MATCH, declared, VinSource.PRINT, best.odds, best.vote.frames, best.readings, seen)
    return _unmatched(codes, groups, neighbour, seen, rules, declared)


def read_by_code(source: VinSource) -> bool:
    """Whether such a text is that of a code, right or not, rather than that of print, which has a likelihood."""
    return source is not VinSource.PRINT


def _neighbour(codes: Sequence[VinReading], declared: str, equal: int) -> str:
    """The VIN beside the declared one that codes say as often as that; empty where there is none."""
    counts = Counter(one.text for one in codes if 0 < differences(one.text, declared) <= NEIGHBOURS_APART)
    text, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return text if count >= max(1, equal) else ""


def _shows(group: PrintedGroup, rules: VinMatchRules) -> bool:
    return group.odds >= rules.accept and group.margin >= rules.margin


def _is_other(group: PrintedGroup, declared: str, rules: VinMatchRules) -> bool:
    settled = group.vote.agreeing >= rules.min_frames_to_mismatch and group.vote.confidence >= rules.confident_mismatch
    return settled and group.odds <= -rules.reject and is_another(declared, group.vote.text)


def _unmatched(
    codes: Sequence[VinReading],
    groups: Sequence[PrintedGroup],
    neighbour: str,
    seen: tuple[VinSighting, ...],
    rules: VinMatchRules,
    declared: str,
) -> VinMatch:
    """What is there in the declared VIN's stead: it may be that one after all, or it is another one."""
    best = groups[0] if groups else None
    if best is not None and not _is_other(best, declared, rules):
        vote = best.vote
        return VinMatch(MatchVerdict.UNSURE, vote.text, VinSource.PRINT, best.odds, vote.frames, (), seen)
    others = Counter(one.text for one in codes if one.text != declared)
    said = any(one.text == declared for one in codes)
    text, count = max(others.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if not text and best is not None:
        vote = best.vote
        return VinMatch(MatchVerdict.MISMATCH, vote.text, VinSource.PRINT, best.odds, vote.frames, (), seen)
    text = neighbour or text
    source = next(one.source for one in codes if one.text == text)
    scanned = any(one.source is VinSource.SCANNER for one in codes if one.text == text)
    settled = not said and (scanned or best is not None or count >= rules.min_frames_to_mismatch)
    verdict, score = (MatchVerdict.MISMATCH, -BY_CODE) if settled else (MatchVerdict.UNSURE, 0.0)
    return VinMatch(verdict, text, source, score, others[text], (), seen)


def _sightings(
    codes: Sequence[VinReading], groups: Sequence[PrintedGroup], declared: str, rules: VinMatchRules
) -> tuple[VinSighting, ...]:
    by_code: dict[tuple[str, VinSource], list[VinReading]] = {}
    for one in codes:
        by_code.setdefault((one.text, one.source), []).append(one)
    found = [_of_code(text, source, alike, declared) for (text, source), alike in by_code.items()]
    found += [_of_print(group, declared, rules) for group in groups]
    # The declared one is told whatever else there is.
    return tuple(sorted(found, key=lambda one: one.compared != "equal")[:_MOST_SIGHTINGS])


def _of_code(text: str, source: VinSource, alike: Sequence[VinReading], declared: str) -> VinSighting:
    camera, picture = _shown_by(alike)
    equal = text == declared
    return VinSighting(
        text, source, camera, picture, len(alike), "equal" if equal else "other", BY_CODE if equal else -BY_CODE
    )


def _of_print(group: PrintedGroup, declared: str, rules: VinMatchRules) -> VinSighting:
    camera, picture = _shown_by(group.readings)
    compared: Compared = "equal" if _shows(group, rules) else "other" if _is_other(group, declared, rules) else "unsure"
    text = declared if compared == "equal" else group.vote.text
    return VinSighting(text, VinSource.PRINT, camera, picture, group.vote.frames, compared, group.odds)


def _shown_by(readings: Sequence[VinReading]) -> tuple[str, str | None]:
    """The camera of the newest reading, and the newest picture that shows it."""
    newest = sorted(readings, key=lambda one: -one.at)
    return newest[0].camera, next((one.picture for one in newest if one.picture is not None), None)
