"""The fleet documents of a gate from the broker to the end of their trial, cut off at every step."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from agent.core.fleet import DocumentFault, DocumentState, TrialView, read_signed
from agent.core.model import Instant
from agent.fleet import FleetDependencies, FleetService, FleetStore, TrialStart
from agent.settings import Problem, SettingsError
from agent.settings.loading.fleet_layer import FleetLayers, LocalDifference
from drivers.text import Text
from tests.support.fleet.documents import UTC, rules, signed

TOPIC = "site/v1/17/lists/fleet/configuration/all"
GOOD, WRONG = "[mqtt]\nwindow = 6\n", "[mqtt]\nwindow = 0\n"
WELL = TrialView(connected=True, whole=True, up=frozenset({"relay"}), known=frozenset({"relay"}))
CUT = TrialView(connected=False, whole=True, up=frozenset({"relay"}), known=frozenset({"relay"}))


class PowerCutError(BaseException):
    """The power went."""


@dataclass
class Machine:
    """A computer whose disk stays: each process on it is the agent, started as `gate-agent run` does it."""

    folder: object
    view: TrialView = WELL
    at: float = 1000.0
    events: list = field(default_factory=list)
    writes_left: int | None = None
    processes: int = 0

    def replace(self, path, data, _like):
        if self.writes_left is not None:
            if self.writes_left == 0:
                raise PowerCutError
            self.writes_left -= 1
        # As replace_file, without its syncs: it has tests of its own, and a cut falls between two writes here.
        fresh = path.with_suffix(".fresh")
        fresh.write_bytes(data)
        fresh.replace(path)

    def store(self):
        return FleetStore(self.folder, f"process {self.processes}", self.replace)

    def now(self):
        return Instant(self.at, UTC + self.at)

    def boot(self):
        """Begin another process; with what it runs."""
        self.processes += 1
        TrialStart(self.store(), self.now).recover()
        return Agent(self, self.store().held().running)

    @property
    def told(self):
        return [(one.state, one.version, one.code) for one in self.events if one.TYPE == "fleet.document"]


class Agent:
    """One start of the agent in a process."""

    def __init__(self, machine, texts, differences=()):
        self.machine, self.reloads = machine, 0
        running = SimpleNamespace(
            digest=str(texts),
            fleet=FleetLayers(tuple(texts), tuple(read_signed(one)[0] for one in texts), ("north",), differences),
        )
        self.service = FleetService(
            FleetDependencies(
                store=machine.store(),
                site=17,
                rules=rules(),
                running=running,
                load=self._load,
                history=SimpleNamespace(generations=lambda: [SimpleNamespace(changed=("log.level",), who="marat")]),
                reload=self._reload,
                view=lambda: machine.view,
                now=machine.now,
                trusted_utc=lambda: UTC,
                note=machine.events.append,
            )
        )

    def _reload(self):
        self.reloads += 1

    def _load(self, texts):
        found = [one for one in texts if one == signed(WRONG)]
        if found:
            raise SettingsError([Problem("configuration/all", "mqtt.window", Text("expected more"))])
        return SimpleNamespace(digest=str(tuple(texts)))

    def take(self, text):
        self.service._intake.take(TOPIC, text.encode())
        self.service.look()

    def take_over(self):
        """The next start in the same process, as `gate-agent run` makes it once no vehicle is under way."""
        machine = self.machine
        texts = machine.store().held().running
        assert TrialStart(machine.store(), machine.now).begin(texts)
        return Agent(machine, texts)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_a_good_document_is_tried_and_then_in_force(machine):
    agent = machine.boot()
    agent.take(signed(GOOD, steady_s=5))
    assert agent.reloads == 1
    agent.service.look()
    assert machine.store().held().in_force == ()
    after = agent.take_over()
    agent.service.look()  # the one that stops never ran with it
    assert machine.store().held().trial is not None
    after.service.look()
    machine.at += 5
    after.service.look()
    assert machine.store().held().in_force == (signed(GOOD, steady_s=5),)
    assert [state for state, *_ in machine.told] == [
        DocumentState.WAITING,
        DocumentState.TRIAL,
        DocumentState.APPLIED,
    ]
    (document,) = after.service.report().documents
    assert (document.state, document.in_force) == (DocumentState.APPLIED, 1)


def test_a_document_that_cuts_the_gate_off_is_undone_and_the_agent_starts_without_it(machine):
    agent = machine.boot()
    agent.take(signed(GOOD, trial_s=30))
    after = agent.take_over()
    machine.view = CUT
    machine.at += 29
    after.service.look()
    assert after.reloads == 0
    machine.at += 1
    after.service.look()
    assert (after.reloads, machine.store().held().running) == (1, ())
    assert machine.told[-1] == (DocumentState.UNDONE, 1, DocumentFault.NOT_CONNECTED)


def test_a_document_with_which_the_agent_cannot_start_is_undone(machine):
    agent = machine.boot()
    agent.take(signed(GOOD))
    start = TrialStart(machine.store(), machine.now)
    texts = machine.store().held().running
    assert start.begin(texts)
    assert start.fail(texts, "no room")
    assert not start.fail(texts, "no room")
    Agent(machine, machine.store().held().running).service.look()
    assert machine.told[-1] == (DocumentState.UNDONE, 1, DocumentFault.NOT_STARTED)


def test_a_document_that_would_not_be_usable_never_starts(machine):
    agent = machine.boot()
    agent.take(signed(WRONG))
    assert agent.reloads == 0
    (event,) = [one for one in machine.events if one.state is DocumentState.REFUSED]
    assert (event.code, event.problems[0].key) == (DocumentFault.CONFIGURATION_INVALID, "mqtt.window")


def test_why_a_document_is_not_usable_is_told_with_its_message_also_after_a_restart(machine):
    machine.boot().take(signed(WRONG))
    expected = {"id": "expected more", "args": {}}
    (event,) = [one for one in machine.events if one.state is DocumentState.REFUSED]
    assert event.model_dump(mode="json")["message"] == expected
    (document,) = machine.boot().service.report().documents
    assert document.model_dump(mode="json")["message"] == expected


def test_what_is_refused_is_told_with_a_code_and_a_flood_is_folded(machine):
    agent = machine.boot()
    for _ in range(20):
        agent.take(signed(GOOD, version=3)[:-8])
    refused = [one for one in machine.events if one.state is DocumentState.REFUSED]
    assert len(refused) == 1
    assert refused[0].code in {DocumentFault.SIGNATURE_INVALID, DocumentFault.NOT_A_DOCUMENT}
    agent.take(signed(GOOD, for_whom="gate:gate-8"))
    assert machine.told[-1][2] is DocumentFault.WRONG_PLACE
    assert agent.reloads == 0


def test_drift_is_told_once_with_who_did_it(machine):
    drift = (LocalDifference("log.level", "configuration/all", '"info"', '"debug"', counts=True),)
    for _ in range(2):
        Agent(machine, (), drift).service.look()
    (event,) = [one for one in machine.events if one.TYPE == "fleet.drift"]
    assert (event.keys[0].key, event.keys[0].person, event.count) == ("log.level", "marat", 1)
    Agent(machine, ()).service.look()
    assert machine.events[-1].count == 0


def live(machine, text, view):
    """Take a document in, and go on with it to its end; the agent that runs then."""
    agent = machine.boot()
    for _ in range(3):
        agent.take(text)  # the broker keeps it
        trial = machine.store().held().trial
        if trial is not None and not trial.begun:
            agent = agent.take_over()
            machine.view = view
        machine.at += 31
        agent.service.look()
    return agent


@pytest.mark.parametrize("view", [WELL, CUT])
@pytest.mark.parametrize("writes", range(14))
def test_cut_off_at_any_write_the_gate_runs_with_the_old_or_the_new_and_tells_how_it_ended(machine, writes, view):
    """Each step is two writes: the file and its copy. After the cut another process goes on to the end."""
    text = signed(GOOD, trial_s=30, steady_s=0)
    machine.writes_left, was_cut = writes, False
    try:
        live(machine, text, view)
    except PowerCutError:
        was_cut = True
    machine.writes_left, machine.view = None, WELL
    machine.boot()
    held = machine.store().held()
    assert held.trial is None
    assert held.running in {(), (text,)}
    live(machine, text, WELL)
    held = machine.store().held()
    (outcome,) = held.outcomes
    assert (outcome.state is DocumentState.APPLIED) is (held.running == (text,))
    assert outcome.state in {DocumentState.APPLIED, DocumentState.UNDONE}
    assert (outcome.state, 1, outcome.code) in machine.told
    assert was_cut or view is CUT or outcome.state is DocumentState.APPLIED


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff" * 40])
def test_a_damaged_file_is_read_from_its_copy_and_two_damaged_ones_are_put_aside(machine, damage):
    agent = machine.boot()
    agent.take(signed(GOOD))
    folder = machine.folder / "fleet"
    before = machine.store().held()
    (folder / "documents.json").write_bytes(damage)
    assert machine.store().held() == before
    (folder / "documents.copy.json").write_bytes(damage)
    assert machine.store().held().running == ()
    assert sorted(path.name for path in folder.iterdir()) == [
        "documents.copy.json.unusable",
        "documents.json.unusable",
    ]
