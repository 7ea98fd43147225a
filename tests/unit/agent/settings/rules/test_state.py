"""The section [state]: where the head file may lie."""

from __future__ import annotations

import pytest

from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write


@pytest.mark.parametrize("inside", ["head", "witness/head", "../state/head"])
def test_a_head_file_in_the_state_directory_is_refused(tmp_path, inside):
    state = tmp_path / "state"
    text = f'{GOOD}\n[state]\ndirectory = "{state}"\nhead_file = "{state / inside}"\n'
    with pytest.raises(SettingsError, match=r"state\.head_file: is in state\.directory"):
        loaded(write(tmp_path, text))


def test_one_that_a_link_leads_into_the_state_directory_is_refused(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "state")
    text = f'{GOOD}\n[state]\ndirectory = "{tmp_path / "state"}"\nhead_file = "{tmp_path / "elsewhere" / "head"}"\n'
    with pytest.raises(SettingsError, match=r"state\.head_file"):
        loaded(write(tmp_path, text))


def test_one_beside_it_is_taken_and_none_is_the_default(tmp_path):
    text = f'{GOOD}\n[state]\ndirectory = "{tmp_path / "state"}"\nhead_file = "{tmp_path / "witness" / "head"}"\n'
    assert loaded(write(tmp_path, text)).settings.state.head_file == tmp_path / "witness" / "head"
    assert loaded(write(tmp_path, GOOD)).settings.state.head_file is None
