"""One vehicle as a page tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.core.decision import SET_ASIDE
from agent.core.events import digest_in
from agent.core.model import Reason
from agent.i18n.alarms import alarm_text
from agent.i18n.checks import CHECKS
from agent.i18n.driver_texts import told
from agent.i18n.event_text import ERASED
from agent.i18n.event_tone import OUTCOME_TONES, VERDICT_TONES
from agent.i18n.reasons import officer_text
from agent.i18n.verdicts import VERDICTS, outcome_text, verdict_text
from drivers.text import Text, joined, pgettext

if TYPE_CHECKING:
    from agent.console.live.vehicles import Vehicle
    from agent.console.live.viewer_texts import Words
    from agent.core.events import CheckRecord
    from agent.store.evidence import EvidenceStore

MOST_PICTURES: Final = 6
SET_ASIDE_TEXT: Final = Text(
    "The camera also read a plate that was there before this vehicle came, or is behind it. It counts as "
    "the plate of another vehicle, such as a parked one."
)


def vehicle_words(vehicle: Vehicle, words: Words, evidence: EvidenceStore) -> dict[str, Any]:
    """Its fields in the viewer's language. `evidence`: where the pictures are that are still kept."""
    kept = [picture for picture in vehicle.pictures if picture in evidence]
    return {
        "transaction": vehicle.transaction,
        "time": words.when(vehicle.began_at),
        "plate": _kept(vehicle.plate, words),
        "declared": _kept(vehicle.declared, words) if vehicle.declared != vehicle.plate else "",
        "permit": vehicle.permit,
        "tone": _tone(vehicle),
        "result": _result(vehicle, words),
        "reason": _reason(vehicle, words),
        "duration": "" if vehicle.duration_s is None else words.number(vehicle.duration_s, 0),
        "alarms": [alarm_text(alarm, words.language) for alarm in dict.fromkeys(vehicle.alarms)],
        "checks": [_check(check, words) for check in vehicle.checks],
        "compared": _compared(vehicle, words),
        "told": [told(one.message, one.after_s, words.language) for one in vehicle.told],
        "pictures": kept[-MOST_PICTURES:],
        "pictures_gone": bool(vehicle.pictures) and not kept and vehicle.outcome is not None,
    }


def _kept(plate: str, words: Words) -> str:
    """The plate, or that it was erased."""
    return plate if digest_in(plate) is None else words(ERASED)


def _tone(vehicle: Vehicle) -> str:
    if vehicle.dry_run:
        return "off"
    if vehicle.outcome is not None:
        return OUTCOME_TONES[vehicle.outcome]
    return "busy" if vehicle.verdict is None else VERDICT_TONES[vehicle.verdict]


def _result(vehicle: Vehicle, words: Words) -> str:
    if vehicle.dry_run:
        said = Text("not decided") if vehicle.verdict is None else VERDICTS[vehicle.verdict]
        return words(Text("Dry run: {said}", said=said))
    if vehicle.outcome is not None:
        return outcome_text(vehicle.outcome, words.language)
    if vehicle.verdict is None:
        return words(Text("is here now"))
    return verdict_text(vehicle.verdict, words.language)


def _compared(vehicle: Vehicle, words: Words) -> str:
    """What the vehicle did beside what was decided, in a lane that moves nothing; empty in another."""
    if vehicle.compared is None:
        return ""
    found = vehicle.compared
    did = {
        True: Text("It went through."),
        False: Text("It did not go through."),
        None: Text("Whether it went through is not known: the lane has no loops that could tell."),
    }[found.passed]
    agrees = {True: Text("That is the same."), False: Text("That is not the same."), None: ""}[found.agrees]
    decided = Text("nothing") if found.verdict is None else VERDICTS[found.verdict]
    return words(joined([Text("Decided: {decided}.", decided=decided), did, *([agrees] if agrees else [])], " "))


def _reason(vehicle: Vehicle, words: Words) -> str:
    if vehicle.reason is None or vehicle.reason is Reason.OK:
        return ""
    return officer_text(vehicle.reason, words.language)


def _check(check: CheckRecord, words: Words) -> dict[str, Any]:
    return {
        "ok": check.ok,
        "name": words(CHECKS[check.reason]),
        "said": words(pgettext("check", "passed") if check.ok else pgettext("check", "failed")),
        "advice": "" if check.ok else officer_text(check.reason, words.language),
        "more": words(SET_ASIDE_TEXT) if not check.ok and SET_ASIDE in check.detail else "",
    }
