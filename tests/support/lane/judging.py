"""Everything that a judgement goes by, for tests that change one thing of it."""

from dataclasses import replace

from agent.core.decision.checks.case import JudgementRules
from agent.core.decision.judgement import judge, plate_leads
from agent.core.decision.knowledge import Knowledge
from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess, assess_plate
from agent.core.decision.rate_limit import NO_TEXTS
from agent.core.lists.freshness import DataStanding, DataState
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.model.observations import Presentation, Reading
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.checks import GateContext
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.permit.reference import digest_of, reference_of
from tests.support.pki import permits
from tests.support.pki.permits import KEY, NOW

PLATE = "新A12345"
PERMIT = replace(permits.PERMIT, plate=PLATE, plate_kind="civil")
TRUST = trust_list([Issuer("KHE", KEY)], NOW - DAY_S)
CONTEXT = GateContext(
    site=9411, lane=1, direction="export", clock_trusted=True, clock_skew_s=60, forms=frozenset(PermitForm)
)
SECRET = bytes(range(10))
REFERENCE = reference_of(SECRET).encode()
VERSIONS = dict.fromkeys(ListKind, 7)
DATA = DataStanding(DataState.FRESH, 60.0, VERSIONS, TRUST.version)
NOTHING_HERE = DataStanding(DataState.FRESH, None, {}, TRUST.version)
KNOWN = Knowledge(DATA)


def text(key=KEY, **changes):
    return issue(replace(PERMIT, **changes), key).encode()


GOOD = text()


def declared(permit=PERMIT, **changes):
    """The declaration of a permit, released."""
    said = {name: getattr(permit, name) for name in Declaration.__dataclass_fields__ if hasattr(permit, name)}
    said |= {"status": DeclarationStatus.RELEASED, "reference": digest_of(SECRET)}
    return Declaration(**(said | changes))


def shown(*payloads):
    return tuple(Presentation(payload, "test", "front", frame, float(frame)) for frame, payload in enumerate(payloads))


def read(plate=PLATE, frames=3, sure=0.99, kind="civil"):
    """Frames that all read this plate, each character with the same probability."""
    positions = tuple(((character, sure), ("#", (1 - sure) / 2)) for character in plate)
    return tuple(
        Reading(plate, positions, kind, sure ** len(plate), "front", frame, frame / 10, (100, 100, 140, 44))
        for frame in range(frames)
    )


READ = read()


def decide(
    payloads=(GOOD,),
    readings=READ,
    *,
    final=False,
    known=KNOWN,
    active=(),
    context=CONTEXT,
    trust=TRUST,
    texts=NO_TEXTS,
    set_aside=0,
    **rules,
):
    """Take all steps as the decider does, and hold the promises that every decision makes.

    `active`: the declarations that the gate finds by their references and plates.
    """
    asked = JudgementRules(**rules)
    evidence = TransactionEvidence("t1", () if asked.require == "plate" else shown(*payloads), readings, set_aside)
    references = {one.reference: one for one in active if one.reference}
    assessment = assess(evidence, AssessmentContext(context, trust, references), Instant(0.0, NOW), texts)
    if plate_leads(assessment, asked, final=final):
        assessment = assess_plate(assessment, active, context, NOW)
    decision = judge(assessment, asked, known, final=final)
    hold_promises(decision, final=final)
    return decision


def hold_promises(decision, *, final):
    """What is true of every decision: the first check that fails is the last one and decides, and all are in order."""
    assert all(check.ok for check in decision.checks[:-1])
    assert decision.checks[-1].ok == (decision.verdict is Verdict.PASS)
    assert decision.reason is (Reason.OK if decision.checks[-1].ok else decision.checks[-1].reason)
    assert not (final and decision.verdict is Verdict.RETRY)
    order = [list(Reason).index(check.reason) for check in decision.checks]
    assert order == sorted(set(order)), "each check once, in the order of the reasons"


def answer(*arguments, **options):
    """Verdict and reason of a decision."""
    decision = decide(*arguments, **options)
    return decision.verdict, decision.reason


def check(decision, reason):
    """The one check of a decision that has this reason."""
    (found,) = (one for one in decision.checks if one.reason is reason)
    return found
