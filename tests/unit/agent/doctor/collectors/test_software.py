"""What the doctor knows of updates that central has ordered."""

from importlib.metadata import version

from agent.core.fleet import DocumentFault
from agent.core.software import UpdateOutcome, UpdateRecord, UpdateStage
from agent.doctor.collectors.software import versions
from agent.i18n import Language, translate
from drivers.text import Text

INSTALLED = version("gate-agent")


def told(folder):
    facts = versions(lambda: None, folder)
    return facts.update, facts.stage, facts.undone, facts.why


def write(folder, name, value):
    (folder / "update").mkdir(exist_ok=True)
    (folder / "update" / name).write_text(value if isinstance(value, str) else value.model_dump_json())


def ended(number, *, applied=False):
    code = None if applied else DocumentFault.NOT_CONNECTED
    return UpdateOutcome(identity="a", version=f"{number}+deb13", applied=applied, code=code, detail="no broker")


def test_without_an_update_nothing_is_said(tmp_path):
    assert told(tmp_path) == ("", "", "", "")


def test_one_that_is_under_way_is_told_with_its_stage_also_after_one_that_was_undone(tmp_path):
    record = UpdateRecord(
        identity="a", version="9+deb13", before="8", connected=True, rest_s=1, trial_s=9, steady_s=0
    ).model_copy(update={"stage": UpdateStage.RESTING})
    write(tmp_path, "outcome.json", ended("9"))
    write(tmp_path, "state.json", record)
    assert told(tmp_path) == ("9+deb13", "resting", "", "")


def test_one_that_was_undone_is_told_until_another_is_applied_or_its_version_runs(tmp_path):
    write(tmp_path, "outcome.json", ended("9"))
    assert told(tmp_path) == ("", "", "9+deb13", "no broker")
    write(tmp_path, "outcome.json", ended("9", applied=True))
    assert told(tmp_path) == ("", "", "", "")
    write(tmp_path, "outcome.json", ended(INSTALLED))
    assert told(tmp_path) == ("", "", "", "")


def test_why_an_update_was_undone_is_told_in_the_readers_language(tmp_path):
    detail = Text("no connection to a broker of central within {limit} s", limit=60)
    write(tmp_path, "outcome.json", ended("9").model_copy(update={"detail": detail}))
    why = versions(lambda: None, tmp_path).why
    assert why == detail
    assert translate(why, Language.RU) == translate(detail, Language.RU) != detail


def test_what_cannot_be_read_is_told(tmp_path):
    write(tmp_path, "state.json", "{}")
    assert told(tmp_path)[0] == "?"
