"""The notices that a channel keeps until it sends them: limited, grouped, and never the same one too often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from agent.core.model import QuietHours, delay_s, is_quiet
from agent.core.notices.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import time

MOST_WAITING: Final = 200
MOST_IN_A_MESSAGE: Final = 50
MOST_REMEMBERED: Final = 400
RETRY_FIRST_S: Final = 5.0
RETRY_MOST_S: Final = 900.0


class Waiting(BaseModel):
    """A notice that waits. `count`: how many of its key there were since the last was sent; the newest is kept."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    notice: Notice
    count: int = 1


class Outgoing(BaseModel):
    """A message on its way. `id`: stays the same at each attempt. `next_utc`: of the next attempt."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    notices: tuple[Waiting, ...]
    made_utc: float
    tries: int = 0
    next_utc: float = 0.0


class Outbox(BaseModel):
    """All that a channel holds. `told`: when each key was sent last. `dropped`: how many notices were given up."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    waiting: dict[str, Waiting] = {}
    told: dict[str, float] = {}
    message: Outgoing | None = None
    dropped: int = 0

    @property
    def size(self) -> int:
        """How many notices are not sent yet."""
        return len(self.waiting) + (0 if self.message is None else len(self.message.notices))


class ChannelRules(BaseModel):
    """What a channel sends, and when.

    `hold_s`: between two messages on the same thing. `age_s`: older notices are given up. `quiet`: hours in which it
    sends nothing but `break_through`.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    kinds: frozenset[NoticeKind] = frozenset(NoticeKind)
    quiet: tuple[QuietHours, ...] = ()
    break_through: frozenset[NoticeKind] = frozenset()
    hold_s: float = 900.0
    age_s: float = 86_400.0


def offered(outbox: Outbox, notice: Notice, rules: ChannelRules) -> Outbox:
    """The outbox with a notice more, where the channel sends such ones. Of one key the newest is kept, and counted."""
    if notice.kind not in rules.kinds:
        return outbox
    waiting = dict(outbox.waiting)
    before = waiting.pop(notice.key, None)
    if before is None and not notice.raised and notice.key not in outbox.told and not _is_on_its_way(outbox, notice):
        return outbox  # Nobody here was told that it began.
    waiting[notice.key] = Waiting(notice=notice, count=1 if before is None else before.count + 1)
    dropped = outbox.dropped
    while len(waiting) > MOST_WAITING:
        del waiting[next(iter(waiting))]
        dropped += 1
    return outbox.model_copy(update={"waiting": waiting, "dropped": dropped})


def next_message(
    outbox: Outbox,
    rules: ChannelRules,
    *,
    utc: float,
    local: time | None,
    may: Callable[[], bool],
    new_id: Callable[[], str],
) -> tuple[Outbox, Outgoing | None]:
    """The message whose attempt is due now, and the outbox that has it; None: nothing is.

    `local`: the time of day at the gate; None: it is not known, and it is not quiet then. `may`: whether another
    message may be made, asked only where there is one: it counts.
    """
    outbox = _without_old(outbox, utc, rules)
    if outbox.message is not None:
        return outbox, (outbox.message if utc >= outbox.message.next_utc else None)
    quiet = is_quiet(rules.quiet, local)
    due = [
        key
        for key, one in outbox.waiting.items()
        if (not quiet or one.notice.kind in rules.break_through)
        # A clock that was put back must not hold a notice for long.
        and not 0 <= utc - outbox.told.get(key, -rules.hold_s) < rules.hold_s
    ][:MOST_IN_A_MESSAGE]
    if not due or not may():
        return outbox, None
    waiting = dict(outbox.waiting)
    message = Outgoing(id=new_id(), notices=tuple(waiting.pop(key) for key in due), made_utc=utc, next_utc=utc)
    told = {**{key: at for key, at in outbox.told.items() if key not in due}, **dict.fromkeys(due, utc)}
    while len(told) > MOST_REMEMBERED:
        del told[next(iter(told))]
    return outbox.model_copy(update={"waiting": waiting, "told": told, "message": message}), message


def sent(outbox: Outbox) -> Outbox:
    """The outbox after its message arrived."""
    return outbox.model_copy(update={"message": None})


def failed(outbox: Outbox, utc: float, draw: float, at_least_s: float = 0.0) -> Outbox:
    """The outbox after an attempt that failed. `draw`: from 0 to 1.

    `at_least_s`: so long the other side asks to wait.
    """
    if outbox.message is None:
        return outbox
    pause_s = max(delay_s(outbox.message.tries, RETRY_FIRST_S, RETRY_MOST_S, draw), min(at_least_s, RETRY_MOST_S))
    again = outbox.message.model_copy(update={"tries": outbox.message.tries + 1, "next_utc": utc + pause_s})
    return outbox.model_copy(update={"message": again})


def lost(outbox: Outbox) -> Outbox:
    """The outbox after its message was given up."""
    count = 0 if outbox.message is None else len(outbox.message.notices)
    return outbox.model_copy(update={"message": None, "dropped": outbox.dropped + count})


def _without_old(outbox: Outbox, utc: float, rules: ChannelRules) -> Outbox:
    message = outbox.message
    if message is not None and utc - message.made_utc > rules.age_s:
        outbox = lost(outbox)
    old = [key for key, one in outbox.waiting.items() if utc - one.notice.utc > rules.age_s]
    if not old:
        return outbox
    waiting = {key: one for key, one in outbox.waiting.items() if key not in old}
    return outbox.model_copy(update={"waiting": waiting, "dropped": outbox.dropped + len(old)})


def _is_on_its_way(outbox: Outbox, notice: Notice) -> bool:
    return outbox.message is not None and any(one.notice.key == notice.key for one in outbox.message.notices)
