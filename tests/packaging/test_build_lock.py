"""Builds that meet in one folder."""

import subprocess

from tools.deb.environment import one_at_a_time


def is_free(folder):
    return subprocess.run(["flock", "--nonblock", folder / ".making", "true"], check=False).returncode == 0


def test_while_one_build_makes_something_in_a_folder_every_other_waits(tmp_path):
    folder = tmp_path / "environments"
    with one_at_a_time(folder):
        assert not is_free(folder)
    assert is_free(folder)
