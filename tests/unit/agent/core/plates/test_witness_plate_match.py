"""What a witness does to a match: the table of all cases, and that one that lies passes nobody."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.observations import Reading
from agent.core.model.witness_reading import WitnessReading
from agent.core.plates.certainty import Doubt
from agent.core.plates.match import DEFAULT_RULES, MatchVerdict, PlateMatch, match
from agent.core.plates.vote import PlateVote, vote
from agent.core.plates.witness_plate_match import DEFAULT_WITNESS_RULES, WitnessRules, WitnessStanding, with_witness

MATCH, UNSURE, MISMATCH = MatchVerdict.MATCH, MatchVerdict.UNSURE, MatchVerdict.MISMATCH
SILENT, UNCLEAR, AGREES, CONTRADICTS = WitnessStanding
DECLARED, OTHER, NEIGHBOUR = "京A12345", "沪B98761", "京A12346"
RAISING = WitnessRules(raise_nats=1.0)


def said(text: str = DECLARED, confidence: float = 0.97, at: float = 1.0, witness: str = "second") -> WitnessReading:
    return WitnessReading(witness, text, confidence, at)


def seen(text: str, frames: int = 2, share: float = 0.98) -> PlateVote:
    positions = tuple(((character, share),) for character in text)
    voted = vote([Reading(text, positions, "civil", share, "front", frame, frame * 0.04) for frame in range(frames)])
    assert voted is not None
    return voted


def found(verdict: MatchVerdict, score: float, read: str = DECLARED, frames: int = 2) -> PlateMatch:
    return PlateMatch(verdict, DECLARED, read, score, frames)


NOTHING_READ = match(None, DECLARED)
WORDS = {
    "silent": (),
    "agrees": (said(),),
    "agrees in another way of writing": (said("京A·123 45"),),
    "not sure of the declared plate": (said(confidence=0.5),),
    "not sure of another plate": (said(OTHER, 0.5),),
    "a slip of it": (said("京A1234S"),),
    "without its province": (said("A12345"),),
    "another province": (said("沪A12345"),),
    "another plate": (said(OTHER),),
    "its neighbour": (said(NEIGHBOUR),),
    "both": (said(), said(OTHER, at=0.5, witness="third")),
    "both, the other way round": (said(OTHER), said(at=2.0)),
    "a word that is no plate": (said("- ·"),),
    "no confidence": (said(confidence=nan),),
}
STANDINGS = {
    "silent": SILENT,
    "agrees": AGREES,
    "agrees in another way of writing": AGREES,
    "not sure of the declared plate": UNCLEAR,
    "not sure of another plate": UNCLEAR,
    "a slip of it": UNCLEAR,
    "without its province": UNCLEAR,
    "another province": UNCLEAR,
    "another plate": CONTRADICTS,
    "its neighbour": CONTRADICTS,
    "both": CONTRADICTS,
    "both, the other way round": CONTRADICTS,
    "a word that is no plate": SILENT,
    "no confidence": UNCLEAR,
}


@pytest.mark.parametrize("case", WORDS)
def test_where_the_witnesses_stand(case: str) -> None:
    assert with_witness(found(MATCH, 5.0), seen(DECLARED), WORDS[case]).standing is STANDINGS[case]


@pytest.mark.parametrize(
    ("own", "standing", "verdict", "disputed"),
    [
        (MATCH, SILENT, MATCH, False),
        (MATCH, UNCLEAR, MATCH, False),
        (MATCH, AGREES, MATCH, False),
        (MATCH, CONTRADICTS, UNSURE, True),
        (UNSURE, SILENT, UNSURE, False),
        (UNSURE, UNCLEAR, UNSURE, False),
        (UNSURE, AGREES, UNSURE, False),
        (UNSURE, CONTRADICTS, UNSURE, True),
        (MISMATCH, SILENT, MISMATCH, False),
        (MISMATCH, UNCLEAR, MISMATCH, False),
        (MISMATCH, AGREES, MISMATCH, True),
        (MISMATCH, CONTRADICTS, MISMATCH, False),
    ],
)
@pytest.mark.parametrize("rules", [DEFAULT_WITNESS_RULES, RAISING], ids=["as it comes", "raising"])
def test_what_becomes_of_a_match(
    own: MatchVerdict, standing: WitnessStanding, verdict: MatchVerdict, rules: WitnessRules, *, disputed: bool
) -> None:
    words = next(WORDS[case] for case, one in STANDINGS.items() if one is standing)
    before = found(own, {MATCH: 5.0, UNSURE: -1.5, MISMATCH: -9.0}[own])
    after = with_witness(before, seen(DECLARED), words, rules)
    assert (after.match.verdict, after.standing, after.disputed) == (verdict, standing, disputed)
    raised = rules.raise_nats if standing is AGREES and own is not MISMATCH else 0.0
    assert after.match == replace(before, verdict=verdict, score=before.score + raised)


def test_who_decided_it_is_told_with_what_was_said() -> None:
    after = with_witness(found(MATCH, 5.0), seen(DECLARED), (said(), said("沪 B·98761", at=0.5, witness="third")))
    assert (after.said, after.witness) == (OTHER, "third")
    again = with_witness(found(MATCH, 5.0), seen(DECLARED), (said(), said(at=3.0, witness="third")))
    assert (again.said, again.witness) == (DECLARED, "third")
    assert with_witness(found(MATCH, 5.0), seen(DECLARED), ()).said == ""


def test_a_witness_alone_is_no_proof() -> None:
    after = with_witness(NOTHING_READ, None, (said(confidence=1.0),), WitnessRules(raise_nats=99.0))
    assert (after.match, after.standing) == (NOTHING_READ, AGREES)
    against = with_witness(NOTHING_READ, None, (said(OTHER),))
    assert (against.match.verdict, against.disputed) == (UNSURE, True)


def test_where_no_plate_is_declared_a_witness_decides_nothing() -> None:
    before = match(seen(OTHER), "")
    after = with_witness(before, seen(OTHER), (said(OTHER),), RAISING)
    assert (after.match, after.standing, after.disputed) == (before, UNCLEAR, False)


@pytest.mark.parametrize(
    ("before", "voted", "verdict"),
    [
        (found(UNSURE, -0.5), seen(DECLARED), MATCH),
        (found(UNSURE, -0.75), seen(DECLARED), MATCH),
        (found(UNSURE, -0.76), seen(DECLARED), UNSURE),
        (found(UNSURE, -0.5, frames=1), seen(DECLARED, 1), UNSURE),
        (found(UNSURE, -0.5, NEIGHBOUR), seen(NEIGHBOUR), UNSURE),
        (found(UNSURE, -0.5, OTHER), seen(OTHER), UNSURE),
        (replace(found(UNSURE, 5.0), rival=True), seen(DECLARED), UNSURE),
        (found(UNSURE, 5.0), replace(seen(DECLARED), contested=True), UNSURE),
        (found(MISMATCH, -0.5), seen(DECLARED), MISMATCH),
    ],
    ids=[
        "nearly sure",
        "at the bound",
        "below it",
        "one frame",
        "read as the neighbour",
        "read as another",
        "a rival's as well",
        "two plates in the picture",
        "another plate",
    ],
)
def test_agreement_helps_only_what_the_own_cameras_have_read(
    before: PlateMatch, voted: PlateVote, verdict: MatchVerdict
) -> None:
    assert with_witness(before, voted, (said(),), RAISING).match.verdict is verdict
    assert with_witness(before, voted, (said(),)).match.verdict is before.verdict


@pytest.mark.parametrize("doubt", [Doubt.EDGE, Doubt.LONGER])
def test_agreement_makes_no_match_of_a_text_that_may_lack_a_character(doubt: Doubt) -> None:
    voted = replace(seen(DECLARED), doubt=doubt)

    assert with_witness(match(voted, DECLARED), voted, [said()], RAISING).match.verdict is UNSURE


@pytest.mark.parametrize(("share", "verdict"), [(0.9, MATCH), (0.8, UNSURE)])
def test_agreement_helps_a_plate_of_unknown_form_to_the_score_that_it_needs(
    share: float, verdict: MatchVerdict
) -> None:
    plate = "BMW7788"
    voted = seen(plate, share=share)
    own = match(voted, plate)

    assert own.verdict is UNSURE
    assert with_witness(own, voted, [said(plate)], RAISING).match.verdict is verdict


def test_a_score_stays_within_its_bounds() -> None:
    assert with_witness(found(MATCH, 98.9), seen(DECLARED), (said(),), RAISING).match.score == 99.0


texts = st.sampled_from([DECLARED, OTHER, NEIGHBOUR, "京A1234S", "A12345", "", "\u202e", "999"]) | st.text(max_size=12)
words = st.lists(
    st.builds(
        WitnessReading,
        st.sampled_from(["second", "third"]),
        texts,
        st.floats() | st.just(1.0),
        st.floats(0, 100),
    ),
    max_size=6,
)
readings = st.builds(
    seen, st.sampled_from([DECLARED, OTHER, NEIGHBOUR, "京A1234S"]), st.integers(1, 4), st.floats(0.2, 0.99)
)


@given(st.none() | readings, words)
def test_a_lying_witness_passes_nobody(voted: PlateVote | None, lies: list[WitnessReading]) -> None:
    before = match(voted, DECLARED)
    after = with_witness(before, voted, lies)
    assert after.match.verdict is not MATCH or before.verdict is MATCH
    assert after.match.score <= before.score


@given(st.none() | readings, words, st.floats(0, 5))
def test_a_lying_witness_shifts_the_bound_by_no_more_than_its_rule_says(
    voted: PlateVote | None, lies: list[WitnessReading], raise_nats: float
) -> None:
    before = match(voted, DECLARED)
    after = with_witness(before, voted, lies, WitnessRules(raise_nats=raise_nats))
    if after.match.verdict is MATCH and before.verdict is not MATCH:
        assert voted is not None
        assert voted.text == DECLARED
        assert voted.agreeing >= 2
        assert before.score >= DEFAULT_RULES.accept - raise_nats - 1e-9
