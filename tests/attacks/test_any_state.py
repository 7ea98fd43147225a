"""A whole gate with anything in the place of what it keeps: it starts, its console opens, and permits wait."""

import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

from agent.assembly.app import App
from agent.assembly.part_factory import ConfigurationSource
from agent.clock.clock import Clock
from agent.core.crypto.keys import SigningKey
from agent.core.trust_state import StatePart
from agent.recording import OWN_NAME
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from agent.site import WrongGateKeyError
from agent.store.errors import OtherGateError
from agent.store.gate_key import read_gate_key
from tests.attacks.loss_table import NEWER, WAYS_OF_A_FILE, put_in_place
from tests.support.console.consoles import stop_whole
from tests.support.gate.gate_site import GATE, GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, simulated_lane
from tests.support.waiting import PATIENCE_S, eventually

LANE = "exit-1"
OTHER_GATE = "gate-8"
CONSOLE = """
[console]
enabled = true
listen = ["127.0.0.1"]
port = 0
"""
SITE = """
[site]
brokers = ["mqtt://127.0.0.1:1"]

[[site.gates]]
id = "{gate}"
public_key = "{key}"

[[site.gates]]
id = "{other}"
public_key = "{neighbour}"
"""
PICTURE = "ab" * 32
FILES = (
    *("journal.db", "journal.db-wal", "journal.db-lock", "journal.db-reserve", "journal.db-suspect"),
    *("journal.db-superseded", "journal.db-replacing", "gate.key", "gate.key.new"),
    *("registry.db", "registry.db-wal", "registry.db-lock", "trust.gtl", "clock-anchor.json", "clock-floor-reset.json"),
    *(
        "console.db",
        "console.db-wal",
        "vehicles.db",
        "console.pem",
        "console.key",
        "second-factor.key",
        "configuration/good.json",
    ),
    *(f"evidence/open/ab/{PICTURE}.jpg", f"evidence/outgoing/{PICTURE}"),
)
FOLDERS = ("evidence/open", "evidence/outgoing", "configuration", "lists")


class KeptGate:
    """A gate that ran once, and what another gate of that time has kept."""

    def __init__(self, folder):
        self.folder, self.state, self.copy = folder, folder / "state", folder / "copy"
        with running(self.configured()):
            self.key = read_gate_key(self.state).public.raw.hex()
        (folder / "other").mkdir()
        with running(configured(folder / "other", OTHER_GATE)):
            pass
        self.copy.mkdir()
        for name in ("state", "witness"):
            shutil.copytree(folder / name, self.copy / name)

    def configured(self, more=""):
        return configured(self.folder, GATE, more)

    def restored(self):
        """As it was when it had run once."""
        for name in ("state", "witness"):
            shutil.rmtree(self.folder / name)
            shutil.copytree(self.copy / name, self.folder / name)
        return self

    def put(self, name, way):
        """Let something else lie in the place of a file, one that is there at times only too."""
        path = self.state / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\xff" * 100)
        put_in_place(path, way, lambda: self._of_another(name))

    def _of_another(self, name):
        theirs = self.folder / "other" / "state" / name
        if name == "journal.db":
            with closing(sqlite3.connect(theirs)) as connection, connection:
                connection.execute("INSERT OR IGNORE INTO lane_orders VALUES ('1', 'locked', 'officer 7', 'so', 5000)")
        return theirs if theirs.exists() else self.folder / "other" / "gate.toml"


def configured(folder, gate, more=""):
    path = GateSite(folder).configure(simulated_lane(gate), mqtt="enabled = false", more=CONSOLE + more)
    text = path.read_text().replace(f'id = "{GATE}"\nsite =', f'id = "{gate}"\nsite =')
    path.write_text(text.replace("[state]\n", f'[state]\nhead_file = "{folder}/witness/head"\n'))
    return path


@contextmanager
def running(configuration, *, renamed=False):
    with forgotten_boards():
        source = ConfigurationSource(configuration, renamed=renamed)
        app = App(load_configuration(configuration), Clock(), Notifier(None), pytest.fail, source)
        app.start()
        try:
            assert app.console.wait_open(PATIENCE_S)
            yield app
        finally:
            stop_whole(app, "the test is over")


@pytest.fixture(scope="module")
def ran_once(tmp_path_factory):
    return KeptGate(tmp_path_factory.mktemp("once"))


@pytest.fixture
def kept(ran_once):
    return ran_once.restored()


def locked_by(app):
    return app.parts.status.health()["orders"].get(LANE, {}).get("locked_by", "")


def assert_waits(app, *words):
    """Permits wait for an officer, the lane is locked, the alarm says why; and two persons end it."""
    said = app.parts.status.health()["trust_state"]
    assert (said["ledger"]["state"], said["orders"]["state"]) == ("lost", "lost")
    assert app.parts.trust.hold.ledger
    eventually(lambda: locked_by(app) == OWN_NAME, what="the lane is locked")
    events = app.parts.journal.range(1, app.parts.journal.head)
    alarms = "".join(event.payload.decode() for event in events if event.type == "alarm.raised")
    assert '"state_not_whole"' in alarms
    assert all(word in alarms for word in words)
    assert app.parts.trust.accept(frozenset(StatePart), "anna", "bek")
    assert not app.parts.trust.hold.ledger


@pytest.mark.parametrize("way", WAYS_OF_A_FILE)
def test_whatever_lies_in_the_place_of_every_file_the_gate_starts_and_an_officer_can_act(kept, way):
    """All at once. Nothing of it is deleted, and nobody waits for a pipe."""
    for name in FILES:
        if way != NEWER or name.endswith(".db"):
            kept.put(name, way)
    (kept.folder / "witness" / "head").unlink()
    with running(kept.configured()) as app:
        assert_waits(app, *(() if way in {NEWER, "another gate's"} else ("gate.key",)))
        assert app.console.access.users.lack_admin()
    with running(kept.configured()):
        pass


def test_a_file_in_the_place_of_a_folder_is_put_aside_and_told(kept):
    for name in FOLDERS:
        shutil.rmtree(kept.state / name, ignore_errors=True)
        (kept.state / name).write_text("no folder")
    with running(kept.configured()) as app:
        events = app.parts.journal.range(1, app.parts.journal.head)
        alarms = "".join(event.payload.decode() for event in events if event.type == "alarm.raised")
    assert "evidence/open was not a folder and was moved to" in alarms
    assert (kept.state / "evidence" / "open.unusable").read_text() == "no folder"


def test_the_journal_of_another_gate_is_foreign_where_the_head_file_names_this_gate(kept):
    """Whoever puts the journal of another gate there may put its last configuration there too."""
    kept.put("journal.db", "another gate's")
    with running(kept.configured(), renamed=True) as app:
        said = app.parts.status.health()["trust_state"]["journal"]
        assert said == {"state": "lost", "cause": f"it is the journal of gate {OTHER_GATE}"}
    kept.restored().put("journal.db", "another gate's")
    (kept.folder / "witness" / "head").unlink()
    with pytest.raises(OtherGateError), running(kept.configured(), renamed=True):
        pass


def apart(app):
    """Why the gate stays apart from its site, as its status says it; "" where it does not."""
    detail = app.parts.status.health()["site"]["detail"]
    return detail if "new key" in detail else ""


@pytest.mark.parametrize("way", ["truncated", "another gate's"])
def test_a_gate_of_a_site_that_lost_its_key_stays_apart_until_the_others_know_the_new_one(kept, way):
    neighbour = SigningKey.from_seed(b"8" * 32).public.raw.hex()

    def site(key):
        return kept.configured(SITE.format(gate=GATE, key=key, other=OTHER_GATE, neighbour=neighbour))

    with running(site(kept.key)) as app:
        assert not apart(app)
    kept.put("gate.key", way)
    with running(site(kept.key)) as app:
        now = read_gate_key(kept.state).public.raw.hex()
        assert now in apart(app)
        assert_waits(app, "key")
    with running(site(kept.key)) as app:
        assert now in apart(app)
    with running(site(now)) as app:
        assert not apart(app)
    with pytest.raises(WrongGateKeyError):
        gate_app(load_configuration(site(kept.key)))
