"""A broker that loses, delays, repeats and reorders what gates say, and links that come and go: no use passes twice."""

import heapq
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice

from agent.core.model.ledger import LedgerState
from agent.core.site.partition_policy import PartitionPolicy
from agent.store.errors import LedgerConflictError
from tests.support.site.sites import Hub, request, rules, site, vehicle_of
from tests.support.waiting import PATIENCE_S, eventually

TRIES = 240
PERMITS = 30
LATE_S = 0.25


class RoughHub(Hub):
    """Treats each text as the dice say; an old one may come again at any time."""

    def __init__(self, dice):
        super().__init__()
        self._dice, self._late, self._number = dice, [], 0
        self.rough = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._bring_late, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._thread.join()

    def post(self, sender, receivers, text):
        if not self.rough:
            super().post(sender, receivers, text)
            return
        with self._lock:
            self.past.append(("", receivers, text))
            self._later(receivers, text, 0.0 if self._dice.random() < 0.6 else self._dice.random() * LATE_S)
            fate = self._dice.random()
            if fate < 0.06:
                self._late.pop()  # lost, or another in its place
                heapq.heapify(self._late)
            elif fate < 0.2:
                self._later(receivers, text, self._dice.random() * LATE_S)
            elif fate < 0.3:
                _kind, others, old = self._dice.choice(self.past)
                self._later(others, old, self._dice.random() * LATE_S)

    def _later(self, receivers, text, late_s):
        self._number += 1
        heapq.heappush(self._late, (time.monotonic() + late_s, self._number, receivers, text))

    def _bring_late(self):
        while not self._stopping.wait(0.001):
            with self._lock:
                due = []
                while self._late and self._late[0][0] <= time.monotonic():
                    due.append(heapq.heappop(self._late))
            for _at, _number, receivers, text in due:
                self.hand_over("", receivers, text)


class Watch:
    """Knows which permit is held or used up at this instant; two at a time are a double."""

    def __init__(self):
        self._lock = threading.Lock()
        self._held = {}
        self.doubles, self.passed = [], 0

    def opened(self, permit, gate):
        with self._lock:
            if permit in self._held:
                self.doubles.append((permit, self._held[permit], gate))
            self._held[permit] = gate

    def turned_back(self, permit):
        with self._lock:
            self._held.pop(permit, None)


def show(gate, number, dice, watch):
    """What a lane does with a permit; it is slow now and then, and does not look at the grant's end."""
    permit = number.to_bytes(8, "big")
    vehicle = vehicle_of(("east", "north", "south")[number % 3], number=number)
    asked = request(vehicle, f"{gate.gate}-{dice.random()}", permit=permit)
    before = gate.journal.use_state(permit, asked.transaction)
    if before.used or before.open_reservation:
        return
    come = threading.Event()
    later = []
    word = gate.service.claim(asked, lambda word: (later.append(word), come.set()))
    if word is None:
        assert come.wait(PATIENCE_S), "a claim was never answered"
        word = later[0]
    assert len(later) <= 1
    if not word.passes:
        return
    threading.Event().wait(dice.choice((0.0, 0.0, 0.05, 0.3)))
    try:
        gate.reserve(asked, word.use)
    except LedgerConflictError:
        return
    watch.opened(permit, gate.gate)
    threading.Event().wait(dice.random() * 0.05)
    if dice.random() < 0.5:
        watch.turned_back(permit)
        gate.settle(asked, LedgerState.RELEASED)
    else:
        gate.settle(asked, LedgerState.CONSUMED)
        watch.passed += 1


def flicker(gates, dice, stopping):
    while not stopping.wait(dice.uniform(0.1, 0.5)):
        gate = dice.choice(gates)
        gate.link.cut()
        stopping.wait(dice.uniform(0.0, 0.2))
        gate.link.connect()


def test_no_use_passes_twice_over_a_rough_broker(tmp_path):
    dice, watch, stopping = random.Random(5), Watch(), threading.Event()  # noqa: S311 - not secret
    hub = RoughHub(random.Random(6))  # noqa: S311 - not secret
    quick = rules(PartitionPolicy.HOME_GATE, claim_timeout_s=0.3, hold_s=0.2)
    with site(tmp_path, hub=hub, rules=quick) as (_hub, *gates), ThreadPoolExecutor(12) as lanes:
        hub.rough = True
        # Nothing here is secret.
        flickering = threading.Thread(target=flicker, args=(gates, random.Random(7), stopping))  # noqa: S311
        flickering.start()
        numbers = count()

        def some_passed():
            """Where few do, for the gates are slow, more vehicles come."""
            own = [random.Random(number) for number in islice(numbers, TRIES)]  # noqa: S311 - nothing here is secret
            tries = [lanes.submit(show, dice.choice(gates), dice.randrange(PERMITS), one, watch) for one in own]
            for one in tries:
                one.result()
            return watch.passed >= PERMITS / 3

        try:
            eventually(some_passed, what="a third of the permits passing")
        finally:
            stopping.set()
            flickering.join()
            hub.stop()
    assert watch.doubles == []
