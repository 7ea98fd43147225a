"""What an event says, in the reader's language: the words that the console, the command line and the demo share.

Each makes its own line of them. The console shows all else in a form of its own, beside the summary. The command line
shows the fields under the names of the contract, which people search for, and adds what they mean. The demo adds to the
summary what its scenes are about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import AccessDecided, Alarm, AlarmRaised, DeviceChanged, TransactionClosed
from agent.core.model import Outcome, Reason, Verdict
from agent.i18n.alarms import alarm_text
from agent.i18n.lookup import translate
from agent.i18n.own_words import own_text
from agent.i18n.reasons import officer_text
from agent.i18n.recorded import recorded_detail
from agent.i18n.verdicts import outcome_text, verdict_text
from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from agent.i18n.language import Language

TYPES: Final[Mapping[str, Text]] = {
    "gate.started": Text("The agent started"),
    "gate.stopping": Text("The agent stops"),
    "configuration.refused": Text("Configuration rejected"),
    "configuration.applied": Text("New configuration active"),
    "anchors.changed": Text("The trust anchors were changed"),
    "fleet.document": Text("Fleet document from central"),
    "fleet.drift": Text("The gate differs from its fleet documents"),
    "console.acted": Text("Console action"),
    "evidence.viewed": Text("Vehicle data viewed"),
    "device.changed": Text("Device state changed"),
    "vehicle.present": Text("Vehicle arrived"),
    "permit.presented": Text("A code was shown"),
    "vehicle.vin": Text("A VIN was read"),
    "access.decided": Text("Decision"),
    "access.compared": Text("Dry run: decision and what happened"),
    "access.granted": Text("Passage granted"),
    "barrier.pulsed": Text("Pulse to the barrier"),
    "barrier.moved": Text("The arm moved"),
    "barrier.held": Text("Held open or released"),
    "barrier.tested": Text("Test pulse"),
    "vehicle.entering": Text("Vehicle under the arm"),
    "alarm.raised": Text("Alarm"),
    "transaction.closed": Text("Outcome"),
    "lane.ordered": Text("Order to the lane"),
    "driver.told": Text("Message from central to the driver"),
    "driver.shown": Text("Messages to the driver, with results"),
    "command.accepted": Text("Command from central accepted"),
    "command.executed": Text("Command from central carried out"),
    "command.refused": Text("Command from central refused"),
    "acknowledgement.refused": Text("Acknowledgement refused"),
    "chain.checkpoint": Text("Signature over the chain"),
    "evidence.sent": Text("Picture sent"),
    "bundle.sent": Text("Support bundle sent"),
    "upload.failed": Text("Upload failed"),
    "evidence.dropped": Text("Pictures deleted to free space"),
    "lists.applied": Text("New list active"),
    "lists.refused": Text("List refused"),
    "lists.state": Text("Age of the lists"),
    "state.changed": Text("Integrity of the gate's data"),
    "ledger.conflict": Text("A permit was used twice"),
    "clock.changed": Text("Clock changed"),
    "personal_data.erased": Text("Personal values of events were erased"),
    "records.deleted": Text("Old records deleted"),
    "events.dropped": Text("Events lost"),
}

_VALUES: Final[Mapping[tuple[str, str], Text]] = {
    ("agrees", "true"): Text("both the same"),
    ("agrees", "false"): Text("not the same"),
    ("passed", "true"): Text("the vehicle drove through"),
    ("passed", "false"): Text("the vehicle did not drive through"),
    ("match", "equal"): Text("the declared VIN"),
    ("match", "other"): Text("a VIN that differs from the declared VIN"),
    ("action", "open"): pgettext("action", "open"),
    ("action", "close"): pgettext("action", "close"),
    ("delivery", "delivered"): Text("delivered"),
    ("delivery", "not_delivered"): Text("not delivered"),
    ("delivery", "unknown"): Text("delivery unknown"),
    ("position", "open"): Text("up"),
    ("position", "closed"): Text("down"),
    ("held", "true"): Text("held open"),
    ("held", "false"): pgettext("hold", "released"),
    ("seen_by", "inputs"): Text("detected by the loops"),
    ("seen_by", "eye"): Text("detected by a camera or scanner"),
    ("seen_by", "operator"): Text("started by an officer"),
    ("by", "permit"): Text("by a permit"),
    ("by", "operator"): Text("by an officer"),
    ("by", "safety"): Text("for safety"),
    ("order", "locked"): Text("locked"),
    ("order", "unlocked"): Text("unlocked"),
    ("order", "out_of_service"): Text("out of service"),
    ("order", "in_service"): Text("back in service"),
    ("state", "fresh"): Text("fresh"),
    ("state", "stale_ok"): Text("a while old"),
    ("state", "known_only"): Text("old: known permits only"),
    ("state", "too_old"): Text("too old"),
    ("state", "whole"): Text("complete"),
    ("state", "behind"): Text("an older copy"),
    ("state", "lost"): Text("lost, at least in part"),
    ("part", "journal"): Text("journal"),
    ("part", "ledger"): Text("permit ledger"),
    ("part", "lists"): Text("lists"),
    ("part", "orders"): Text("orders of lanes"),
    ("state", "synced"): Text("synchronized with a time server"),
    ("state", "holdover"): Text("without a time server for now"),
    ("state", "untrusted"): Text("not reliable"),
}
"""By the name of a field and its value in small letters."""

DEVICE_STATES: Final[Mapping[str, Text]] = {
    "connecting": Text("connecting"),
    "up": Text("works"),
    "stale": Text("has not answered for a while"),
    "lost": Text("disconnected, reconnecting"),
    "streaming": Text("delivers pictures"),
    "overloaded": Text("delivers more than this computer can process"),
    "dark": Text("picture too dark"),
    "covered": Text("lens covered"),
    "blurred": Text("out of focus"),
    "blinded": Text("blinded by light"),
    "noisy": Text("image noisy"),
    "moved": Text("camera moved"),
}

_TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "access.compared": ("verdict", "passed", "agrees"),
    "access.granted": ("by", "operator", "cause"),
    "barrier.pulsed": ("action", "delivery"),
    "barrier.moved": ("position",),
    "barrier.held": ("held", "operator", "cause"),
    "barrier.tested": ("action", "operator", "cause"),
    "vehicle.present": ("seen_by",),
    "permit.presented": ("camera",),
    "vehicle.vin": ("match", "camera"),
    "lane.ordered": ("order", "operator", "cause"),
    "driver.told": ("operator", "cause"),
    "anchors.changed": ("authority", "cause"),
    "fleet.document": ("kind", "audience", "version", "state", "code"),
    "fleet.drift": ("count",),
    "console.acted": ("person", "act"),
    "evidence.viewed": ("person",),
    "command.accepted": ("name", "operator", "cause"),
    "command.executed": ("name", "result"),
    "command.refused": ("name", "code"),
    "evidence.sent": ("host",),
    "bundle.sent": ("via", "host"),
    "upload.failed": ("what", "code", "host"),
    "lists.applied": ("list", "version"),
    "lists.refused": ("list", "code"),
    "lists.state": ("state",),
    "state.changed": ("part", "state", "detail"),
    "clock.changed": ("state",),
    "gate.started": ("version",),
    "gate.stopping": ("cause",),
    "configuration.applied": ("person", "detail"),
    "configuration.refused": ("detail",),
}
"""The fields that tell most of each type, in order."""

ERASED: Final = Text("erased")
"""Shown instead of a personal value that was erased."""

OFFICERS_WORDS: Final = frozenset({"cause", "operator"})
"""The fields that hold what an officer wrote, or the gate itself."""

_CODED: Final[Mapping[str, tuple[tuple[str, type[StrEnum], Callable[[Any, Language], str]], ...]]] = {
    AccessDecided.TYPE: (("verdict", Verdict, verdict_text), ("reason", Reason, officer_text)),
    AlarmRaised.TYPE: (("alarm", Alarm, alarm_text),),
    TransactionClosed.TYPE: (("outcome", Outcome, outcome_text),),
}
"""The types that have a meaning for an officer: the fields that hold it, their codes, and the words of those."""


def event_title(kind: str, language: Language) -> str:
    """What a type of event is; its own name for one that is not known here, as of a later agent."""
    return translate(TYPES.get(kind, kind), language)


def event_meaning(kind: str, data: Mapping[str, Any], language: Language) -> str:
    """What a decision, an alarm or an outcome means for an officer; empty for all else. Unknown codes are left out."""
    return ": ".join(
        words(codes(data[name]), language)
        for name, codes, words in _CODED.get(kind, ())
        if _is_code(data.get(name), codes)
    )


def _is_code(value: object, codes: type[StrEnum]) -> bool:
    return isinstance(value, str) and value in set(codes)


def event_summary(kind: str, data: Mapping[str, Any], language: Language) -> str:
    """What an event says: its meaning, or the fields that tell most of its type; an unknown code as it stands."""
    if kind in _CODED:
        return ": ".join(
            words(codes(data[name]), language) if _is_code(data[name], codes) else str(data[name])
            for name, codes, words in _CODED[kind]
            if data.get(name)
        )
    if kind == DeviceChanged.TYPE:
        state = str(data.get("state", ""))
        return f"{data.get('device', '')}: {translate(DEVICE_STATES.get(state, state), language)}"
    return ", ".join(
        value_text(name, data, language) for name in _TELLING.get(kind, ()) if data.get(name) not in (None, "")
    )


def value_text(name: str, data: Mapping[str, Any], language: Language) -> str:
    """The value of one field of an event."""
    if name == "detail":
        return translate(recorded_detail(data), language)
    plain = plain_value(data[name])
    if name in OFFICERS_WORDS:
        return translate(own_text(plain), language)
    return translate(_VALUES.get((name, plain.lower()), plain), language)


def plain_value(value: Any) -> str:
    """A value as it stands."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
