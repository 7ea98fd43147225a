"""The issuing API: what an issuer issues, and every problem it reports in an order that cannot be issued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.model import ListKind
from agent.core.model.reasons import Reason
from agent.core.permit.issue import DAY_S, Issuer, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from central.issuing import (
    DeclarationStatus,
    KeyInvalidError,
    Level,
    OrderError,
    OrderProblem,
    PermitForm,
    PermitIssuer,
    PermitOrder,
    Terms,
)
from central.issuing.declarations_csv import declaration_row, write_declarations
from central.publishing import COLUMNS, entries
from tests.support.pki.permits import KEY, NOW

ORDER = PermitOrder("941120260000012345", "lsvaa49j132047371 ", "新A·12345", exporter="Khorgos Cars", colour="white")
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ISSUER = PermitIssuer(KEY, Terms("KHE", 9411))


def wrong(issuer=ISSUER, **changes):
    with pytest.raises(OrderError) as caught:
        issuer.issue(replace(ORDER, **changes), NOW)
    return caught.value.problems


def test_an_issuer_opened_from_a_key_file_issues_what_a_gate_accepts(tmp_path):
    (tmp_path / "issuer.pem").write_bytes(KEY.to_pem())
    issued = PermitIssuer.open(tmp_path / "issuer.pem", "KHE", 9411).issue(ORDER, NOW)
    context = GateContext(9411, 7, "export", clock_trusted=True, clock_skew_s=0)
    result = verify_permit(issued.text.encode(), context, trust_list([Issuer("KHE", KEY)], NOW - DAY_S), NOW)
    assert (result.reason, result.permit) == (Reason.OK, issued.permit)
    assert (issued.permit.vin, issued.permit.plate, issued.permit.plate_kind) == (
        "LSVAA49J132047371",
        "新A12345",
        "civil",
    )
    assert (issued.permit.not_before, issued.permit.expires_at) == (NOW, NOW + 3 * DAY_S)
    assert issued.symbol(Level.M).modules <= 57


def test_a_declaration_says_what_its_permit_says_and_what_an_officer_wants_to_know():
    issued = ISSUER.issue(ORDER, NOW)
    row = issued.declaration
    assert (row.permit_id, row.vin, row.plate) == (issued.permit.permit_id, issued.permit.vin, issued.permit.plate)
    assert (row.status, row.exporter, row.colour, row.reference) == (
        DeclarationStatus.RELEASED,
        "Khorgos Cars",
        "white",
        None,
    )


@pytest.mark.parametrize("text", ["", TRACEPARENT, "00-wrong-01"])
def test_a_declaration_carries_the_trace_of_its_order_where_that_is_right(text):
    row = ISSUER.issue(replace(ORDER, traceparent=text), NOW).declaration
    assert ("" if row.trace is None else row.trace.parent) == (text if len(text) == 55 else "")
    assert dict(zip(COLUMNS[ListKind.DECLARATIONS], declaration_row(row), strict=True))["traceparent"] in {"", text}


def test_the_column_of_traces_is_written_only_where_a_declaration_carries_one(tmp_path):
    plain, traced = (ISSUER.issue(replace(ORDER, traceparent=text), NOW).declaration for text in ("", TRACEPARENT))
    for rows, last in (([plain], "colour"), ([plain, traced], "traceparent")):
        write_declarations(tmp_path / "declarations.csv", rows)
        assert (tmp_path / "declarations.csv").read_text().splitlines()[0].split(",")[-1] == last
        assert len(list(entries(tmp_path / "declarations.csv", ListKind.DECLARATIONS, 9411))) == len(rows)


def test_every_permit_has_an_id_of_its_own():
    assert len({ISSUER.issue(ORDER, NOW).permit.permit_id for _ in range(100)}) == 100


def test_all_problems_of_an_order_are_told_at_once():
    found = wrong(declaration="1", vin="X", energy=9, lanes=(0, 33), max_uses=0, permit_id=b"x")
    assert [problem.field for problem in found] == ["declaration", "vin", "energy", "lanes", "max_uses", "permit_id"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"vin": "LSVAA49J13204737O"},
            OrderProblem("vin", "17 digits and letters without I, O and Q", "LSVAA49J132047370"),
        ),
        (
            {"vin": "LSVAA49J132047372"},
            OrderProblem("vin", "3 at place 9, the check digit, or another mistake elsewhere in it"),
        ),
        ({"driver_id": "E1"}, OrderProblem("driver_id", "the site's key for drivers, without which no id can be kept")),
        ({"not_before": NOW, "expires_at": NOW}, OrderProblem("expires_at", "a time after not_before")),
        ({"expires_at": NOW - 1}, OrderProblem("permit", "what a gate accepts, but it ends before it begins")),
        (
            {"plate_kind": "kazakhstan"},
            OrderProblem("permit", "what a gate accepts, but the plate does not have the form of kazakhstan"),
        ),
    ],
)
def test_a_problem_names_its_field_what_was_expected_and_what_was_meant(changes, problem):
    assert wrong(**changes) == (problem,)


def test_a_drivers_number_that_cannot_be_kept_is_refused_without_being_repeated():
    (problem,) = wrong(PermitIssuer(KEY, Terms("KHE", 9411, driver_key=bytes(16))), driver_id="E1;drop")
    assert "drop" not in str(problem)
    (problem,) = wrong(PermitIssuer(KEY, Terms("KHE", 9411, driver_key=bytes(3))), driver_id="E1")
    assert "at least 16 bytes" in str(problem)


def test_an_issuer_or_a_site_that_no_permit_has_is_refused():
    for terms in (Terms("", 9411), Terms("KHE", 0), Terms("x" * 65, 1)):
        assert wrong(PermitIssuer(KEY, terms))[0].field == "permit"


def test_a_text_that_gates_would_not_look_at_is_not_issued():
    (problem,) = wrong(PermitIssuer(KEY, Terms("关" * 64, 9411), PermitForm.JWS))
    assert "700 at most" in problem.expected


def test_a_permit_by_plate_has_no_text():
    with pytest.raises(ValueError, match="publish its declaration"):
        PermitIssuer(KEY, Terms("KHE", 9411), PermitForm.PLATE)


def test_a_key_file_that_holds_none_is_refused(tmp_path):
    (tmp_path / "issuer.pem").write_text("no key")
    with pytest.raises(KeyInvalidError):
        PermitIssuer.open(tmp_path / "issuer.pem", "KHE", 9411)
    with pytest.raises(FileNotFoundError):
        PermitIssuer.open(tmp_path / "none.pem", "KHE", 9411)
