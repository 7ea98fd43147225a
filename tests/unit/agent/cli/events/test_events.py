"""The events commands, as a technician uses them."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from agent.cli.events import app
from agent.cli.events.event_line import event_line
from agent.i18n import Language
from tests.support.store.journals import UTC, closed, device, granted, open_journal, present
from tests.support.waiting import scaled

NARROW = {"COLUMNS": "80"}


@pytest.fixture
def path(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    journal.record([present(utc=UTC), granted(utc=UTC + 1), closed(utc=UTC + 2)])
    journal.record([device(f"number {number}", utc=UTC + 60) for number in range(600)])
    journal.close()
    return tmp_path / "journal.db"


def stored(path):
    journal = open_journal(path)
    try:
        return [one.payload for one in journal.range(1, journal.head)]
    finally:
        journal.close()


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments], env=NARROW)


def test_tail_shows_the_last_events_one_a_line(path):
    result = run("tail", "-j", path, "-n", 2)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.split()[:3] == ["602", "2026-11-18T11:07:40.000Z", "-"]
    assert 'detail="number 598"' in first
    assert "603" in second


def test_an_event_of_a_dry_run_is_told_as_one_and_the_facts_of_a_decision_are_left_to_programs():
    data = {"verdict": "PASS", "reason": "OK", "facts": {"final": True}}
    event = {"seq": 7, "time": "t", "type": "access.decided", "lane": "a", "dryrun": True, "data": data}
    told = event_line(json.dumps(event).encode()).plain
    assert "access.decided       DRY RUN  verdict=PASS reason=OK" in told
    assert "facts" not in told
    assert "DRY RUN" not in event_line(json.dumps(event | {"dryrun": False}).encode()).plain


def test_tail_of_everything_and_of_nothing(path):
    assert len(run("tail", "-j", path, "-n", 10_000).stdout.splitlines()) == 603
    assert run("tail", "-j", path, "-n", 0).stdout == ""


def test_tail_as_json_prints_the_stored_bytes(path):
    result = run("tail", "-j", path, "-n", 3, "--json")
    assert result.stdout_bytes.splitlines() == stored(path)[-3:]


def test_tail_follows_a_journal_that_is_being_written(path):
    journal = open_journal(path)
    command = [sys.executable, "-c", "from agent.cli.events import app; app()", "tail", "-f", "--json", "-n", "1"]
    with subprocess.Popen([*command, "-j", path], stdout=subprocess.PIPE) as process:
        try:
            assert b'"number 599"' in process.stdout.readline()
            for news in ("first", "second"):
                journal.record([device(news)])
                assert news.encode() in process.stdout.readline()
        finally:
            process.terminate()
            journal.close()


def test_export_writes_the_stored_bytes(path, tmp_path):
    out = tmp_path / "events.jsonl"
    result = run("export", "-j", path, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_bytes() == b"".join(payload + b"\n" for payload in stored(path))
    assert "603 events" in result.stderr
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--from", 3, "--to", 5], [3, 4, 5]),
        (["--from", 602], [602, 603]),
        (["--to", 2], [1, 2]),
        (["--from", 700], []),
        (["--to", 4, "--since", "2026-11-18T11:06:42Z"], [3, 4]),
        (["--to", 3, "--since", "2026-11-18T19:06:41+08:00"], [2, 3]),
        (["--to", 3, "--since", "2026-11-18T11:06:41"], [2, 3]),
        (["--since", "2036-01-01"], []),
    ],
    ids=str,
)
def test_export_of_a_part(path, options, expected):
    result = run("export", "-j", path, *options)
    assert [json.loads(line)["seq"] for line in result.stdout.splitlines()] == expected


def test_export_since_a_span_ago(path):
    assert len(run("export", "-j", path, "--since", "36500d").stdout.splitlines()) == 603


def test_a_time_that_is_none_is_a_usage_error(path):
    assert run("export", "-j", path, "--since", "yesterday").exit_code == 2


def test_a_whole_journal_and_its_export_verify(path, tmp_path):
    out = tmp_path / "events.jsonl"
    run("export", "-j", path, "-o", out)
    for file in (path, out):
        result = run("verify", file)
        assert result.exit_code == 0
        assert "whole, events 1 to 603" in result.stdout
    assert "compare its end" in run("verify", out).stdout
    assert "compare its end" not in run("verify", path).stdout


def test_a_pruned_journal_verifies_from_where_it_begins(path):
    journal = open_journal(path)
    journal.acknowledge(journal.stream, 100)
    journal.prune(0, 0)
    journal.close()
    assert "whole, events 101 to 603" in run("verify", path).stdout


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [*lines[:6], lines[6].replace(b"up", b"UP"), *lines[7:]], "record 7, event 7: altered"),
        (lambda lines: lines[:6] + lines[8:], "record 7, event 7: gap"),
        (lambda lines: lines[:7] + lines[6:], "record 8, event 8: duplicate"),
        (lambda lines: [*lines[:6], b"{torn", *lines[7:]], "record 7, event 7: not_an_event"),
    ],
    ids=["altered", "missing", "twice", "torn"],
)
def test_verify_names_the_first_bad_record_of_a_file(path, tmp_path, spoil, said):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(spoil(stored(path))))
    result = run("verify", file)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stdout == ""


def test_a_file_with_the_line_ends_of_another_system_verifies(path, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(payload + b"\r\n" for payload in stored(path)))
    assert run("verify", file).exit_code == 0


def test_an_empty_file_is_whole(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert "no events" in run("verify", tmp_path / "empty").stdout


@pytest.mark.parametrize("command", [["tail", "-j"], ["export", "-j"], ["verify"]], ids=lambda command: command[0])
def test_a_journal_that_is_not_there_is_said_in_one_line(tmp_path, command):
    result = run(*command, tmp_path / "none.db")
    assert result.exit_code == 1
    assert str(tmp_path / "none.db") in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_error(path):
    command = f"'{sys.executable}' -c 'from agent.cli.events import app; app()' export -j '{path}' | head -n 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, timeout=scaled(30)
    )
    assert result.stderr == b""
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b'{"data":5}', b'{"data":{},"type":"a"}'])
def test_what_is_no_event_is_one_line_too(payload):
    assert "not an event" in event_line(payload).plain


def test_no_control_character_reaches_the_terminal():
    text = "\x1b[2J\x9b31m\u202e\r\nx"
    event = {"seq": 1, "time": "t", "type": "device.changed", "lane": text, "data": {"detail": text, "list": [text]}}
    assert event_line(json.dumps(event).encode()).plain.isprintable()


@pytest.mark.parametrize(
    ("kind", "data", "language", "words"),
    [
        ("access.decided", {"verdict": "DENY", "reason": "EXPIRED"}, "en", "The permit has expired."),
        ("access.decided", {"verdict": "DENY", "reason": "EXPIRED"}, "zh", "通行证已过期。"),
        ("alarm.raised", {"alarm": "tailgating"}, "ru", "Следом проехала вторая машина."),
        ("transaction.closed", {"outcome": "passed", "reason": "OK"}, "kk", "Көлік өтті."),
    ],
)
def test_an_event_is_said_in_words_in_the_language_that_is_asked_for(kind, data, language, words):
    payload = json.dumps({"seq": 1, "time": "t", "type": kind, "data": data}).encode()
    assert words in event_line(payload, Language(language)).plain
    assert words not in event_line(payload).plain


@pytest.mark.parametrize("code", ["A_REASON_OF_TOMORROW", None, 5, ["EXPIRED"], {}])
def test_a_code_that_has_no_words_here_is_shown_as_it_is(code):
    payload = json.dumps({"seq": 1, "time": "t", "type": "access.decided", "data": {"reason": code}}).encode()
    assert event_line(payload, Language.KK).plain.rstrip() == event_line(payload).plain.rstrip()


def test_the_tail_takes_a_language(path):
    assert run("tail", "-j", path, "--language", "ru").exit_code == 0
    assert "is not one of" in run("tail", "-j", path, "--language", "xx").stderr
