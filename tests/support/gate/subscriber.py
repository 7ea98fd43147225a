"""What a subscriber has heard of a gate: events by sequence number, without duplicates, and waiting for them."""

import json
from contextlib import suppress
from pathlib import Path

from agent.core.events.chain_verification import verify
from agent.store.errors import JournalUnavailableError
from agent.store.journal.reader import JournalReader

INDEX_HEAD_BYTES = 48


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

    A test that waits asks a hundred times a second: the journal is opened only where something was committed since.
    Nobody else in this process may have it open: to close any file of it gives up SQLite's locks.
    """

    def __init__(self, path):
        self._path = Path(path)
        self._payloads = {}
        self._read = None

    def __call__(self):
        state = self._state()
        if state is None or state != self._read:
            with suppress(JournalUnavailableError), JournalReader(self._path) as journal:  # the agent makes it
                new = journal.events(max(self._payloads, default=0) + 1)
                self._payloads |= {event.seq: event.payload for event in new}
                self._read = state
        return self._payloads

    def _state(self):
        """Other bytes after each commit: the head of SQLite's index of its log (sqlite.org/walformat.html, 2.1).

        The times of the files do not tell: a commit counts only after its log was synced, long after it was written.
        None where nobody has the journal open.
        """
        try:
            with self._path.with_name(f"{self._path.name}-shm").open("rb") as index:
                return index.read(INDEX_HEAD_BYTES)
        except FileNotFoundError:
            return None
