"""Puts together everything that the gate records.

This is the journal, the only way to write to it, its checkpoints, the pictures, and their retention.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.events import Draft, EvidenceDropped, OwnCause, masked
from agent.core.trust_state import TrustRules
from agent.recording import (
    DAY_S,
    HOUR_S,
    Checkpointer,
    EvidenceWriter,
    PersonalAges,
    PersonalDataRetention,
    Recorder,
    RetentionAges,
    RetentionJob,
    StartDependencies,
    TransactionTraces,
    TrustMonitor,
    ValueErasure,
    is_of_gate,
    open_witnessed,
    start_record,
)
from agent.service.cleanup import on_failure
from agent.store.damaged_copies import drop_damaged_copies
from agent.store.evidence import BundleStore, EvidenceAges, EvidenceStore
from agent.store.head_file import HeadFile
from agent.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.events import ClockReading, Event
    from agent.recording import JournalStart, Reserving
    from agent.settings import Settings
    from agent.store.gate_key import GateKey
    from agent.store.registry import Registry

log = logging.getLogger(__name__)

MEGABYTE = 1 << 20
JOURNAL = "journal.db"
"""The journal's file in the state directory."""


@dataclass(frozen=True, slots=True)
class RecordsDependencies:
    """What the records stand on. `boot`: of this start. `key`: the gate's own.

    `reading`: the wall clock, and how good it is. `utc`: the wall clock alone. `reserving`: see Recorder. `recorded`
    hears what was recorded, in order, and must not block. `on_damage` is called, from a thread, when the journal turns
    out to be damaged while the gate runs: only a restart fixes it. `trusted_utc`: the wall clock, None while it is not
    to be trusted. `list_versions`: those of the lists that are here, None while that cannot be known. `lock_lane`: see
    TrustMonitor. `renamed`: see ConfigurationSource.
    """

    boot: str
    key: GateKey
    reading: Callable[[], ClockReading]
    utc: Callable[[], float]
    registry: Registry
    reserving: Reserving
    recorded: Callable[[Sequence[Draft]], None]
    on_damage: Callable[[str], None]
    trusted_utc: Callable[[], float | None]
    list_versions: Callable[[], Mapping[str, int] | None]
    lock_lane: Callable[[str], None]
    renamed: bool


class GateRecords:
    """Owns the journal. `close` comes last of all. `new_key`: see JournalStart."""

    def __init__(self, settings: Settings, dependencies: RecordsDependencies) -> None:
        """Open the journal, and start nothing.

        Raises JournalError when it cannot be opened, EvidenceError for the pictures.
        """
        self._settings, self._dependencies = settings, dependencies
        start = self._open_journal()
        self.journal = start.journal
        self.new_key = start.new_key
        with on_failure(self.journal.close):
            self.evidence = _evidence_store(settings)
            self.bundles = BundleStore(settings.state.directory / "bundles")
        self._set_aside = [
            *self.evidence.set_aside,
            *self.bundles.set_aside,
            *_untold(dependencies.key.replaced, start),
        ]
        self.checkpointer = Checkpointer(
            self.journal,
            dependencies.key.signing,
            settings.gate.id,
            self._dependencies.utc,
            settings.journal.checkpoint_s,
        )
        self.evidence_writer = EvidenceWriter(self.evidence)
        self._traces = TransactionTraces(settings.gate.id)
        self.recorder = Recorder(
            self.journal,
            self._dependencies.utc,
            self._shaped,
            self._recorded,
            dependencies.reserving,
            bound=self._on_bound,
        )
        self.trust = self._make_trust(start)
        self.values = self._make_values()
        self.retention = self._make_retention()

    @property
    def _dry_run(self) -> frozenset[str]:
        """The lanes that move nothing."""
        return frozenset(name for name, lane in self._settings.lanes.items() if lane.dry_run)

    def _shaped(self, draft: Draft) -> Draft:
        """The event as it leaves the gate: without plates where they are to stay, of its dry run, of its trace."""
        if self._settings.privacy.publish_plate == "masked":
            draft = masked(draft)
        if draft.dry_run is None and draft.lane in self._dry_run:
            draft = replace(draft, dry_run=True)
        return self._traces.traced(draft)

    def note(self, event: Event) -> None:
        """Record something that belongs to no lane."""
        self.recorder.note([Draft(event, None, None, self._dependencies.utc())])

    def note_start(self, version: str, configuration: str) -> None:
        """Tell of the start and of what the last run left open. `configuration`: its digest. Raises JournalError."""
        utc = self._dependencies.utc()
        found = start_record(
            version, configuration, self.journal.recover(), self.journal.replaced, self._set_aside, utc, self._dry_run
        )
        self.recorder.note(found.drafts, found.changes)

    def close(self) -> None:
        """Write what waits, and close the journal."""
        self.recorder.end()
        self.journal.close()

    def _open_journal(self) -> JournalStart:
        """The journal, held against the head file."""
        settings, dependencies = self._settings, self._dependencies
        self._head_file = None if settings.state.head_file is None else HeadFile(settings.state.head_file)
        known = StartDependencies(
            settings.gate.id,
            dependencies.key.public,
            dependencies.utc,
            self._trust_rules,
            self._head_file,
            dependencies.key.replaced,
        )
        foreign_aside = not dependencies.renamed or is_of_gate(self._head_file, settings.gate.id)
        return open_witnessed(
            lambda: Journal.open(
                settings.state.directory / JOURNAL,
                gate=settings.gate.id,
                boot=dependencies.boot,
                clock=dependencies.reading,
                max_bytes=settings.journal.max_mb * MEGABYTE,
                foreign_aside=foreign_aside,
                erasable=settings.privacy.erasable,
            ),
            known,
        )

    @property
    def _trust_rules(self) -> TrustRules:
        return TrustRules(frozenset(self._settings.lanes), self._settings.privacy.keep_uses_days * DAY_S)

    def _make_trust(self, start: JournalStart) -> TrustMonitor:
        dependencies = self._dependencies
        return TrustMonitor(
            start,
            dependencies.key.signing,
            self._settings.gate.id,
            self._trust_rules,
            dependencies.utc,
            note=self.recorder.note,
            trusted_utc=dependencies.trusted_utc,
            lists=dependencies.list_versions,
            file=self._head_file,
            lock=dependencies.lock_lane,
        )

    def _on_bound(self) -> None:
        self.trust.on_bound()

    def _recorded(self, drafts: Sequence[Draft]) -> None:
        self.trust.on_recorded(drafts)
        self.evidence_writer.on_recorded(drafts)
        self._dependencies.recorded(drafts)

    def _make_retention(self) -> RetentionJob:
        journal, privacy = self._settings.journal, self._settings.privacy
        # Beside the events lie their values, which have about half as many bytes.
        tenths = 6 if privacy.erasable else 9
        ages = RetentionAges(journal.keep_acknowledged_days * DAY_S, journal.max_mb * MEGABYTE * tenths // 10)
        personal_data = PersonalDataRetention(
            self._dependencies.registry,
            PersonalAges(privacy.keep_uses_days * DAY_S, privacy.keep_lists_hours * HOUR_S),
            self._dependencies.reading,
            self.recorder.note,
        )
        return RetentionJob(
            self.journal, ages, self._prune_files, self._dependencies.on_damage, personal_data, self.values
        )

    def _make_values(self) -> ValueErasure:
        days = self._settings.privacy.keep_values_days
        return ValueErasure(
            self.journal,
            self.evidence,
            self._settings.state.directory,
            days * DAY_S if days else None,
            self._dependencies.reading,
            self.recorder.note,
        )

    def _prune_files(self) -> int:
        """Give up old pictures, and what was moved aside as damaged long ago; how many pictures went."""
        utc = self._dependencies.trusted_utc()
        try:
            if utc is not None:
                drop_damaged_copies(self._settings.state.directory, utc)
        except OSError as error:
            log.error("what was moved aside as damaged cannot be deleted: %s", error)  # noqa: TRY400 - told
        return self._prune_evidence()

    def _prune_evidence(self) -> int:
        """Give up old pictures, and tell of those that went before their time; returns how many went in time."""
        reading = self._dependencies.reading()
        gone = self.evidence.prune(reading.utc, synced=reading.synced)
        dropped = self.evidence.take_dropped()
        if dropped:
            cause = OwnCause.PICTURES_FULL.value.filled(max_mb=self._settings.evidence.max_mb)
            self.note(EvidenceDropped(count=dropped, cause=cause))
        return gone


def _untold(key_replaced: str, start: JournalStart) -> list[str]:
    """That the key was replaced, where no part of the state is told to be lost by that."""
    return [] if not key_replaced or key_replaced in {one.cause for one in start.changes} else [key_replaced]


def _evidence_store(settings: Settings) -> EvidenceStore:
    evidence = settings.evidence
    return EvidenceStore(
        settings.state.directory / "evidence",
        evidence.max_mb * MEGABYTE,
        EvidenceAges(evidence.keep_passed_hours * HOUR_S, evidence.keep_hours * HOUR_S),
        evidence.send,
    )
