"""Decisions by VIN: with a second reading of what a camera saw, without one of what a scanner read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.decision.judgement import JudgementRules
from agent.core.decision.second_reading import PicturesShown, VinShown
from agent.core.lane.effects import Decide
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Subject, Watched
from agent.core.model.observations import Presentation, VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit import trust
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.lane.decider import Decider, LanePlace, Sources
from tests.support.lane.judging import printed, read, vins_read
from tests.support.lane.kept_pictures import FaithfulReader
from tests.support.lists.lists import ROOT
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.store.journals import open_journal
from tests.support.store.registries import open_registry, put_whole

BARE = replace(PERMIT, plate=None, plate_kind=None)
PLATED = replace(PERMIT, plate="新A12345", plate_kind="civil")
OTHER_VIN = "LSVAA4182E2184847"
PASS = (Verdict.PASS, Reason.OK)
UNCONFIRMED = (Verdict.MANUAL, Reason.PICTURE_UNCONFIRMED)
MISMATCH = (Verdict.MANUAL, Reason.PICTURE_MISMATCH)


class NotedReader(FaithfulReader):
    """The second readers. `asked`: how many pictures of each kind; `shows`: of VINs, where not what was told."""

    def __init__(self):
        super().__init__()
        self.asked, self.shows = [], ...

    def read(self, codes, plates, answer, vins=()):
        self.asked.append((len(codes), len(plates), len(vins)))
        if self.shows is ...:
            super().read(codes, plates, answer, vins)
        else:
            answer(PicturesShown(tuple(codes), (), self.shows), "")


class GrantingClaims:
    """The home gate grants every claim at once."""

    def claim(self, request, answer):
        return ClaimAnswer(ClaimCode.GRANTED, use=1)


class Lane:
    """A lane's decider with real stores. `distrusted`: cameras whose worker told of what is not there."""

    def __init__(self, folder):
        self.journal = open_journal(folder / "journal.db")
        self.registry = open_registry(folder / "registry.db")
        self.registry.take_trust(trust.seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
        self.pictures, self.distrusted = NotedReader(), []

    def close(self):
        self.journal.close()
        self.registry.close()

    def ask(self, permit, vins, readings=(), *, pictured=True, final=False, camera="front", scanners=(), **rules):
        """Verdict and reason, and the decision."""
        place = LanePlace(9411, 1, "export", 60, 700, False, JudgementRules(**rules), scanners=frozenset(scanners))
        sources = Sources(
            self.registry, self.journal, lambda: True, GrantingClaims(), self.pictures, self.distrusted.append
        )
        shown = Presentation(issue(permit, KEY).encode(), "test", camera, 1, 1.0)
        question = Decide("t1", (shown,), readings, final, vins=vins)
        if pictured:
            question = self.pictures.pictured(question)
        later = []
        answer = Decider(place, sources).decide(question, Instant(1.0, float(NOW)), later.append)
        (answer,) = later if answer is None else [answer]
        return (answer.decision.verdict, answer.decision.reason), answer.decision


@pytest.fixture
def lane(tmp_path):
    lane = Lane(tmp_path)
    yield lane
    lane.close()


@pytest.mark.parametrize("vins", [vins_read(), printed()], ids=["a code", "print"])
def test_a_vehicle_without_a_plate_passes_by_its_vin_once_its_pictures_are_read_again(lane, vins):
    verdict, decision = lane.ask(BARE, vins, without_plate="vin")
    assert verdict == PASS
    assert lane.pictures.asked == [(1, 0, len(vins))]
    assert len(decision.pictures) == 1 + len(vins)
    assert decision.vin.read == PERMIT.vin


def test_a_second_reader_that_reads_no_vins_lets_nobody_pass_by_what_a_camera_read(lane):
    lane.pictures.shows = None
    for permit, rules in ((BARE, {"without_plate": "vin"}), (PLATED, {"second_factor": "vin"})):
        verdict, decision = lane.ask(permit, vins_read(), **rules)
        assert verdict == UNCONFIRMED
        assert decision.checks[-1].detail == "the second reading covers no VINs"
    assert lane.distrusted == []


def test_nor_does_one_without_a_picture(lane):
    assert lane.ask(BARE, vins_read(), pictured=False, without_plate="vin", final=True)[0] == UNCONFIRMED
    assert lane.pictures.asked == []


def test_a_vin_that_was_scanned_by_hand_needs_no_picture_and_the_code_needs_its_own(lane):
    lane.pictures.shows = None
    scanned = vins_read(source=VinSource.SCANNER, camera="desk", frames=1)
    assert lane.ask(BARE, scanned, scanners=["desk"], without_plate="vin")[0] == PASS
    assert lane.pictures.asked == [(1, 0, 0)]
    by_hand = lane.ask(BARE, scanned, camera="desk", scanners=["desk"], without_plate="vin", pictured=False)
    assert by_hand[0] == PASS
    assert lane.pictures.asked == [(1, 0, 0)], "nothing of it was seen by a camera"


def test_who_tells_of_a_vin_that_its_picture_does_not_show_is_not_trusted(lane):
    lane.pictures.shows = ((VinShown(OTHER_VIN, VinSource.CODE_128),),)
    assert lane.ask(BARE, vins_read(frames=1), without_plate="vin")[0] == MISMATCH
    assert lane.distrusted == ["front"]


def test_where_the_plate_is_enough_no_vin_is_read_again(lane):
    assert lane.ask(PLATED, vins_read(), read(), second_factor="either")[0] == PASS
    assert lane.ask(PLATED, vins_read(), (), second_factor="either")[0] == PASS
    assert lane.ask(PLATED, vins_read(), read(), second_factor="both")[0] == PASS
    assert lane.pictures.asked == [(1, 1, 0), (1, 0, 2), (1, 1, 2)]


def test_by_default_a_vin_is_not_looked_at_twice_and_not_enough(lane):
    assert lane.ask(PLATED, vins_read(OTHER_VIN), read())[0] == PASS
    assert lane.pictures.asked == [(1, 1, 0)]
    assert lane.ask(BARE, vins_read())[0] == (Verdict.MANUAL, Reason.PLATE_UNREADABLE)


def test_another_vin_is_asked_for_again_and_at_last_for_an_officer(lane):
    for final, verdict in ((False, Verdict.RETRY), (True, Verdict.MANUAL)):
        found = lane.ask(BARE, vins_read(OTHER_VIN), without_plate="vin", final=final)[0]
        assert found == (verdict, Reason.VIN_MISMATCH)
    assert lane.pictures.asked == []


def test_a_vin_that_is_looked_for_is_found_also_where_it_is_not_the_declared_one(lane):
    put_whole(lane.registry, ListKind.WATCH, [Watched(Subject.VIN, OTHER_VIN, "stolen")])
    held = (Verdict.MANUAL, Reason.WATCHLIST_HOLD)
    assert lane.ask(PLATED, vins_read(OTHER_VIN, frames=1), read())[0] == held
    assert lane.ask(PLATED, printed(OTHER_VIN), read())[0] == PASS, "print may be misread"
