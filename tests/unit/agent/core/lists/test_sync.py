"""Keeping one list in step: the right thing next, whatever comes in what order, and nothing applied
that does not fit.
"""

from itertools import pairwise
from random import Random

import pytest

from agent.core.lists.chunks import ChunkRef
from agent.core.lists.errors import ListFault
from agent.core.lists.signed_list import ListHead
from agent.core.lists.sync import SyncState, step
from agent.core.lists.sync_io import (
    ApplyDelta,
    ApplySnapshot,
    ChunkSeen,
    Connected,
    DeltaSeen,
    Disconnected,
    DropSnapshot,
    Failed,
    FetchChunks,
    FetchDeltas,
    FetchSnapshot,
    HeadSeen,
    HeldDelta,
    Known,
    Refresh,
    Reject,
    RequestList,
    SyncRules,
    Tick,
)
from agent.core.model.list_kinds import ListKind

RULES = SyncRules(settle_s=0.5, quiet_s=3, cap_s=24, retry_s=10, window=2, held=4, held_bytes=1000)
NOW = 1_795_000_000


def head(version, snapshot=None, *, issued_at=None, chunks=3, mark=b"d"):
    snapshot = version if snapshot is None else snapshot
    refs = tuple(ChunkRef(mark * 16 + bytes([n, snapshot % 256]) * 8, 10, 100) for n in range(chunks))
    issued_at = NOW + version if issued_at is None else issued_at
    return ListHead(ListKind.DECLARATIONS, 17, version, issued_at, NOW + 10_000_000, snapshot, refs)


def delta(since, version=None, size=10):
    return HeldDelta(since, since + 1 if version is None else version, size)


def run(state, *events):
    """The state after all of these, and the effects of the last one."""
    effects = ()
    for event in events:
        state, effects = step(state, event, RULES)
    return state, effects


def at(version, **changes):
    return SyncState(version=version, issued_at=NOW + version, connected=True, **changes)


# ------------------------------------------------------------------------------------------------------- the usual way


def test_a_new_gate_fetches_the_snapshot_at_once_and_applies_it_when_its_last_chunk_is_there():
    state, effects = run(SyncState(), Known(0, 0, 0.0), Connected(0.0), HeadSeen(head(5), 1.0))
    assert effects == (FetchSnapshot(head(5)),)
    state, effects = run(state, ChunkSeen(5, 2, 1.1), ChunkSeen(5, 0, 1.2))
    assert effects == ()
    state, effects = run(state, ChunkSeen(5, 1, 1.3))
    assert effects == (ApplySnapshot(head(5)),)
    state, effects = run(state, Known(5, NOW + 5, 1.4))
    assert effects == (DropSnapshot(head(5)),)
    assert run(state, Tick(999.0))[1] == ()


def test_an_empty_list_needs_no_chunk():
    _, effects = run(SyncState(connected=True), HeadSeen(head(1, chunks=0), 1.0))
    assert effects == (FetchSnapshot(head(1, chunks=0)), ApplySnapshot(head(1, chunks=0)))


def test_a_delta_that_leads_on_is_applied_at_once_also_without_a_head():
    state, effects = run(at(5), DeltaSeen(delta(5), 1.0))
    assert effects == (ApplyDelta(delta(5)),)
    assert run(state, Known(6, NOW + 6, 1.1))[1] == ()


def test_deltas_that_came_before_those_they_follow_are_applied_in_their_order():
    state, effects = run(at(5), DeltaSeen(delta(7), 1.0), DeltaSeen(delta(6), 1.0))
    assert effects == ()
    state, effects = run(state, DeltaSeen(delta(5), 1.0))
    assert effects == (ApplyDelta(delta(5)),)
    state, effects = run(state, Known(6, NOW, 1.1))
    assert effects == (ApplyDelta(delta(6)),)
    state, effects = run(state, Known(7, NOW, 1.2))
    assert effects == (ApplyDelta(delta(7)),)


def test_one_change_is_under_way_at_a_time():
    state, _ = run(at(5), DeltaSeen(delta(5), 1.0))
    assert run(state, DeltaSeen(delta(5, 7), 1.0), HeadSeen(head(5, issued_at=NOW + 99), 1.0), Tick(9.0))[1] == ()


def test_a_head_of_the_version_in_use_makes_it_fresher_once():
    state, effects = run(at(5), HeadSeen(head(5, issued_at=NOW + 60), 1.0))
    assert effects == (Refresh(head(5, issued_at=NOW + 60)),)
    state, _ = run(state, Known(5, NOW + 60, 1.1))
    assert run(state, HeadSeen(head(5, issued_at=NOW + 60), 2.0))[1] == ()


def test_after_the_last_delta_the_head_makes_the_list_fresher():
    state, _ = run(at(5), HeadSeen(head(6, 5, issued_at=NOW + 60), 1.0), DeltaSeen(delta(5), 1.1))
    assert run(state, Known(6, NOW + 6, 1.2))[1] == (Refresh(head(6, 5, issued_at=NOW + 60)),)


def test_an_older_head_is_rejected_and_one_that_came_before_is_not_taken_back():
    assert run(at(5), HeadSeen(head(4), 1.0))[1] == (
        Reject(ListFault.ROLLED_BACK, "a head of version 4, while version 5 is in use"),
    )
    state, _ = run(at(5), HeadSeen(head(9), 1.0), HeadSeen(head(8), 1.0))
    assert state.head == head(9)
    state, _ = run(state, HeadSeen(head(9, issued_at=NOW), 1.0))
    assert state.head == head(9)


# -------------------------------------------------------------------------------------------------- snapshot or deltas


def test_a_gate_that_lags_waits_a_moment_for_the_delta_before_it_fetches_everything():
    state, effects = run(at(5), HeadSeen(head(6), 1.0))
    assert effects == ()
    assert run(state, DeltaSeen(delta(5), 1.2))[1] == (ApplyDelta(delta(5)),)
    assert run(state, Tick(1.6))[1] == (FetchSnapshot(head(6)),)


def test_a_snapshot_that_is_no_newer_than_the_list_is_never_fetched():
    state, _ = run(at(7), HeadSeen(head(9, 5), 1.0))
    wanted = []
    for second in range(2, 60):
        state, effects = run(state, Tick(float(second)))
        wanted += effects
    assert wanted[:3] == [FetchDeltas(8), RequestList(7), FetchDeltas(8)]
    assert not [one for one in wanted if isinstance(one, FetchSnapshot)]


def test_deltas_that_reach_the_snapshot_make_its_fetching_needless():
    state, _ = run(at(5), HeadSeen(head(7), 1.0), Tick(2.0), DeltaSeen(delta(5, 7), 2.1))
    assert state.doing == ApplyDelta(delta(5, 7))
    assert run(state, Known(7, NOW + 7, 2.2))[1] == (DropSnapshot(head(7)),)


def test_a_newer_head_with_the_same_chunks_goes_on_with_them_and_one_with_others_begins_anew():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5), 1.0), ChunkSeen(5, 0, 1.1))
    state, effects = run(state, HeadSeen(head(6, 5), 1.2))
    assert effects == ()
    assert state.missing == {1, 2}
    state, effects = run(state, HeadSeen(head(7), 1.3))
    assert effects == (DropSnapshot(head(6, 5)), FetchSnapshot(head(7)))
    assert run(state, ChunkSeen(5, 1, 1.4))[0].missing == {0, 1, 2}, "a chunk of another snapshot says nothing"


# ------------------------------------------------------------------------------------------------------ what is lacking


def test_missing_chunks_are_asked_for_one_by_one_in_windows_then_of_the_publisher():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5, chunks=6), 0.0), ChunkSeen(5, 1, 0.0))
    assert run(state, Tick(2.9))[1] == ()
    state, effects = run(state, Tick(3.0))
    assert effects == (FetchChunks(head(5, chunks=6), (0, 2)),)
    state, effects = run(state, ChunkSeen(5, 0, 3.1), ChunkSeen(5, 2, 3.2))
    assert effects == (FetchChunks(head(5, chunks=6), (3, 4)),)
    state, effects = run(state, Tick(6.3))
    assert effects == (FetchChunks(head(5, chunks=6), (3, 4)),)
    state, effects = run(state, Tick(12.4))
    assert effects == (RequestList(0),)


def test_asking_becomes_rarer_and_never_stops():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5), 0.0))
    asked = []
    for tenth in range(2000):
        state, effects = run(state, Tick(tenth / 10))
        asked += [(round(tenth / 10), type(effect)) for effect in effects]
    times = [when for when, _ in asked]
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[:3] == [6, 12, 24]
    assert set(gaps[3:]) == {24}
    assert {kind for _, kind in asked} == {FetchChunks, RequestList}


def test_a_gap_without_a_head_is_asked_for_too():
    state, _ = run(at(5), DeltaSeen(delta(7), 1.0))
    assert run(state, Tick(4.1))[1] == (FetchDeltas(6),)


def test_nothing_is_asked_for_while_the_link_is_down_and_all_is_when_it_is_back():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5), 0.0), Disconnected())
    for second in range(100):
        state, effects = run(state, Tick(float(second)))
        assert effects == ()
    state, effects = run(state, Connected(100.0), Tick(102.0))
    assert effects == ()
    assert run(state, Tick(103.0))[1] == (FetchChunks(head(5), (0, 1)),)


def test_deltas_that_wait_are_bounded_and_the_next_ones_are_kept():
    state = at(5)
    for since in (30, 9, 8, 20, 7, 40, 6):
        state, _ = run(state, DeltaSeen(delta(since), 1.0))
    assert [each.since for each in state.deltas] == [6, 7, 8, 9]
    state, _ = run(state, DeltaSeen(delta(5, 6, size=975), 1.0))
    assert [each.since for each in state.deltas] == [5, 6, 7]


def test_a_delta_that_is_known_or_old_is_not_kept():
    state, _ = run(at(5), DeltaSeen(delta(7), 1.0), DeltaSeen(delta(7), 1.0), DeltaSeen(delta(3), 1.0))
    assert state.deltas == (delta(7),)


# --------------------------------------------------------------------------------------------------------- what fails


def test_a_full_disk_is_tried_again_ever_more_rarely_without_fetching_again():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5, chunks=1), 0.0), ChunkSeen(5, 0, 0.0))
    tried = []
    now = 0.0
    for _ in range(3):
        state, effects = run(state, Failed(ListFault.DISK_FULL, now))
        assert effects == ()
        while not effects:
            now += 1.0
            state, effects = run(state, Tick(now))
        assert effects == (ApplySnapshot(head(5, chunks=1)),)
        tried.append(now)
    assert tried == [10.0, 30.0, 54.0]
    state, _ = run(state, Known(5, NOW, 55.0))
    assert state.failures == 0


def test_a_snapshot_whose_chunks_turn_out_wrong_is_fetched_again_after_a_while():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5, chunks=1), 0.0), ChunkSeen(5, 0, 0.0))
    state, effects = run(state, Failed(ListFault.CHUNK_WRONG, 1.0))
    assert effects == ()
    assert run(state, Tick(11.0))[1] == (FetchSnapshot(head(5, chunks=1)),)


def test_what_is_refused_for_its_content_is_not_tried_again_but_what_follows_is():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5, chunks=1), 0.0), ChunkSeen(5, 0, 0.0))
    state, effects = run(state, Failed(ListFault.CONTENT_INVALID, 1.0))
    assert effects == (DropSnapshot(head(5, chunks=1)),)
    asked = []
    for second in range(2, 50):
        state, effects = run(state, Tick(float(second)))
        asked += effects
    assert {type(one) for one in asked} == {FetchDeltas, RequestList}
    assert run(state, HeadSeen(head(6, chunks=1), 60.0))[1] == (FetchSnapshot(head(6, chunks=1)),)


def test_a_delta_that_is_refused_for_its_content_is_not_tried_again():
    state, _ = run(at(5), DeltaSeen(delta(5), 1.0))
    state, _ = run(state, Failed(ListFault.CONTENT_INVALID, 1.0), DeltaSeen(delta(5), 2.0))
    assert state.deltas == ()
    assert run(state, DeltaSeen(delta(5, 7), 3.0))[1] == (ApplyDelta(delta(5, 7)),)


def test_a_registry_that_was_begun_anew_is_filled_again():
    state, _ = run(at(5), HeadSeen(head(5), 1.0))
    assert run(state, Known(0, 0, 2.0))[1] == (FetchSnapshot(head(5)),)


def test_another_process_that_was_faster_is_no_trouble():
    state, _ = run(at(5), DeltaSeen(delta(5), 1.0), DeltaSeen(delta(6), 1.0))
    assert state.doing == ApplyDelta(delta(5))
    state, effects = run(state, Failed(ListFault.ROLLED_BACK, 1.1), Known(6, NOW, 1.1))
    assert effects == (ApplyDelta(delta(6)),)


# ----------------------------------------------------------------------------------------------- any order, any loss


class World:
    """A publisher, a broker that loses and shuffles, and a gate that does what the machine says."""

    def __init__(self, dice):
        self.dice = dice
        self.state = SyncState()
        self.now = 0.0
        self.central = self.snapshot = 1
        self.gate = 0
        self.kept = {}
        self.publish()

    def publish(self):
        """Everything that is in force, retained: the head, the chunks, the deltas since the snapshot."""
        self.kept = {"head": head(self.central, self.snapshot)}
        self.kept |= {("chunk", n): ("chunk", self.snapshot, n) for n in range(3)}
        self.kept |= {("delta", v): delta(v - 1) for v in range(self.snapshot + 1, self.central + 1)}

    def deliver(self, *, lossy):
        messages = list(self.kept.values())
        self.dice.shuffle(messages)
        for message in messages:
            if not (lossy and self.dice.random() < 0.3):
                self.arrive(message)

    def arrive(self, message):
        match message:
            case ListHead():
                self.feed(HeadSeen(message, self.now))
            case HeldDelta():
                self.feed(DeltaSeen(message, self.now))
            case (_, snapshot, n):
                if self.state.fetching and self.state.fetching.snapshot == snapshot:
                    self.feed(ChunkSeen(snapshot, n, self.now))

    def feed(self, event):
        self.state, effects = step(self.state, event, RULES)
        for effect in effects:
            self.do(effect)

    def do(self, effect):
        match effect:
            case ApplyDelta(each):
                assert each.since == self.gate, "a delta was applied to another version than its own"
                self.changed(each.version)
            case ApplySnapshot(said):
                assert not self.state.missing
                assert said.snapshot > self.gate, "the list went back"
                self.changed(said.snapshot)
            case Refresh(said):
                assert said.version == self.gate
                self.feed(Known(self.gate, said.issued_at, self.now))
            case FetchSnapshot() | FetchChunks() | FetchDeltas():
                self.again = True
            case RequestList():
                self.publish()
                self.again = True

    def changed(self, version):
        self.gate = version
        self.feed(Known(version, NOW + version, self.now))

    def live(self, seconds, *, lossy):
        for _ in range(seconds):
            self.now += 1.0
            self.again = False
            self.feed(Tick(self.now))
            if self.again:
                self.deliver(lossy=lossy)


@pytest.mark.parametrize("seed", range(150))
def test_a_gate_gets_right_from_any_order_any_loss_and_any_restart(seed):
    dice = Random(seed)  # noqa: S311 - a walk, no secret
    world = World(dice)
    for _ in range(25):
        match dice.randrange(7):
            case 0 | 1:
                world.central += dice.randrange(1, 4)
                world.publish()
                world.deliver(lossy=True)
            case 2:
                world.snapshot = world.central
                world.publish()
            case 3:
                world.kept = {}
            case 4:
                world.state = SyncState()
                world.feed(Known(world.gate, NOW + world.gate, world.now))
                world.feed(Connected(world.now))
                world.deliver(lossy=True)
            case 5:
                world.feed(Disconnected())
                world.feed(Connected(world.now))
            case _:
                world.live(dice.randrange(20), lossy=True)
    world.publish()
    world.feed(Connected(world.now))
    world.deliver(lossy=False)
    world.live(200, lossy=False)
    assert world.gate == world.central
    assert world.state.doing is None
