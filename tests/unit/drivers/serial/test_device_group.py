"""Which group may open a device, outside and within a user name space."""

from __future__ import annotations

import grp

import pytest

from drivers.serial.device_group import group_of


@pytest.mark.parametrize(
    ("mapped", "hidden"),
    [
        ("         0          0 4294967295\n", False),
        ("         0          0          1\n       998        998          1\n", True),
    ],
)
def test_the_number_that_stands_for_all_hidden_groups_is_a_group_of_its_own_only_where_none_is_hidden(
    tmp_path, mapped, hidden
):
    file = tmp_path / "device"
    file.touch()
    number = file.stat().st_gid
    for name, text in (("sys/kernel/overflowgid", f"{number}\n"), ("self/gid_map", mapped)):
        (tmp_path / "proc" / name).parent.mkdir(parents=True)
        (tmp_path / "proc" / name).write_text(text)
    assert group_of(file, tmp_path) == ("" if hidden else grp.getgrgid(number).gr_name)
    assert group_of(file) == grp.getgrgid(number).gr_name
