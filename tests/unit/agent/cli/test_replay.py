"""The command `gate-agent replay` on journals as they lie on a disk."""

import hashlib
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from agent.cli.replay import replay_command
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S
from agent.replay import as_html, replay_rules
from agent.replay.report import Report
from agent.settings.configuration_loading import load_configuration
from agent.store.evidence.evidence_store import EvidenceStore
from tests.support.lane.judging import GOOD, PERMIT, READ, declared
from tests.support.lane.past_vehicles import (
    LANE,
    RULES,
    Situation,
    answered,
    by,
    drafts,
    record_day,
    shown,
)
from tests.support.migration.kept_gate import KeptGate
from tests.support.pki.permits import NOW
from tests.support.store.journals import GATE, open_journal

ROOT_KEY = "3a7f0c5d9be1428866f2d0417c9ab35ee804517263cf9d1ab2407e5f8d6c3b19"
CAR = Situation(shown(GOOD), READ, declaration=declared())
UNDECLARED = replace(CAR, declaration=None)
JPEG = b"\xff\xd8 a picture \xff\xd9"
PICTURE = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture
def journal(tmp_path):
    """A journal of three vehicles, half a minute after one another; the second has no declaration at the gate."""
    state = tmp_path / "state"
    state.mkdir()
    opened = open_journal(state / "journal.db")
    good, bare = answered(CAR, RULES), answered(UNDECLARED, RULES)
    for number, decision in enumerate((good, bare, good)):
        pictures = (PICTURE,) if decision is bare else ()
        name, utc = f"2026112408300001000{number}", NOW + 30.0 * number
        told = drafts((decision,), name, utc, plate=PERMIT.plate, vin=PERMIT.vin)
        told[-1] = replace(told[-1], event=told[-1].event.model_copy(update={"pictures": pictures}))
        opened.record(told)
    opened.close()
    return state / "journal.db"


def configuration(tmp_path, rules="", lane=LANE, more=""):
    path = tmp_path / "new.toml"
    path.write_text(
        f"""
version = 1
[gate]
id = "{GATE}"
site = {RULES.context.site}
[state]
directory = "{tmp_path / "state"}"
[permits]
root_keys = ["{ROOT_KEY}"]
forms = ["signed", "jws", "reference"]
[mqtt]
enabled = false
{more}
[lanes.{lane}]
number = 1
direction = "export"
[lanes.{lane}.relay]
kind = "simulated"
name = "of a replay"
[lanes.{lane}.rules]
already_exited_days = 0
{rules}
""",
        encoding="utf-8",
    )
    return path


def run(*arguments):
    app = typer.Typer()
    app.command()(replay_command)
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "200"})


def report(*arguments):
    answer = run(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_rules_that_change_nothing_show_no_difference(journal, tmp_path):
    found = report(journal, "--config", configuration(tmp_path))
    counted = {name: found[name] for name in ("vehicles", "same", "different", "undecided", "not_judged")}
    assert counted == {"vehicles": 3, "same": 3, "different": 0, "undecided": 0, "not_judged": {}}
    assert found["gate"] == GATE


def test_a_difference_is_shown_with_vehicle_time_answers_and_the_check_that_makes_it(journal, tmp_path):
    found = report(journal, "--config", configuration(tmp_path, 'declaration = "required"'))
    assert (found["same"], found["different"]) == (2, 1)
    (one,) = found["differences"]
    began = datetime.fromtimestamp(NOW + 30, UTC)
    assert (one["transaction"], one["lane"]) == ("20261124083000010001", LANE)
    assert datetime.fromisoformat(one["time"]) == began
    assert (one["plate"], one["vin"], one["outcome"], one["pictures"]) == (
        PERMIT.plate,
        PERMIT.vin,
        "passed",
        [PICTURE],
    )
    assert one["then"] == {
        "verdict": "PASS",
        "reason": "OK",
        "detail": "it has not arrived, and is not required",
        "unproven": False,
    }
    assert one["now"] == {
        "verdict": "DENY",
        "reason": "DECLARATION_UNKNOWN",
        "detail": "this lane requires it",
        "unproven": False,
    }
    assert one["check"] == "DECLARATION_UNKNOWN"


def test_the_table_says_the_same_to_a_person(journal, tmp_path):
    answer = run(journal, "--config", configuration(tmp_path, 'declaration = "required"'))
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert lines[0].startswith(f"gate {GATE}: 3 vehicles, judged by configuration ")
    assert [line.strip() for line in lines[1:4]] == ["2 the same", "1 different", "1 PASS then, DENY now"]
    assert lines[-2].split() == ["time", "lane", "transaction", "plate", "then", "now", "check"]
    assert "PASS OK, passed" in lines[-1]
    assert "DENY DECLARATION_UNKNOWN" in lines[-1]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--since", datetime.fromtimestamp(NOW + 30, UTC).isoformat()), 2),
        (("--until", datetime.fromtimestamp(NOW + 30, UTC).isoformat()), 1),
        (("--lane", LANE), 3),
    ],
)
def test_vehicles_are_chosen_by_time_and_lane(journal, tmp_path, options, count):
    assert report(journal, "--config", configuration(tmp_path), *options)["vehicles"] == count


def test_a_lane_that_the_configuration_does_not_have_is_refused_by_name(journal, tmp_path):
    answer = run(journal, "--config", configuration(tmp_path), "--lane", "entry-9")
    assert answer.exit_code == 2
    assert "entry-9" in answer.output
    assert LANE in answer.output


def test_vehicles_of_a_lane_that_is_called_otherwise_now_are_counted_as_not_judged(journal, tmp_path):
    found = report(journal, "--config", configuration(tmp_path, lane="renamed"))
    assert found["not_judged"] == {"no_such_lane": 3}


def test_the_journal_is_never_changed(journal, tmp_path):
    before = {path: path.read_bytes() for path in journal.parent.rglob("*") if path.is_file()}
    assert journal in before
    run(journal, "--config", configuration(tmp_path, 'declaration = "required"'), "--html", tmp_path / "out.html")
    assert {path: path.read_bytes() for path in before} == before


def test_a_journal_is_read_while_its_agent_writes_it(tmp_path, journal):
    writer = open_journal(journal)
    writer.record(drafts((answered(CAR, RULES),), "20261124090000010009", NOW + 900.0))
    assert report(journal, "--config", configuration(tmp_path))["vehicles"] == 4
    writer.close()


def test_the_journal_of_version_0_1_is_read_and_what_it_did_not_record_is_said(tmp_path):
    kept = KeptGate(tmp_path / "kept")
    path = next((tmp_path / "kept").rglob("journal.db"))
    before = path.read_bytes()
    decided = {event["transaction"] for event in kept.of("access.decided")}
    began = {event["transaction"] for event in kept.of("vehicle.present")}
    assert decided & began
    (tmp_path / "state").mkdir()
    found = report(path, "--config", configuration(tmp_path))
    assert found["vehicles"] == len(began)
    assert found["not_judged"]["earlier_version"] == len(decided & began)
    words = run(path, "--config", configuration(tmp_path)).stdout
    assert "Recorded by an earlier version that did not record the facts of its decision." in words
    assert path.read_bytes() == before


def test_a_damaged_journal_is_named_with_the_event_and_nothing_is_shown(journal, tmp_path):
    with sqlite3.connect(journal) as connection:
        connection.execute(
            "UPDATE events SET payload = CAST(replace(CAST(payload AS TEXT), 'PASS', 'DENY') AS BLOB)"
            " WHERE type = 'access.decided'"
        )
    connection.close()
    answer = run(journal, "--config", configuration(tmp_path))
    assert answer.exit_code == 1
    assert "event 2 is missing or altered" in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_what_is_no_journal_is_said(tmp_path, content):
    path = tmp_path / "journal.db"
    (tmp_path / "state").mkdir()
    if content is not None:
        path.write_bytes(content)
    answer = run(path, "--config", configuration(tmp_path))
    assert answer.exit_code == 1
    assert answer.output.startswith("gate-agent replay: ")
    assert str(path) in answer.output.replace("\n", "")


def test_a_configuration_that_cannot_be_used_is_named_with_its_line(journal, tmp_path):
    answer = run(journal, "--config", configuration(tmp_path, 'declaration = "perhaps"'))
    assert answer.exit_code == 78
    assert "new.toml:" in answer.output
    assert "declaration" in answer.output


# ------------------------------------------------------------------------------------------------------- as HTML


def test_the_html_file_shows_each_difference_with_its_pictures_and_needs_nothing_else(journal, tmp_path):
    EvidenceStore(journal.parent / "evidence", 1 << 20).keep(PICTURE, JPEG)
    out = tmp_path / "report.html"
    answer = run(journal, "--config", configuration(tmp_path, 'declaration = "required"'), "--html", out)
    assert answer.exit_code == 0, answer.output
    page = out.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 1
    assert PERMIT.plate in page
    assert "DECLARATION_UNKNOWN" in page
    assert "this lane requires it" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert out.stat().st_mode & 0o077 == 0, "it names people"


def test_pictures_that_are_gone_or_altered_are_not_shown(journal, tmp_path):
    folder = tmp_path / "copied"
    (folder / "other" / PICTURE[:2]).mkdir(parents=True)
    (folder / "other" / PICTURE[:2] / f"{PICTURE}.jpg").write_bytes(b"another picture")
    out = tmp_path / "report.html"
    run(journal, "--config", configuration(tmp_path, 'declaration = "required"'), "--html", out, "--pictures", folder)
    page = out.read_text(encoding="utf-8")
    assert "data:image" not in page
    assert "Its pictures are not kept any more." in page


def test_a_folder_of_pictures_that_is_not_there_is_refused(journal, tmp_path):
    answer = run(journal, "--config", configuration(tmp_path), "--pictures", tmp_path / "nowhere")
    assert answer.exit_code == 2
    assert "nowhere" in answer.output


def test_what_a_record_says_is_text_on_the_page_and_no_markup(journal, tmp_path):
    from agent.core.replay import compared, recorded_vehicle  # noqa: PLC0415 - for this page alone
    from agent.i18n import Language  # noqa: PLC0415
    from tests.support.lane.past_vehicles import event  # noqa: PLC0415

    data = json.loads(drafts((answered(UNDECLARED, RULES),))[1].event.model_dump_json())
    vehicle = recorded_vehicle(
        [
            event("vehicle.present", {}),
            event("access.decided", data),
            event("transaction.closed", {"plate": "<script>alert(1)</script>"}),
        ]
    )
    found = Report(differences=[compared(vehicle, {LANE: by(declaration="required")})])
    page = as_html(found, Language.EN, None)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# ------------------------------------------------------------------------------------------------ a day, the settings


def test_a_difference_that_is_put_in_by_hand_is_found_among_hundreds(tmp_path):
    (tmp_path / "state").mkdir()
    journal = open_journal(tmp_path / "state" / "journal.db")
    usual = record_day(journal, [answered(CAR, RULES)], 300)
    odd = drafts((answered(UNDECLARED, RULES),), "20261124235959019999", NOW + 5000.0)
    journal.record(odd)
    journal.close()
    found = report(tmp_path / "state" / "journal.db", "--config", configuration(tmp_path, 'declaration = "required"'))
    assert (found["vehicles"], found["same"]) == (len(usual) + 1, len(usual))
    assert [one["transaction"] for one in found["differences"]] == ["20261124235959019999"]


def test_the_rules_are_those_that_the_running_gate_makes_of_the_same_settings(tmp_path):
    path = configuration(
        tmp_path,
        'require = "either"\nsecond_factor = "plate"\nsample_percent = 5\n',
        more="[clock]\nrequire_synchronised = false",
    )
    (rules,) = replay_rules(load_configuration(path).settings).values()
    assert rules.judgement == JudgementRules(require="either", sample_share=0.05)
    assert not rules.require_clock
    assert (rules.context.site, rules.context.lane, rules.context.direction) == (RULES.context.site, 1, "export")
    assert rules.context.forms == frozenset({PermitForm.SIGNED, PermitForm.JWS, PermitForm.REFERENCE})
    assert rules.context.longest_life_s > DAY_S


def test_a_draw_is_told_and_not_repeated(journal, tmp_path):
    answer = run(journal, "--config", configuration(tmp_path, "sample_percent = 50"))
    assert f"lane {LANE}: the draw of 50.0% of those that may pass is chance, and not repeated" in answer.stdout
    assert "3 the same" in answer.stdout


def test_the_answers_of_the_example_are_what_the_other_tests_think(journal):
    assert journal.exists()
    assert (answered(UNDECLARED, RULES).verdict, answered(UNDECLARED, RULES).reason) == (Verdict.PASS, Reason.OK)
