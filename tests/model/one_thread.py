"""In place of the clock, of chance and of threads: what rooms get while they are explored.

There is one thread, so a lock that is held already would be a deadlock. The clock is that of the gate whose turn it is,
and what it draws by chance are its numbers.
"""

from __future__ import annotations

import queue
import random
import secrets
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


class Lock:
    """There is one thread: a lock that is taken twice would be a deadlock."""

    def __init__(self) -> None:
        self.held = False

    def __enter__(self) -> None:
        if self.held:
            raise AssertionError("deadlock: a lock is taken twice by one thread")
        self.held = True

    def __exit__(self, *_: object) -> None:
        self.held = False


class RLock:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class Semaphore:
    def __init__(self, count: int) -> None:
        self.count = count

    def acquire(self, *, blocking: bool) -> bool:
        assert not blocking
        self.count -= 1
        return self.count >= 0

    def release(self) -> None:
        self.count += 1


class Event:
    def __init__(self) -> None:
        self.on = False

    def set(self) -> None:
        self.on = True

    def clear(self) -> None:
        self.on = False

    def is_set(self) -> bool:
        return self.on


class Queue:
    def __init__(self, limit: int) -> None:
        self.limit, self.items = limit, deque[Any]()

    def put_nowait(self, item: object) -> None:
        if len(self.items) >= self.limit:
            raise queue.Full
        self.items.append(item)


class HasClock(Protocol):
    """A gate. `tokens`: how many it has drawn."""

    name: str
    clock_at: float
    tokens: int


class Turn:
    """The clock and the chance of the gate that does something now."""

    gate: HasClock

    @classmethod
    def monotonic(cls) -> float:
        return cls.gate.clock_at

    @classmethod
    def token_hex(cls, length: int) -> str:
        cls.gate.tokens += 1
        return f"{cls.gate.name.encode().hex()}{cls.gate.tokens:03x}".rjust(2 * length, "0")


class SimpleQueue:
    """One that nobody waits at."""

    def __init__(self) -> None:
        self.items = deque[Any]()

    def put(self, item: object) -> None:
        self.items.append(item)

    def get(self, timeout: float = 0.0) -> Any:
        assert timeout >= 0
        if not self.items:
            raise queue.Empty
        return self.items.popleft()

    def empty(self) -> bool:
        return not self.items


@cache
def _modules_of(rooms: tuple[str, ...], _loaded: int) -> tuple[ModuleType, ...]:
    """The modules of these rooms; looked for once more where more is loaded by now."""
    return tuple(module for name, module in sys.modules.items() if name.startswith(rooms))


@contextmanager
def one_thread(*rooms: str, **more: tuple[object, object]) -> Iterator[None]:
    """Within: these rooms have one thread, a clock that is moved by hand, and no chance.

    `more`: what else stands in for something, by its name there: what it is in truth, and what it is within.
    """
    stands: dict[str, tuple[object, object]] = {
        **more,
        "random": (random, SimpleNamespace(random=lambda: 0.5)),
        "time": (time, SimpleNamespace(monotonic=Turn.monotonic)),
        "secrets": (secrets, SimpleNamespace(token_hex=Turn.token_hex)),
        "threading": (threading, SimpleNamespace(Lock=Lock, RLock=RLock, Semaphore=Semaphore, Event=Event)),
        "queue": (
            queue,
            SimpleNamespace(Queue=Queue, SimpleQueue=SimpleQueue, Full=queue.Full, Empty=queue.Empty),
        ),
    }
    modules = _modules_of(rooms, len(sys.modules))
    changed = [
        (module, name)
        for module in modules
        for name, (real, _) in stands.items()
        if getattr(module, name, None) is real
    ]
    try:
        for module, name in changed:
            setattr(module, name, stands[name][1])
        yield
    finally:
        for module, name in changed:
            setattr(module, name, stands[name][0])
