"""A gate of the races: a real journal, a real site service, and lanes that do with a permit what decider and lane do.

Run as `python -m tests.races.gate FILE` by the races; orders come on standard input, one JSON object a line, and what
became of them goes to standard output.
"""

import json
import queue
import random
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from agent.broker.addresses import BrokerAddress
from agent.clock.clock import Clock
from agent.core.crypto.keys import Algorithm, PublicKey, SigningKey
from agent.core.events.chain import ClockReading
from agent.core.events.event_types import AccessGranted, Draft, TransactionClosed, VehiclePresent
from agent.core.model import Outcome
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.reasons import Reason
from agent.core.site.claim_answers import ClaimRequest
from agent.core.site.membership import Membership
from agent.core.site.partition_policy import PartitionPolicy
from agent.recording.recorder import Recorder
from agent.site.claimant import SiteRules
from agent.site.link import SiteLink, site_settings
from agent.site.service import SiteService
from agent.store.errors import LedgerConflictError
from agent.store.journal.journal import Journal
from tests.races.first_echo import FirstEchoSite

LANES = 12
PATIENCE_S = 8.0


def main():
    gate = Gate(json.loads(Path(sys.argv[1]).read_text()))
    gate.start()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "stop":
            break
        gate.obey(order)
    gate.stop()


class Gate:
    def __init__(self, setup):
        key = SigningKey.from_seed(bytes.fromhex(setup["seed"]))
        gates = {name: PublicKey(Algorithm.ED25519, bytes.fromhex(raw)) for name, raw in setup["gates"].items()}
        membership = Membership(7, setup["gate"], gates)
        rules = SiteRules(PartitionPolicy(setup["policy"]), setup["claim_timeout_s"], setup["hold_s"])
        self._setup = setup
        self._clock = Clock()
        self._journal = Journal.open(
            Path(setup["journal"]), gate=membership.own, boot=str(uuid.uuid4()), clock=self._reading, max_bytes=1 << 30
        )
        settings = site_settings(membership.own, (BrokerAddress(*setup["broker"], tls=False),))
        if setup["naive"]:
            self._service, reserving = (
                FirstEchoSite(membership, settings, self._journal, rules),
                lambda *_: nullcontext(),
            )
        else:
            link = SiteLink(settings, membership.site, membership.peers)
            self._service = SiteService(membership, key, self._journal, self._journal.site, link, rules)
            reserving = self._service.reserving
        self._membership = membership
        self._recorder = Recorder(self._journal, lambda: self._clock.now().utc, reserving=reserving)
        self._lanes = ThreadPoolExecutor(LANES)
        self._out = threading.Lock()
        self._pause = threading.Event()
        self._random = random.Random(str(uuid.uuid4()))  # noqa: S311 - not secret

    def start(self):
        self._service.start()
        self._tell({"started": self._membership.own})

    def stop(self):
        self._lanes.shutdown()
        ended = self._service.stop()
        self._recorder.end()
        self._journal.close()
        self._tell({"stopped": ended})

    def obey(self, order):
        if order["do"] == "present":
            self._lanes.submit(self._present_safely, order)
        else:
            self._tell({"where": self._where()})

    def _where(self):
        site = self._journal.site
        peers = {} if self._setup["naive"] else {peer: site.cursor(peer).seq for peer in self._membership.peers}
        return {"head": site.head(), "knows": peers, **self._service.status()}

    def _reading(self):
        return ClockReading(self._clock.now().utc, synced=True, error_ms=1)

    def _tell(self, what):
        with self._out:
            sys.stdout.write(json.dumps(what) + "\n")
            sys.stdout.flush()

    # -------------------------------------------------------------------------------------------------------- a lane

    def _present_safely(self, order):
        try:
            code, took_ms = self._present(order)
        except Exception as error:  # noqa: BLE001 - the races must hear of each
            code, took_ms = f"FAULT {type(error).__name__}: {error}", None
        self._tell({"race": order["race"], "code": code, "ms": took_ms, "home": self._is_home(order)})

    def _is_home(self, order):
        return self._membership.home(order["vehicle"]) == self._membership.own

    def _present(self, order):
        permit, transaction = bytes.fromhex(order["permit"]), str(uuid.uuid4())
        known = self._journal.use_state(permit, transaction)
        if known.used >= order["max_uses"]:
            return "known used", None
        if known.open_reservation is not None:
            return "open here", None
        request = ClaimRequest(permit, order["vehicle"], "export", order["max_uses"], transaction, order["exited_s"])
        begun_at = time.monotonic()
        word, others = self._claimed(request)
        took_ms = (time.monotonic() - begun_at) * 1000
        if not others.empty():
            return "FAULT: answered twice", None
        if not word.passes:
            return word.code.value, took_ms if not word.detail.endswith(" s") else None
        slow = self._random.random() < self._setup["slow"]
        if slow:
            self._pause.wait(self._setup["hold_s"] + 0.3)
        return self._pass(order, permit, transaction, word), None if slow else took_ms

    def _claimed(self, request):
        box = queue.SimpleQueue()
        word = self._service.claim(request, box.put)
        return word or box.get(timeout=PATIENCE_S), box

    def _pass(self, order, permit, transaction, word):
        def draft(event):
            return Draft(event, "1", transaction, self._clock.now().utc)

        granted = AccessGranted(grant=f"{transaction}-1", by="permit", permit=order["permit"])
        reserve = LedgerChange(permit, word.use, LedgerState.RESERVED, transaction, order["vehicle"], "export")
        events = [draft(VehiclePresent(seen_by="inputs")), draft(granted)]
        try:
            self._recorder.bind(events, [reserve])
        except LedgerConflictError:
            return "lost at the record"
        self._pause.wait(self._random.random() * self._setup["passage_s"])
        passed = self._random.random() >= order["turns_back"]
        outcome = Outcome.PASSED if passed else Outcome.NOT_TAKEN
        closed = TransactionClosed(
            outcome=outcome, reason=Reason.OK, assumed=False, duration_s=1.0, permit=order["permit"]
        )
        state = LedgerState.CONSUMED if passed else LedgerState.RELEASED
        self._recorder.note([draft(closed)], [LedgerChange(permit, word.use, state, transaction)])
        return f"{word.code.value} {outcome.value}"


if __name__ == "__main__":
    main()
