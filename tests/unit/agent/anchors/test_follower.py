"""What the agent does about its anchors while it runs."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from agent.anchors import AnchorFollower, AnchorFollowerDependencies, AnchorStore, HelperUnreachableError
from agent.anchors.follower import SEEN
from agent.core.anchors import HelperAnswer, SealRequest, Sender, proposed
from agent.core.events import AnchorsChanged, ConsoleActed, Draft, TransactionClosed
from agent.core.model import Outcome, Reason
from agent.settings import anchors_text
from tests.support.anchors.people import UTC, document, held, signed
from tests.support.waiting import eventually

ME = os.geteuid()


class World:
    """A follower with what it tells and asks. `utc`: the wall clock."""

    def __init__(self, tmp_path):
        self.state = tmp_path / "state"
        self.state.mkdir()
        self.store = AnchorStore(tmp_path / "etc-anchors", ME)
        self.events, self.reloads, self.asked = [], [], []
        self.utc = UTC
        self.answer = self.sealed

    def sealed(self):
        self.store.seal(UTC)
        return HelperAnswer(done=True, number=1)

    def ask(self, request):
        self.asked.append(request)
        return self.answer()

    def follower(self, running="held"):
        return AnchorFollower(
            AnchorFollowerDependencies(
                folder=self.store.folder,
                state=self.state,
                running=self.store.held() if running == "held" else running,
                overruled=("mqtt.brokers",),
                real_lanes=frozenset({"out"}),
                note=self.events.append,
                utc=lambda: self.utc,
                reload=lambda: self.reloads.append(1),
                ask=self.ask,
                owner=ME,
            )
        )

    def changes(self):
        return [(one.number, one.authority) for one in self.events if isinstance(one, AnchorsChanged)]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def closed(lane, outcome=Outcome.PASSED):
    event = TransactionClosed.model_construct(outcome=outcome, reason=Reason.OK)
    return Draft(event, lane, "t", UTC)


def two(anchors, **changed):
    return signed(document(anchors, **changed), "person:aigul", "person:bolat")


def test_every_change_is_recorded_once_also_over_restarts(world):
    world.store.adopt(held(), "root", UTC)
    world.follower().look()
    world.store.seal(UTC)
    world.store.change(two(world.store.held()), Sender.SERVICE, UTC)
    follower = world.follower()
    follower.look()
    follower.look()
    world.follower().look()
    assert world.changes() == [(1, "root"), (1, "seal"), (2, "persons")]
    (anchor,) = world.events[-1].anchors
    assert anchor.key == "permits.root_keys"
    assert anchor.before != anchor.after
    assert world.events[-1].changed_at == round(UTC)


def test_a_lost_note_of_what_was_recorded_records_it_again_and_never_not_at_all(world):
    world.store.adopt(held(), "root", UTC)
    world.follower().look()
    spoilt = (b"", b"{}", b"[1]", b'{"number":"x"}', b'{"number":1e999,"digest":"","sealed":true}', b"[" * 4000)
    for one in spoilt:
        (world.state / SEEN).write_bytes(one)
        world.follower().look()
    assert world.changes() == [(1, "root")] * (1 + len(spoilt))


def test_a_file_that_somebody_wrote_himself_is_told(world):
    world.store.adopt(held(), "root", UTC)
    world.follower().look()
    other = replace(world.store.held(), values={**held().values, "console.port": 9000})
    (world.store.folder / "anchors.toml").write_text(anchors_text(other), encoding="utf-8")
    follower = world.follower()
    follower.look()
    follower.look()
    assert world.changes() == [(1, "root"), (1, "unknown")]
    assert any(one.key == "console.port" for one in world.events[-1].anchors)


def test_a_look_between_the_anchors_and_their_note_takes_them_for_nobodys_hand(world):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower()
    follower.look()
    notes = (world.store.folder / "changes.jsonl").read_bytes()
    world.store.change(two(world.store.held()), Sender.SERVICE, UTC)
    after = (world.store.folder / "changes.jsonl").read_bytes()
    (world.store.folder / "changes.jsonl").write_bytes(notes)  # as it stood a moment before
    follower.look()
    assert world.changes() == [(1, "root")]
    (world.store.folder / "changes.jsonl").write_bytes(after)
    follower.look()
    assert world.changes() == [(1, "root"), (2, "persons")]


def test_anchors_that_are_gone_are_told(world):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower()
    follower.look()
    (world.store.folder / "anchors.toml").unlink()
    follower.look()
    follower.look()
    assert world.changes() == [(1, "root"), (0, "unknown")]
    assert world.reloads


def test_anchors_that_come_after_some_that_were_taken_away_are_told_and_none_twice(world):
    world.store.adopt(held(), "root", UTC)
    world.store.seal(UTC)
    follower = world.follower()
    follower.look()
    anchors = world.store.folder / "anchors.toml"
    kept = anchors.read_bytes()
    anchors.unlink()
    world.store.adopt(held(document_keys=[]), "root", UTC)  # before anybody looked
    follower.look()
    told = [(1, "root"), (1, "seal"), (2, "root")]
    assert world.changes() == told
    anchors.unlink()
    for _ in range(2):
        follower.look()
    world.follower().look()
    assert world.changes() == [*told, (0, "unknown")]
    anchors.write_bytes(kept)  # root's own hand: an older file than the last
    anchors.chmod(0o644)
    follower = world.follower()
    for _ in range(3):
        follower.look()
    assert world.changes() == [*told, (0, "unknown"), (1, "unknown")]


def test_numbers_that_begin_anew_are_told(world):
    """Root has taken the whole folder away, notes and all, and adopted again while the agent did not run."""
    world.store.adopt(held(), "root", UTC)
    world.store.change(two(world.store.held()), Sender.SERVICE, UTC)
    world.follower().look()
    for file in world.store.folder.iterdir():
        file.unlink()
    world.store.adopt(held(), "root", UTC)
    world.follower().look()
    world.follower().look()
    assert world.changes() == [(1, "root"), (2, "persons"), (1, "root")]


def test_a_seal_that_somebody_took_off_by_hand_is_told(world):
    world.store.adopt(held(), "root", UTC)
    world.store.seal(UTC)
    world.follower().look()
    other = replace(world.store.held(), sealed=False)
    (world.store.folder / "anchors.toml").write_text(anchors_text(other), encoding="utf-8")
    follower = world.follower()
    for _ in range(3):
        follower.look()
    assert world.changes() == [(1, "root"), (1, "seal"), (1, "unknown")]


def test_others_than_those_that_it_runs_with_are_taken_by_one_reload(world):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower(running=None)
    follower.look()
    follower.look()
    assert len(world.reloads) == 1
    world.store.seal(UTC)  # changes nothing of what is trusted
    follower.look()
    assert len(world.reloads) == 1
    world.store.change(two(world.store.held()), Sender.SERVICE, UTC)
    follower.look()
    assert len(world.reloads) == 2


def test_the_first_real_vehicle_seals_them(world):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower()
    follower.on_recorded([closed("simulated"), closed("out", Outcome.DENIED), closed("out", Outcome.BACKED_OUT)])
    follower.look()
    assert world.asked == []
    follower.on_recorded([closed("out")])
    follower.look()
    assert world.asked == [SealRequest()]
    assert world.store.held().sealed
    follower.look()
    assert len(world.asked) == 1
    assert follower.status()["sealed"] is True


def test_a_helper_that_is_away_is_asked_until_they_are_sealed(world, caplog):
    world.store.adopt(held(), "root", UTC)

    def away():
        raise HelperUnreachableError("nobody")

    world.answer = away
    follower = world.follower()
    follower.on_recorded([closed("out")])
    follower.look()
    follower.look()
    assert caplog.text.count("cannot be sealed") == 1
    world.answer = world.sealed
    follower.look()
    assert world.store.held().sealed


def test_a_helper_is_not_asked_for_a_seal_after_which_nobody_could_change_them_and_that_is_told_once(world, caplog):
    world.store.adopt(held(persons=[], document_keys=[]), "root", UTC)
    follower = world.follower()
    follower.on_recorded([closed("out")])
    follower.look()
    follower.look()
    assert world.asked == []
    assert caplog.text.count("no person or key is allowed to") == 1
    world.store.adopt(held(), "root", UTC)
    follower.look()
    assert world.asked == [SealRequest()]
    assert world.store.held().sealed


def test_status_says_what_it_holds_and_what_its_configuration_would_have_otherwise(world):
    assert world.follower().status() == {}
    world.store.adopt(held(), "root", UTC)
    told = world.follower().status()
    digest = world.store.held().digest
    assert told == {"number": 1, "sealed": False, "digest": digest, "overruled": ["mqtt.brokers"]}
    json.dumps(told)


def test_anchors_that_cannot_be_read_change_nothing_and_are_told_once(world, caplog):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower()
    follower.look()
    (world.store.folder / "anchors.toml").chmod(0o666)
    follower.look()
    follower.look()
    assert caplog.text.count("cannot be looked at") == 1
    assert world.reloads == []
    assert follower.status()["number"] == 1


def test_a_change_whose_note_is_damaged_is_told_all_the_same(world, caplog):
    world.store.adopt(held(), "root", UTC)
    world.follower().look()
    world.store.change(two(world.store.held()), Sender.SERVICE, UTC)
    (world.store.folder / "changes.jsonl").write_text('{"number":', encoding="utf-8")
    follower = world.follower(running=None)
    follower.look()
    follower.look()
    assert world.changes() == [(1, "root"), (2, "unknown")]
    assert world.reloads == [1]
    assert "cannot be read" in caplog.text


def test_a_proposal_that_nobody_confirms_is_told_and_gone(world):
    world.store.adopt(held(), "root", UTC)
    anchors = world.store.held()
    follower = world.follower()
    waiting = proposed(anchors, signed(document(anchors), "person:aigul")[0], "aigul", UTC)
    follower.waiting.keep(waiting, anchors, UTC)
    follower.look()
    assert follower.waiting.find(anchors) == waiting
    world.utc = UTC + 3600
    follower.look()
    (told,) = [one for one in world.events if isinstance(one, ConsoleActed)]
    assert (told.act, told.person, told.done) == ("anchors.expired", "aigul", False)
    assert follower.waiting.find(anchors) is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"[" * 50_000, b'{"person":"bolat","signatures":[]}', b'{"signatures":["a.b.c"]}'],
    ids=len,
)
def test_what_is_planted_in_the_place_of_a_proposal_is_none(world, raw):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower()
    (world.state / "anchors-proposal.json").write_bytes(raw)
    assert follower.waiting.find(world.store.held()) is None
    assert not (world.state / "anchors-proposal.json").exists()


def test_a_proposal_that_somebody_else_has_put_there_counts_for_its_signatures(world):
    world.store.adopt(held(), "root", UTC)
    anchors = world.store.held()
    follower = world.follower()
    forged = signed(document(anchors), "person:mallory")[0]
    told = {"person": "aigul", "signatures": [forged]}
    (world.state / "anchors-proposal.json").write_text(json.dumps(told), encoding="utf-8")
    assert follower.waiting.find(anchors) is None
    follower.look()
    assert not (world.state / "anchors-proposal.json").exists()


def test_it_looks_by_itself(world):
    world.store.adopt(held(), "root", UTC)
    follower = world.follower()
    follower.start()
    try:
        eventually(world.changes)
    finally:
        assert follower.stop()
