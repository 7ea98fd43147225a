"""The sessions of a gate with the others: what goes out, by which number, and what is taken."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from agent.core.site.messages import EVERYBODY, ClaimQuery, Hello, Rows, SiteFault
from agent.core.site.signed_messages import OpenedMessage, Place
from agent.devices.port_supervisor import PortState
from agent.mqtt.broker_link_view import BrokerLinkView
from agent.site.gate_view import GateView
from agent.site.sessions import Sessions
from tests.support.site.sites import KEYS, membership_of, said_in

QUERY = ClaimQuery(id="c1", permit="07" * 8)
ROWS = Rows(stream="s", after=0)
THEIRS, NONCE = "11" * 16, "22" * 16


class Wire:
    """A link that keeps what goes out; `full`: it takes nothing. `sent`: (to, what it says)."""

    def __init__(self):
        self.view = BrokerLinkView(PortState.UP, "", 0, "mqtt://b", 1, 0.0)
        self.sent, self.full = [], False

    def send_to_gate(self, to, text, _done=None):
        return self._take(to, text)

    def broadcast_rows(self, text, _done=None):
        return self._take(EVERYBODY, text)

    def _take(self, to, text):
        if not self.full:
            self.sent.append((to, said_in(text)))
        return not self.full

    def of(self, to, kind):
        return [text for whom, text in self.sent if whom == to and text["said"]["kind"] == kind]


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def met():
    return []


@pytest.fixture
def sessions(wire, met, monkeypatch):
    """On a clock that stands still."""
    monkeypatch.setattr("agent.site.sessions.time", SimpleNamespace(monotonic=lambda: 1000.0))
    return Sessions(membership_of("east"), KEYS["east"], wire, met.append)


def meet(sessions, wire, gate="north", *, number=5, rows_number=9, session=THEIRS):
    """Answer the challenge that went to a gate, and challenge back."""
    challenge = wire.of(gate, "hello")[-1]["said"]["challenge"]
    hello = Hello(challenge=NONCE, answer=challenge, rows_number=rows_number)
    assert sessions.process_hello(gate, hello, Place(session, number)) is None


def heard(gate, number, *, to_all=False, session=THEIRS):
    said = ROWS if to_all else QUERY
    return OpenedMessage(gate, said, same_membership=True, to_all=to_all, place=Place(session, number))


class TestBeforeTheMeeting:
    def test_nothing_is_said_but_a_challenge(self, sessions, wire):
        assert not sessions.send("north", QUERY)
        assert not sessions.broadcast(ROWS)
        sessions.connected()
        assert sorted(to for to, _ in wire.sent) == ["north", "south"]
        assert all(text["said"]["challenge"] for _to, text in wire.sent)

    def test_each_gate_has_a_challenge_of_its_own(self, sessions, wire):
        sessions.connected()
        assert wire.of("north", "hello")[0]["said"]["challenge"] != wire.of("south", "hello")[0]["said"]["challenge"]

    def test_nothing_is_taken_and_the_gate_is_challenged(self, sessions, wire):
        assert sessions.accept(heard("north", 1)) is SiteFault.NO_SESSION
        assert len(wire.of("north", "hello")) == 1

    def test_many_words_are_one_challenge(self, sessions, wire):
        for number in range(1, 50):
            sessions.accept(heard("north", number))
        assert len(wire.of("north", "hello")) == 1

    def test_a_gate_that_is_not_on_the_list_is_told_nothing(self, sessions):
        assert not sessions.send("west", QUERY)

    def test_without_a_link_nothing_is_due(self, sessions, wire):
        wire.view = replace(wire.view, state=PortState.LOST)
        assert sessions.tick() is None
        assert wire.sent == []


class TestTheMeeting:
    def test_is_told_once_and_answers_the_challenge(self, sessions, wire, met):
        sessions.connected()
        meet(sessions, wire)
        assert met == ["north"]
        assert wire.of("north", "hello")[-1]["said"]["answer"] == NONCE
        assert (sessions.has_met("north"), sessions.has_met("south")) == (True, False)

    def test_with_a_gate_that_challenges_first_is_three_messages(self, sessions, wire, met):
        sessions.process_hello("north", Hello(challenge=NONCE), Place(THEIRS, 1))
        (answer,) = wire.of("north", "hello")
        assert answer["said"]["answer"] == NONCE
        hello = Hello(answer=answer["said"]["challenge"])
        assert sessions.process_hello("north", hello, Place(THEIRS, 2)) is None
        assert met == ["north"]
        assert len(wire.of("north", "hello")) == 1

    def test_is_made_anew_where_the_other_begins_a_new_session(self, sessions, wire, met):
        sessions.connected()
        meet(sessions, wire)
        other = "33" * 16
        sessions.process_hello("north", Hello(challenge=NONCE), Place(other, 1))
        meet(sessions, wire, session=other, number=2)
        assert met == ["north", "north"]
        assert sessions.accept(heard("north", 6)) is SiteFault.NO_SESSION
        assert sessions.accept(heard("north", 3, session=other)) is None

    def test_is_not_told_again_by_a_renewal(self, sessions, wire, met):
        sessions.connected()
        meet(sessions, wire)
        sessions._challenge("north")
        meet(sessions, wire, number=8)
        assert met == ["north"]

    def test_is_over_for_this_gate_with_its_connection(self, sessions, wire, met):
        sessions.connected()
        meet(sessions, wire)
        before = wire.sent[-1][1]["session"]
        sessions.connected()
        assert not sessions.send("north", QUERY)
        assert wire.of("north", "hello")[-1]["session"] != before
        meet(sessions, wire, number=20)
        assert sessions.send("north", QUERY)
        assert met == ["north", "north"]


class TestSaying:
    @pytest.fixture
    def opened(self, sessions, wire):
        sessions.connected()
        meet(sessions, wire)
        wire.sent.clear()
        return sessions

    def test_numbers_what_goes_to_each_gate_and_to_all_apart(self, opened, wire):
        for _ in range(3):
            assert opened.send("north", QUERY)
            assert opened.broadcast(ROWS)
        north = [text["number"] for text in wire.of("north", "query")]
        assert north == list(range(north[0], north[0] + 3))
        assert [text["number"] for text in wire.of(EVERYBODY, "rows")] == [1, 2, 3]

    def test_what_does_not_go_takes_no_number(self, opened, wire):
        assert opened.send("north", QUERY)
        wire.full = True
        assert not opened.send("north", QUERY)
        assert not opened.broadcast(ROWS)
        wire.full = False
        assert opened.send("north", QUERY)
        assert opened.broadcast(ROWS)
        first, second = [text["number"] for text in wire.of("north", "query")]
        assert second == first + 1
        assert [text["number"] for text in wire.of(EVERYBODY, "rows")] == [1]

    def test_by_many_threads_goes_out_in_the_order_of_the_numbers(self, opened, wire):
        threads = [threading.Thread(target=lambda: [opened.send("north", QUERY) for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        numbers = [text["number"] for text in wire.of("north", "query")]
        assert len(numbers) == 200
        assert numbers == sorted(set(numbers))


class TestTaking:
    def test_counts_what_never_came(self, sessions, wire):
        sessions.connected()
        meet(sessions, wire, number=5, rows_number=9)
        assert sessions.accept(heard("north", 8)) is None
        assert sessions.accept(heard("north", 10, to_all=True)) is None
        assert sessions.missed("north") == 2
        assert sessions.accept(heard("north", 7)) is SiteFault.REPLAYED

    def test_another_version_is_noted_until_the_two_meet(self, sessions, wire):
        sessions.note_version("north", 1)
        assert sessions.version_of("north") == 1
        sessions.connected()
        meet(sessions, wire)
        assert sessions.version_of("north") == 0

    def test_an_old_word_of_another_version_is_not_noted_of_a_gate_that_was_met(self, sessions, wire):
        sessions.connected()
        meet(sessions, wire)
        sessions.note_version("north", 1)
        assert sessions.version_of("north") == 0


def test_what_is_wrong_with_a_gate_is_said_in_a_sentence():
    view = GateView("north", 1.0, met=True, behind=0, missed=0, same_list=True, version=0)
    assert view.trouble == ""
    assert replace(view, same_list=False).trouble == "its list of the site's gates differs from the list of this gate"
    assert replace(view, version=1).trouble == (
        "it uses version 1 of the messages between gates, and this gate uses version 2: install the same "
        "version of gate-agent at both"
    )
