"""A gate whose journal was put back to an older copy: the other gates know more of it than it does, and no use passes
twice.
"""

import shutil

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised
from agent.core.model.ledger import LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.recording.startup import start_record
from agent.store.errors import JournalCorruptError
from tests.support.site.sites import AT_EAST, GATES, SiteGate, outcome, passes, request, rules, site
from tests.support.waiting import PATIENCE_S, eventually

Q = b"\x02" * 8
PATIENT = rules(claim_timeout_s=60.0)
"""So that what happens is never a matter of time."""


class Site:
    """The three gates, of which one at a time can be stopped, copied and put back."""

    def __init__(self, folder, hub, gates):
        self.folder, self.hub = folder, hub
        self.gates = {gate.gate: gate for gate in gates}
        self._boot = 1

    def __getattr__(self, name):
        return self.gates[name]

    def stop(self, name):
        gate = self.gates[name]
        self.hub._links.pop(name)
        gate.close()

    def start(self, name, **options):
        self._boot += 1
        gate = self.gates[name] = SiteGate(self.hub, self.folder, name, boot=f"b{self._boot}", **options)
        return gate

    def copy(self, name):
        """Back the journal of a gate up, as a technician does: the agent is stopped for it."""
        self.stop(name)
        shutil.copy(self._path(name), self._path(name).with_suffix(".copy"))
        self.start(name)

    def put_back(self, name, **options):
        """Replace the journal by its copy."""
        self.stop(name)
        for ending in ("-wal", "-shm"):
            self._path(name).with_name(f"{self._path(name).name}{ending}").unlink(missing_ok=True)
        shutil.copy(self._path(name).with_suffix(".copy"), self._path(name))
        return self.start(name, **options)

    def restart(self, name, **options):
        self.stop(name)
        return self.start(name, **options)

    def quiet(self):
        """Wait until every gate has the rows of all others."""
        gates = self.gates.values()
        eventually(
            lambda: all(one.knows(two) for one in gates for two in gates if one is not two), what="equal ledgers"
        )

    def _path(self, name):
        return self.folder / f"{name}-journal.db"


@pytest.fixture
def three(tmp_path):
    with site(tmp_path) as (hub, *gates):
        for gate in (gates[1], gates[2]):  # what they ask of east is answered
            gate.be_patient()
        found = Site(tmp_path, hub, gates)
        yield found
        for gate in gates:  # what `site` closes at its end is closed already where it was restarted
            if gate is not found.gates[gate.gate]:
                found.gates[gate.gate].close()
                gate.close = lambda: None


def damaged(gate):
    """Why the agent must restart, as its retention job finds it."""
    try:
        gate.journal.checkpoint()
    except JournalCorruptError as error:
        return str(error)
    return ""


def used_elsewhere_and_put_back(three, name, permit):
    """The permit passes at a gate after its journal was copied; then the copy is put back."""
    three.copy(name)
    passes(three.gates[name], request(AT_EAST, "t1", permit=permit))
    three.quiet()
    return three.put_back(name)


@pytest.fixture
def unhurried(monkeypatch):
    """A gate that starts waits for the others' word as long as that may take."""
    monkeypatch.setattr("agent.site.start_wait.WAIT_S", PATIENCE_S)


class TestTheHomeGatePutBack:
    def test_grants_no_use_again(self, three):
        east = used_elsewhere_and_put_back(three, "east", b"\x01" * 8)
        eventually(lambda: east.service.status()["missing"], what="the loss is noticed")
        for gate in (east, three.north):
            word = gate.claim(request(AT_EAST, "t2"))
            assert word.code is ClaimCode.LEDGER_UNREACHABLE, word

    @pytest.mark.usefixtures("unhurried")
    def test_grants_no_use_again_in_its_first_moments_either(self, three):
        """The others' word is on its way only when the vehicle is there already."""
        three.copy("east")
        passes(three.east, request(AT_EAST, "t1"))
        three.quiet()
        three.hub.held = {"rows", "want"}
        east = three.put_back("east", rules=PATIENT)
        assert east.service.claim(request(AT_EAST, "t2"), east.answers.append) is None
        three.hub.let_go("rows", "want")
        (word,) = eventually(lambda: east.answers, what="an answer")
        assert word.code is ClaimCode.LEDGER_UNREACHABLE, word
        assert damaged(east)

    def test_says_who_knows_more_and_asks_for_a_restart(self, three):
        east = used_elsewhere_and_put_back(three, "east", b"\x01" * 8)
        why = eventually(lambda: damaged(east), what="the loss is noticed")
        assert why in {
            f"{peer} knows this gate's permit ledger up to place 2, but it ends at 0: the journal is an older copy"
            for peer in ("north", "south")
        }
        eventually(lambda: east.service.status()["missing"] == ["north", "south"])

    def test_begins_a_new_stream_tells_it_and_knows_the_use_again(self, three):
        east = used_elsewhere_and_put_back(three, "east", b"\x01" * 8)
        eventually(lambda: damaged(east))
        stream = east.journal.stream
        east = three.restart("east")
        assert east.journal.stream != stream
        told = east.journal.replaced
        record = start_record("1", "c", east.journal.recover(), told, (), 0.0)
        alarm = record.drafts[1].event
        assert isinstance(alarm, AlarmRaised)
        assert alarm.alarm is Alarm.JOURNAL_FAILED
        assert "knows this gate's permit ledger up to place 2, but it ends at 0" in alarm.detail
        assert "NOT all, so used permits may pass again" in alarm.detail
        assert "so a lane may have lost its lock" in alarm.detail
        eventually(east.ready)
        for gate in three.gates.values():
            assert outcome(gate, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "east")
        assert damaged(east) == ""

    def test_does_so_once(self, three):
        east = used_elsewhere_and_put_back(three, "east", b"\x01" * 8)
        eventually(lambda: damaged(east))
        east = three.restart("east")
        stream = east.journal.stream
        eventually(east.ready)
        passes(east, request(AT_EAST, "t2", permit=Q))
        three.quiet()
        three.hub.again("want")
        east = three.restart("east")
        three.quiet()
        assert (east.journal.stream, east.journal.replaced, damaged(east)) == (stream, None, "")
        assert east.ready()

    def test_tells_a_use_that_passed_twice_before_it_was_noticed(self, three):
        three.copy("east")
        passes(three.east, request(AT_EAST, "t0", permit=Q))
        passes(three.east, request(AT_EAST, "t1"))
        three.quiet()
        three.hub.lose("want", "rows")
        passes(three.put_back("east"), request(AT_EAST, "t2"))
        three.hub.lose()
        three.east.link.cut()
        three.east.link.connect()
        eventually(lambda: damaged(three.east))
        east = three.restart("east")
        eventually(east.ready)
        three.quiet()
        for gate in (three.north, three.south):
            eventually(lambda gate=gate: gate.events("ledger.conflict"))
            (event,) = gate.events("ledger.conflict")
            assert (set(event["gates"]), set(event["transactions"])) == ({"east"}, {"t1", "t2"})


class TestAnotherGatePutBack:
    def test_claims_nothing(self, three):
        north = used_elsewhere_and_put_back(three, "north", Q)
        eventually(lambda: north.service.status()["missing"], what="the loss is noticed")
        claims = three.hub.count("claim")
        word = north.claim(request(AT_EAST, "t2"))
        assert word.code is ClaimCode.LEDGER_UNREACHABLE, word
        assert three.hub.count("claim") == claims

    def test_reserves_nothing_on_what_it_was_granted_before_it_was_noticed(self, three):
        three.copy("north")
        passes(three.north, request(AT_EAST, "t1", permit=Q))
        three.quiet()
        three.hub.lose("want", "rows")
        north = three.put_back("north", rules=PATIENT)
        asked = request(AT_EAST, "t2")
        assert north.claim(asked).code is ClaimCode.GRANTED
        three.hub.lose()
        north.link.cut()
        north.link.connect()
        eventually(lambda: damaged(north))
        eventually(lambda: not north.service._own.of_vehicle(AT_EAST))

    def test_is_not_believed_that_a_grant_is_over_by_a_place_that_was_there_before(self, three):
        """Its rows are late, its word is not: the word names a place that the home gate knows from before the copy."""
        three.copy("north")
        passes(three.north, request(AT_EAST, "t1", permit=Q))
        three.quiet()
        three.hub.held = {"rows", "want"}
        north = three.put_back("north", rules=PATIENT)
        asked = request(AT_EAST, "t2")
        assert north.claim(asked).code is ClaimCode.GRANTED
        north.reserve(asked)
        eventually(lambda: three.hub.count("over") >= 2)
        for gate in (three.east, three.south):
            assert outcome(gate, request(AT_EAST, "t3")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
        three.hub.let_go("rows", "want")
        eventually(lambda: damaged(north), what="the loss is noticed")
        assert outcome(three.east, request(AT_EAST, "t4")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_goes_on_after_a_restart_with_what_it_left_open_in_doubt(self, three):
        three.copy("north")
        passes(three.north, request(AT_EAST, "t1", permit=Q))
        asked = request(AT_EAST, "t2")
        three.north.claim(asked)
        three.north.reserve(asked)
        three.quiet()
        north = three.put_back("north")
        eventually(lambda: damaged(north))
        north = three.restart("north")
        eventually(north.ready)
        assert north.journal.use_state(Q).used == 1
        assert north.journal.use_state(asked.permit_id).in_doubt
        north.settle(asked, LedgerState.CONSUMED)
        eventually(lambda: three.east.journal.use_state(asked.permit_id).used)
        assert outcome(three.east, request(AT_EAST, "t3")) == (ClaimCode.USED_AT_OTHER_GATE, "north")


class TestAGateThatStarts:
    @pytest.mark.usefixtures("unhurried")
    def test_goes_by_its_own_ledger_once_the_others_have_nothing_against_it(self, three):
        three.hub.held = {"rows", "want"}
        east = three.restart("east", rules=PATIENT)
        assert east.service.claim(request(AT_EAST), east.answers.append) is None
        three.hub.let_go("rows", "want")
        eventually(lambda: not east.service._exchange.start_wait.awaited, what="all others have spoken")
        (word,) = eventually(lambda: east.answers, what="an answer")
        assert word.code is ClaimCode.GRANTED
        assert outcome(three.north, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "east")

    def test_goes_by_its_own_ledger_where_nobody_speaks(self, three):
        three.hub.lose("rows", "want")
        east = three.restart("east")
        passes(east, request(AT_EAST))


class TestNobodyIsTakenForPutBack:
    def test_by_words_that_come_again_or_late(self, three):
        for number, gate in enumerate(GATES):
            passes(three.gates[gate], request(AT_EAST, f"t{number}", permit=bytes([9, number]) * 4))
        three.quiet()
        for kind in ("rows", "want", "over", "rows"):
            three.hub.again(kind)
        passes(three.north, request(AT_EAST, "t9"))
        three.quiet()
        for gate in three.gates.values():
            assert (damaged(gate), gate.ready()) == ("", True)

    def test_by_a_word_on_a_stream_from_before(self, three):
        passes(three.north, request(AT_EAST))
        three.quiet()
        three.stop("north")
        (three.folder / "north-journal.db").unlink()
        north = three.start("north")
        eventually(north.ready)
        three.quiet()
        three.hub.again("want")
        three.hub.again("rows")
        eventually(lambda: not north.service._dispatcher.rows._todo.qsize())
        three.quiet()
        assert damaged(north) == ""
