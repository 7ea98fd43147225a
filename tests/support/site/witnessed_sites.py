"""Gates of a site whose state is witnessed: each with a head file and a trust monitor beside journal and service."""

import shutil
from contextlib import contextmanager

from agent.core.permit.issue import DAY_S
from agent.core.trust_state import TrustRules
from agent.recording.journal_start import StartDependencies, open_witnessed
from agent.recording.recorder import Recorder
from agent.recording.trust_monitor import TrustMonitor
from agent.site.service import SiteService
from agent.store.head_file import HeadFile
from agent.store.journal.journal import Journal
from tests.support.site.sites import GATES, KEYS, QUICK, Hub, HubLink, SiteGate, membership_of
from tests.support.store.journals import UTC, FakeClock
from tests.support.waiting import PATIENCE_S, eventually

RULES = TrustRules(frozenset({"1"}), 180 * DAY_S)


class WitnessedSiteGate(SiteGate):
    """One gate. `head_file`: whether it has one."""

    def __init__(self, hub, folder, gate, *, boot="b1", head_file=True, up=True):
        self.gate, self.answers = gate, []
        path = folder / f"{gate}-journal.db"
        file = HeadFile(folder / f"{gate}-witness" / "head") if head_file else None
        start = open_witnessed(
            lambda: Journal.open(path, gate=gate, boot=boot, clock=FakeClock(), max_bytes=1 << 26),
            StartDependencies(gate, KEYS[gate].public, lambda: UTC, RULES, file),
        )
        self.journal = start.journal
        self.link = HubLink(hub, gate, up)
        self.recorder = Recorder(self.journal, lambda: UTC, None, self._recorded, self._reserving, bound=self._bound)
        self.trust = TrustMonitor(
            start,
            KEYS[gate],
            gate,
            RULES,
            lambda: UTC,
            note=self.recorder.note,
            trusted_utc=lambda: UTC,
            lists=lambda: None,
            file=file,
        )
        self.service = SiteService(
            membership_of(gate), KEYS[gate], self.journal, self.journal.site, self.link, QUICK, trust=self.trust
        )
        self.trust.start()
        self.service.start()

    def _recorded(self, drafts):
        self.trust.on_recorded(drafts)

    def _bound(self):
        self.trust.on_bound()

    def _reserving(self, drafts, ledger):
        return self.service.reserving(drafts, ledger)

    def close(self):
        assert self.service.stop(PATIENCE_S)
        assert self.trust.worker.stop(PATIENCE_S)
        assert self.trust.stop()
        self.journal.close()


class WitnessedSite:
    """The three gates, of which one at a time can be stopped, copied, put back or lose its journal."""

    def __init__(self, folder, **options):
        self.folder, self.hub, self.options = folder, Hub(), options
        self._boot = 1
        self.gates = {gate: WitnessedSiteGate(self.hub, folder, gate, up=False, **options) for gate in GATES}
        for gate in self.gates.values():
            gate.link.connect()
        eventually(lambda: all(gate.ready() for gate in self.gates.values()), what="all ledgers complete")
        for gate in self.gates.values():
            gate.catch_up()

    def __getattr__(self, name):
        return self.gates[name]

    def stop(self, name):
        self.hub._links.pop(name)
        self.gates[name].close()

    def start(self, name):
        self._boot += 1
        gate = WitnessedSiteGate(self.hub, self.folder, name, boot=f"b{self._boot}", **self.options)
        self.gates[name] = gate
        return gate

    def restart(self, name):
        self.stop(name)
        return self.start(name)

    def copy(self, name):
        self.stop(name)
        shutil.copy(self._path(name), self._path(name).with_suffix(".copy"))
        return self.start(name)

    def put_back(self, name):
        self.stop(name)
        self._remove(name)
        shutil.copy(self._path(name).with_suffix(".copy"), self._path(name))
        return self.start(name)

    def lose(self, name):
        self.stop(name)
        self._remove(name)
        return self.start(name)

    def quiet(self):
        """Wait until every gate has the rows of all others."""
        gates = self.gates.values()
        eventually(
            lambda: all(one.knows(two) for one in gates for two in gates if one is not two), what="equal ledgers"
        )

    def close(self):
        for gate in self.gates.values():
            gate.close()

    def _remove(self, name):
        for path in self.folder.glob(f"{name}-journal.db*"):
            if path.suffix != ".copy":
                path.unlink()

    def _path(self, name):
        return self.folder / f"{name}-journal.db"


@contextmanager
def witnessed_site(folder, **options):
    found = WitnessedSite(folder, **options)
    try:
        yield found
    finally:
        found.close()
