"""The effect of a second camera on a match: it raises or lowers the certainty, and never replaces a reading.

A witness is an untrusted computer on the network. If it contradicts the gate's own cameras, it can remove a match. It
can add a match only if the gate's own cameras already read the declared plate and were not certain enough. The rules
limit this too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.plates.formats import normalise
from agent.core.plates.match import (
    DEFAULT_RULES,
    MatchRules,
    MatchVerdict,
    PlateMatch,
    is_another,
    is_whole,
    least_score,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.model import WitnessReading
    from agent.core.plates.vote import PlateVote

_MOST_SCORE: Final = 99.0
_OWN_FRAMES: Final = 2
"""How many of the gate's own frames must have read the declared plate before a witness can give it a match."""


class WitnessStanding(StrEnum):
    """How the witnesses' words stand to the declared plate.

    SILENT: none said anything. UNCLEAR: none was sure, or what was said may be a slip of the declared plate. AGREES:
    one was sure of the declared plate, and none of another. CONTRADICTS: one was sure of another plate.
    """

    SILENT = "silent"
    UNCLEAR = "unclear"
    AGREES = "agrees"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True, slots=True)
class WitnessRules:
    """How far a witness counts.

    `sure`: from this confidence on it was sure. `raise_nats`: by how much its agreement raises the score; 0: it gives a
    match to nobody. That is the most by which one that lies could lower the score that a match takes.
    """

    sure: float = 0.8
    raise_nats: float = 0.0


@dataclass(frozen=True, slots=True)
class WitnessedMatch:
    """The match with what the witnesses made of it.

    `own`: as the gate's own cameras alone have it. `said`, `witness`: the normalised text that decided the standing,
    and whose it is; empty where none was said. `disputed`: the gate's own cameras and a witness do not say the same of
    the declared plate; an officer must look.
    """

    match: PlateMatch
    own: PlateMatch
    standing: WitnessStanding
    said: str = ""
    witness: str = ""
    disputed: bool = False


DEFAULT_WITNESS_RULES: Final = WitnessRules()


def with_witness(
    found: PlateMatch,
    voted: PlateVote | None,
    witnessed: Sequence[WitnessReading],
    rules: WitnessRules = DEFAULT_WITNESS_RULES,
    match_rules: MatchRules = DEFAULT_RULES,
) -> WitnessedMatch:
    """The match `found` of what the gate's own cameras read, `voted`, with the declared plate, after the witnesses.

    `witnessed`: what they said while this vehicle stood there, of this lane, in any order. One sure word against the
    declared plate outweighs all for it: of two plates that were seen, nobody knows which is the vehicle's.
    """
    standing, word = _standing(found.declared, witnessed, rules)
    said, witness = (normalise(word.text), word.witness) if word else ("", "")
    if standing is WitnessStanding.CONTRADICTS:
        # Where the own cameras say that it is another plate, that is no dispute.
        disputed = found.verdict is not MatchVerdict.MISMATCH
        lowered = replace(found, verdict=MatchVerdict.UNSURE) if disputed else found
        return WitnessedMatch(lowered, found, standing, said, witness, disputed)
    if standing is WitnessStanding.AGREES:
        disputed = found.verdict is MatchVerdict.MISMATCH
        raised = _raised(found, voted, rules, match_rules)
        return WitnessedMatch(raised, found, standing, said, witness, disputed)
    return WitnessedMatch(found, found, standing, said, witness)


def _standing(
    declared: str, witnessed: Sequence[WitnessReading], rules: WitnessRules
) -> tuple[WitnessStanding, WitnessReading | None]:
    """Where the witnesses stand, and the last of the words that say so."""
    ranked = [(_of_word(declared, word, rules), word) for word in witnessed if normalise(word.text)]
    for standing in (WitnessStanding.CONTRADICTS, WitnessStanding.AGREES, WitnessStanding.UNCLEAR):
        words = [word for one, word in ranked if one is standing]
        if words:
            return standing, max(words, key=lambda word: word.at)
    return WitnessStanding.SILENT, None


def _of_word(declared: str, word: WitnessReading, rules: WitnessRules) -> WitnessStanding:
    text = normalise(word.text)
    # A confidence that is no number is below every bound.
    if not declared or not word.confidence >= rules.sure:
        return WitnessStanding.UNCLEAR
    if text == declared:
        return WitnessStanding.AGREES
    return WitnessStanding.CONTRADICTS if is_another(declared, text) else WitnessStanding.UNCLEAR


def _raised(found: PlateMatch, voted: PlateVote | None, rules: WitnessRules, match_rules: MatchRules) -> PlateMatch:
    """The match with a higher score; UNSURE becomes MATCH where the own cameras had read the declared plate itself."""
    if rules.raise_nats <= 0 or voted is None or found.verdict is MatchVerdict.MISMATCH or found.rival:
        return found
    score = min(_MOST_SCORE, found.score + rules.raise_nats)
    own = voted.text == found.declared and voted.agreeing >= _OWN_FRAMES and not voted.contested
    whole = own and is_whole(voted, found.declared)
    verdict = MatchVerdict.MATCH if whole and score >= least_score(voted, match_rules) else found.verdict
    return replace(found, verdict=verdict, score=score)
