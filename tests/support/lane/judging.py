"""Everything that a judgement goes by, for tests that change one thing of it."""

from dataclasses import replace

from agent.core.decision.judgement import judge, plate_leads
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.knowledge import Knowledge
from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess, assess_plate
from agent.core.decision.rate_limit import NO_TEXTS
from agent.core.lists.freshness import DataStanding, DataState
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.model.observations import Presentation, Reading, VinReading, VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.witness_reading import WitnessReading
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.permit.permit_verification import GateContext
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


def witness_said(plate=PLATE, confidence=0.97, at=1.0, witness="beside"):
    """What a camera that reads plates by itself says."""
    return WitnessReading(witness, plate, confidence, at)


def vins_read(vin=PERMIT.vin, source=VinSource.CODE_128, *, frames=2, camera="front", picture=None, first=0):
    """Frames, or scans, whose codes all say this VIN."""
    return tuple(
        VinReading(vin, source, camera, frame, frame / 10, picture=picture, legible=picture is not None)
        for frame in range(first, first + frames)
    )


def printed(vin=PERMIT.vin, sure=0.998, *, frames=3, camera="front", box=(300, 100, 240, 20), doubts=(), picture=None):
    """Frames that all read this VIN in print, each character as surely.

    `doubts`: for some places the character that each frame takes for as likely as the one that it reads.
    """
    positions = tuple(
        ((character, 0.5), (dict(doubts)[place], 0.49))
        if place in dict(doubts)
        else ((character, sure), ("8" if character != "8" else "3", 1 - sure))
        for place, character in enumerate(vin)
    )
    confidence = sure ** (len(vin) - len(doubts)) * 0.5 ** len(doubts)
    return tuple(
        VinReading(vin, VinSource.PRINT, camera, frame, frame / 10, confidence, positions, b"", box, picture)
        for frame in range(frames)
    )


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
    vins=(),
    witnessed=(),
    **rules,
):
    """Take all steps as the decider does, and hold the promises that every decision makes.

    `active`: the declarations that the gate finds by their references and plates.
    """
    asked = JudgementRules(**rules)
    presented = () if asked.require == "plate" else shown(*payloads)
    evidence = TransactionEvidence("t1", presented, readings, set_aside, vins=vins, witnessed=witnessed)
    references = {one.reference: one for one in active if one.reference}
    assessment = assess(evidence, AssessmentContext(context, trust, references), Instant(0.0, NOW), texts)
    if plate_leads(assessment, asked, final=final):
        assessment = assess_plate(assessment, active, context, NOW)
    decision = judge(assessment, asked, known, final=final)
    hold_promises(decision, final=final)
    return decision


ORDER = {reason: place for place, reason in enumerate(Reason)}


def hold_promises(decision, *, final):
    """What is true of every decision: the first check that fails is the last one and decides, and all are in order."""
    assert all(check.ok for check in decision.checks[:-1])
    assert decision.checks[-1].ok == (decision.verdict is Verdict.PASS)
    assert decision.reason is (Reason.OK if decision.checks[-1].ok else decision.checks[-1].reason)
    assert not (final and decision.verdict is Verdict.RETRY)
    order = [ORDER[check.reason] for check in decision.checks]
    assert order == sorted(set(order)), "each check once, in the order of the reasons"


def answer(*arguments, **options):
    """Verdict and reason of a decision."""
    decision = decide(*arguments, **options)
    return decision.verdict, decision.reason


def check(decision, reason):
    """The one check of a decision that has this reason."""
    (found,) = (one for one in decision.checks if one.reason is reason)
    return found
