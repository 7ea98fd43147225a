"""What is checked, and everything that a check can find."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """OK: nothing to fix. NOTE: good to know. WARNING: it works, but not as it should, or not for long.

    ERROR: it does not.
    """

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """The worse the higher."""
        return tuple(Severity).index(self)


class DiagnosticCheck(StrEnum):
    """What is checked, in the order in which it is told: what others need first."""

    CONFIGURATION = "configuration"
    ANCHORS = "anchors"
    SERVICE = "service"
    VERSIONS = "versions"
    WATCHDOG = "watchdog"
    PARTS = "parts"
    CLOCK = "clock"
    TIME_ZONE = "time_zone"
    DISK = "disk"
    MEMORY = "memory"
    PROCESSOR = "processor"
    STATE = "state"
    WITNESS = "witness"
    JOURNAL = "journal"
    GATE_KEY = "gate_key"
    CERTIFICATES = "certificates"
    MODELS = "models"
    BROKERS = "brokers"
    SITE = "site"
    LISTS = "lists"
    PORTS = "ports"
    CAMERAS = "cameras"
    SECOND_READING = "second_reading"
    RELAYS = "relays"
    INPUTS = "inputs"
    SCANNERS = "scanners"
    SIGNS = "signs"
    VOICES = "voices"


class FindingCode(StrEnum):
    """What a check can find. The text of each, and how to fix it, is in agent.doctor.texts."""

    CONFIGURATION_REFUSED = "CONFIGURATION_REFUSED"
    CONFIGURATION_DOUBTFUL = "CONFIGURATION_DOUBTFUL"
    CONFIGURATION_WAITS = "CONFIGURATION_WAITS"
    ANCHORS_NOT_ADOPTED = "ANCHORS_NOT_ADOPTED"
    ANCHORS_NOT_SEALABLE = "ANCHORS_NOT_SEALABLE"
    ANCHORS_UNUSABLE = "ANCHORS_UNUSABLE"
    UNIT_MISSING = "UNIT_MISSING"
    UNIT_FAULTY = "UNIT_FAULTY"
    UNIT_NOT_ENABLED = "UNIT_NOT_ENABLED"
    SERVICE_FAILED = "SERVICE_FAILED"
    SERVICE_STOPPED = "SERVICE_STOPPED"
    SERVICE_RESTARTED = "SERVICE_RESTARTED"
    VERSION_WAITS = "VERSION_WAITS"
    WATCHDOG_OFF = "WATCHDOG_OFF"
    HARDWARE_WATCHDOG_OFF = "HARDWARE_WATCHDOG_OFF"
    PART_STALLED = "PART_STALLED"
    PART_FAILED = "PART_FAILED"
    PART_RESTARTED = "PART_RESTARTED"
    CLOCK_UNTRUSTED = "CLOCK_UNTRUSTED"
    CLOCK_UNSYNCHRONISED = "CLOCK_UNSYNCHRONISED"
    CLOCK_INEXACT = "CLOCK_INEXACT"
    TIME_ZONE_UNKNOWN = "TIME_ZONE_UNKNOWN"
    DISK_FULL = "DISK_FULL"
    DISK_LOW = "DISK_LOW"
    INODES_LOW = "INODES_LOW"
    DISK_READ_ONLY = "DISK_READ_ONLY"
    DISK_IN_MEMORY = "DISK_IN_MEMORY"
    DISK_TOO_SMALL = "DISK_TOO_SMALL"
    DISK_WEARS = "DISK_WEARS"
    MEMORY_LOW = "MEMORY_LOW"
    LOAD_HIGH = "LOAD_HIGH"
    TEMPERATURE_HIGH = "TEMPERATURE_HIGH"
    THROTTLED = "THROTTLED"
    STATE_MISSING = "STATE_MISSING"
    STATE_FORBIDDEN = "STATE_FORBIDDEN"
    STATE_OPEN = "STATE_OPEN"
    WITNESS_DISAGREES = "WITNESS_DISAGREES"
    WITNESS_NONE = "WITNESS_NONE"
    WITNESS_BAD = "WITNESS_BAD"
    JOURNAL_MISSING = "JOURNAL_MISSING"
    JOURNAL_DAMAGED = "JOURNAL_DAMAGED"
    JOURNAL_FAILING = "JOURNAL_FAILING"
    JOURNAL_FILLING = "JOURNAL_FILLING"
    JOURNAL_WAITING = "JOURNAL_WAITING"
    ACKS_UNSIGNED = "ACKS_UNSIGNED"
    GATE_KEY_MISSING = "GATE_KEY_MISSING"
    GATE_KEY_BAD = "GATE_KEY_BAD"
    GATE_KEY_UNKNOWN = "GATE_KEY_UNKNOWN"
    CERTIFICATE_UNUSABLE = "CERTIFICATE_UNUSABLE"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CERTIFICATE_EARLY = "CERTIFICATE_EARLY"
    CERTIFICATE_EXPIRES = "CERTIFICATE_EXPIRES"
    CERTIFICATE_OTHER_NAME = "CERTIFICATE_OTHER_NAME"
    PRIVATE_KEY_OPEN = "PRIVATE_KEY_OPEN"
    MODEL_BAD = "MODEL_BAD"
    BROKER_NONE = "BROKER_NONE"
    BROKER_UNREACHABLE = "BROKER_UNREACHABLE"
    BROKER_TAKES_NOTHING = "BROKER_TAKES_NOTHING"
    BROKER_GIVES_NOTHING = "BROKER_GIVES_NOTHING"
    BROKER_SLOW = "BROKER_SLOW"
    BROKER_IN_CLEAR = "BROKER_IN_CLEAR"
    SITE_GATE_UNHEARD = "SITE_GATE_UNHEARD"
    SITE_GATE_OTHER_VERSION = "SITE_GATE_OTHER_VERSION"
    SITE_GATES_DIFFER = "SITE_GATES_DIFFER"
    LISTS_UNREADABLE = "LISTS_UNREADABLE"
    TRUST_LIST_MISSING = "TRUST_LIST_MISSING"
    TRUST_LIST_EXPIRED = "TRUST_LIST_EXPIRED"
    TRUST_LIST_EXPIRES = "TRUST_LIST_EXPIRES"
    LIST_MISSING = "LIST_MISSING"
    LIST_OLD = "LIST_OLD"
    LIST_TOO_OLD = "LIST_TOO_OLD"
    LIST_NOT_REQUIRED = "LIST_NOT_REQUIRED"
    PORT_MISSING = "PORT_MISSING"
    PORT_FORBIDDEN = "PORT_FORBIDDEN"
    PORT_GROUP_HIDDEN = "PORT_GROUP_HIDDEN"
    PORT_BARRED = "PORT_BARRED"
    PORT_HELD = "PORT_HELD"
    PORT_NAME_CHANGES = "PORT_NAME_CHANGES"
    CAMERA_LOST = "CAMERA_LOST"
    CAMERA_MISCONFIGURED = "CAMERA_MISCONFIGURED"
    CAMERA_STALE = "CAMERA_STALE"
    CAMERA_FROZEN = "CAMERA_FROZEN"
    CAMERA_VIEW = "CAMERA_VIEW"
    CAMERA_PICTURE = "CAMERA_PICTURE"
    CAMERA_SLOW = "CAMERA_SLOW"
    CAMERA_OVERLOADED = "CAMERA_OVERLOADED"
    CAMERA_RESTARTED = "CAMERA_RESTARTED"
    CAMERA_UNCONFINED = "CAMERA_UNCONFINED"
    SECOND_READING_LOST = "SECOND_READING_LOST"
    SECOND_READING_UNCONFINED = "SECOND_READING_UNCONFINED"
    RELAY_LOST = "RELAY_LOST"
    RELAY_SLOW = "RELAY_SLOW"
    RELAY_ENERGISED = "RELAY_ENERGISED"
    INPUTS_LOST = "INPUTS_LOST"
    INPUTS_UNKNOWN = "INPUTS_UNKNOWN"
    LANE_BLIND = "LANE_BLIND"
    SCANNER_LOST = "SCANNER_LOST"
    SCANNER_NOISY = "SCANNER_NOISY"
    SIGN_LOST = "SIGN_LOST"
    VOICE_LOST = "VOICE_LOST"
    CHECK_HANGS = "CHECK_HANGS"
    CHECK_FAILED = "CHECK_FAILED"


_OK, NOTE, WARNING, ERROR = Severity
_NOTES: Final = frozenset(
    {
        FindingCode.CONFIGURATION_WAITS,
        FindingCode.ANCHORS_NOT_ADOPTED,
        FindingCode.UNIT_MISSING,
        FindingCode.VERSION_WAITS,
        FindingCode.HARDWARE_WATCHDOG_OFF,
        FindingCode.TIME_ZONE_UNKNOWN,
        FindingCode.DISK_WEARS,
        FindingCode.STATE_MISSING,
        FindingCode.JOURNAL_MISSING,
        FindingCode.GATE_KEY_MISSING,
        FindingCode.BROKER_NONE,
        FindingCode.CAMERA_UNCONFINED,
        FindingCode.SECOND_READING_UNCONFINED,
    }
)
_WARNINGS: Final = frozenset(
    {
        FindingCode.CONFIGURATION_DOUBTFUL,
        FindingCode.ANCHORS_NOT_SEALABLE,
        FindingCode.UNIT_FAULTY,
        FindingCode.UNIT_NOT_ENABLED,
        FindingCode.SERVICE_STOPPED,
        FindingCode.SERVICE_RESTARTED,
        FindingCode.WATCHDOG_OFF,
        FindingCode.PART_RESTARTED,
        FindingCode.CLOCK_UNSYNCHRONISED,
        FindingCode.CLOCK_INEXACT,
        FindingCode.DISK_LOW,
        FindingCode.INODES_LOW,
        FindingCode.DISK_TOO_SMALL,
        FindingCode.MEMORY_LOW,
        FindingCode.LOAD_HIGH,
        FindingCode.TEMPERATURE_HIGH,
        FindingCode.THROTTLED,
        FindingCode.STATE_OPEN,
        FindingCode.WITNESS_NONE,
        FindingCode.JOURNAL_FILLING,
        FindingCode.JOURNAL_WAITING,
        FindingCode.ACKS_UNSIGNED,
        FindingCode.CERTIFICATE_EXPIRES,
        FindingCode.PRIVATE_KEY_OPEN,
        FindingCode.BROKER_SLOW,
        FindingCode.BROKER_IN_CLEAR,
        FindingCode.SITE_GATE_UNHEARD,
        FindingCode.TRUST_LIST_EXPIRES,
        FindingCode.LIST_OLD,
        FindingCode.LIST_NOT_REQUIRED,
        FindingCode.PORT_NAME_CHANGES,
        FindingCode.CAMERA_VIEW,
        FindingCode.CAMERA_PICTURE,
        FindingCode.CAMERA_SLOW,
        FindingCode.CAMERA_OVERLOADED,
        FindingCode.CAMERA_RESTARTED,
        FindingCode.RELAY_SLOW,
        FindingCode.RELAY_ENERGISED,
        FindingCode.LANE_BLIND,
        FindingCode.SCANNER_NOISY,
        FindingCode.SIGN_LOST,
        FindingCode.VOICE_LOST,
    }
)
SEVERITY: Final[Mapping[FindingCode, Severity]] = {
    code: NOTE if code in _NOTES else WARNING if code in _WARNINGS else ERROR for code in FindingCode
}
"""How grave each finding is."""
