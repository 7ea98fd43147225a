"""What is recorded: the journal's writer, checkpoints, the start of a run, evidence, and what is given up in time.

One writer for all parts; it is the only way into the journal.
"""

from agent.recording.checkpoints import Checkpointer
from agent.recording.evidence_writer import EvidenceWriter
from agent.recording.personal_data import DAY_S, HOUR_S, PersonalAges, PersonalDataRetention
from agent.recording.recorder import Recorder, Reserving
from agent.recording.retention import RetentionAges, RetentionJob
from agent.recording.startup import start_record

__all__ = [
    "DAY_S",
    "HOUR_S",
    "Checkpointer",
    "EvidenceWriter",
    "PersonalAges",
    "PersonalDataRetention",
    "Recorder",
    "Reserving",
    "RetentionAges",
    "RetentionJob",
    "start_record",
]
