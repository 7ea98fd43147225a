"""Plain values that every rule uses: times, observations of cameras, reasons, rows of lists, ledger states.

Imports no other package of the core. Reads and writes nothing.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.model.answer_time import AnswerTime
    from agent.core.model.backoff import delay_s
    from agent.core.model.camera_view import View
    from agent.core.model.command_name import CommandName
    from agent.core.model.debounce import Debounced
    from agent.core.model.driver_message import DriverMessage, DriverReceipt
    from agent.core.model.expiry_kind import ExpiryKind
    from agent.core.model.flood_folder import FloodFolder, Folded
    from agent.core.model.instant import Instant
    from agent.core.model.ledger import LedgerChange, LedgerState
    from agent.core.model.list_kinds import ListKind, ListName, Source
    from agent.core.model.list_rows import Declaration, DeclarationStatus, Revocation, Subject, Watched
    from agent.core.model.observations import Position, Presentation, Reading, VinReading, VinSource
    from agent.core.model.once_every import OnceEvery
    from agent.core.model.outage_pause import outage_pause_s
    from agent.core.model.outcome import Outcome
    from agent.core.model.picture_quality import Figures, Flaw, Grade, PictureFinding, findings, overall
    from agent.core.model.quiet_hours import QuietHours, is_quiet
    from agent.core.model.reasons import Check, Reason, Verdict
    from agent.core.model.report_once import ReportOnce
    from agent.core.model.sequence import SEQ_MAX
    from agent.core.model.signals import SIGNAL_NAMES, Signals
    from agent.core.model.small_pictures import small_pictures_of, with_small_pictures
    from agent.core.model.store_host import StoreHost
    from agent.core.model.token_bucket import TokenBucket
    from agent.core.model.trace_context import (
        TRACEPARENT,
        TRACESTATE_LIMIT,
        TraceContext,
        span_id_of,
        span_of_command,
        span_of_transaction,
        trace_id_of,
        trace_of,
        trace_of_octets,
    )
    from agent.core.model.upload_fault import UploadFault
    from agent.core.model.vin_text import vins_in
    from agent.core.model.witness_reading import WitnessReading
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "SEQ_MAX",
    "SIGNAL_NAMES",
    "TRACEPARENT",
    "TRACESTATE_LIMIT",
    "AnswerTime",
    "Check",
    "CommandName",
    "Debounced",
    "Declaration",
    "DeclarationStatus",
    "DriverMessage",
    "DriverReceipt",
    "ExpiryKind",
    "Figures",
    "Flaw",
    "FloodFolder",
    "Folded",
    "Grade",
    "Instant",
    "LedgerChange",
    "LedgerState",
    "ListKind",
    "ListName",
    "OnceEvery",
    "Outcome",
    "PictureFinding",
    "Position",
    "Presentation",
    "QuietHours",
    "Reading",
    "Reason",
    "ReportOnce",
    "Revocation",
    "Signals",
    "Source",
    "StoreHost",
    "Subject",
    "TokenBucket",
    "TraceContext",
    "UploadFault",
    "Verdict",
    "View",
    "VinReading",
    "VinSource",
    "Watched",
    "WitnessReading",
    "delay_s",
    "findings",
    "is_quiet",
    "outage_pause_s",
    "overall",
    "small_pictures_of",
    "span_id_of",
    "span_of_command",
    "span_of_transaction",
    "trace_id_of",
    "trace_of",
    "trace_of_octets",
    "vins_in",
    "with_small_pictures",
]
