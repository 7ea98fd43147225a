"""`make prove` with cheap proofs in a checkout of their own: it runs, stops, continues, and shows this commit alone."""

import io
import subprocess
import sys

import pytest

from tools.proofs.checkout import NoCheckoutError, checkout
from tools.proofs.numbers import Number, Wanted
from tools.proofs.plan import UnknownProofError
from tools.proofs.proof import Proof, Reading
from tools.proofs.readings.text import none_may, value
from tools.proofs.result import Result, Verdict
from tools.proofs.session import Asked, ChangedMeanwhileError, Session
from tools.proofs.store import OccupiedError, UnreadableResultError, alone


def losses(output):
    return Reading((none_may("lost", value(r"^lost (\d+)$", output.text)),), seed="7")


def of_file(output):
    return Reading((none_may("lost", value(r"^lost (\d+)$", output.file or "")),))


def proof(name, program, cost_s=1.0, read=losses, **more):
    """A proof that is a line of Python; it notes in ran.txt, which git ignores, that it ran."""
    program = f"open('ran.txt', 'a').write('{name} '); {program}"
    return Proof(name, f'{sys.executable} -c "{program}"', f"It is {name}.", cost_s, read, **more)


CHEAP = proof("cheap", "print('lost 0')", cost_s=1)
FAILING = proof("failing", "print('lost 2'); raise SystemExit(3)", cost_s=2)
DEAR = proof("dear", "print('lost 0')", cost_s=3)


def git(root, *words):
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@gate.test", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root, name, text="text\n"):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    git(root, "add", name)
    git(root, "commit", "--quiet", "--message", f"{name} is there")


def commit_report(root):
    git(root, "add", "docs/proof.md", "docs/proof")
    git(root, "commit", "--quiet", "--message", "the report")


@pytest.fixture
def root(tmp_path):
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, ".gitignore", "/build/\n/ran.txt\n")
    commit(tmp_path, "docs/index.md")
    return tmp_path


class Proving:
    """Sessions in one checkout, and what they said and ran."""

    def __init__(self, root):
        self.root, self.said = root, ""

    def run(self, *proofs, asked=Asked(), lacking=None, numbers=()):  # noqa: B008 - it is frozen
        out = io.StringIO()
        session = Session(self.root, proofs, numbers, lacking or {}, out)
        try:
            session.run(asked)
        finally:
            self.said = out.getvalue()
        return session

    @property
    def ran(self):
        """What ran since the last look, in its order."""
        file = self.root / "ran.txt"
        names = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return names

    @property
    def folder(self):
        return self.root / "build" / "proofs" / checkout(self.root).folder

    @property
    def report(self):
        return (self.folder / "report.md").read_text()

    def kept(self, name):
        return Result.from_json((self.folder / f"{name}.json").read_text())


@pytest.fixture
def proving(root):
    return Proving(root)


def absent(report):
    """The proofs that a report lists as without a result."""
    section = report.partition("\n## No result at this commit\n")[2].partition("\n## ")[0]
    return [line.split(" | ")[0].strip("| ") for line in section.strip().splitlines()[2:]]


def test_all_run_in_the_order_of_their_cost_and_a_failure_does_not_stop_the_rest(proving):
    session = proving.run(DEAR, FAILING, CHEAP)
    assert proving.ran == ["cheap", "failing", "dear"]
    assert not session.state.is_well
    assert [session.state.verdict(one) for one in (CHEAP, FAILING, DEAR)] == [
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.PASSED,
    ]
    assert "[2 of 3] failing: failed" in proving.said
    assert ", usually 3 s\n[3 of 3] dear: passed, " in proving.said
    kept = proving.kept("failing")
    assert (kept.exit_code, kept.seed, kept.figures[0].value, kept.last_words) == (3, "7", 2.0, ("lost 2",))
    assert (proving.folder / "failing.log").read_text() == "lost 2\n"
    assert "| failing | lost | 2 | <= 0 |" in proving.report
    assert (proving.folder / "report.html").read_text().startswith("<!doctype html>")


def test_what_has_a_result_of_this_commit_is_not_run_again(proving):
    proving.run(CHEAP, FAILING)
    assert proving.ran == ["cheap", "failing"]
    first = proving.report
    proving.run(CHEAP, FAILING)
    assert proving.ran == []
    assert proving.report == first
    proving.run(CHEAP, FAILING, asked=Asked(again=("failing",)))
    assert proving.ran == ["failing"]


def test_only_some_run_and_the_rest_is_named_as_absent(proving):
    session = proving.run(CHEAP, DEAR, asked=Asked(only=("dear",)))
    assert proving.ran == ["dear"]
    assert session.state.verdict(CHEAP) is Verdict.ABSENT
    assert absent(proving.report) == ["cheap"]
    with pytest.raises(UnknownProofError):
        proving.run(CHEAP, asked=Asked(only=("chaep",)))


def test_a_result_of_an_earlier_commit_is_never_shown(proving):
    proving.run(CHEAP)
    commit(proving.root, "agent.py")
    session = proving.run(CHEAP, DEAR, asked=Asked(only=("dear",)))
    assert session.state.verdict(CHEAP) is Verdict.ABSENT
    proving.run(CHEAP, DEAR)
    assert proving.ran == ["cheap", "dear", "cheap"]


def test_a_result_that_was_copied_from_another_commit_is_not_taken(proving):
    proving.run(CHEAP)
    before = proving.folder / "cheap.json"
    commit(proving.root, "agent.py")
    proving.folder.mkdir()
    (proving.folder / "cheap.json").write_text(before.read_text())
    proving.run(CHEAP)
    assert proving.ran == ["cheap", "cheap"]


def test_in_a_changed_tree_all_run_again_and_the_results_of_the_commit_stay(proving):
    proving.run(CHEAP)
    (proving.root / "new.py").write_text("a change")
    session = proving.run(CHEAP, asked=Asked(write=True))
    assert proving.ran == ["cheap", "cheap"]
    assert session.state.results["cheap"].changed
    assert proving.report.splitlines()[0].endswith("with changes that are not committed")
    assert not (proving.root / "docs" / "proof.md").exists()
    assert "docs/proof.md is not written" in proving.said
    proving.run(CHEAP, DEAR, asked=Asked(only=("dear",)))
    assert absent(proving.report) == ["cheap"]
    (proving.root / "new.py").unlink()
    proving.run(CHEAP)
    assert proving.ran == ["dear"]


def test_the_page_is_written_where_it_is_asked_for_and_its_own_commit_keeps_the_results(proving):
    proving.run(CHEAP, asked=Asked(write=True))
    page = proving.root / "docs" / "proof.md"
    assert page.read_text() == proving.report
    commit_report(proving.root)
    session = proving.run(CHEAP)
    assert proving.ran == ["cheap"]
    assert not session.state.checkout.is_changed
    assert session.state.verdict(CHEAP) is Verdict.PASSED


def test_another_machine_continues_from_the_results_that_are_committed(proving, tmp_path_factory):
    proving.run(CHEAP, FAILING, DEAR, asked=Asked(only=("cheap", "failing"), write=True))
    commit_report(proving.root)
    other = Proving(tmp_path_factory.mktemp("other") / "clone")
    git(proving.root, "clone", "--quiet", str(proving.root), str(other.root))
    session = other.run(CHEAP, FAILING, DEAR, asked=Asked(write=True))
    assert other.ran == ["dear"]
    verdicts = [session.state.verdict(one) for one in (CHEAP, FAILING, DEAR)]
    assert verdicts == [Verdict.PASSED, Verdict.FAILED, Verdict.PASSED]
    other.run(CHEAP, FAILING, DEAR, asked=Asked(again=("failing",)))
    assert other.ran == ["failing"]


def test_a_published_result_of_an_earlier_commit_is_named_and_its_figures_are_not_shown(proving):
    proving.run(CHEAP, FAILING, asked=Asked(write=True))
    before = checkout(proving.root).short
    commit_report(proving.root)
    commit(proving.root, "agent.py")
    session = proving.run(CHEAP, FAILING, asked=Asked(only=("cheap",), write=True))
    assert session.state.verdict(FAILING) is Verdict.ABSENT
    assert f"| failing | failed | `{before}` |" in proving.report
    assert "## Figures of failing" not in proving.report
    assert sorted(path.name for path in (proving.root / "docs" / "proof").iterdir()) == ["cheap.json", "failing.json"]
    commit_report(proving.root)
    proving.run(CHEAP, FAILING)
    assert proving.ran == ["cheap", "failing", "cheap", "failing"]


def test_a_published_file_that_is_no_result_is_told_by_name(proving):
    commit(proving.root, "docs/proof/cheap.json", "{}")
    with pytest.raises(UnreadableResultError, match=r"docs/proof/cheap\.json is not the result of a proof"):
        proving.run(CHEAP)


def test_ctrl_c_leaves_what_is_finished_and_the_next_run_continues(proving, monkeypatch):
    stopping = proof("stopping", "import time; time.sleep(600)", cost_s=2)
    told = []

    def interrupt(self, took_s):
        told.append(took_s)
        if (proving.root / "ran.txt").exists() and "stopping" in (proving.root / "ran.txt").read_text():
            raise KeyboardInterrupt

    monkeypatch.setattr("tools.proofs.session._Progress.__call__", interrupt)
    with pytest.raises(KeyboardInterrupt):
        proving.run(CHEAP, stopping, DEAR, asked=Asked(write=True))
    assert told
    assert not (proving.root / "docs" / "proof.md").exists()
    assert proving.ran == ["cheap", "stopping"]
    assert absent(proving.report) == ["stopping", "dear"]
    monkeypatch.undo()
    proving.run(CHEAP, proof("stopping", "print('lost 0')", cost_s=2), DEAR)
    assert proving.ran == ["stopping", "dear"]


def test_a_proof_that_cannot_run_here_is_not_run_and_says_why(proving):
    session = proving.run(CHEAP, DEAR, lacking={"dear": "it needs root"})
    assert proving.ran == ["cheap"]
    assert "dear: not run here: it needs root" in proving.said
    assert "| dear | it needs root |" in proving.report
    assert session.state.is_well


def test_a_commit_in_the_middle_of_a_proof_takes_its_result(proving):
    meddling = proof("meddling", "open('new.py', 'w').write('x'); print('lost 0')")
    before = proving.folder
    with pytest.raises(ChangedMeanwhileError, match="meddling has no result"):
        proving.run(meddling, DEAR, asked=Asked(write=True))
    assert proving.ran == ["meddling"]
    assert not (before / "meddling.json").exists()
    assert not (proving.root / "docs" / "proof.md").exists()


def test_a_figure_is_read_from_the_file_of_this_run_and_never_from_an_older_one(proving):
    (proving.root / "build").mkdir()
    file = proving.root / "build" / "bench.json"
    file.write_text("lost 0\n")
    silent = proof("silent", "print('no file')", read=of_file, file="build/bench.json")
    assert proving.run(silent).state.verdict(silent) is Verdict.FAILED
    writing = proof("writing", "open('build/bench.json', 'w').write('lost 1')", read=of_file, file="build/bench.json")
    assert proving.run(writing).state.verdict(writing) is Verdict.MISSED


def test_a_file_that_was_cut_off_is_a_failure_and_does_not_stop_the_rest(proving):
    def broken(output):
        return Reading((none_may("lost", float(output.text)),))

    session = proving.run(proof("cut", "print('{')", read=broken), DEAR)
    assert proving.ran == ["cut", "dear"]
    assert [one.verdict for one in session.state.results.values()] == [Verdict.FAILED, Verdict.PASSED]
    assert "its output lacks: figures that can be read (could not convert string to float" in proving.report


def test_two_runs_in_one_checkout_are_refused(proving):
    Proving(proving.root).run(CHEAP)
    with alone(proving.root / "build"), pytest.raises(OccupiedError):
        proving.run(DEAR)
    assert proving.ran == ["cheap"]
    proving.run(DEAR)
    assert proving.ran == ["dear"]


def test_the_numbers_to_reach_have_their_figures(proving):
    proving.run(CHEAP, numbers=(Number("Events lost", (Wanted("cheap", "lost"),)),))
    assert "| Events lost | lost | 0 | <= 0 | kept |" in proving.report


def test_a_report_names_no_folder_of_this_machine(proving):
    telling = proof("telling", "import os; print(os.getcwd() + '/build/a.txt'); raise SystemExit(1)")
    proving.run(telling)
    assert "\nbuild/a.txt\n" in proving.report
    assert str(proving.root) not in proving.report


def test_a_folder_without_a_commit_is_refused(tmp_path):
    with pytest.raises(NoCheckoutError):
        checkout(tmp_path)
    git(tmp_path, "init", "--quiet")
    with pytest.raises(NoCheckoutError):
        checkout(tmp_path)
