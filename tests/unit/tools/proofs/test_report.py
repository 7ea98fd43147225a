"""The report of all proofs: what is wrong first, and nothing that was not proven shown as proven."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bench.figures import Figure
from tools.proofs.checkout import Checkout
from tools.proofs.document import Heading, Table, markdown
from tools.proofs.machine import Machine
from tools.proofs.numbers import Number, Wanted
from tools.proofs.page import page
from tools.proofs.plan import ordered
from tools.proofs.proof import Proof, Reading
from tools.proofs.readings.text import at_least, none_may
from tools.proofs.report import State, report
from tools.proofs.result import Result
from tools.style.rules import rules

COMMIT = "6ae7b2087d8e4c0f9a1b2c3d4e5f60718293a4b5"
HERE = Machine("AMD EPYC", 2, "25.2 GB", "6.18.44", "Debian GNU/Linux 12 (bookworm)", "3.11.7")
PROOFS = ordered(
    Proof(name, f"make {name}", f"It is {name}.", cost_s, lambda _: Reading())
    for name, cost_s in (
        ("soak", 3900),
        ("fuzz", 50),
        ("races", 400),
        ("bench", 1800),
        ("test-vm", 2400),
        ("model", 1900),
    )
)
NUMBERS = (
    Number("From start to ready", (Wanted("bench", "process start to READY=1, p50", 3),)),
    Number(
        "Memory of the agent",
        (Wanted("bench", "memory of the whole agent", 300), Wanted("soak", "memory, growth", 6, "MB/h")),
    ),
    Number("Permits used twice", (Wanted("races", "* permits used twice"), Wanted("races", "deny: doubles", 0))),
)


def result(name, *figures, **changes):
    return replace(
        Result(
            name=name,
            command=f"make {name}",
            commit=COMMIT,
            changed=False,
            began="2026-12-01 17:00:00",
            took_s=61.0,
            exit_code=0,
            ended_by="",
            load=0.4,
            seed="",
            figures=figures or (none_may("permits used twice", 0),),
            left_out=(),
            last_words=("all is well",),
            machine=HERE,
        ),
        **changes,
    )


RESULTS = (
    result("fuzz", none_may("readers that broke a rule", None), at_least("hostile inputs", 1e6, 1e6), seed="1"),
    result("races", none_may("home_gate: permits used twice", 0), left_out=("the network is not split: no root",)),
    result(
        "bench",
        Figure("process start to READY=1, p50", 2.5, "s", 3.0),
        Figure("memory of the whole agent", 412.0, "MB", 600.0),
        Figure("journal | append, *p99*", 25.0, "ms", 20.0),
        exit_code=1,
        last_words=("make: *** [bench] Error 1",),
        took_s=2011.0,
    ),
    result("model", began="2026-12-01 18:00:00"),
)
STATE = State(
    Checkout(COMMIT, "2026-12-01", is_changed=False),
    PROOFS,
    {one.name: one for one in RESULTS},
    {},
    {"test-vm": "it needs 6 GB of disk, and 1.0 GB are free"},
    NUMBERS,
)


def section(document, title):
    """The blocks below a heading."""
    begin = document.blocks.index(Heading(title)) + 1
    ends = [place for place, block in enumerate(document.blocks) if isinstance(block, Heading) and place >= begin]
    return document.blocks[begin : min(ends, default=len(document.blocks))]


def texts(document, title):
    """The rows of a section's table."""
    (table,) = (block for block in section(document, title) if isinstance(block, Table))
    return [tuple(cell.text for cell in row) for row in table.rows]


def headings(document):
    return [block.text for block in document.blocks if isinstance(block, Heading)]


def test_what_is_wrong_is_first_and_then_what_was_not_proven():
    assert headings(report(STATE))[:7] == [
        "Goals missed",
        "Failed",
        "Not run here",
        "Parts that were left out",
        "No result at this commit",
        "Numbers to reach",
        "All proofs, the cheapest first",
    ]
    first = report(STATE).blocks[0].text
    assert first.startswith("6 proofs: 2 failed, 1 passed in part, 1 passed, 1 not run here, 1 no result.")


def test_a_goal_that_is_missed_is_listed_once_also_where_a_number_is_stricter_than_its_proof():
    assert texts(report(STATE), "Goals missed") == [
        ("fuzz", "readers that broke a rule", "not in its output", "<= 0"),
        ("bench", "journal | append, *p99*", "25.0 ms", "<= 20.0 ms"),
        ("bench", "memory of the whole agent", "412 MB", "<= 300 MB"),
    ]


def test_a_proof_that_failed_says_how_it_ended_and_its_last_words():
    slow = replace(RESULTS[3], exit_code=None, ended_by="its limit of 7200 s", took_s=7201.0)
    found = section(report(replace(STATE, results={**STATE.results, "model": slow})), "Failed")
    assert [block.words for block in found] == [
        "`make fuzz`: its output lacks: readers that broke a rule, after 61 s. Its last words:",
        "`make bench`: exit code 1, after 34 min. Its last words:",
        "`make model`: ended by its limit of 7200 s, after 2 h. Its last words:",
    ]
    assert found[1].lines == ("make: *** [bench] Error 1",)


def test_what_cannot_run_here_and_what_has_no_result_are_never_shown_as_passed():
    document = report(STATE)
    assert texts(document, "Not run here") == [("test-vm", "it needs 6 GB of disk, and 1.0 GB are free")]
    assert texts(document, "No result at this commit") == [("soak", "", "", "")]
    assert {row[0]: row[2] for row in texts(document, "All proofs, the cheapest first")} == {
        "make fuzz": "failed",
        "make races": "passed in part",
        "make bench": "failed",
        "make model": "passed",
        "make test-vm": "not run here",
        "make soak": "no result",
    }


def test_a_result_of_an_earlier_commit_is_named_where_there_is_none_of_this_one():
    old = result("soak", none_may("events lost", 0), commit="52d04c5fc2a024091bfb20dc36c09ceeda84af04")
    document = report(replace(STATE, earlier={"soak": old}))
    assert texts(document, "No result at this commit") == [("soak", "passed", "52d04c5fc2", "2026-12-01 17:00:00")]
    assert "Figures of soak" not in headings(document)
    assert texts(document, "Numbers to reach") == texts(report(STATE), "Numbers to reach")


def test_a_part_that_a_proof_left_out_is_named_with_its_reason():
    assert texts(report(STATE), "Parts that were left out") == [("races", "the network is not split: no root")]


def test_every_number_has_a_row_and_says_where_its_figure_is_missing():
    assert texts(report(STATE), "Numbers to reach") == [
        ("From start to ready", "process start to READY=1, p50", "2.5 s", "<= 3 s", "kept", "make bench"),
        ("Memory of the agent", "memory of the whole agent", "412 MB", "<= 300 MB", "MISSED", "make bench"),
        ("", "memory, growth", "", "<= 6 MB/h", "missing", "make soak"),
        ("Permits used twice", "home_gate: permits used twice", "0", "<= 0", "kept", "make races"),
        ("", "deny: doubles", "", "<= 0", "missing", "make races"),
    ]


def test_the_proofs_are_in_their_order_with_time_load_and_seed():
    rows = texts(report(STATE), "All proofs, the cheapest first")
    assert [row[0] for row in rows] == [proof.command for proof in PROOFS]
    assert rows[0] == ("make fuzz", "It is fuzz.", "failed", "61 s", "50 s", "2026-12-01 17:00:00", "0.4", "1")
    assert rows[-1] == ("make soak", "It is soak.", "no result", "", "1 h 5 min", "", "", "")


def test_every_machine_of_the_results_is_named():
    other = replace(HERE, processor="Intel N100", cores=4)
    mixed = {**STATE.results, "model": replace(RESULTS[3], machine=other)}
    rows = texts(report(replace(STATE, results=mixed)), "Where and when")
    assert ("commit", f"{COMMIT} of 2026-12-01") in rows
    assert ("last proof began, UTC", "2026-12-01 18:00:00") in rows
    assert ("all proofs together took", "37 min") in rows
    assert [text for what, text in rows if what == "processor"] == ["AMD EPYC", "Intel N100"]
    assert [text for what, text in rows if what == "memory"] == ["25.2 GB"]


def test_the_first_line_says_that_the_tree_has_changes():
    changed = replace(STATE, checkout=replace(STATE.checkout, is_changed=True))
    first = "# What is proven at 6ae7b2087d, with changes that are not committed"
    assert markdown(report(changed)).splitlines()[0] == first
    assert markdown(report(STATE)).splitlines()[0] == "# What is proven at 6ae7b2087d"


@pytest.mark.parametrize("form", [markdown, page])
def test_the_same_results_give_the_same_report(form):
    turned = replace(STATE, results=dict(reversed(STATE.results.items())), not_here=dict(STATE.not_here))
    assert form(report(turned)) == form(report(STATE))


def test_all_is_well_only_where_nothing_failed_and_no_goal_is_missed():
    good = {"races": result("races", none_may("home_gate: permits used twice", 0))}
    assert replace(STATE, results=good).is_well
    assert not STATE.is_well
    assert not replace(STATE, results={"bench": replace(RESULTS[2], exit_code=0)}).is_well
    slow = result("bench", Figure("memory of the whole agent", 412.0, "MB", 600.0))
    assert not replace(STATE, results={"bench": slow}).is_well
    assert replace(STATE, results={}).is_well


def test_a_report_without_any_result_says_so():
    document = report(replace(STATE, results={}))
    assert document.blocks[0].text.startswith("6 proofs: 1 not run here, 5 no result.")
    assert [block.text for block in section(document, "Goals missed")] == ["Nothing was measured."]
    assert ("all proofs together took", "0 s") in texts(document, "Where and when")
    assert "Figures of fuzz" not in headings(document)


def test_signs_of_markdown_in_an_output_stay_signs():
    text = markdown(report(STATE))
    (row,) = (line for line in text.splitlines() if line.startswith("| bench | journal"))
    assert row == "| bench | journal \\| append, \\*p99\\* | 25.0 ms | <= 20.0 ms |"
    tag = replace(RESULTS[3], figures=(none_may("<b>texts</b> < 5", 0),))
    assert "| &lt;b>texts&lt;/b> < 5 | 0 |" in markdown(report(replace(STATE, results={"model": tag})))
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| bench | ")}
    assert widths == {5}


def test_the_words_of_the_report_are_plain_english():
    text = markdown(report(STATE)).replace(STATE.numbers[0].what, "")
    assert [rule.name for rule in rules() if rule.pattern.search(text)] == []


class Tags(HTMLParser):
    """The tags of a page, how they nest, and what it fetches."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_says_all_and_fetches_nothing():
    hostile = result("soak", none_may("<script>alert(1)</script>", 0), last_words=("<b>",), exit_code=1)
    text = page(report(replace(STATE, results={**STATE.results, "soak": hostile})))
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.addresses == []
    assert "<script" not in text
    assert "url(" not in text
    assert "@import" not in text
    words = " ".join(tags.words)
    for cell in ("What is proven at 6ae7b2087d", "<= 300 MB", "not run here", "make: *** [bench] Error 1", "AMD EPYC"):
        assert cell in words
    assert "prefers-color-scheme: dark" in text
