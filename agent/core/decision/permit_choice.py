"""Chooses the permit that counts: the one that is shown, or the one whose declared plate is in view.

This is the first of the two steps of a decision. Between them, the caller asks the registry and the permit ledger.
Nothing here raises: an error gives INTERNAL_ERROR, and the judgement leaves the vehicle to an officer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from agent.core.decision.fail_safe import internal, with_fail_safe
from agent.core.decision.rate_limit import DEFAULT_RATE, NO_TEXTS, examine, payloads_of
from agent.core.model import Check, Reason
from agent.core.permit import PermitForm, digest_of_reference, verify_declared, verify_permit
from agent.core.plates.match import match
from agent.core.plates.vote import vote
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from agent.core.decision.rate_limit import RateRules, Texts
    from agent.core.model import Declaration, Instant, Presentation, Reading, VinReading, WitnessReading
    from agent.core.permit import GateContext, Permit, PermitResult, TrustList
    from agent.core.plates import PlateVote

FOREIGN: Final = frozenset(
    {
        Reason.PAYLOAD_TOO_LARGE,
        Reason.NOT_A_PERMIT,
        Reason.VERSION_UNSUPPORTED,
        Reason.ENCODING_INVALID,
        Reason.STRUCTURE_INVALID,
    }
)
"""A text that fails with one of these was no permit at all: any other QR code that happens to be in view."""
SET_ASIDE: Final = Text("plates ignored as those of other vehicles")
"""In the detail of PLATE_UNREADABLE: somebody sees a plate in the picture, and wonders."""


@dataclass(frozen=True, slots=True)
class TransactionEvidence:
    """What one transaction has seen so far. `presentations`: newest last; a payload seen again changes nothing.

    `set_aside`: how many plates were read that are taken for those of others, so that they are not among the readings.
    `of_same_camera`: how many were read by the camera alone that read the permit, where another one must have;
    `vins_of_same_camera`: of VINs. `vins`: the VINs that were read, on this vehicle or near it. `witnessed`: what the
    witnesses of the lane have said since it began.
    """

    transaction: str
    presentations: tuple[Presentation, ...] = ()
    readings: tuple[Reading, ...] = ()
    set_aside: int = 0
    of_same_camera: int = 0
    vins: tuple[VinReading, ...] = ()
    vins_of_same_camera: int = 0
    witnessed: tuple[WitnessReading, ...] = ()

    @property
    def plates_seen(self) -> str:
        """What was read, in words."""
        counted = _counted(len(self.readings), self.of_same_camera)
        return (
            Text("{counted}, {said}: {count}", counted=counted, said=SET_ASIDE, count=self.set_aside)
            if self.set_aside
            else counted
        )

    @property
    def vins_seen(self) -> str:
        """How many VINs were read, in words."""
        return _counted(len(self.vins), self.vins_of_same_camera)


def _counted(count: int, of_same_camera: int) -> Text:
    counted = Text("{count} readings", count=count)
    if not of_same_camera:
        return counted
    return Text(
        "{counted}; {count} more by the camera that read the permit do not count",
        counted=counted,
        count=of_same_camera,
    )


@dataclass(frozen=True, slots=True)
class AssessmentContext:
    """What texts are held against. `references`: the declarations that references among them name, by their digests.

    `two_cameras`: a plate or a VIN counts only where it and the permit were not both read by one camera alone.
    """

    context: GateContext
    trust: TrustList
    references: Mapping[bytes, Declaration] = field(default_factory=dict)
    rate: RateRules = DEFAULT_RATE
    two_cameras: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the evidence points to. `permit`: the verified permit; it may still be expired or for another lane.

    `checks`: those on the chosen text, in order. `reason`: OK, or that of the last check, which failed. `voted`: the
    plate that the readings point to. `by_plate`: nothing was shown, the plate was to lead to the permit. `texts`: what
    the lane remembers of texts from now on. `payload`: the chosen text; empty where none was, or the plate leads.
    """

    evidence: TransactionEvidence
    checks: tuple[Check, ...]
    permit: Permit | None
    reason: Reason
    voted: PlateVote | None = None
    by_plate: bool = False
    texts: Texts = NO_TEXTS
    payload: bytes = b""


def assess(
    evidence: TransactionEvidence, ground: AssessmentContext, now: Instant, texts: Texts = NO_TEXTS
) -> Assessment:
    """Verify every distinct payload at one time and choose the one that counts. Never raises.

    A valid permit counts before a refused one, a refused one before a text that is no permit; among equals the newest.
    Two valid permits with different ids are QR_MULTIPLE. `texts`: what the lane remembered before.
    """
    return with_fail_safe(
        lambda: _assess(evidence, ground, now, texts),
        lambda name: Assessment(evidence, (internal(name),), None, Reason.INTERNAL_ERROR, texts=texts),
    )


def assess_plate(shown: Assessment, declared: Sequence[Declaration], context: GateContext, utc: float) -> Assessment:
    """Let the plate lead to the permit, where no code has. Never raises. Unix seconds.

    `shown`: the assessment of what was shown, whose texts are left aside. `declared`: the active declarations of the
    plates that the picture may show. Exactly one of them must be of the plate that was read.
    """
    return with_fail_safe(
        lambda: _assess_plate(shown, declared, context, utc),
        lambda name: Assessment(shown.evidence, (internal(name),), None, Reason.INTERNAL_ERROR, texts=shown.texts),
    )


def is_foreign(assessment: Assessment) -> bool:
    """Whether no permit was shown at all, valid or not."""
    return assessment.permit is None and assessment.reason in FOREIGN | {Reason.QR_NONE}


def references_of(evidence: TransactionEvidence) -> tuple[bytes, ...]:
    """The digests by which the declarations of references among the texts are found."""
    digests = (digest_of_reference(shown.payload) for shown in evidence.presentations)
    return tuple(dict.fromkeys(digest for digest in digests if digest is not None))


def weigh(readings: Sequence[Reading], before: Sequence[Reading] = ()) -> None:
    """Work out what each frame says of what it and the others read, which the match remembers.

    `before`: the newest readings before these. It changes no answer: where readings are weighed as they come, the
    work is done when a permit is shown, all but what the frames say of the declared plate where none of them read it.
    """
    together = vote((*before, *readings)) if readings else None
    for voted in (*(vote((reading,)) for reading in readings), together):
        if voted is not None:
            match(voted, voted.text)


# ------------------------------------------------------------------------------------------------------ what is shown


def _assess(evidence: TransactionEvidence, ground: AssessmentContext, now: Instant, texts: Texts) -> Assessment:
    payloads = payloads_of(evidence.presentations, ground.rate)
    examined = examine(texts, payloads, now.at, _basis(ground), _verifier(ground, now.utc), ground.rate)
    voted = vote(evidence.readings)
    seen = Check(Reason.QR_NONE, bool(payloads), Text("{count} texts", count=len(payloads)))
    if examined.limited:
        limit = Check(
            Reason.RATE_LIMITED,
            ok=False,
            detail=Text("more than {refused_texts} texts were refused", refused_texts=ground.rate.refused_texts),
        )
        return Assessment(evidence, (seen, limit), None, Reason.RATE_LIMITED, voted, texts=examined.texts)
    checks, permit, reason, payload = _chosen(tuple(zip(payloads, examined.results, strict=True)))
    if ground.two_cameras and permit is not None:
        evidence = _by_two_cameras(evidence, payload)
        voted = vote(evidence.readings)
    return Assessment(evidence, (seen, *checks), permit, reason, voted, texts=examined.texts, payload=payload)


def _by_two_cameras(evidence: TransactionEvidence, payload: bytes) -> TransactionEvidence:
    """The evidence without the plates and VINs that were read by the camera alone that read this text."""
    sources = {shown.camera for shown in evidence.presentations if shown.payload == payload}
    counting = tuple(reading for reading in evidence.readings if sources - {reading.camera})
    vins = tuple(reading for reading in evidence.vins if sources - {reading.camera})
    return replace(
        evidence,
        readings=counting,
        of_same_camera=len(evidence.readings) - len(counting),
        vins=vins,
        vins_of_same_camera=len(evidence.vins) - len(vins),
    )


def _basis(ground: AssessmentContext) -> Callable[[bytes], Hashable]:
    """What an answer goes by.

    It is void once the trust list, the clock's trust or a reference's declaration changes.
    """
    common = (ground.trust.version, ground.trust.issued_at, ground.context.clock_trusted)
    references = ground.references

    def basis(payload: bytes) -> Hashable:
        digest = digest_of_reference(payload) if references else None
        return common if digest is None else (*common, references.get(digest))

    return basis


def _verifier(ground: AssessmentContext, utc: float) -> Callable[[bytes], PermitResult]:
    return lambda payload: verify_permit(payload, ground.context, ground.trust, utc, ground.references)


def _chosen(
    answered: Sequence[tuple[bytes, PermitResult]],
) -> tuple[tuple[Check, ...], Permit | None, Reason, bytes]:
    """The checks that count, the permit that they found, their reason, and the text that they are about."""
    if not answered:
        return (), None, Reason.QR_NONE, b""
    results = [result for _, result in answered]
    valid = [result.permit for result in results if result.permit is not None and result.reason is Reason.OK]
    ids = {permit.permit_id for permit in valid}
    if len(ids) > 1:
        several = Check(Reason.QR_MULTIPLE, ok=False, detail=Text("{count} valid permits", count=len(ids)))
        return (several,), None, Reason.QR_MULTIPLE, b""
    payload, chosen = min(answered, key=lambda one: _rank(one[1]))
    single = Check(Reason.QR_MULTIPLE, ok=True, detail=_ignored(results, chosen))
    return (single, *chosen.checks), chosen.permit, chosen.reason, payload


def _rank(result: PermitResult) -> int:
    if result.reason is Reason.OK:
        return 0
    return 2 if result.reason in FOREIGN else 1


def _ignored(results: Sequence[PermitResult], chosen: PermitResult) -> str:
    others = [str(result.reason) for result in results if result is not chosen]
    return Text("ignored: {others}", others=", ".join(others)) if others else ""


# ------------------------------------------------------------------------------------------------------ the plate alone


def _assess_plate(shown: Assessment, declared: Sequence[Declaration], context: GateContext, utc: float) -> Assessment:
    voted = shown.voted
    asked = Check(Reason.QR_NONE, ok=True, detail=Text("no permit is required, the plate decides"))
    if voted is None:
        return _without_permit(shown, asked, Reason.PLATE_UNREADABLE, shown.evidence.plates_seen)
    results = [verify_declared(one, PermitForm.PLATE, context, utc) for one in declared if one.plate == voted.text]
    here = [result for result in results if result.reason is Reason.OK] or results[:1]
    if not here:
        return _without_permit(shown, asked, Reason.DECLARATION_UNKNOWN, Text("no active declaration has this plate"))
    if len(here) > 1:
        return _without_permit(
            shown, asked, Reason.PLATE_OTHER_PERMIT, Text("{count} declarations have this plate", count=len(here))
        )
    (found,) = here
    return replace(
        shown, checks=(asked, *found.checks), permit=found.permit, reason=found.reason, by_plate=True, payload=b""
    )


def _without_permit(shown: Assessment, asked: Check, reason: Reason, detail: str) -> Assessment:
    checks = (asked, Check(reason, ok=False, detail=detail))
    return replace(shown, checks=checks, permit=None, reason=reason, by_plate=True, payload=b"")
