"""The journal: events in a hash chain and the permit ledger, in one SQLite file, one transaction for each record.

May use only the journal's files. The other modules here are parts of `Journal`, or read a journal from outside.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.store.journal.damage import JournalReplacement
    from agent.store.journal.disclosures import opened
    from agent.store.journal.erasure import ErasureDone, ErasureScope
    from agent.store.journal.event_table import held_hashes
    from agent.store.journal.journal import Journal, JournalHead
    from agent.store.journal.journal_files import copies_of, is_written
    from agent.store.journal.ledger import LastPassage, UseState
    from agent.store.journal.open_transactions import Interrupted, Recovery
    from agent.store.journal.reader import JournalReader, is_database
    from agent.store.journal.recorded_event import KeptDisclosure, Recorded
    from agent.store.journal.site_ledger import SiteLedger
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ErasureDone",
    "ErasureScope",
    "Interrupted",
    "Journal",
    "JournalHead",
    "JournalReader",
    "JournalReplacement",
    "KeptDisclosure",
    "LastPassage",
    "Recorded",
    "Recovery",
    "SiteLedger",
    "UseState",
    "copies_of",
    "held_hashes",
    "is_database",
    "is_written",
    "opened",
]
