"""What the agent does with a software document: fetched, handed over, waited for, and reported."""

from dataclasses import dataclass, field

import pytest

from agent.core.fleet import DocumentFault, DocumentState, Trial, taken_in
from agent.core.model import Instant
from agent.core.software import Machine, SoftwareAnswer, UpdateOutcome, UpdateStage, WordRequest
from agent.fleet import FleetStore
from agent.software import SoftwareDependencies, SoftwareHelperError, SoftwareService
from agent.software.repository_source import SourceError
from agent.software.service import FETCH_DAYS_S
from tests.support.fleet.documents import UTC, rules
from tests.support.software.updates import NEW_PACKAGE, OLD_PACKAGE, order_text, signed_order

SOFTWARE = frozenset({"configuration", "software"})
ENTRY = {"file": f"gate-agent_{NEW_PACKAGE}_amd64.deb", "sha256": "ab" * 32, "bytes": 10}
TEXT = order_text({"version": "0.5.0", "packages": {"deb13_amd64": ENTRY}})
OTHER = order_text(
    {"version": "0.5.0", "packages": {"deb12_amd64": ENTRY | {"file": ENTRY["file"].replace("13", "12")}}}
)


class Helper:
    """Root's helper, as far as the agent sees it."""

    def __init__(self):
        self.answer = SoftwareAnswer(done=True)
        self.reachable, self.begun, self.words, self.configures = True, [], [], True

    def ask(self, request, handed):
        if not self.reachable:
            raise SoftwareHelperError("/run/x: nobody")
        if isinstance(request, WordRequest):
            self.words.append((request.at_rest, request.connected))
            if request.at_rest and self.configures:
                self.answer = self.answer.model_copy(update={"stage": UpdateStage.CONFIGURING})
        else:
            self.begun.append((request, len(handed)))
        return self.answer


class Spool:
    """Stands for what is fetched."""

    def __init__(self, folder):
        self.file = folder / "x.deb"
        self.file.write_bytes(b"x")
        self.failure, self.fetched, self.cleared = None, 0, 0

    def fetch(self, chosen):
        self.fetched += 1
        if self.failure is not None:
            raise self.failure
        return (self.file,) * 4

    def clear(self):
        self.cleared += 1


@dataclass
class Gate:
    folder: object
    at: float = 1000.0
    connected: bool = True
    clock_trusted: bool = True
    pending: bool = False
    here: Machine | None = field(default_factory=lambda: Machine(OLD_PACKAGE, OLD_PACKAGE, 13, "trixie", "amd64"))
    reloads: int = 0

    def __post_init__(self):
        self.helper, self.spool = Helper(), Spool(self.folder)
        self.store = FleetStore(self.folder, "process")
        self.service = self.start()

    def start(self):
        return SoftwareService(
            SoftwareDependencies(
                store=self.store,
                rules=rules(may=SOFTWARE),
                machine=lambda: self.here,
                fetching=lambda _pause: self.spool,
                is_pending=lambda: self.pending,
                ask=self.helper.ask,
                is_connected=lambda: self.connected,
                reload=self._reload,
                now=lambda: Instant(self.at, UTC + self.at),
                trusted_utc=lambda: UTC + self.at if self.clock_trusted else None,
            )
        )

    def _reload(self):
        self.reloads += 1

    def take(self, text=TEXT, **changes):
        from agent.core.fleet import read_signed  # noqa: PLC0415

        found = read_signed(signed_order(text, **changes))[0]
        self.store.change(lambda held: taken_in(held, found, UTC))
        return found

    def stage(self, stage, found):
        self.pending = True
        self.helper.answer = SoftwareAnswer(done=True, stage=stage, identity=found.identity)

    def end(self, found, code=None, detail=""):
        self.pending = False
        outcome = UpdateOutcome(
            identity=found.identity, version=NEW_PACKAGE, applied=code is None, code=code, detail=detail
        )
        self.helper.answer = SoftwareAnswer(done=True, outcome=outcome)

    def said(self):
        (one,) = self.store.held().outcomes
        return one.state, one.code


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


def test_an_order_is_fetched_handed_over_and_in_force_once_the_helper_says_so(gate):
    found = gate.take()
    gate.service.look()
    ((request, files),) = gate.helper.begun
    assert (request.document, request.connected, files) == (found.signed, True, 4)
    assert gate.said() == (DocumentState.WAITING, None)
    gate.stage(UpdateStage.RESTING, found)
    gate.service.look()
    gate.service.look()
    assert gate.reloads == 1, "it asks once for a moment without a vehicle"
    assert gate.service.hand_over()
    assert gate.helper.words[-1] == (True, True)
    gate.stage(UpdateStage.TRIAL, found)
    after = gate.start()  # the new version
    gate.here = Machine(NEW_PACKAGE, NEW_PACKAGE, 13, "trixie", "amd64")
    after.look()
    assert gate.said() == (DocumentState.INSTALLING, None)
    gate.end(found)
    after.look()
    assert gate.said() == (DocumentState.APPLIED, None)
    assert gate.store.held().installed == (found.signed,)
    after.look()
    assert gate.spool.cleared == 1


def test_what_the_helper_took_back_is_undone_and_not_tried_again(gate):
    found = gate.take()
    gate.service.look()
    gate.end(found, DocumentFault.NOT_CONNECTED, "no connection")
    gate.service.look()
    assert gate.said() == (DocumentState.UNDONE, DocumentFault.NOT_CONNECTED)
    gate.take(version=2)
    assert gate.said() == (DocumentState.UNDONE, DocumentFault.UNDONE_BEFORE)
    gate.take(version=3, again=True)
    gate.service.look()
    assert len(gate.helper.begun) == 2


@pytest.mark.parametrize(
    ("text", "here", "code"),
    [
        (TEXT, None, DocumentFault.NOT_PACKAGED),
        (OTHER, "same", DocumentFault.OTHER_ARCHITECTURE),
        ("version = 1", "same", DocumentFault.CONTENT_INVALID),
        (TEXT, Machine("0.6.0+deb13", "", 13, "trixie", "amd64"), DocumentFault.DOWNGRADE),
        (TEXT, Machine(OLD_PACKAGE, "0.6.0+deb13", 13, "trixie", "amd64"), DocumentFault.BELOW_FLOOR),
    ],
)
def test_what_this_machine_may_not_install_is_refused_before_a_byte_is_fetched(gate, text, here, code):
    if here != "same":
        gate.here = here
    gate.take(text)
    gate.service.look()
    assert gate.said() == (DocumentState.REFUSED, code)
    assert gate.spool.fetched == 0


def test_what_runs_already_is_in_force_without_the_helper(gate):
    gate.helper.reachable = False
    gate.here = Machine(NEW_PACKAGE, "", 13, "trixie", "amd64")
    gate.take()
    gate.service.look()
    assert gate.said() == (DocumentState.APPLIED, None)


def test_while_an_update_is_under_way_nothing_is_taken_for_done(gate):
    found = gate.take()
    gate.here = Machine(NEW_PACKAGE, "", 13, "trixie", "amd64")
    gate.pending, gate.helper.reachable = True, False  # dpkg is at work
    gate.service.look()
    assert gate.said() == (DocumentState.WAITING, None)
    gate.helper.reachable = True
    gate.stage(UpdateStage.TRIAL, found)
    gate.connected = False
    gate.service.look()
    assert gate.said() == (DocumentState.INSTALLING, None)
    assert gate.helper.words[-1] == (False, False)


def test_the_new_version_gives_its_word_also_where_its_documents_were_lost(gate):
    gate.pending = True
    gate.service.look()
    assert gate.helper.words == [(False, True)]


def test_what_cannot_be_fetched_is_tried_for_a_day_and_told_meanwhile(gate):
    gate.spool.failure = SourceError("https://x: no route")
    gate.take()
    gate.service.look()
    (one,) = gate.store.held().outcomes
    assert (one.state, one.detail) == (DocumentState.FETCHING, "https://x: no route")
    gate.at += FETCH_DAYS_S - 1
    gate.service.look()
    assert gate.said() == (DocumentState.FETCHING, None)
    gate.at += 1
    gate.service.look()
    assert gate.said() == (DocumentState.REFUSED, DocumentFault.NOT_FETCHED)


@pytest.mark.parametrize("fault", ["not_authentic", "key_unknown", "downgrade"])
def test_what_the_helper_refuses_is_refused_with_its_word(gate, fault):
    gate.take()
    gate.helper.answer = SoftwareAnswer(done=False, fault=fault, why="no")
    gate.service.look()
    assert gate.said() == (DocumentState.REFUSED, DocumentFault(fault))


def test_outside_its_window_it_is_fetched_and_not_handed_over_nor_is_the_gate_stopped(gate):
    now = UTC + gate.at
    hour = int(now // 3600) % 24
    window = {"begin": f"{(hour + 2) % 24:02}:00", "end": f"{(hour + 3) % 24:02}:00"}
    found = gate.take(TEXT.replace("[packages", order_text({"window": window}) + "[packages", 1))
    gate.service.look()
    assert (gate.spool.fetched, gate.helper.begun) == (1, [])
    gate.stage(UpdateStage.RESTING, found)
    gate.service.look()
    assert gate.reloads == 0
    gate.at += 2 * 3600
    gate.clock_trusted = False
    gate.service.look()
    assert gate.reloads == 0, "nobody knows what time it is"
    gate.clock_trusted = True
    gate.service.look()
    assert gate.reloads == 1


def test_where_the_helper_does_not_go_on_the_agent_does(gate):
    found = gate.take()
    gate.stage(UpdateStage.RESTING, found)
    gate.helper.configures = False
    gate.service.look()
    assert not gate.service.hand_over()
    assert not gate.start().hand_over()


def test_while_another_document_is_on_trial_no_update_begins(gate):
    gate.take()
    gate.store.change(lambda held: held.model_copy(update={"trial": Trial(texts=(), signed="")}))
    gate.service.look()
    assert gate.helper.begun == []
    gate.store.change(lambda held: held.model_copy(update={"trial": None}))
    gate.service.look()
    assert len(gate.helper.begun) == 1


def test_the_narrower_document_counts_and_the_wider_one_has_nothing_to_do(gate):
    narrow = gate.take(for_whom="gate:gate-7")
    wide = gate.take(TEXT.replace("0.5.0", "0.5.1"))
    gate.service.look()
    states = {one.audience: one.state for one in gate.store.held().outcomes}
    assert states == {"all": DocumentState.APPLIED, "gate:gate-7": DocumentState.WAITING}
    ((request, _),) = gate.helper.begun
    assert request.document == narrow.signed
    assert wide.signed in gate.store.held().installed
