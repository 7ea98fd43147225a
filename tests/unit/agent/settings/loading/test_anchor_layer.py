"""Trust anchors win over every layer of the configuration, and what says otherwise is told."""

from __future__ import annotations

import os

import pytest

from agent.core.anchors import ANCHOR_KEYS
from agent.settings import (
    AnchorFile,
    AnchorsUnusableError,
    SettingsError,
    anchors_folder,
    anchors_of,
    anchors_text,
    ca_files,
    read_anchors,
)
from tests.support.anchors.people import OTHER_ROOT_KEY, ROOT_KEY, held, public, tables
from tests.support.gate.config_files import LANE, loaded, write
from tests.support.pki.certificates import Authority

HEAD = """
version = 1

[gate]
id = "gate-7"
site = 7
"""


def anchored(tmp_path, **changed):
    """Anchors in a folder beside the configuration's."""
    found = tables()
    found |= {"mqtt": {"brokers": ["mqtts://broker.example:8883"]}} | changed
    return AnchorFile(tmp_path / "etc-anchors", anchors_of(found))


def test_a_configuration_need_not_name_what_the_anchors_do(tmp_path):
    found = loaded(write(tmp_path, HEAD + LANE), anchors=anchored(tmp_path))
    assert found.settings.permits.root_keys == (ROOT_KEY,)
    assert [key.id for key in found.settings.commands.keys] == ["central", "office"]
    assert found.settings.mqtt.brokers == ("mqtts://broker.example:8883",)
    assert found.overruled == ()
    assert not [one for one in found.warnings if "trust anchor" in one.message]


def test_no_layer_changes_an_anchor_and_each_try_is_told(tmp_path):
    text = (
        HEAD
        + LANE
        + (
            f'[permits]\nroot_keys = ["{OTHER_ROOT_KEY}"]\n'
            f'[[commands.keys]]\nid = "mine"\npublic_key = "{public("mallory")}"\n'
            '[mqtt]\nbrokers = ["mqtt://evil.example"]\nack_mode = "puback"\n'
            '[state]\ndirectory = "/tmp/elsewhere"\n'
            f'[[site.gates]]\nid = "gate-7"\npublic_key = "{public("mallory")}"\n'
        )
    )
    environment = {"GATE_CONSOLE__LISTEN": '["0.0.0.0"]', "GATE_CONSOLE__ENABLED": "true"}
    credentials = tmp_path / "credentials"
    write(credentials, '["mqtts://evil.example"]', "site.brokers")
    anchors = anchored(tmp_path)
    found = loaded(write(tmp_path, text), environment, credentials, anchors)
    plain = loaded(write(tmp_path / "plain", HEAD + LANE), anchors=anchors)
    assert found.settings.model_dump() == plain.settings.model_dump()
    assert found.digest == plain.digest
    assert set(found.overruled) == {
        "permits.root_keys",
        "commands.keys",
        "mqtt.brokers",
        "mqtt.ack_mode",
        "state.directory",
        "site.gates",
        "site.brokers",
        "console.listen",
        "console.enabled",
    }
    told = {one.key: one for one in found.warnings if one.key in found.overruled}
    assert set(told) == set(found.overruled)
    assert all(str(anchors.path) in one.message for one in told.values())
    assert told["console.listen"].source == "GATE_CONSOLE__LISTEN"
    assert OTHER_ROOT_KEY not in str(told["permits.root_keys"])


def test_what_says_the_same_is_not_told(tmp_path):
    text = (
        HEAD
        + LANE
        + f'[permits]\nroot_keys = ["{ROOT_KEY.upper()}"]\n[mqtt]\nbrokers = ["mqtts://broker.example:8883"]\n'
    )
    text += "".join(
        f'[[commands.keys]]\nid = "{name}"\npublic_key = "{public(name)}"\nmay = ["{may}"]\n'
        for name, may in (("central", "replay"), ("office", "open"))
    )
    assert loaded(write(tmp_path, text), anchors=anchored(tmp_path)).overruled == ()


def test_what_else_the_file_says_stays(tmp_path):
    text = HEAD + LANE + "[permits]\nclock_skew_s = 30\n[mqtt]\nkeepalive_s = 20\n[console]\nidle_minutes = 5\n"
    settings = loaded(write(tmp_path, text), anchors=anchored(tmp_path)).settings
    assert (settings.permits.clock_skew_s, settings.mqtt.keepalive_s, settings.console.idle_minutes) == (30, 20, 5)


def test_anchors_of_another_gate_are_told(tmp_path):
    text = (HEAD + LANE).replace('"gate-7"', '"gate-8"')
    (told,) = [
        one for one in loaded(write(tmp_path, text), anchors=anchored(tmp_path)).warnings if one.key == "gate.id"
    ]
    assert "gate-7" in told.message
    assert not [
        one for one in loaded(write(tmp_path, HEAD + LANE), anchors=anchored(tmp_path)).warnings if one.key == "gate.id"
    ]


def test_a_section_that_is_no_table_is_a_mistake_of_the_file(tmp_path):
    with pytest.raises(SettingsError):
        loaded(write(tmp_path, "permits = 3\n" + HEAD + LANE), anchors=anchored(tmp_path))


def test_every_anchor_is_shown_as_locked(tmp_path):
    found = loaded(write(tmp_path, HEAD + LANE), anchors=anchored(tmp_path))
    for path in ANCHOR_KEYS:
        assert found.document.origins[path].file is None, path
        assert found.document.origins[path].name.endswith("anchors.toml"), path
    assert found.document.origins["commands", "keys", 0, "public_key"].file is None


def test_the_certificates_are_those_of_the_anchors_whatever_lies_where_the_file_says(tmp_path):
    own, others = Authority(tmp_path), Authority(tmp_path, "others")
    anchors = anchored(tmp_path, mqtt={"brokers": ["mqtts://b.example"], "ca": own.ca.read_text()})
    anchors.folder.mkdir()
    for name, data in ca_files(anchors.held).values():
        (anchors.folder / name).write_bytes(data)
    text = HEAD + LANE + '[mqtt]\nca_file = "ca.crt"\n'
    found = loaded(write(tmp_path, text), anchors=anchors)
    assert found.settings.mqtt.ca_file.read_text() == own.ca.read_text()
    assert found.settings.mqtt.ca_file.parent == anchors.folder
    assert found.overruled == ()  # the same certificates
    own.ca.write_bytes(others.ca.read_bytes())
    swapped = loaded(write(tmp_path, text), anchors=anchors)
    assert swapped.settings.mqtt.ca_file == found.settings.mqtt.ca_file
    assert swapped.overruled == ("mqtt.ca_file",)


# ------------------------------------------------------------------------------------------------------- the file


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "etc-anchors"
    folder.mkdir(mode=0o755)
    path = folder / "anchors.toml"
    path.write_text(anchors_text(held()), encoding="utf-8")
    path.chmod(0o644)
    return folder


def test_the_folder_lies_beside_that_of_the_configuration(tmp_path):
    assert anchors_folder(tmp_path / "gate-agent/gate.toml") == tmp_path / "gate-agent-anchors"


def test_anchors_are_read_where_they_are_the_owners_alone(folder):
    assert read_anchors(folder, os.geteuid()).held == held()
    assert read_anchors(folder.parent, os.geteuid()) is None


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_anchors_that_somebody_else_may_write_count_for_nothing_and_stop_the_loading(folder, mode):
    (folder / "anchors.toml").chmod(mode)
    with pytest.raises(AnchorsUnusableError, match="root"):
        read_anchors(folder, os.geteuid())


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_nor_do_they_in_a_folder_that_somebody_else_may_write(folder, mode):
    folder.chmod(mode)
    with pytest.raises(AnchorsUnusableError, match="root"):
        read_anchors(folder, os.geteuid())


def test_nor_do_those_of_another_owner(folder):
    with pytest.raises(AnchorsUnusableError, match="root"):
        read_anchors(folder, os.geteuid() + 1)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"version = 1\n", b"[", b"x" * (1 << 19), b"a = 1\na = 2\n"])
def test_a_damaged_file_is_told_and_never_taken_for_none(folder, raw):
    (folder / "anchors.toml").write_bytes(raw)
    with pytest.raises(AnchorsUnusableError):
        read_anchors(folder, os.geteuid())


def test_a_pipe_or_a_folder_in_its_place_is_told_at_once(folder):
    path = folder / "anchors.toml"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(AnchorsUnusableError):
        read_anchors(folder, os.geteuid())
    path.unlink()
    path.mkdir()
    with pytest.raises(AnchorsUnusableError):
        read_anchors(folder, os.geteuid())
