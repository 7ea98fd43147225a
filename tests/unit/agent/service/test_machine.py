"""What the computer is, from what the kernel and the system say of it."""

import platform

from agent.service.machine import LONGEST, machine


def written(root, **files):
    for path, content in files.items():
        file = root / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def test_a_pc_says_what_it_is_by_dmi(tmp_path):
    written(
        tmp_path,
        sys__class__dmi__id__sys_vendor=b"Advantech\n",
        sys__class__dmi__id__product_name=b"UNO-2271G\n",
        sys__class__dmi__id__product_serial=b"To be filled by O.E.M.\n",
    )
    found = machine(tmp_path)
    assert (found["vendor"], found["model"], found["serial"]) == ("Advantech", "UNO-2271G", "")


def test_a_board_says_it_by_its_device_tree(tmp_path):
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    (tmp_path / "proc/device-tree/serial-number").write_bytes(b"10000000abcd\0")
    found = machine(tmp_path)
    assert (found["model"], found["serial"]) == ("Raspberry Pi 5 Model B Rev 1.0", "10000000abcd")


def test_the_time_zone_is_the_one_that_is_linked(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("../usr/share/zoneinfo/Asia/Almaty")
    assert machine(tmp_path)["time_zone"] == "Asia/Almaty"


def test_where_nothing_is_known_it_is_empty(tmp_path):
    found = machine(tmp_path)
    assert {found[name] for name in ("vendor", "model", "serial", "time_zone")} == {""}
    assert (found["architecture"], found["python"]) == (platform.machine(), platform.python_version())
    assert found["kernel"] == platform.release()


def test_firmware_that_lies_is_cut_and_cleaned(tmp_path):
    written(tmp_path, sys__class__dmi__id__product_name=b"\x1b[31m" + b"A" * 5000 + b"\xff\n")
    found = machine(tmp_path)["model"]
    assert len(found) <= LONGEST
    assert found.isprintable()
