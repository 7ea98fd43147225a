"""The command of `make prove`: its options, its exit codes, and how it is ended."""

import signal
import subprocess
import sys

import pytest

from tools.proofs import __main__ as command
from tools.proofs.needs import lacking
from tools.proofs.proof import Need, Proof, Reading
from tools.proofs.readings.text import none_may


def proof(name, program, lost=0):
    return Proof(name, f'{sys.executable} -c "{program}"', "It is.", 5, lambda _: Reading((none_may("lost", lost),)))


WELL, FAILING, LOSING = proof("well", "pass"), proof("failing", "raise SystemExit(3)"), proof("losing", "pass", lost=1)


@pytest.fixture(autouse=True)
def signals():
    """The handlers of this process stay as they are."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def proofs(tmp_path, monkeypatch):
    """Proofs in a checkout of their own."""
    (tmp_path / ".gitignore").write_text("/build/\n")
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@gate.test", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", ".gitignore"), ("commit", "--quiet", "--message", "first")):
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "NUMBERS", ())

    def have(*ours):
        monkeypatch.setattr(command, "PROOFS", ours)

    return have


@pytest.mark.parametrize(("ours", "code"), [((WELL,), 0), ((WELL, FAILING), 1), ((LOSING,), 1)])
def test_the_exit_code_is_1_where_a_proof_failed_or_missed_a_goal(proofs, ours, code):
    proofs(*ours)
    assert command.main([]) == code
    assert command.main([]) == code


def test_names_are_separated_by_commas(proofs, capsys):
    proofs(WELL, FAILING, LOSING)
    assert command.main(["--only", "well, losing", "--again", "well"]) == 1
    said = capsys.readouterr().out
    assert "[1 of 2] losing: missed a goal" in said
    assert "[2 of 2] well: passed" in said
    assert "failing:" not in said


def test_a_name_that_no_proof_has_is_told(proofs, capsys):
    proofs(WELL)
    assert command.main(["--only", "wel"]) == 1
    assert "there is no proof wel; do you mean well?" in capsys.readouterr().err


def test_the_list_runs_nothing(proofs, capsys, tmp_path):
    proofs(WELL, FAILING)
    assert command.main(["--list"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["failing", "5", "s", "no", "result"],
        ["well", "5", "s", "no", "result"],
    ]
    assert list(tmp_path.rglob("*.log")) == []


def test_it_is_interrupted_where_it_is_told_to_end(proofs, monkeypatch):
    proofs(WELL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    command.main(["--list"])
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tools.proofs.session.run", interrupted)
    assert command.main([]) == command.INTERRUPTED


def test_what_is_ignored_stays_ignored(proofs):
    proofs(WELL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    command.main(["--list"])
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_need_that_is_not_met_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("tools.proofs.needs.ROOT", tmp_path / "checkout")
    monkeypatch.setattr("tools.proofs.needs.shutil.which", lambda _: None)
    found = lacking()
    assert found[Need.ROOT] == "it needs root"
    assert found[Need.NAMESPACES] == "unshare is not installed (Debian: util-linux)"
    assert found[Need.PICTURES] == "there are no labelled photographs in ../shared/data: qr and plates"
    (tmp_path / "shared" / "data" / "qr").mkdir(parents=True)
    assert lacking()[Need.PICTURES].endswith(": plates")
    (tmp_path / "shared" / "data" / "plates").mkdir()
    assert Need.PICTURES not in lacking()
