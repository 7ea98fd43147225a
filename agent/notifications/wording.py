"""Notices in words: a title, a line, and a whole message for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import Alarm, time_text
from agent.core.notices import NoticeKind
from agent.i18n import translate
from agent.i18n.alarms import ALARMS
from agent.i18n.recorded import recorded_text
from agent.notifications.delivery import Rendered
from drivers.text import Text, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.notices import Notice, Outgoing, Waiting
    from agent.i18n import Language

CONTENT_TYPE: Final = "gate.notices"
TEST_TYPE: Final = "gate.test"
_MINUTE_S: Final = 60

PARTS: Final[Mapping[str, Text]] = {
    "journal": Text("The journal of events"),
    "ledger": Text("The permit ledger"),
    "lists": Text("The lists from central"),
    "orders": Text("The orders of the lanes"),
}


def notice_title(notice: Notice) -> Text:
    """What happened, in one sentence."""
    match notice.kind:
        case NoticeKind.DEVICE:
            return _device(notice)
        case NoticeKind.OFFICER:
            return _officer(notice)
        case NoticeKind.CERTIFICATE:
            return _certificate(notice)
        case NoticeKind.TRUST_STATE if notice.subject:
            return _trust(notice)
        case _:
            return _alarm(notice)


def notice_line(one: Waiting, language: Language) -> str:
    """A line of a message: when, what, where, and how often."""
    notice = one.notice
    said = translate(notice_title(notice), language)
    detail = translate(recorded_text(notice.detail, notice.message), language) if notice.detail else ""
    parts = [_local(notice.utc), said, f"({detail})" if detail else ""]
    if one.count > 1:
        parts.append(translate(ngettext("({count} change)", "({count} changes)", one.count, count=one.count), language))
    return " ".join(part for part in parts if part)


def message_of(outgoing: Outgoing, gate: str, dropped: int, language: Language) -> Rendered:
    """A whole message. `dropped`: how many notices could not be sent before."""
    first, count = outgoing.notices[0].notice, len(outgoing.notices)
    title = notice_title(first) if count == 1 else ngettext("{count} notice", "{count} notices", count, count=count)
    lines = [notice_line(one, language) for one in outgoing.notices]
    if dropped:
        lines.append(
            translate(
                ngettext(
                    "{count} earlier notice could not be delivered. The journal has it.",
                    "{count} earlier notices could not be delivered. The journal has them.",
                    dropped,
                    count=dropped,
                ),
                language,
            )
        )
    data = {
        "type": CONTENT_TYPE,
        "timestamp": _iso(outgoing.made_utc),
        "data": {
            "gate": gate,
            "dropped": dropped,
            "notices": [_data(one, language) for one in outgoing.notices],
        },
    }
    return Rendered(
        outgoing.id, outgoing.made_utc, f"[{gate}] {translate(title, language)}", _body(lines, gate, language), data
    )


def test_message(message_id: str, gate: str, utc: float, language: Language) -> Rendered:
    """A message that only shows that messages arrive."""
    said = translate(Text("This is a test message. Notices from this gate arrive here."), language)
    subject = translate(Text("Test message"), language)
    data = {"type": TEST_TYPE, "timestamp": _iso(utc), "data": {"gate": gate, "text": said}}
    return Rendered(message_id, utc, f"[{gate}] {subject}", _body([said], gate, language), data)


def _body(lines: list[str], gate: str, language: Language) -> str:
    end = translate(Text("Gate {gate}. Open its console for details.", gate=gate), language)
    return "\n".join([*lines, "", end, ""])


def _data(one: Waiting, language: Language) -> Mapping[str, Any]:
    notice = one.notice
    return {
        "kind": notice.kind.value,
        "key": notice.key,
        "state": "raised" if notice.raised else "cleared",
        "code": notice.code,
        "subject": notice.subject,
        "lane": notice.lane or None,
        "since": _iso(notice.since_utc),
        "time": _iso(notice.utc),
        "count": one.count,
        "title": translate(notice_title(notice), language),
        "detail": notice.detail,
        "event": notice.event or None,
    }


def _device(notice: Notice) -> Text:
    if notice.raised:
        return Text("Device {device} is not working.", device=notice.subject)
    return Text("Device {device} works again.", device=notice.subject)


def _trust(notice: Notice) -> Text:
    part = PARTS.get(notice.subject, Text.of(notice.subject))
    if notice.raised:
        return Text("{part}: data is missing or out of date. Two people must accept this.", part=part)
    return Text("{part}: complete again.", part=part)


def _officer(notice: Notice) -> Text:
    if not notice.raised:
        return Text("Lane {lane}: the vehicle no longer waits for an officer.", lane=notice.lane)
    minutes = max(1, round((notice.utc - notice.since_utc) / _MINUTE_S))
    return ngettext(
        "Lane {lane}: a vehicle has been waiting for an officer for {minutes} minute.",
        "Lane {lane}: a vehicle has been waiting for an officer for {minutes} minutes.",
        minutes,
        lane=notice.lane,
        minutes=minutes,
    )


def _certificate(notice: Notice) -> Text:
    subject, ends_utc = notice.subject, notice.ends_utc or notice.utc
    if not notice.raised:
        return Text("The certificate or key {subject} was renewed.", subject=subject)
    date = f"{datetime.fromtimestamp(ends_utc, UTC):%Y-%m-%d}"
    if ends_utc <= notice.utc:
        return Text("The certificate or key {subject} expired on {date}. Renew it now.", subject=subject, date=date)
    return Text("The certificate or key {subject} expires on {date}. Renew it.", subject=subject, date=date)


def _alarm(notice: Notice) -> Text:
    said = ALARMS[Alarm(notice.code)] if notice.code in set(Alarm) else Text.of(notice.code)
    if notice.lane:
        said = Text("Lane {lane}: {said}", lane=notice.lane, said=said)
    return said if notice.raised else Text("Resolved: {said}", said=said)


def _local(utc: float) -> str:
    return f"{datetime.fromtimestamp(utc, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _iso(utc: float) -> str:
    return time_text(round(utc * 1000))
