"""Records: writes the journal, checkpoints, the start of each run and evidence, and deletes old data on schedule.

It also checks that nothing is lost: it keeps the trust state, and a copy of the head in a second place. One recorder
serves all parts, and it is the only way to write to the journal.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.recording.checkpoints import Checkpointer
    from agent.recording.erasure_requests import ErasureAnswer, ErasureRequest, ErasureRequests
    from agent.recording.evidence_writer import EvidenceWriter
    from agent.recording.journal_start import STATE as TRUST_STATE
    from agent.recording.journal_start import JournalStart, StartDependencies, is_of_gate, open_witnessed
    from agent.recording.lost_orders import OWN_NAME
    from agent.recording.personal_data import DAY_S, HOUR_S, PersonalAges, PersonalDataRetention
    from agent.recording.recorder import Recorder, Reserving
    from agent.recording.retention import RetentionAges, RetentionJob
    from agent.recording.startup import start_record
    from agent.recording.transaction_traces import TransactionTraces
    from agent.recording.trust_monitor import TrustMonitor
    from agent.recording.value_erasure import ValueErasure
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "DAY_S",
    "HOUR_S",
    "OWN_NAME",
    "TRUST_STATE",
    "Checkpointer",
    "ErasureAnswer",
    "ErasureRequest",
    "ErasureRequests",
    "EvidenceWriter",
    "JournalStart",
    "PersonalAges",
    "PersonalDataRetention",
    "Recorder",
    "Reserving",
    "RetentionAges",
    "RetentionJob",
    "StartDependencies",
    "TransactionTraces",
    "TrustMonitor",
    "ValueErasure",
    "is_of_gate",
    "open_witnessed",
    "start_record",
]
