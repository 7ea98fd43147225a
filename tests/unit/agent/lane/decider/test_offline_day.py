"""A gate that hears nothing of central for a day: what it knows passes once, what it does not know stops in time.

The time is passed in; registry, ledger, trust list, permits and the whole decision are real.
"""

from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.decision.judgement import JudgementRules
from agent.core.lane.effects import Decide
from agent.core.lists.freshness import DataState, FreshnessRules
from agent.core.model.instant import Instant
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.list_rows import Revocation
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit import trust
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.permit.reference import permit_of
from agent.lane.decider import Decider, LanePlace, Sources
from agent.site.standalone import StandaloneSite
from tests.support.lane.judging import read
from tests.support.lane.kept_pictures import FaithfulReader
from tests.support.lists.lists import DECLARATIONS, HOUR_S, REVOCATIONS, ROOT, declarations
from tests.support.pki.permits import KEY, NOW
from tests.support.store.journals import FakeClock, open_journal
from tests.support.store.registries import later_head, open_registry, put_whole

STRANGER = SigningKey.from_seed(b"s" * 32)
PLACE = LanePlace(
    9411,
    1,
    "export",
    60,
    700,
    require_clock=True,
    rules=JudgementRules(already_exited_s=30.0 * DAY_S),
    freshness=FreshnessRules(required=frozenset({DECLARATIONS, REVOCATIONS})),
)
OK = (Verdict.PASS, Reason.OK)
TOO_OLD = (Verdict.MANUAL, Reason.DATA_TOO_OLD)
UNKNOWN = (Verdict.MANUAL, Reason.DECLARATION_UNKNOWN)
HOURS = 27
"""From central's last word: a day, the hour after it, and two more."""


class Trusted:
    """A clock that is trusted."""

    def trusted(self):
        return True


def signed_permit(row):
    return replace(permit_of(row, PermitForm.SIGNED), key_id=KEY.public.key_id)


def state_at(age_s):
    """What the age of the lists allows, as the default rules say."""
    limits = {DataState.FRESH: 900, DataState.STALE_OK: 4 * HOUR_S, DataState.KNOWN_ONLY: DAY_S}
    return next((state for state, limit in limits.items() if age_s <= limit), DataState.TOO_OLD)


class Gate:
    """A gate with one lane. `verdicts`: how many decisions there were of each kind, by what was shown.

    `heard_at`: central's last word.
    """

    def __init__(self, folder):
        self.folder, self.boots, self.shown, self.verdicts = folder, 0, 0, Counter()
        self.clock, self.heard_at = FakeClock(), NOW
        self.start()

    def start(self):
        self.boots += 1
        self.journal = open_journal(self.folder / "journal.db", boot=f"boot-{self.boots}", clock=self.clock)
        self.registry = open_registry(self.folder / "registry.db")
        self.kept_pictures, self.answers = FaithfulReader(), []
        site = StandaloneSite(self.journal)
        self.decider = Decider(PLACE, Sources(self.registry, self.journal, Trusted().trusted, site, self.kept_pictures))

    def stop(self):
        self.journal.close()
        self.registry.close()

    def show(self, what, permit, utc, *, key=KEY, plate=None):
        """One vehicle: decided on, and let through where it may pass. Returns verdict and reason."""
        self.shown += 1
        transaction = f"t{self.shown}"
        self.clock.utc = float(utc)
        payload = issue(permit, key, KEY.public.key_id).encode()
        shown = Presentation(payload, "test", "front", self.shown, float(self.shown * 100))
        question = Decide(transaction, (shown,), read(plate or permit.plate, frames=2), final=True)
        question, now = self.kept_pictures.pictured(question), Instant(self.shown * 100.0, float(utc))
        answer = self.decider.decide(question, now, self.answers.append) or self.answers.pop()
        decision = answer.decision
        assert decision.data.state is state_at(utc - self.heard_at)
        if decision.verdict is Verdict.PASS:
            use = (permit.permit_id, answer.use)
            reserved = LedgerChange(*use, LedgerState.RESERVED, transaction, permit.vin, permit.direction)
            self.journal.record([], [reserved])
            self.journal.record([], [replace(reserved, state=LedgerState.CONSUMED)])
        self.verdicts[what, decision.verdict] += 1
        return decision.verdict, decision.reason


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path)
    yield gate
    gate.stop()


class Day:
    """Hour after hour of vehicles at a gate that hears nothing. `passed`: the declared permits that did."""

    def __init__(self, gate, an_hour):
        self.gate, self.an_hour = gate, an_hour
        self.passed, self.undeclared = [], []
        rows = [replace(row, expires_at=NOW + 3 * DAY_S) for row in declarations(HOURS * (an_hour + 2))]
        strangers = [replace(row, expires_at=NOW + 3 * DAY_S) for row in declarations(HOURS * 2, seed=2)]
        revoked = rows[-HOURS:]
        tell(gate.registry, rows, revoked)
        self.known = map(signed_permit, rows)
        self.unknown, self.revoked = map(signed_permit, strangers), map(signed_permit, revoked)

    def hour(self, number):
        """The declared vehicles of an hour, each once and once more, and in its middle one of each other sort."""
        for place, permit in enumerate(islice(self.known, self.an_hour)):
            utc = NOW + number * HOUR_S + place * HOUR_S // self.an_hour
            self._known(permit, utc)
            assert self.gate.show("known again", permit, utc + 1)[0] is not Verdict.PASS
        self._others(NOW + number * HOUR_S + HOUR_S // 2)

    def _known(self, permit, utc, what="known"):
        wanted = OK if utc <= NOW + DAY_S else TOO_OLD
        assert self.gate.show(what, permit, utc) == wanted
        if wanted == OK:
            self.passed.append(permit)

    def _others(self, utc):
        show = self.gate.show
        self.undeclared.append(show("not declared", next(self.unknown), utc))
        permit = next(self.known)
        assert show("copied", permit, utc, plate="京B98765")[0] is not Verdict.PASS
        assert show("forged", permit, utc, key=STRANGER) == (Verdict.DENY, Reason.SIGNATURE_INVALID)
        assert show("expired", replace(permit, expires_at=NOW - 99), utc) == (Verdict.DENY, Reason.EXPIRED)
        assert show("revoked", next(self.revoked), utc) == (Verdict.DENY, Reason.PERMIT_REVOKED)
        self._known(permit, utc, "known, and copied before")


def tell(registry, rows, revoked):
    """Central's last word."""
    registry.take_trust(trust.seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
    declared = put_whole(registry, DECLARATIONS, rows)
    taken_back = put_whole(registry, REVOCATIONS, [Revocation(row.permit_id, row.expires_at) for row in revoked])
    return declared, taken_back


@pytest.mark.parametrize(
    "an_hour",
    [
        pytest.param(12, id="few vehicles"),
        pytest.param(450, id="12,150 vehicles", marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_a_day_offline_every_known_permit_passes_once_and_nothing_else_does(gate, an_hour):
    day = Day(gate, an_hour)
    for number in range(HOURS):
        if number == HOURS // 2:
            gate.stop()
            gate.start()
        day.hour(number)
    assert day.undeclared == [OK] * 4 + [UNKNOWN] * 20 + [TOO_OLD] * 3
    assert len(day.passed) == 24 * (an_hour + 1) + 1, "those of a day, and the one at its very end"
    assert all(gate.journal.use_state(permit.permit_id).used == 1 for permit in day.passed)
    passes = {what: count for (what, verdict), count in gate.verdicts.items() if verdict is Verdict.PASS}
    assert passes == {"known": 24 * an_hour + 1, "known, and copied before": 24, "not declared": 4}


def test_what_central_says_again_lets_the_gate_go_on(gate):
    row, *others = (replace(row, expires_at=NOW + 3 * DAY_S) for row in declarations(20))
    wholes = tell(gate.registry, [row, *others], others[:3])
    late = NOW + DAY_S + HOUR_S
    assert gate.show("known", signed_permit(row), late) == TOO_OLD
    for whole in wholes:
        assert gate.registry.refresh(later_head(whole, 1, issued_at=late))
    gate.heard_at = late
    assert gate.show("known", signed_permit(row), late) == OK
