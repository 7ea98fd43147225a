"""Gates of a site for tests: real journals and services, and a hub between them that can lose, repeat and delay."""

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from agent.core.crypto.keys import SigningKey
from agent.core.events.event_types import AccessGranted, Draft
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.site.claim_answers import ClaimCode, ClaimRequest
from agent.core.site.partition_policy import PartitionPolicy
from agent.core.site.signed_messages import Membership, Place
from agent.devices.port_supervisor import PortState
from agent.mqtt.broker_link_view import BrokerLinkView
from agent.mqtt.messages import BrokerLimits, Incoming, LinkDown, LinkUp
from agent.mqtt.receipt import Receipt
from agent.recording.recorder import Recorder
from agent.site.claimant import SiteRules
from agent.site.service import SiteService
from agent.store.journal.journal import Journal
from tests.support.store.journals import UTC, FakeClock
from tests.support.waiting import PATIENCE_S, eventually, scaled

GATES = ("east", "north", "south")
KEYS = {gate: SigningKey.from_seed(sha256(gate.encode()).digest()) for gate in (*GATES, "stranger")}
SITE = 7
PLACE = Place("5e" * 16, 1)
"""A place in a session that nobody has met."""
QUICK = SiteRules(claim_timeout_s=scaled(0.2), hold_s=scaled(30.0))


def membership_of(own, gates=GATES, site=SITE):
    return Membership(site, own, {gate: KEYS[gate].public for gate in gates})


def vehicle_of(home, gates=GATES, number=0):
    """A vehicle whose home gate this is."""
    membership = membership_of(gates[0], gates)
    return next(vin for vin in (f"V{number:04d}{n:012d}" for n in range(1000)) if membership.home(vin) == home)


AT_EAST = vehicle_of("east")


def request(vehicle, transaction="t1", *, permit=b"\x01" * 8, max_uses=1, exited_s=0.0):
    return ClaimRequest(permit, vehicle, "export", max_uses, transaction, exited_s)


def said_in(text):
    """What a signed text says, unproven."""
    payload = text.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))


class Hub:
    """Takes what gates say and hands it on at once, but for the kinds that are `held` or `lost`.

    `past`: all that was said.
    """

    def __init__(self):
        self._links = {}
        self._lock = threading.RLock()
        self.held, self.lost = set(), set()
        self.waiting, self.past = [], []

    def join(self, link):
        with self._lock:
            self._links[link.gate] = link

    def lose(self, *kinds):
        """From now on words of these kinds get lost; of no kind: all arrive."""
        with self._lock:
            self.lost = set(kinds)

    def post(self, sender, receivers, text):
        with self._lock:
            kind = said_in(text)["said"]["kind"]
            self.past.append((kind, receivers, text))
            if kind in self.lost:
                return
            if kind in self.held:
                self.waiting.append((kind, receivers, text))
                return
        self.hand_over(sender, receivers, text)

    def hand_over(self, sender, receivers, text):
        for gate in receivers:
            link = self._links.get(gate)
            if link is not None and gate != sender:
                link.bring(text)

    def let_go(self, *kinds):
        """Hand on what was held of these kinds, and hold them no longer."""
        with self._lock:
            self.held -= set(kinds)
            going = [one for one in self.waiting if one[0] in kinds]
            self.waiting = [one for one in self.waiting if one[0] not in kinds]
        for _kind, receivers, text in going:
            self.hand_over("", receivers, text)

    def again(self, kind):
        """Hand on once more all that was ever said of a kind: as it was, so that it is refused."""
        for _kind, receivers, text in [one for one in list(self.past) if one[0] == kind]:
            self.hand_over("", receivers, text)

    def count(self, kind):
        return sum(one[0] == kind for one in list(self.past))


class HubLink:
    """A gate's link to the hub (agent.site.link.SiteLink)."""

    def __init__(self, hub, gate, up=True):
        self.gate, self._hub = gate, hub
        self._said = self._rows = None
        self._listeners = []
        self._number = 0
        self.view = BrokerLinkView(PortState.LOST, "", 0, "mqtt://hub", 0, time.monotonic())
        self._begins_up = up

    def subscribe(self, said, rows):
        self._said, self._rows = said, rows

    def listen(self, listener):
        self._listeners.append(listener)

    def start(self):
        self._hub.join(self)
        if self._begins_up:
            self.connect()

    def stop(self, timeout_s):
        return timeout_s > 0

    def connect(self):
        self._number += 1
        self.view = replace(self.view, state=PortState.UP)
        for listener in self._listeners:
            listener(LinkUp(self._number, BrokerLimits()))

    def cut(self):
        self.view = replace(self.view, state=PortState.LOST)
        for listener in self._listeners:
            listener(LinkDown(self._number))

    def bring(self, text):
        if self.view.state is PortState.UP:
            everybody = said_in(text)["to"] == "*"
            (self._rows if everybody else self._said)(Incoming("", text, 1, retained=False))

    def send_to_gate(self, to, text, done=None):
        return self._post([to], text, done)

    def broadcast_rows(self, text, done=None):
        return self._post(GATES, text, done)

    def _post(self, receivers, text, done):
        if self.view.state is not PortState.UP:
            return False
        self._hub.post(self.gate, receivers, text)
        if done is not None:
            done(Receipt(0))
        return True


class SiteGate:
    """One gate: journal, recorder and site service. `answers`: the answers to its claims that came later.

    `link`: its way to the others; without, it is the hub.
    """

    def __init__(
        self, hub, folder, gate, *, boot="b1", rules=QUICK, gates=GATES, up=True, journal="journal.db", link=None
    ):
        self.gate, self.answers = gate, []
        path = folder / f"{gate}-{journal}"
        self.journal = Journal.open(path, gate=gate, boot=boot, clock=FakeClock(), max_bytes=1 << 26)
        self.link = HubLink(hub, gate, up) if link is None else link
        self.service = SiteService(
            membership_of(gate, gates), KEYS[gate], self.journal, self.journal.site, self.link, rules
        )
        self.recorder = Recorder(self.journal, lambda: UTC, reserving=self.service.reserving)
        self.service.start()

    def close(self):
        assert self.service.stop(PATIENCE_S)
        self.journal.close()

    def be_patient(self):
        """From now on it waits for answers as long as they may take, for its claims and as a home gate."""
        self.service._claimant._rules = replace(self.service._claimant._rules, claim_timeout_s=PATIENCE_S)
        self.service._home._query_s = PATIENCE_S

    def catch_up(self):
        """Wait until its threads have done what was there for them; what comes of rows goes on to the claims."""
        for queue in (self.service._dispatcher.rows, self.service._dispatcher.claims):
            done = threading.Event()
            queue.submit(done.set)
            assert done.wait(PATIENCE_S)

    def claim(self, asked):
        """The word on a claim, at once or later; it must come once."""
        before = len(self.answers)
        word = self.service.claim(asked, self.answers.append)
        if word is None:
            eventually(lambda: len(self.answers) > before, what="an answer")
            return self.answers[before]
        return word

    def reserve(self, asked, use=1, by="permit"):
        """Record that a permit passes, as the lane does. Raises LedgerConflictError."""
        granted = AccessGranted(grant=f"{asked.transaction}-1", by=by, permit=asked.permit_id.hex())
        change = LedgerChange(
            asked.permit_id, use, LedgerState.RESERVED, asked.transaction, asked.vehicle, asked.direction
        )
        self.recorder.bind([Draft(granted, "1", asked.transaction, UTC)], [change])

    def settle(self, asked, state, use=1):
        """Record that the vehicle passed (CONSUMED) or did not (RELEASED)."""
        self.journal.record([], [LedgerChange(asked.permit_id, use, state, asked.transaction)])

    def ready(self):
        return not self.service.status()["missing"]

    def events(self, kind):
        return [json.loads(one.payload)["data"] for one in self.journal.range(1, self.journal.head) if one.type == kind]

    def knows(self, other):
        """Whether this gate has all rows of another."""
        return self.journal.site.cursor(other.gate).seq == other.journal.site.head()

    def doubts(self):
        """The ids of the claims that it granted and of which it does not know the end."""
        return [one.transaction for one in self.journal.site.unconfirmed(-1e9, 1000)]


@contextmanager
def site(folder, hub=None, **options):
    """A hub and the three gates, each complete: (hub, east, north, south)."""
    hub = hub or Hub()
    gates = [SiteGate(hub, folder, gate, up=False, **options) for gate in GATES]
    for gate in gates:
        gate.link.connect()
    try:
        eventually(lambda: all(gate.ready() for gate in gates), what="all ledgers complete")
        for gate in gates:  # one that has just become complete claims once more what it has claimed
            gate.catch_up()
        yield hub, *gates
    finally:
        with ThreadPoolExecutor() as pool:
            list(pool.map(SiteGate.close, gates))


def rules(policy=PartitionPolicy.HOME_GATE, **changes):
    return replace(QUICK, policy=policy, **changes)


def passes(gate, asked, use=1):
    """Claim, reserve and let the vehicle pass."""
    word = gate.claim(asked)
    assert (word.code, word.use) == (ClaimCode.GRANTED, use), word
    gate.reserve(asked, use)
    gate.settle(asked, LedgerState.CONSUMED, use)


def outcome(gate, asked):
    word = gate.claim(asked)
    return word.code, word.gate
