"""Who made a configuration another, and how: from its history, from central's documents, from the trust anchors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from agent.core.events import ConfigurationApplied
from agent.i18n import Language
from agent.i18n.event_text import event_summary
from agent.settings import EditStep, History, generation_of, made_by, present_files
from agent.settings.editing.last_known_good import UsableConfiguration


@dataclass(frozen=True)
class Loaded:
    """What is laid over the files."""

    fleet: SimpleNamespace
    anchors: str | None = None


def usable(state, *texts, anchors=None):
    return UsableConfiguration(Loaded(SimpleNamespace(texts=texts), anchors), state, None)


@pytest.fixture
def main(tmp_path):
    return tmp_path / "gate.toml"


@pytest.fixture
def history(tmp_path, main):
    return History(tmp_path / "state", main)


@pytest.fixture
def write(main, history):
    """Write the file, and note who did where somebody is named; returns what is on the disk."""

    def written(text, who=""):
        main.write_text(text)
        state = present_files(main)
        if who:
            with history.held():
                history.note(state, EditStep(who, f"by {who}", 1.0))
        return state

    return written


def test_who_made_what_is_on_the_disk_is_known(main, history, write):
    before, now = write("version = 1\n", "ivan"), write("version = 2\n", "olga")
    assert made_by(history, main, usable(now), usable(before)) == ("olga", "by olga")
    assert made_by(history, main, usable(now), None) == ("olga", "by olga")


def test_what_nobody_noted_was_edited_by_hand(main, history, write):
    before, now = write("version = 1\n", "ivan"), write("version = 2\n")
    assert made_by(history, main, usable(now), usable(before)) == ("", "edited manually")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("set lanes.out.number", "задано: lanes.out.number"),
        ("undo to 3", "возврат к состоянию 3"),
        ("edited by hand", "правка вручную"),
        ("", "правка вручную"),
        ("what a later version writes", "what a later version writes"),
    ],
)
def test_how_it_was_made_is_recorded_so_that_it_can_be_translated(main, history, step, words):
    main.write_text("version = 1\n")
    state = present_files(main)
    with history.held():
        history.note(state, EditStep("olga", step, 1.0))
    _, how = made_by(history, main, usable(state), None)
    event = ConfigurationApplied(configuration="", detail=how).model_dump(mode="json")
    assert event_summary(ConfigurationApplied.TYPE, event, Language.RU) == words


def test_who_made_it_is_known_also_where_the_files_were_changed_again_since(main, history, write):
    write("version = 1\n", "ivan")
    read, again = write("version = 2\n", "olga"), write("version = 3\n", "ivan")
    assert generation_of(history, read, main).who == "olga"
    assert generation_of(history, again, main).who == "ivan"


def test_a_former_state_that_is_written_by_hand_is_not_put_down_to_who_made_it_then(main, history, write):
    former = write("version = 1\n", "ivan")
    write("version = 2\n", "olga")
    write("version = 1\n")
    assert generation_of(history, former, main) is None
    main.unlink()
    assert generation_of(history, former, main) is None


@pytest.mark.parametrize(
    ("texts", "anchors", "told"),
    [
        (("document",), None, "fleet documents of central"),
        ((), "others", "the trust anchors"),
        (("document",), "others", "fleet documents of central, the trust anchors"),
    ],
)
def test_what_is_laid_over_the_files_is_told_and_nobody_is_named_for_it(main, history, write, texts, anchors, told):
    state = write("version = 1\n", "ivan")
    assert made_by(history, main, usable(state, *texts, anchors=anchors), usable(state)) == ("", told)
    now = write("version = 2\n", "olga")
    found = usable(now, *texts, anchors=anchors)
    assert made_by(history, main, found, usable(state)) == ("olga", f"by olga, {told}")


def test_what_comes_from_neither_files_nor_documents_is_said_to(main, history, write):
    found = usable(write("version = 1\n", "ivan"))
    who, how = made_by(history, main, replace(found), found)
    assert who == ""
    assert how.startswith("the files are the same; ")
