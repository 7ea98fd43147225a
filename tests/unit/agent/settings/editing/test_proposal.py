"""Proposed configurations: edits, texts, what would be another, who was first, and secrets that are not shown."""

from __future__ import annotations

import os
import stat
import tomllib

import pytest

from agent.service.redaction import MASK
from agent.settings.configuration_loading import editor_of, load_configuration
from agent.settings.editing.edits import Edit, edited
from agent.settings.editing.history import EditStep
from agent.settings.editing.proposal import StaleError, differences, judged, put_files, seen_state
from agent.settings.editing.secret_mask import masked_text, restored_text
from agent.settings.loading.load import schema_of
from agent.settings.toml.change import ChangeError
from agent.settings.toml.files import replace_file
from agent.settings.toml.includes import read
from agent.settings.toml.keypath import key_path
from agent.settings.toml.problems import SettingsError
from tests.support.gate.config_files import ROOT_KEY

TEXT = f"""# A gate.
version = 1
[gate]
id = "gate-7"
site = 7
[state]
directory = "%s"
[permits]
root_keys = ["{ROOT_KEY}"]
[mqtt]
enabled = false
username = "gate-7"
password = "hunter2 of mqtt"  # not here
# token = "old and secret"

# The exit.
[lanes.out]
number = 1
direction = "export"
[lanes.out.relay]
kind = "simulated"
[[lanes.out.cameras]]
id = "front"
kind = "opencv"
url = "rtsp://admin:hunter3@10.0.0.7/1"
[[lanes.out.cameras]]
id = "back"
kind = "simulated"
"""
AIGUL = EditStep("aigul", "console", 1.0)


@pytest.fixture
def editor(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(TEXT % (tmp_path / "state"), encoding="utf-8")
    return editor_of(path)


def value(editor, key):
    found = tomllib.loads(editor.main.read_text(encoding="utf-8"))
    for part in key_path(key):
        found = found[part]
    return found


def edit(does, key, text="", /, **values):
    return Edit(does, key_path(key), text, values)


def test_many_edits_are_one_step_and_each_finds_its_place(editor):
    edits = [
        edit("remove", "lanes.out.cameras[0]"),
        edit("remove", "mqtt.password"),
        edit("add", "lanes.out.cameras[2]", id="side", kind="simulated"),
        edit("add", "lanes.in", number=2, direction="import", relay={"kind": "simulated", "name": "in"}),
        edit("set", "gate.site", "9"),
        edit("set", "lanes.out.timing.read_s", "12"),
    ]
    change = put_files(editor, edited(editor, edits), AIGUL, seen_state(editor))
    assert [camera["id"] for camera in value(editor, "lanes.out.cameras")] == ["back", "side"]
    assert (value(editor, "gate.site"), value(editor, "lanes.in.number")) == (9, 2)
    assert (change.number, editor.history.generations()[-1].who) == (2, "aigul")
    assert "# The exit." in editor.main.read_text(encoding="utf-8")


def test_what_would_be_another_is_told_with_both_values_and_origins_and_no_secret(editor):
    before = load_configuration(editor.main)
    edits = [
        edit("set", "gate.site", "9"),
        edit("set", "mqtt.password", "another of mqtt"),
        edit("set", "lanes.out.cameras[0].url", "rtsp://admin:hunter4@10.0.0.7/1"),
        edit("remove", "lanes.out.cameras[1]"),
    ]
    found = {one.key: one for one in differences(before, judged(editor, edited(editor, edits)))}
    site, password, url = (found[key] for key in ("gate.site", "mqtt.password", "lanes.out.cameras[0].url"))
    assert (site.before.value, site.after.value, site.before.source) == (7, 9, f"{editor.main}:5")
    assert (password.is_hidden, url.is_hidden) == (True, True)
    assert found["lanes.out.cameras[1].id"].after is None
    assert not any(word in str(found.values()) for word in ("hunter", "another of mqtt"))


def test_who_comes_second_is_told_what_changed_meanwhile_and_changes_nothing(editor):
    seen = seen_state(editor)
    first, second = (edited(editor, [edit("set", "gate.site", site)]) for site in ("8", "9"))
    put_files(editor, first, AIGUL, seen)
    with pytest.raises(StaleError) as error:
        put_files(editor, second, EditStep("bolat", "console", 2.0), seen)
    assert (error.value.changed, error.value.who) == (("gate.site",), "aigul")
    assert value(editor, "gate.site") == 8


def test_a_change_by_hand_meanwhile_counts_too(editor):
    seen = seen_state(editor)
    files = edited(editor, [edit("set", "gate.site", "8")])
    editor.main.write_text(editor.main.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    with pytest.raises(StaleError):
        put_files(editor, files, AIGUL, seen)
    assert value(editor, "gate.site") == 7


@pytest.mark.parametrize(
    "edits",
    [
        [edit("set", "gate.site", "none")],
        [edit("set", "gate.site", "8"), edit("remove", "gate.id")],
        [edit("add", "lanes.in", number=1, direction="import", relay={"kind": "simulated", "name": "in"})],
        [edit("add", "lanes.out.cameras[2]", id="front", kind="simulated")],
    ],
)
def test_of_edits_that_do_not_hold_together_none_is_made(editor, edits):
    before, seen = editor.main.read_bytes(), seen_state(editor)
    with pytest.raises(SettingsError):
        put_files(editor, edited(editor, edits), AIGUL, seen)
    assert editor.main.read_bytes() == before


def test_an_unknown_key_is_refused_with_the_nearest(editor):
    with pytest.raises(ChangeError, match='did you mean "site"'):
        edited(editor, [edit("set", "gate.sit", "8")])


def test_an_edit_of_an_included_file_is_made_there(editor):
    lanes = editor.main.with_name("lanes.toml")
    text = editor.main.read_text(encoding="utf-8")
    head, mark, rest = text.partition("# The exit.")
    lanes.write_text(mark + rest, encoding="utf-8")
    editor.main.write_text(head.replace("version = 1", 'version = 1\ninclude = ["lanes.toml"]'), encoding="utf-8")
    files = edited(editor, [edit("set", "lanes.out.number", "3"), edit("set", "gate.site", "8")])
    put_files(editor, files, AIGUL, seen_state(editor))
    assert "number = 3" in lanes.read_text(encoding="utf-8")
    assert "site = 8" in editor.main.read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------------------- secrets


def shown_and_schema(editor):
    text = editor.main.read_text(encoding="utf-8")
    schema = schema_of(read(editor.main), editor.models)
    return text, masked_text(text, schema), schema


def test_no_secret_is_shown_and_what_is_not_touched_comes_back(editor):
    text, shown, schema = shown_and_schema(editor)
    assert not any(word in shown for word in ("hunter", "old and secret"))
    assert shown.count(MASK) == 3
    assert f"admin:{MASK}@10.0.0.7" in shown
    assert restored_text(shown, text, schema) == text.replace("old and secret", MASK)


def test_a_secret_follows_its_key_to_another_place_and_a_new_one_is_taken(editor):
    text, shown, schema = shown_and_schema(editor)
    moved = shown.replace(
        '[[lanes.out.cameras]]\nid = "front"',
        '[[lanes.out.cameras]]\nid = "new"\nkind = "simulated"\n[[lanes.out.cameras]]\nid = "front"',
    )
    assert "hunter3" in restored_text(moved, text, schema)
    fresh = shown.replace(f'password = "{MASK}"', 'password = "fresh"')
    assert 'password = "fresh"' in restored_text(fresh, text, schema)


def test_a_mask_that_stands_for_no_secret_is_refused(editor):
    text, shown, schema = shown_and_schema(editor)
    with pytest.raises(ChangeError, match=r"mqtt\.ca_file is masked"):
        restored_text(shown.replace("[mqtt]", f'[mqtt]\nca_file = "{MASK}"'), text, schema)


def test_a_text_that_cannot_be_read_hides_every_line_that_sounds_secret(editor):
    _, _, schema = shown_and_schema(editor)
    broken = (
        'password = "hunter2\'"\n[mqtt\nca_file = "/etc/ca.pem"\n# secret = "hunter3"\nurl = "rtsp://a:hunter4@h/"\n'
    )
    shown = masked_text(broken, schema)
    assert "hunter" not in shown
    assert "/etc/ca.pem" in shown


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's files need root")
def test_what_root_made_can_be_replaced_by_the_service_whose_group_it_has(tmp_path):
    service, group = 61234, 61235
    tmp_path.chmod(0o770)
    os.chown(tmp_path, 0, group)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest", "popen")):
            parent.chmod(0o755)
    path = tmp_path / "gate.toml"
    path.write_text("version = 1\n", encoding="utf-8")
    os.chown(path, 0, group)
    path.chmod(0o640)
    child = os.fork()
    if child == 0:  # the service, as far as files can tell
        os.setgroups([])
        os.setgid(group)
        os.setuid(service)
        try:
            replace_file(path, b"version = 2\n", path.stat())
        except OSError:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    found = path.stat()
    assert path.read_bytes() == b"version = 2\n"
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (service, group, 0o640)
