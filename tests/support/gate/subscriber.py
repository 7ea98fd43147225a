"""What a subscriber has heard of a gate: events by sequence number, without duplicates, and waiting for them."""

import json
import time
from contextlib import suppress
from pathlib import Path

from agent.core.events.chain_verification import verify
from agent.store.errors import JournalUnavailableError
from agent.store.journal.reader import JournalReader

COARSE_NS = 100_000_000
"""By so much less than that, two writes of a file may bear the same time."""


class Hearing:
    """`payloads()` gives all payloads heard so far by sequence number. `until(condition, what)` waits."""

    def __init__(self, payloads, until):
        self._payloads = payloads
        self.until = until
        self._events = {}

    @property
    def events(self):
        """The events by sequence number, in order."""
        payloads = dict(self._payloads())
        for seq in payloads.keys() - self._events.keys():
            self._events[seq] = json.loads(payloads[seq])
        return dict(sorted(self._events.items()))

    @property
    def last(self):
        """The highest sequence number heard."""
        return max(self._payloads(), default=0)

    def all(self, kind, after=0, **data):
        """The events of a type, later than `after`, whose data has these values."""
        return [
            event
            for seq, event in self.events.items()
            if seq > after and event["type"] == kind and data.items() <= event["data"].items()
        ]

    def wait(self, kind, after=0, matching=lambda _event: True, **data):
        """The first of them, as soon as it was heard."""
        what = f"{kind} {data or ''} after {after}"
        return self.until(lambda: next(filter(matching, self.all(kind, after, **data)), None), what)

    def assert_whole(self, head):
        """Every event from the first to the journal's head (a chain.Point) was heard, and the chain of them holds."""
        assert list(self.events) == list(range(1, head.seq + 1))
        lines = [payload for _, payload in sorted(self._payloads().items())]
        found = verify(lines, head=head)
        assert found.whole, found


class Heard:
    """The payloads that a mosquitto_sub (tests.support.mqtt.mosquitto.Listener) heard, by sequence number.

    Called for them. Duplicates are dropped and must be the same bytes.
    """

    def __init__(self, listener):
        self._listener = listener
        self._read = 0
        self._payloads = {}

    def __call__(self):
        for message in self._listener.messages[self._read :]:
            self._read += 1
            payload = message["payload"].encode()
            assert self._payloads.setdefault(json.loads(payload)["seq"], payload) == payload
        return self._payloads


class Recorded:
    """The payloads in the journal at `path`, by sequence number. Called for them.

    Whoever waits asks a hundred times a second: the journal is opened only where it was written since.
    """

    def __init__(self, path):
        self._path = Path(path)
        self._payloads = {}
        self._read = None

    def __call__(self):
        files, now = self._files(), time.time_ns()
        if files != self._read:
            with suppress(JournalUnavailableError), JournalReader(self._path) as journal:  # the agent makes it
                new = journal.events(max(self._payloads, default=0) + 1)
                self._payloads |= {event.seq: event.payload for event in new}
            # What was written only now may be followed by more that looks the same from outside.
            settled = all(written_ns < now - COARSE_NS for written_ns, _, _ in files)
            self._read = files if settled else None
        return self._payloads

    def _files(self):
        """When the journal and its log were written, their sizes, and which files they are."""
        found = []
        for path in (self._path, self._path.with_name(f"{self._path.name}-wal")):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return found
