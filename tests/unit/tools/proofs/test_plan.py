"""Which proofs run, and in which order."""

import pytest

from tools.proofs.needs import why_not
from tools.proofs.plan import UnknownProofError, ordered, plan
from tools.proofs.proof import Need, Proof, Reading


def proof(name, cost_s=1.0, needs=(), disk_gb=1.0):
    return Proof(name, f"make {name}", "It is.", cost_s, lambda _: Reading(), needs, disk_gb)


DEAR, CHEAP, ALIKE = proof("dear", 900), proof("cheap", 5), proof("alike", 5)
ALL = (DEAR, CHEAP, ALIKE)


def names(proofs):
    return [one.name for one in proofs]


def test_the_cheapest_is_first_and_of_the_same_cost_the_name_decides():
    assert names(ordered(ALL)) == ["alike", "cheap", "dear"]
    assert ordered(ALL) == ordered(reversed(ALL))


@pytest.mark.parametrize(
    ("done", "lacking", "only", "again", "expected"),
    [
        ((), {}, (), (), (["alike", "cheap", "dear"], [], [])),
        (("cheap",), {}, (), (), (["alike", "dear"], ["cheap"], [])),
        (("cheap",), {}, (), ("cheap",), (["alike", "cheap", "dear"], [], [])),
        (("alike", "cheap", "dear"), {}, (), (), ([], ["alike", "cheap", "dear"], [])),
        ((), {}, ("dear", "cheap"), (), (["cheap", "dear"], [], [])),
        (("dear",), {}, ("dear",), ("dear",), (["dear"], [], [])),
        (("dear",), {}, ("cheap",), ("dear",), (["cheap"], [], [])),
        ((), {"dear": "it needs root"}, (), (), (["alike", "cheap"], [], ["dear"])),
        (("dear",), {"dear": "it needs root"}, (), (), (["alike", "cheap"], ["dear"], [])),
        (("dear",), {"dear": "it needs root"}, (), ("dear",), (["alike", "cheap"], [], ["dear"])),
    ],
)
def test_what_has_a_result_is_not_run_again_unless_it_is_asked_for(done, lacking, only, again, expected):
    found = plan(ALL, done, lacking, only, again)
    assert (names(found.run), names(found.kept), list(found.not_here)) == expected


def test_what_is_left_says_how_long_it_usually_takes():
    assert plan(ALL, ("cheap",), {}).cost_s == 905


@pytest.mark.parametrize(
    ("only", "again", "told"), [(("deer",), (), "do you mean dear"), ((), ("x",), "there are dear, cheap, alike")]
)
def test_a_name_that_no_proof_has_is_refused(only, again, told):
    with pytest.raises(UnknownProofError, match=told):
        plan(ALL, (), {}, only, again)


def test_a_proof_whose_needs_are_not_met_says_why():
    proofs = [
        proof("any"),
        proof("roots", needs=(Need.ROOT,)),
        proof("boots", needs=(Need.ROOT, Need.CONTAINERS)),
        proof("large", disk_gb=4),
    ]
    lacking = {Need.ROOT: "it needs root", Need.CONTAINERS: "no namespaces"}
    assert why_not(proofs, 3.2, lacking) == {
        "roots": "it needs root",
        "boots": "it needs root; no namespaces",
        "large": "it needs 4 GB of disk, and 3.2 GB are free",
    }
    assert why_not(proofs, 40.0, {}) == {}
