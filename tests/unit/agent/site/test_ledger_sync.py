"""The exchange of ledger rows between two gates, message by message."""

import pytest

from agent.core.site.messages import Rows, RowsRequest
from agent.core.site.signed_messages import OpenedMessage
from agent.site.head_witness import HeadWitness
from agent.site.ledger_sync import UNDER_WAY, LedgerSync
from agent.site.own_state_at_peers import NOTHING_LOST
from agent.store.errors import JournalUnavailableError
from agent.store.journal.journal import Journal
from tests.support.site.sites import membership_of
from tests.support.store.journals import FakeClock, consume, reserve

STREAM = "0" * 8 + "-0000-4000-8000-" + "0" * 12


class Wire:
    """The sessions with other gates, which keeps what is sent and acknowledges nothing."""

    def __init__(self):
        self.sent = []

    def send(self, to, said, _done=None):
        self.sent.append((to, said.model_dump()))
        return True

    def asked_for_all(self, gate):
        """The ids of the requests for all rows that went to a gate."""
        return [whole for to, said in self.sent if to == gate and (whole := said.get("whole"))]


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.db", gate="north", boot="b" * 32, clock=FakeClock(), max_bytes=1 << 26)
    yield journal
    journal.close()


@pytest.fixture
def sync(wire, journal):
    def ignore(*_):
        return None

    return LedgerSync(
        membership_of("north"), wire, journal.site, journal.stream,
        news=ignore, whole=ignore, void=ignore, lost=ignore, made=lambda _: False,
        heads=HeadWitness(NOTHING_LOST, journal.site),
    )  # fmt: skip


def told(sync, said, *, to_all=False):
    sync.process_message(OpenedMessage("east", said, same_membership=True, to_all=to_all))


def test_what_is_new_at_a_gate_does_not_begin_the_transfer_of_all_its_rows_anew(sync, wire, monkeypatch):
    monkeypatch.setattr("agent.site.ledger_sync.ASK_AGAIN_S", 0.0)
    monkeypatch.setattr("agent.site.ledger_sync.WHOLE_STALLED_S", 3600.0)
    sync.link_up()
    sync.met("east")
    (whole,) = wire.asked_for_all("east")
    told(sync, Rows(stream=STREAM, after=500, whole=whole, part=1))
    told(sync, Rows(stream=STREAM, after=501), to_all=True)
    sync.tick()
    told(sync, Rows(stream=STREAM, after=500, whole=whole, part=2, last=True))
    assert "east" not in sync.missing
    assert wire.asked_for_all("east") == [whole]


def test_a_gate_that_asks_for_all_rows_anew_gets_no_more_of_the_old_answer(sync, wire):
    for whole in ("a" * 16, "b" * 16):
        told(sync, RowsRequest(whole=whole))
    while sync.tick() is not None and len(wire.sent) < UNDER_WAY:
        pass
    assert {said["whole"] for _, said in wire.sent if said["kind"] == "rows"} == {"b" * 16}


def test_a_gate_that_asks_for_new_rows_over_and_over_is_answered_once(sync, wire):
    for _ in range(200):
        told(sync, RowsRequest())
    while sync.tick() is not None and len(wire.sent) < UNDER_WAY:
        pass
    assert [said["after"] for _, said in wire.sent if said["kind"] == "rows"] == [0]


def test_rows_that_are_asked_for_come_with_this_gates_own_word_of_its_head(sync, wire, journal, monkeypatch):
    """By it the gate that asks can show later that they were there."""
    monkeypatch.setattr(sync._heads, "own", lambda: f"signed at {journal.site.head()}")
    journal.record([], [reserve(), consume()])
    told(sync, RowsRequest())
    while sync.tick() is not None and len(wire.sent) < UNDER_WAY:
        pass
    answers = [said for _, said in wire.sent if said["kind"] == "rows"]
    assert [(len(said["rows"]), said["head"]) for said in answers] == [(1, "signed at 2"), (0, "signed at 2")]


def test_rows_that_cannot_be_read_keep_no_place_in_the_window(sync, wire, monkeypatch):
    def fails():
        raise JournalUnavailableError("the disk")

    with monkeypatch.context() as broken:
        broken.setattr(sync._ledger, "head", fails)
        for number in range(UNDER_WAY):
            told(sync, RowsRequest(whole=f"{number:016x}"))
            with pytest.raises(JournalUnavailableError):
                sync.tick()
    told(sync, RowsRequest(whole="b" * 16))
    sync.tick()
    assert [said["whole"] for _, said in wire.sent if said["kind"] == "rows"] == ["b" * 16]
