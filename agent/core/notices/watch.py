"""Decides which events become a notice, and when it is over."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from agent.core.events import (
    AccessDecided,
    AccessGranted,
    Alarm,
    AlarmRaised,
    BarrierMoved,
    DeviceChanged,
    GateStarted,
    ListsApplied,
    StateChanged,
    TransactionClosed,
)
from agent.core.model import Verdict
from agent.core.notices.notice import Notice, NoticeKind
from agent.core.trust_state import Wholeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_CONDITIONS: Final = 256
"""More are not followed: the oldest go first."""
DAY_S: Final = 86_400.0
_AWAY: Final = frozenset({"lost", "stale"})
_STARTING: Final = "connecting"
_ARM_DOWN: Final = frozenset(
    {Alarm.FORCED_OPEN, Alarm.CLOSE_FAILED, Alarm.OPEN_TOO_LONG, Alarm.REOPENED, Alarm.BLOCKED, Alarm.TAILGATING}
)
_READERS: Final = frozenset({"camera", "scanner"})


class Condition(BaseModel):
    """Something that is so until an event says otherwise. `due_utc`: when it is told; `told_utc`: when it was, last."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    notice: Notice
    due_utc: float
    told_utc: float | None = None


class Watch(BaseModel):
    """What is so now, by the keys of its notices, the oldest first."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    conditions: dict[str, Condition] = {}


class WatchRules(BaseModel):
    """How long something must last until it is told, and after how long it is told again (0: never). In seconds."""

    model_config = ConfigDict(frozen=True)
    device_s: float = 60.0
    officer_s: float = 300.0
    repeat_s: float = 0.0
    certificate_s: float = 14 * DAY_S


def event_seen(watch: Watch, event: Mapping[str, Any], rules: WatchRules) -> tuple[Watch, tuple[Notice, ...]]:
    """The watch after an event, as JSON has it, and what is to be told at once.

    An event that does not have the form of its type, as of a later agent, changes nothing.
    """
    step = _Step(watch, rules)
    try:
        step.take(_Seen(event))
    except (KeyError, TypeError, ValueError):
        return watch, ()
    return step.watch, tuple(step.notices)


def ticked(watch: Watch, utc: float, rules: WatchRules) -> tuple[Watch, tuple[Notice, ...]]:
    """The watch at a time, and what has become due, or is to be told once more."""
    conditions, told = dict(watch.conditions), []
    for key, one in watch.conditions.items():
        first = one.told_utc is None and utc >= one.due_utc
        again = one.told_utc is not None and rules.repeat_s > 0 and utc - one.told_utc >= rules.repeat_s
        if first or again:
            conditions[key] = one.model_copy(update={"told_utc": utc})
            told.append(one.notice.model_copy(update={"utc": utc}))
    return (Watch(conditions=conditions) if told else watch), tuple(told)


def certificates_seen(
    watch: Watch, ends: Iterable[tuple[str, str, float]], utc: float, rules: WatchRules
) -> tuple[Watch, tuple[Notice, ...]]:
    """The watch after a look at when certificates end: kind, subject and Unix seconds of each."""
    step = _Step(watch, rules)
    for kind, subject, ends_utc in ends:
        key = f"certificate:{kind}/{subject}"
        if ends_utc - utc > rules.certificate_s:
            step.clear(key, utc)
            continue
        notice = Notice(
            kind=NoticeKind.CERTIFICATE,
            key=key,
            raised=True,
            code=kind,
            subject=subject,
            since_utc=utc,
            utc=utc,
            ends_utc=ends_utc,
        )
        step.begin(notice, utc)
    return step.watch, tuple(step.notices)


class _Seen:
    """An event, taken apart. Raises KeyError, TypeError or ValueError."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.type: str = event["type"]
        self.id = str(event.get("id", ""))
        self.lane = str(event.get("lane") or "")
        self.transaction = str(event.get("transaction") or "")
        self.utc = datetime.fromisoformat(event["time"]).timestamp()
        self.data: Mapping[str, Any] = event["data"]


class _Step:
    """Makes the next watch of one."""

    def __init__(self, watch: Watch, rules: WatchRules) -> None:
        self.watch = watch
        self.notices: list[Notice] = []
        self._rules = rules

    def take(self, seen: _Seen) -> None:
        """Do what the event asks for."""
        takes = {
            AlarmRaised.TYPE: self._alarm,
            BarrierMoved.TYPE: self._arm,
            DeviceChanged.TYPE: self._device,
            StateChanged.TYPE: self._trust,
            ListsApplied.TYPE: self._lists,
            AccessDecided.TYPE: self._decided,
            AccessGranted.TYPE: self._answered,
            TransactionClosed.TYPE: self._answered,
            GateStarted.TYPE: self._started,
        }.get(seen.type)
        if takes is not None:
            takes(seen)

    def begin(self, notice: Notice, due_utc: float) -> None:
        """Follow something from now on; what is followed already stays as it is but for its words.

        What is due at once is told here, not at the next look at the clock: it may be over before that.
        """
        conditions = dict(self.watch.conditions)
        known = conditions.get(notice.key)
        if known is not None:
            same = known.notice.model_copy(
                update={
                    "detail": notice.detail,
                    "message": notice.message,
                    "code": notice.code,
                    "ends_utc": notice.ends_utc,
                }
            )
            conditions[notice.key] = known.model_copy(update={"notice": same})
        else:
            at_once = due_utc <= notice.utc
            self.notices += [notice] if at_once else []
            told_utc = notice.utc if at_once else None
            conditions[notice.key] = Condition(notice=notice, due_utc=due_utc, told_utc=told_utc)
        while len(conditions) > MOST_CONDITIONS:
            del conditions[next(iter(conditions))]
        self.watch = Watch(conditions=conditions)

    def clear(self, key: str, utc: float, event: str = "") -> None:
        """It is over; that is told where it was told that it began."""
        if key not in self.watch.conditions:
            return
        conditions = dict(self.watch.conditions)
        was = conditions.pop(key)
        self.watch = Watch(conditions=conditions)
        if was.told_utc is not None:
            self.notices.append(was.notice.over(utc, event))

    # ------------------------------------------------------------------------------------------------ by their types

    def _alarm(self, seen: _Seen) -> None:
        alarm = Alarm(seen.data["alarm"])
        notice = _notice(seen, NoticeKind.ALARM, _alarm_key(alarm, seen.lane), alarm.value)
        if alarm is Alarm.STATE_NOT_WHOLE:
            notice = notice.model_copy(update={"kind": NoticeKind.TRUST_STATE})
        if alarm in _ENDING:
            self.begin(notice, seen.utc)
        else:
            self.notices.append(notice)

    def _arm(self, seen: _Seen) -> None:
        down = seen.data["position"] == "closed"
        for alarm in _ARM_DOWN if down else (Alarm.OPEN_FAILED,):
            self.clear(_alarm_key(alarm, seen.lane), seen.utc, seen.id)

    def _device(self, seen: _Seen) -> None:
        device, state, family = str(seen.data["device"]), str(seen.data["state"]), str(seen.data["family"])
        key = f"device:{device}"
        if state in _AWAY:
            notice = _notice(seen, NoticeKind.DEVICE, key, state)
            self.begin(notice.model_copy(update={"subject": device}), seen.utc + self._rules.device_s)
            return
        if state == _STARTING:
            return
        self.clear(key, seen.utc, seen.id)
        lane = seen.lane or device.rpartition("/")[0]
        over = [Alarm.RELAY_LOST] if family == "relay" else []
        over += [Alarm.INPUTS_LOST] if family == "inputs" else []
        over += [Alarm.READERS_LOST] if family in _READERS else []
        over += [Alarm.DELIVERY_STALLED] if family == "broker" else []
        for alarm in over:
            for where in (lane, ""):
                self.clear(_alarm_key(alarm, where), seen.utc, seen.id)

    def _lists(self, seen: _Seen) -> None:
        self.clear(_alarm_key(Alarm.LISTS_FAILED, ""), seen.utc, seen.id)

    def _trust(self, seen: _Seen) -> None:
        part, state = str(seen.data["part"]), Wholeness(seen.data["state"])
        key = f"trust:{part}"
        if state is not Wholeness.WHOLE:
            notice = _notice(seen, NoticeKind.TRUST_STATE, key, state.value)
            self.begin(notice.model_copy(update={"subject": part}), seen.utc)
            return
        self.clear(key, seen.utc, seen.id)
        if not any(one.startswith("trust:") for one in self.watch.conditions):
            self.clear(_alarm_key(Alarm.STATE_NOT_WHOLE, ""), seen.utc, seen.id)

    def _decided(self, seen: _Seen) -> None:
        if seen.data["verdict"] != Verdict.MANUAL.value:
            self._answered(seen)
            return
        notice = _notice(seen, NoticeKind.OFFICER, f"officer:{seen.lane}", str(seen.data["reason"]))
        notice = notice.model_copy(update={"subject": seen.transaction, "detail": "", "message": None})
        self.begin(notice, seen.utc + self._rules.officer_s)

    def _answered(self, seen: _Seen) -> None:
        self.clear(f"officer:{seen.lane}", seen.utc, seen.id)

    def _started(self, seen: _Seen) -> None:
        """A new run: no vehicle of the last one waits any more, and what lasts is raised again."""
        for key, one in self.watch.conditions.items():
            ended = one.notice.kind is NoticeKind.OFFICER or one.notice.code == Alarm.PART_FAILED.value
            if ended:
                self.clear(key, seen.utc, seen.id)


_ENDING: Final = _ARM_DOWN | {
    Alarm.OPEN_FAILED,
    Alarm.INPUTS_LOST,
    Alarm.RELAY_LOST,
    Alarm.READERS_LOST,
    Alarm.DELIVERY_STALLED,
    Alarm.LISTS_FAILED,
    Alarm.STATE_NOT_WHOLE,
    Alarm.PART_FAILED,
}
"""Alarms of which an event says that they are over; all others are moments."""


def _alarm_key(alarm: Alarm, lane: str) -> str:
    return f"alarm:{alarm.value}/{lane}"


def _notice(seen: _Seen, kind: NoticeKind, key: str, code: str) -> Notice:
    message = seen.data.get("message")
    return Notice(
        kind=kind,
        key=key,
        raised=True,
        code=code,
        lane=seen.lane,
        since_utc=seen.utc,
        utc=seen.utc,
        detail=str(seen.data.get("detail") or ""),
        message=message if isinstance(message, dict) else None,
        event=seen.id,
    )
