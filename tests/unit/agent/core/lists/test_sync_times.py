"""When a list is asked for, tried again and given up: what helps starts the time anew, and what does not help never
does.
"""

import pytest

from agent.core.lists.errors import ListFault
from agent.core.lists.sync import BAD_KEPT, SyncState
from agent.core.lists.sync_io import (
    ApplyDelta,
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
    Known,
    Refresh,
    RequestList,
    Tick,
)
from tests.unit.agent.core.lists.test_sync import NOW, at, delta, head, run

SIX = head(5, chunks=6)


def fetching():
    """A new gate that collects six chunks and has asked for the first two of them one by one, at 3.0."""
    state, effects = run(SyncState(connected=True), HeadSeen(SIX, 0.0), Tick(3.0))
    assert effects == (FetchChunks(SIX, (0, 1)),)
    return state


def lagging():
    """A gate with version 5 that knows of a version 9, since 1.0, and can only get there by deltas."""
    state, effects = run(at(5), HeadSeen(head(9, 5), 1.0))
    assert effects == ()
    return state


def asked(state, until, *, step_s=0.5, begin=1.0, meanwhile=lambda _now: ()):
    """What is asked for when, while time passes and `meanwhile` happens."""
    found, ticks = [], round((until - begin) / step_s)
    for now in (begin + tick * step_s for tick in range(ticks + 1)):
        for event in (*meanwhile(now), Tick(now)):
            state, effects = run(state, event)
            found += [(now, effect) for effect in effects]
    return found


USUAL = [(4.0, FetchDeltas(6)), (10.0, RequestList(5)), (22.0, FetchDeltas(6))]


# --------------------------------------------------------------------------------------------- what starts time anew


def test_who_lags_asks_the_broker_then_the_publisher_ever_more_rarely():
    assert asked(lagging(), 40) == USUAL


def test_a_head_that_is_only_signed_again_does_not_put_off_the_asking():
    signed_again = lambda now: (HeadSeen(head(9, 5, issued_at=NOW + 9 + round(2 * now)), now),)  # noqa: E731
    assert asked(lagging(), 40, meanwhile=signed_again) == USUAL


def test_a_word_of_what_is_known_already_does_not_put_off_the_asking():
    assert asked(lagging(), 40, meanwhile=lambda now: (Known(5, NOW + 5, now),)) == USUAL


def test_a_head_of_a_newer_version_begins_the_asking_anew():
    news = lambda now: (HeadSeen(head(10, 5), now),) if now == 20.0 else ()  # noqa: E731
    assert asked(lagging(), 30, meanwhile=news) == [*USUAL[:2], (23.0, FetchDeltas(6)), (29.0, RequestList(5))]


def test_a_step_forward_begins_the_asking_anew():
    steps = {20.0: DeltaSeen(delta(5), 20.0), 22.0: Known(6, NOW, 22.0)}
    found = asked(lagging(), 32, meanwhile=lambda now: (steps[now],) if now in steps else ())
    assert found == [*USUAL[:2], (20.0, ApplyDelta(delta(5))), (25.0, FetchDeltas(7)), (31.0, RequestList(6))]


def test_a_link_that_is_back_begins_the_asking_anew():
    cut = lambda now: (Disconnected(), Connected(now)) if now == 20.0 else ()  # noqa: E731
    assert asked(lagging(), 30, meanwhile=cut) == [*USUAL[:2], (23.0, FetchDeltas(6)), (29.0, RequestList(5))]


def test_a_link_that_is_back_asks_at_once_for_the_window_that_was_cut_off():
    state, effects = run(fetching(), ChunkSeen(5, 0, 3.1), Disconnected())
    assert effects == ()
    assert run(state, Connected(50.0))[1] == (FetchChunks(SIX, (1, 2)),)


def test_a_window_is_waited_for_until_its_last_chunk_is_there():
    state, effects = run(fetching(), ChunkSeen(5, 1, 3.1))
    assert effects == ()
    assert run(state, ChunkSeen(5, 4, 3.2))[1] == (), "one that came by itself"
    assert run(state, ChunkSeen(5, 0, 3.2))[1] == (FetchChunks(SIX, (2, 3)),)


def test_each_chunk_that_comes_starts_the_time_anew():
    state, _ = run(SyncState(connected=True), HeadSeen(SIX, 0.0), ChunkSeen(5, 3, 2.5))
    assert run(state, Tick(5.0))[1] == ()
    assert run(state, Tick(5.5))[1] == (FetchChunks(SIX, (0, 1)),)


def test_another_snapshot_is_not_asked_for_one_by_one_before_its_time():
    state, effects = run(fetching(), HeadSeen(head(7), 4.0))
    assert effects == (DropSnapshot(SIX), FetchSnapshot(head(7)))
    assert run(state, Tick(6.5))[1] == ()
    assert run(state, Tick(7.0))[1] == (FetchChunks(head(7), (0, 1)),)


def test_the_first_delta_of_a_gap_starts_the_time_and_those_after_it_do_not():
    state, _ = run(at(5), DeltaSeen(delta(7), 1.0), DeltaSeen(delta(9), 3.0))
    assert run(state, Tick(3.5))[1] == ()
    assert run(state, Tick(4.0))[1] == (FetchDeltas(6),)


def test_a_delta_that_leads_on_starts_the_time_also_where_it_turns_out_bad():
    state, effects = run(at(5), DeltaSeen(delta(7), 1.0), DeltaSeen(delta(5), 50.0))
    assert effects == (ApplyDelta(delta(5)),)
    state, effects = run(state, Failed(ListFault.CONTENT_INVALID, 51.0))
    assert effects == ()
    assert run(state, Tick(53.0))[1] == (FetchDeltas(6),)


def test_a_gate_that_lags_waits_half_a_second_for_the_delta_and_no_longer():
    state, _ = run(at(5), HeadSeen(head(6), 1.0))
    assert run(state, Tick(1.4))[1] == ()
    assert run(state, Tick(1.5))[1] == (FetchSnapshot(head(6)),)


# ------------------------------------------------------------------------------------------------ what is kept, and not


def test_of_two_heads_of_one_age_the_first_stays():
    state, _ = run(at(5), HeadSeen(head(9), 1.0), HeadSeen(head(9, mark=b"x"), 1.1))
    assert state.head == head(9)


def test_deltas_that_fill_the_room_to_the_last_byte_are_kept():
    state, _ = run(at(5), DeltaSeen(delta(6, size=400), 1.0), DeltaSeen(delta(7, size=600), 1.0))
    assert [each.since for each in state.deltas] == [6, 7]
    state, _ = run(at(5), DeltaSeen(delta(6, size=400), 1.0), DeltaSeen(delta(7, size=601), 1.0))
    assert [each.since for each in state.deltas] == [6]


def test_deltas_that_lead_no_further_are_let_go():
    state, _ = run(at(5), DeltaSeen(delta(4, 5), 1.0))
    assert state.deltas == ()
    state, _ = run(at(5), DeltaSeen(delta(5), 1.0), DeltaSeen(delta(7), 1.0), Known(6, NOW, 1.1))
    assert state.deltas == (delta(7),)


def test_the_delta_that_leads_farthest_is_applied():
    state, _ = run(at(5), DeltaSeen(delta(5), 1.0), DeltaSeen(delta(5, 7), 1.1), Failed(None, 2.0))
    assert run(state, Tick(12.0))[1] == (ApplyDelta(delta(5, 7)),)


def test_the_last_eight_that_were_refused_are_remembered():
    state, refused = at(5), [delta(5, version) for version in range(6, 17)]
    for each in refused:
        state, _ = run(state, DeltaSeen(each, 1.0), Failed(ListFault.CONTENT_INVALID, 1.0))
    assert BAD_KEPT == 8
    assert state.bad == tuple(refused[-8:])


# ----------------------------------------------------------------------------------------------------- what fails


def test_after_a_failure_nothing_is_tried_or_asked_before_its_time():
    state, _ = run(at(5), HeadSeen(head(9, 5), 0.0), DeltaSeen(delta(5), 1.0), Failed(None, 2.0))
    assert run(state, Tick(11.5))[1] == ()
    assert run(state, Tick(12.0))[1] == (ApplyDelta(delta(5)),)
    waiting = at(5, head=head(9, 5), retry_at=12.0)
    assert run(waiting, Tick(11.5))[1] == ()
    assert run(waiting, Tick(12.0))[1] == (FetchDeltas(6),)


def test_a_failure_that_leaves_the_list_as_it_was_is_tried_again_ever_more_rarely():
    state, _ = run(at(5), DeltaSeen(delta(5), 0.0))
    tried = []
    now = 0.0
    for _ in range(4):
        state, effects = run(state, Failed(None, now), Known(5, NOW + 5, now))
        assert effects == ()
        while not effects:
            now += 1.0
            state, effects = run(state, Tick(now))
        tried.append(now)
    assert tried == [10.0, 30.0, 54.0, 78.0]


def test_a_failure_is_over_once_the_list_moved():
    state, _ = run(at(5), DeltaSeen(delta(5), 1.0), DeltaSeen(delta(6), 1.0), Failed(ListFault.DISK_FULL, 1.1))
    assert run(state, Known(6, NOW, 1.2))[1] == (ApplyDelta(delta(6)),), "another process had room for it"


def test_after_a_snapshot_that_is_refused_for_its_content_the_next_one_is_fetched_at_once():
    state, _ = run(SyncState(connected=True), HeadSeen(head(5, chunks=1), 0.0), ChunkSeen(5, 0, 0.0))
    state, _ = run(state, Failed(ListFault.CONTENT_INVALID, 1.0))
    assert run(state, HeadSeen(head(6), 1.1))[1] == (FetchSnapshot(head(6)),)


@pytest.mark.parametrize("fault", [None, *ListFault])
def test_a_head_that_could_not_be_noted_is_tried_again_after_a_while(fault):
    newer = head(5, issued_at=NOW + 60)
    state, effects = run(at(5), HeadSeen(newer, 1.0), Failed(fault, 2.0))
    assert effects == ()
    assert run(state, Tick(11.5))[1] == ()
    assert run(state, Tick(12.0))[1] == (Refresh(newer),)
