"""A gate of the races: a real journal and head file, a real trust state and site service, and lanes that do with a
permit what decider and lane do.

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
from agent.core.events.event_types import AccessGranted, Draft, StateChanged, TransactionClosed, VehiclePresent
from agent.core.model import Outcome
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.reasons import Reason
from agent.core.permit.issue import DAY_S
from agent.core.site.claim_answers import ClaimRequest
from agent.core.site.partition_policy import PartitionPolicy
from agent.core.site.signed_messages import Membership
from agent.core.trust_state import StatePart, TrustRules, Wholeness
from agent.recording.journal_start import StartDependencies, open_witnessed
from agent.recording.recorder import Recorder
from agent.recording.trust_monitor import TrustMonitor
from agent.site.claimant import SiteRules
from agent.site.link import SiteLink, site_settings
from agent.site.service import SiteService
from agent.store.errors import JournalError, LedgerConflictError
from agent.store.head_file import HeadFile
from agent.store.journal.journal import Journal
from tests.races.first_echo import FirstEchoSite
from tests.support.waiting import scaled

LANES = 12
PATIENCE_S = scaled(8.0)
RULES = TrustRules(frozenset(), 180 * DAY_S)
"""Of its lanes nobody locks any."""
NOT_WHOLE = "state not whole"


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
        self._losses = 0
        boot, path, file = str(uuid.uuid4()), Path(setup["journal"]), HeadFile(Path(setup["head_file"]))
        start = open_witnessed(
            lambda: Journal.open(path, gate=membership.own, boot=boot, clock=self._reading, max_bytes=1 << 30),
            StartDependencies(membership.own, key.public, self._utc, RULES, file),
        )
        self._journal = start.journal
        # As the parts of a gate: what is noted and bound goes by the trust state, which notes what it finds.
        self._recorder = Recorder(
            self._journal,
            self._utc,
            heard=self._recorded,
            reserving=self._reserving,
            bound=self._bound,
        )
        self._trust = TrustMonitor(
            start,
            key,
            membership.own,
            RULES,
            self._utc,
            note=self._recorder.note,
            trusted_utc=self._utc,
            lists=lambda: None,
            file=file,
        )
        settings = site_settings(membership.own, (BrokerAddress(*setup["broker"], tls=False),))
        if setup["naive"]:
            self._service = FirstEchoSite(membership, settings, self._journal, rules)
        else:
            link = SiteLink(settings, membership.site, membership.peers)
            self._service = SiteService(
                membership, key, self._journal, self._journal.site, link, rules, trust=self._trust
            )
        self._membership = membership
        self._lanes = ThreadPoolExecutor(LANES)
        self._out = threading.Lock()
        self._pause = threading.Event()
        self._random = random.Random(str(uuid.uuid4()))  # noqa: S311 - not secret

    def start(self):
        self._trust.start()
        self._service.start()
        self._tell({"started": self._membership.own})

    def stop(self):
        self._lanes.shutdown()
        ended = self._service.stop(PATIENCE_S)
        ended = self._trust.worker.stop(PATIENCE_S) and ended
        ended = self._trust.stop() and ended
        self._recorder.end()
        self._journal.close()
        self._tell({"stopped": ended})

    def obey(self, order):
        match order["do"]:
            case "present":
                self._lanes.submit(self._present_safely, order)
            case "accept":
                self._tell({"accepted": self._trust.accept(frozenset(StatePart), "first", "second")})
            case _:
                self._tell({"where": self._where()})

    def _where(self):
        site = self._journal.site
        peers = {} if self._setup["naive"] else {peer: site.cursor(peer).seq for peer in self._membership.peers}
        return {
            "head": site.head(),
            "knows": peers,
            "whole": not self._trust.why_ledger_open(),
            "losses": self._losses,
            "given_up": self._given_up(),
            **self._service.status(),
        }

    def _given_up(self):
        """Whether the agent has to restart, as its retention job finds it: the journal must not go on."""
        try:
            self._journal.checkpoint()
        except JournalError:
            return True
        return False

    def _reserving(self, drafts, ledger):
        return nullcontext() if self._setup["naive"] else self._service.reserving(drafts, ledger)

    def _bound(self):
        self._trust.on_bound()

    def _recorded(self, drafts):
        self._trust.on_recorded(drafts)
        self._losses += sum(
            isinstance(draft.event, StateChanged) and draft.event.state == Wholeness.LOST for draft in drafts
        )

    def _utc(self):
        return self._clock.now().utc

    def _reading(self):
        return ClockReading(self._utc(), synced=True, error_ms=1)

    def _tell(self, what):
        with self._out:
            sys.stdout.write(json.dumps(what) + "\n")
            sys.stdout.flush()

    # -------------------------------------------------------------------------------------------------------- a lane

    def _present_safely(self, order):
        try:
            code, took_ms = self._present(order)
        except Exception as error:  # noqa: BLE001 - the races must hear of each
            expected = isinstance(error, JournalError) and self._given_up()
            code, took_ms = NOT_WHOLE if expected else f"FAULT {type(error).__name__}: {error}", None
        self._tell({"race": order["race"], "code": code, "ms": took_ms, "home": self._is_home(order)})

    def _is_home(self, order):
        return self._membership.home(order["vehicle"]) == self._membership.own

    def _present(self, order):
        permit, transaction = bytes.fromhex(order["permit"]), str(uuid.uuid4())
        refused = self._refused(permit, transaction, order["max_uses"])
        if refused:
            return refused, None
        request = ClaimRequest(permit, order["vehicle"], "export", order["max_uses"], transaction, order["exited_s"])
        begun_at = time.monotonic()
        word, others = self._claimed(request)
        took_ms = (time.monotonic() - begun_at) * 1000
        if not others.empty():
            return "FAULT: answered twice", None
        if not word.passes:
            return word.code.value, took_ms if not word.detail.endswith(" s") else None
        if self._trust.why_ledger_open():
            return NOT_WHOLE, None
        slow = self._random.random() < self._setup["slow"]
        if slow:
            self._pause.wait(self._setup["hold_s"] + 0.3)
        return self._pass(order, permit, transaction, word), None if slow else took_ms

    def _refused(self, permit, transaction, max_uses):
        """Why no home gate is asked; "" where it is."""
        known = self._journal.use_state(permit, transaction)
        if known.used >= max_uses:
            return "known used"
        if known.open_reservation is not None:
            return "open here"
        return NOT_WHOLE if self._trust.why_ledger_open() else ""

    def _claimed(self, request):
        box = queue.SimpleQueue()
        word = self._service.claim(request, box.put)
        return word or box.get(timeout=PATIENCE_S), box

    def _pass(self, order, permit, transaction, word):
        def draft(event):
            return Draft(event, "1", transaction, self._utc())

        granted = AccessGranted(grant=f"{transaction}-1", by="permit", permit=order["permit"])
        reserve = LedgerChange(permit, word.use, LedgerState.RESERVED, transaction, order["vehicle"], "export")
        events = [draft(VehiclePresent(seen_by="inputs")), draft(granted)]
        try:
            self._recorder.bind(events, [reserve])
        except LedgerConflictError:
            return "lost at the record"
        self._tell({"race": order["race"], "opened": transaction})
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
