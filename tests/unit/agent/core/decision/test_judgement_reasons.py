"""Every reason that a judgement can give, each by the whole way to it, and the verdict that it leads to."""

from dataclasses import replace

import pytest

from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.decision.checks.random_sample import drawn
from agent.core.decision.knowledge import PermitUses
from agent.core.decision.rate_limit import RefusedText, Texts
from agent.core.decision.second_reading_result import SecondReading, SecondVerdict
from agent.core.lists.freshness import DataState
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import DeclarationStatus, Revocation, Subject, Watched
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.issue import DAY_S, issue
from agent.core.permit.trust import KeyStatus
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.core.site.permit_uses import OtherExit
from agent.core.trust_state import StateHold
from drivers.text import Text
from tests.support.lane.judging import (
    CONTEXT,
    DATA,
    GOOD,
    KNOWN,
    PERMIT,
    REFERENCE,
    TRUST,
    VERSIONS,
    answer,
    check,
    decide,
    declared,
    printed,
    read,
    text,
    vins_read,
    witness_said,
)
from tests.support.pki.permits import KEY, NOW

PASS, DENY, MANUAL, RETRY = Verdict
STRANGER = SigningKey.from_seed(b"s" * 32)
P256 = SigningKey.from_seed(b"p" * 32, Algorithm.ES256)
ELSEWHERE = {
    Reason.QR_UNSTABLE: "one frame proves a permit: a misread text carries no valid signature and names no declaration",
    Reason.INTERLOCKED: "the lane's",
    Reason.LANE_LOCKED: "the lane's",
    Reason.GATE_FAULT: "the decider's, where it cannot ask, and the lane's",
}
SALT = next(salt for salt in (bytes([n]) for n in range(99)) if drawn(PERMIT.permit_id, 1, 0.5, salt))


def entry(**changes):
    return replace(TRUST, entries=(replace(TRUST.entries[0], **changes),))


def known(**changes):
    return replace(KNOWN, **changes)


def second(verdict):
    return known(second=SecondReading(verdict, Text("{count} pictures", count=2)))


def data(state, **versions):
    return replace(DATA, state=state, versions=VERSIONS | versions)


def of(**changes):
    """What is known of a declared permit, with one thing changed in the declaration."""
    return known(declaration=declared(**changes))


def word(code):
    return known(claim=ClaimAnswer(code, gate="gate-2"))


FLOOD = Texts(refused=tuple(RefusedText(bytes([number]), 0.0) for number in range(11)))

# The reason, the decision's input, the verdict while more may come, the verdict when nothing will.
ROWS = {
    "OK": (Reason.OK, {}, PASS, PASS),
    "nothing shown": (Reason.QR_NONE, {"payloads": ()}, RETRY, DENY),
    "two permits": (Reason.QR_MULTIPLE, {"payloads": (GOOD, text(permit_id=b"another."))}, MANUAL, MANUAL),
    "too long": (Reason.PAYLOAD_TOO_LARGE, {"payloads": (b"x" * 701,)}, RETRY, DENY),
    "an address": (Reason.NOT_A_PERMIT, {"payloads": (b"https://example.com",)}, RETRY, DENY),
    "the next version": (Reason.VERSION_UNSUPPORTED, {"payloads": (b"GP2:ABC",)}, RETRY, DENY),
    "cut off": (Reason.ENCODING_INVALID, {"payloads": (GOOD[:-1],)}, RETRY, DENY),
    "empty": (Reason.STRUCTURE_INVALID, {"payloads": (b"GP1:",)}, RETRY, DENY),
    "an algorithm of another key": (
        Reason.ALG_NOT_ALLOWED,
        {"payloads": (issue(PERMIT, P256, KEY.public.key_id).encode(),)},
        DENY,
        DENY,
    ),
    "a stranger's": (Reason.KEY_UNKNOWN, {"payloads": (text(key=STRANGER),)}, DENY, DENY),
    "a key whose time is over": (Reason.KEY_EXPIRED, {"trust": entry(not_after=NOW - DAY_S)}, DENY, DENY),
    "a disabled key": (Reason.KEY_REVOKED, {"trust": entry(status=KeyStatus.DISABLED)}, DENY, DENY),
    "forged": (
        Reason.SIGNATURE_INVALID,
        {"payloads": (issue(PERMIT, STRANGER, KEY.public.key_id).encode(),)},
        DENY,
        DENY,
    ),
    "of another issuer": (Reason.CLAIMS_INVALID, {"payloads": (text(issuer="other"),)}, DENY, DENY),
    "a clock that is wrong": (
        Reason.CLOCK_UNTRUSTED,
        {"context": replace(CONTEXT, clock_trusted=False)},
        MANUAL,
        MANUAL,
    ),
    "too early": (
        Reason.NOT_YET_VALID,
        {"payloads": (text(not_before=NOW + 100, issued_at=NOW),)},
        DENY,
        DENY,
    ),
    "too late": (Reason.EXPIRED, {"payloads": (text(expires_at=NOW - 100),)}, DENY, DENY),
    "another site": (Reason.WRONG_SITE, {"payloads": (text(site=9412),)}, DENY, DENY),
    "another lane": (Reason.WRONG_LANE, {"payloads": (text(lane_mask=0b10),)}, DENY, DENY),
    "the other way": (Reason.WRONG_DIRECTION, {"context": replace(CONTEXT, direction="import")}, DENY, DENY),
    "revoked": (
        Reason.PERMIT_REVOKED,
        {"known": known(revocation=Revocation(PERMIT.permit_id, NOW, "sold"))},
        DENY,
        DENY,
    ),
    "not declared": (Reason.DECLARATION_UNKNOWN, {"declaration": "required"}, DENY, DENY),
    "a reference to nothing": (Reason.DECLARATION_UNKNOWN, {"payloads": (REFERENCE,)}, DENY, DENY),
    "not known of late": (
        Reason.DECLARATION_UNKNOWN,
        {"known": known(data=data(DataState.KNOWN_ONLY))},
        MANUAL,
        MANUAL,
    ),
    "not released": (Reason.DECLARATION_NOT_RELEASED, {"known": of(status=DeclarationStatus.DECLARED)}, DENY, DENY),
    "cancelled": (Reason.DECLARATION_NOT_RELEASED, {"known": of(status=DeclarationStatus.CANCELLED)}, DENY, DENY),
    "held": (Reason.DECLARATION_NOT_RELEASED, {"known": of(status=DeclarationStatus.HELD)}, MANUAL, MANUAL),
    "declared otherwise": (Reason.DECLARATION_MISMATCH, {"known": of(vin="LSVAA49J132047372")}, DENY, DENY),
    "old lists": (Reason.DATA_TOO_OLD, {"known": known(data=data(DataState.TOO_OLD))}, MANUAL, MANUAL),
    "no plate read": (Reason.PLATE_UNREADABLE, {"readings": ()}, RETRY, MANUAL),
    "no plate declared": (
        Reason.PLATE_UNREADABLE,
        {"payloads": (text(plate=None, plate_kind=None),)},
        MANUAL,
        MANUAL,
    ),
    "another plate, says a witness": (
        Reason.PLATE_DISPUTED,
        {"witnessed": (witness_said("京B98765"),)},
        MANUAL,
        MANUAL,
    ),
    "another plate, but a witness says the declared one": (
        Reason.PLATE_DISPUTED,
        {"readings": read("京B98765"), "witnessed": (witness_said(),)},
        MANUAL,
        MANUAL,
    ),
    "hardly read": (Reason.PLATE_UNSURE, {"readings": read(sure=0.5)}, RETRY, MANUAL),
    "another plate": (Reason.PLATE_MISMATCH, {"readings": read("京B98765")}, DENY, DENY),
    "no VIN read": (Reason.VIN_UNREADABLE, {"second_factor": "vin"}, RETRY, MANUAL),
    "no plate declared, and no VIN read": (
        Reason.VIN_UNREADABLE,
        {"payloads": (text(plate=None, plate_kind=None),), "without_plate": "vin"},
        RETRY,
        MANUAL,
    ),
    "a VIN hardly read": (
        Reason.VIN_UNSURE,
        {"vins": printed(doubts=((16, "2"),)), "second_factor": "both"},
        RETRY,
        MANUAL,
    ),
    "another VIN": (
        Reason.VIN_MISMATCH,
        {"vins": vins_read("LSVAA4182E2184847"), "second_factor": "vin"},
        RETRY,
        MANUAL,
    ),
    "another plate beside the VIN": (
        Reason.PLATE_MISMATCH,
        {"readings": read("京B98765"), "vins": vins_read(), "second_factor": "either"},
        MANUAL,
        MANUAL,
    ),
    "a wrong check digit": (
        Reason.VIN_CHECKSUM,
        {"payloads": (text(vin="LSVAA49J132047372"),), "wrong_check_digit": "manual"},
        MANUAL,
        MANUAL,
    ),
    "gone under another permit": (
        Reason.VIN_ALREADY_EXITED,
        {"known": known(other_exit=OtherExit(b"another.", "gate-2", NOW - DAY_S)), "already_exited_s": DAY_S * 30.0},
        MANUAL,
        MANUAL,
    ),
    "gone, says the home gate": (
        Reason.VIN_ALREADY_EXITED,
        {"known": word(ClaimCode.VIN_ALREADY_EXITED)},
        MANUAL,
        MANUAL,
    ),
    "another kind of plate": (
        Reason.VEHICLE_CLASS_MISMATCH,
        {"readings": read(kind="trailer"), "other_class": "manual"},
        MANUAL,
        MANUAL,
    ),
    "used up": (Reason.ALREADY_USED, {"known": known(use=PermitUses(used=2))}, DENY, DENY),
    "used up at another gate": (
        Reason.USED_AT_OTHER_GATE,
        {"known": known(use=PermitUses(used=2, used_at="gate-2"))},
        DENY,
        DENY,
    ),
    "used, says the home gate": (Reason.USED_AT_OTHER_GATE, {"known": word(ClaimCode.USED_AT_OTHER_GATE)}, DENY, DENY),
    "in use, says the home gate": (
        Reason.RESERVED_ELSEWHERE,
        {"known": word(ClaimCode.RESERVED_ELSEWHERE)},
        MANUAL,
        MANUAL,
    ),
    "no home gate": (Reason.LEDGER_UNREACHABLE, {"known": word(ClaimCode.LEDGER_UNREACHABLE)}, MANUAL, MANUAL),
    "a journal that must not go on": (
        Reason.STATE_NOT_WHOLE,
        {"known": known(hold=StateHold(cause=Text("an older copy")))},
        MANUAL,
        MANUAL,
    ),
    "a ledger that is lost": (
        Reason.STATE_NOT_WHOLE,
        {"known": known(hold=StateHold(ledger=Text("lost")))},
        MANUAL,
        MANUAL,
    ),
    "a ledger that was lost after the permit began": (
        Reason.STATE_NOT_WHOLE,
        {"known": known(hold=StateHold(ledger=Text("lost"), issued_after_utc=PERMIT.not_before))},
        MANUAL,
        MANUAL,
    ),
    "a ledger that was lost before the permit began": (
        Reason.OK,
        {"known": known(hold=StateHold(ledger=Text("lost"), issued_after_utc=PERMIT.not_before - 1))},
        PASS,
        PASS,
    ),
    "a trust list below its floor": (
        Reason.STATE_NOT_WHOLE,
        {"known": known(hold=StateHold(floors=(("trust", DATA.trust + 1),)))},
        MANUAL,
        MANUAL,
    ),
    "revocations below their floor": (
        Reason.STATE_NOT_WHOLE,
        {"known": known(hold=StateHold(floors=(("revocations", VERSIONS.get(ListKind.REVOCATIONS, 0) + 1),)))},
        MANUAL,
        MANUAL,
    ),
    "a used permit, whatever is lost": (
        Reason.ALREADY_USED,
        {"known": known(use=PermitUses(used=PERMIT.max_uses), hold=StateHold(ledger=Text("lost")))},
        DENY,
        DENY,
    ),
    "just gone": (Reason.PASSBACK, {"known": known(use=PermitUses(passed_s=5)), "anti_passback_s": 60.0}, DENY, DENY),
    "a flood of codes": (Reason.RATE_LIMITED, {"texts": FLOOD}, MANUAL, MANUAL),
    "watched": (
        Reason.WATCHLIST_HOLD,
        {"known": known(watched=Watched(Subject.VIN, PERMIT.vin, "look under it"))},
        MANUAL,
        MANUAL,
    ),
    "another picture": (Reason.PICTURE_MISMATCH, {"known": second(SecondVerdict.DIFFERENT)}, MANUAL, MANUAL),
    "a poor picture": (Reason.PICTURE_UNCONFIRMED, {"known": second(SecondVerdict.UNCLEAR)}, RETRY, MANUAL),
    "no second reader": (Reason.PICTURE_UNCONFIRMED, {"known": second(SecondVerdict.FAILED)}, MANUAL, MANUAL),
    "drawn": (Reason.SAMPLED, {"sample_share": 0.5, "sample_salt": SALT}, MANUAL, MANUAL),
}


@pytest.mark.parametrize(
    ("reason", "given", "first", "last"), [pytest.param(*row, id=name) for name, row in ROWS.items()]
)
def test_every_reason_has_its_verdict(reason, given, first, last):
    for final, verdict in ((False, first), (True, last)):
        assert answer(final=final, **given) == (verdict, reason)


def test_no_reason_is_left_out():
    others = {Reason.PLATE_OTHER_PERMIT, Reason.INTERNAL_ERROR}  # below
    assert {row[0] for row in ROWS.values()} | others | set(ELSEWHERE) == set(Reason)


def test_a_confirmed_second_reading_is_the_last_check_of_a_pass():
    decision = decide(known=second(SecondVerdict.CONFIRMED))
    assert decision.verdict is PASS
    assert (decision.checks[-1].reason, decision.checks[-1].ok) == (Reason.PICTURE_MISMATCH, True)


def test_a_fault_is_internal():
    assert answer(known=known(use=None)) == (MANUAL, Reason.INTERNAL_ERROR)


def test_words_about_watched_and_revoked_permits_are_those_that_central_signed():
    watched = decide(known=ROWS["watched"][1]["known"])
    assert check(watched, Reason.WATCHLIST_HOLD).detail == "listed by its vin: look under it"
    revoked = decide(known=ROWS["revoked"][1]["known"])
    assert check(revoked, Reason.PERMIT_REVOKED).detail == "sold"


def test_the_versions_of_the_lists_stand_in_the_checks():
    decision = decide(known=of())
    assert check(decision, Reason.PERMIT_REVOKED).detail == "revocations 7"
    assert check(decision, Reason.DECLARATION_UNKNOWN).detail == "declarations 7"
    bare = decide(known=known(data=replace(DATA, versions={ListKind.WATCH: 1})))
    assert check(bare, Reason.PERMIT_REVOKED).detail == "no revocations are here"
