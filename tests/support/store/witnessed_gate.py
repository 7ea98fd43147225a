"""A gate with all that it keeps, on real files: journal, registry, key, head file; and the decider that asks them."""

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace

from agent.core.decision.judgement import JudgementRules
from agent.core.events.event_types import AccessGranted, Draft, LaneOrdered, ListsApplied
from agent.core.lane.effects import Decide
from agent.core.model.instant import Instant
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Verdict
from agent.core.permit import trust
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.trust_state import TrustRules, Wholeness
from agent.lane.decider import Decider, LanePlace, Sources
from agent.recording.journal_start import StartDependencies, open_witnessed
from agent.recording.recorder import Recorder
from agent.recording.trust_monitor import TrustMonitor
from agent.site.standalone import StandaloneSite
from agent.store.gate_key import gate_key
from agent.store.head_file import HeadFile
from agent.store.journal import Journal
from agent.store.journal.schema import PAGE_BYTES
from agent.store.registry import Registry
from tests.support.lane.kept_pictures import FaithfulReader
from tests.support.lists.lists import ROOT, SITE
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.store.journals import GATE, FakeClock
from tests.support.waiting import PATIENCE_S

LANES = ("in", "out")
RULES = TrustRules(frozenset(LANES), 180 * DAY_S)
PLACE = LanePlace(
    SITE, 1, "export", 60, 700, require_clock=False, rules=JudgementRules(require="permit", without_plate="pass")
)
ONCE = replace(PERMIT, max_uses=1)


def other_permit(number, **changes):
    """Another permit for one use."""
    return replace(ONCE, permit_id=bytes([number] * 8), **changes)


class WitnessedGate:
    """`folder/state` is what a backup holds; `folder/witness/head` is the head file, None without one.

    `to_lock`: the lanes that were to be locked while they run.
    """

    def __init__(self, folder, *, gate=GATE, head_file=True):
        self.gate = gate
        self.folder, self.state = folder, folder / "state"
        self.head_path = folder / "witness" / "head" if head_file else None
        self.clock = FakeClock(float(NOW))
        self.starts = 0
        self.permits = 0
        self.to_lock = []
        self.start()

    # ------------------------------------------------------------------------------------------------ its life

    def start(self):
        self.starts += 1
        self.state.mkdir(exist_ok=True)
        made = gate_key(self.state)
        self.key = made.signing
        self.registry = Registry.open(self.state / "registry.db", SITE, [ROOT.public], 64 << 20, utc=NOW)
        self.file = None if self.head_path is None else HeadFile(self.head_path)
        known = StartDependencies(self.gate, self.key.public, lambda: self.clock.utc, RULES, self.file, made.replaced)
        start = open_witnessed(self._open, known)
        self.journal = start.journal
        self.recorder = Recorder(
            self.journal,
            lambda: self.clock.utc,
            None,
            self._recorded,
            bound=self._bound,
        )
        self.trust = TrustMonitor(
            start,
            self.key,
            self.gate,
            RULES,
            lambda: self.clock.utc,
            note=self.recorder.note,
            trusted_utc=lambda: self.clock.utc if self.clock.synced else None,
            lists=self._versions,
            file=self.file,
            lock=self.to_lock.append,
        )
        self.trust.start()
        self.pictures = FaithfulReader()
        sources = Sources(
            self.registry,
            self.journal,
            lambda: True,
            StandaloneSite(self.journal),
            self.pictures,
            hold=lambda: self.trust.hold,
        )
        self.decider = Decider(PLACE, sources)
        return self

    def _recorded(self, drafts):
        self.trust.on_recorded(drafts)

    def _bound(self):
        self.trust.on_bound()

    def _open(self):
        path = self.state / "journal.db"
        return Journal.open(
            path,
            gate=self.gate,
            boot=f"boot-{self.starts}",
            clock=self.clock,
            max_bytes=64 << 20,
            foreign_aside=True,
        )

    def _versions(self):
        found = self.registry.trust()
        held = {one.kind.value: one.version for one in self.registry.standings()}
        return held if found is None else held | {"trust": found.version}

    def stop(self):
        assert self.trust.worker.stop(PATIENCE_S)
        assert self.trust.stop()
        self.journal.close()
        self.registry.close()

    def crash(self):
        """End without a last word: nothing more is written to the head file."""
        assert self.trust.worker.stop(PATIENCE_S)
        self.trust.heads._file = None
        if self.file is not None:
            self.file.close()
        self.journal.close()
        self.registry.close()

    def restart(self):
        self.stop()
        return self.start()

    # ------------------------------------------------------------------------------------------- what happens to it

    def back_up(self, name="backup"):
        """Copy the state folder, as a technician does: the agent is stopped for it."""
        self.stop()
        shutil.copytree(self.state, self.folder / name)
        self.start()

    def put_back(self, name="backup", *, without_head_file=False):
        """Put the copy of the state folder in its place, and start."""
        self.stop()
        if without_head_file:
            self.head_path.unlink()
        shutil.rmtree(self.state)
        shutil.copytree(self.folder / name, self.state)
        return self.start()

    def lose(self, *names):
        """Lose files of the state folder, and start."""
        self.stop()
        for name in names:
            for path in self.state.glob(f"{name}*"):
                path.unlink()
        return self.start()

    def lose_everything(self):
        """Lose the whole state folder, and start."""
        self.stop()
        shutil.rmtree(self.state)
        return self.start()

    def damage(self, name, place=0):
        """Write over a part of a file of the state folder, and start."""
        self.stop()
        self.overwrite(name, place)
        return self.start()

    def overwrite(self, name, place=0):
        """Write over a part of a file of the state folder of a gate that is stopped."""
        with (self.state / name).open("r+b") as file:
            file.seek(place)
            file.write(b"\xff" * PAGE_BYTES)

    def damage_table(self, table):
        """Write over the first page of a table of the journal of a gate that is stopped."""
        with closing(sqlite3.connect(self.state / "journal.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        self.overwrite("journal.db", (page - 1) * PAGE_BYTES)

    # ------------------------------------------------------------------------------------------------- what it does

    def with_trust(self, version=1, issuers=(("KHE", KEY),)):
        """Take a trust list in and tell of it, as agent.lists does. Raises TrustError."""
        listed = trust_list([Issuer(name, key) for name, key in issuers], NOW - DAY_S, version)
        took = self.registry.take_trust(trust.seal(listed, ROOT), "mqtt")
        if took is not None:
            event = ListsApplied(
                list="trust",
                version=took.version,
                before=took.before,
                issued_at=took.signed_at,
                rows=took.rows,
                key=took.key,
                source="mqtt",
                whole=True,
            )
            self.recorder.note([Draft(event, None, None, self.clock.utc)])
        return self

    def verdict(self, permit=ONCE, key=KEY):
        """What is decided on a permit that is shown."""
        self.permits += 1
        transaction = f"t{self.starts}-{self.permits}"
        shown = (Presentation(issue(permit, key).encode(), "test", "front", 1, 1.0),)
        question = self.pictures.pictured(Decide(transaction, shown, (), final=True))
        late = []
        answer = self.decider.decide(question, Instant(float(self.permits), self.clock.utc), late.append) or late[-1]
        self.transaction, self.use = transaction, answer.use
        return answer.decision.verdict, answer.decision.reason

    def passes(self, permit=ONCE):
        """Show a permit and drive through where it passes; whether it did."""
        if self.verdict(permit)[0] is not Verdict.PASS:
            return False
        granted = AccessGranted(grant=f"{self.transaction}-1", by="permit", permit=permit.permit_id.hex())
        reserved = LedgerChange(
            permit.permit_id, self.use, LedgerState.RESERVED, self.transaction, permit.vin, "export"
        )
        self.recorder.bind([Draft(granted, "in", self.transaction, self.clock.utc)], [reserved])
        consumed = LedgerChange(permit.permit_id, self.use, LedgerState.CONSUMED, self.transaction)
        self.recorder.note([], [consumed])
        return True

    def order(self, lane, order, operator="officer 0417"):
        """An officer's order to a lane, recorded before it holds."""
        event = LaneOrdered(order=order, operator=operator, cause="as asked")
        self.recorder.bind([Draft(event, lane, None, self.clock.utc)])

    # ---------------------------------------------------------------------------------------------- what it says

    def parts(self):
        """The state of journal, ledger, lists and orders."""
        return {part: Wholeness(said["state"]) for part, said in self.trust.status().items()}

    def whole(self):
        return set(self.parts().values()) == {Wholeness.WHOLE}

    def locked(self, lane):
        return bool(self.trust.lockout(lane).locked_by)

    def told(self, kind):
        """The data of the events of a type in the journal of now."""
        events = self.journal.range(1, self.journal.head)
        return [json.loads(one.payload)["data"] for one in events if one.type == kind]

    def alarms(self):
        return [data["detail"] for data in self.told("alarm.raised") if data["alarm"] == "state_not_whole"]

    def close(self):
        with suppress(Exception):
            self.stop()
