"""C2, L1: the package's scripts run as root beside what the agent's user may have planted in its state folder.

Each script is run as dpkg runs it, at home in a folder: nothing outside the state folder may change, and nothing may be
waited for.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.gate.root_commands import account
from tests.support.packaging.small_computer import as_root, places
from tests.support.waiting import scaled
from tools.deb.package_files import forms
from tools.deb.project import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root meets what another has planted")

NEW = "0.9.1+deb13"
DATABASES = tuple(line.split()[0] for line in forms().splitlines())
NAMES = (*DATABASES, *(f"{name}-wal" for name in DATABASES), "before-upgrade", f"before-upgrade/{DATABASES[0]}")
PLANTS = ("link to a file", "link to nothing", "link to a folder", "hard link", "fifo")
AN_UPGRADE_THAT_GOES_BACK = "copy_state || :\nput_state_back || :\nforget_before\n"


@pytest.fixture
def world():
    """A gate's folders; another user may enter the way to them, which pytest's own do not allow."""
    user = account()
    if user is None:
        pytest.skip("this machine has no user with a group of his own")
    folder = Path(tempfile.mkdtemp(prefix="gate-scripts-"))
    folder.chmod(0o755)
    for name in ("state", "trees/previous", f"trees/{NEW}", "versions", "sacrifice/folder"):
        (folder / name).mkdir(parents=True)
    for path in folder.rglob("*"):
        path.chmod(0o755)  # whatever the umask of the tests
    (folder / "sacrifice/shadow").write_text("of root\n")
    (folder / "sacrifice/shadow").chmod(0o600)
    (folder / "sacrifice/folder/inner").write_text("of root too\n")
    (folder / "trees/previous/forms").write_text("of an older form\n")
    (folder / f"trees/{NEW}/forms").write_text(forms())
    (folder / "state").chmod(0o750)
    os.chown(folder / "state", user.pw_uid, user.pw_gid)
    yield folder, user
    shutil.rmtree(folder)


def script(name, world):
    """One of the package's scripts, at home in the folder, for its user."""
    folder, user = world
    text = (ROOT / "packaging" / "deb" / name).read_text(encoding="utf-8")
    for word, value in {"@VERSION@": NEW, "@FORMS@": forms().strip(), "@NEED_KIB@": "1"}.items():
        text = text.replace(word, value)
    for word, value in {
        "--reuid=gate-agent --regid=gate-agent": f"--reuid={user.pw_uid} --regid={user.pw_gid}",
        "getent passwd gate-agent": f"getent passwd {user.pw_name}",
    }.items():
        text = text.replace(word, value)
    assert "--reuid=gate-agent" not in text
    values = {"TREES": folder / "trees", "STATE": folder / "state", "VERSIONS": folder / "versions"}
    if name == "postinst":
        values["PATIENCE_S"] = round(scaled(5))
    return places(text, values)


def plant(world, name, what):
    folder, user = world
    path = folder / "state" / name
    path.parent.mkdir(exist_ok=True)
    os.chown(path.parent, user.pw_uid, user.pw_gid)
    match what:
        case "fifo":
            os.mkfifo(path, 0o666)
        case "hard link":
            path.hardlink_to(folder / "sacrifice/shadow")
        case _:
            target = {"link to a file": "shadow", "link to nothing": "planted", "link to a folder": "folder"}[what]
            path.symlink_to(folder / "sacrifice" / target)
    if what != "hard link":
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def standing(folder):
    """Owner, mode and content of all that must not change."""
    paths = (folder, *sorted(folder.rglob("*")))
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_uid,
            path.lstat().st_gid,
            oct(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in paths
    }


@pytest.mark.parametrize("what", PLANTS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_planted_leads_the_packages_scripts_nowhere(world, name, what):
    folder, _ = world
    plant(world, name, what)
    before = standing(folder / "sacrifice")
    preinst, postinst = folder / "preinst", folder / "postinst"
    preinst.write_text(script("preinst", world))
    said = as_root("sh", preinst, "install")
    assert said.returncode == 0, said.stdout
    text = script("postinst", world).split("\ncase $1 in\n")[0]
    postinst.write_text(f"{text}\n{AN_UPGRADE_THAT_GOES_BACK}echo went through\n")
    said = as_root("sh", postinst)
    assert said.stdout.endswith("went through\n"), said.stdout
    assert said.returncode == 0
    assert standing(folder / "sacrifice") == before
    assert not os.path.lexists(folder / "state/before-upgrade")


def test_what_the_scripts_read_and_make_of_the_state_they_do_with_the_rights_of_its_user(world):
    folder, user = world
    with closing(sqlite3.connect(folder / "sacrifice/of_root.db")) as database:
        database.execute("PRAGMA user_version = 999")
    (folder / "sacrifice/of_root.db").chmod(0o600)
    for name in DATABASES:
        (folder / "state" / name).symlink_to(folder / "sacrifice/of_root.db")
    (folder / "preinst").write_text(script("preinst", world))
    said = as_root("sh", folder / "preinst", "install")
    assert (said.returncode, said.stdout) == (0, "")  # with root's rights it would tell of the form of root's file
    text = script("postinst", world).split("\ncase $1 in\n")[0]
    (folder / "postinst").write_text(f"{text}\ncopy_state\n")
    said = as_root("sh", folder / "postinst")
    assert said.returncode == 0, said.stdout
    made = (folder / "state/before-upgrade", *(folder / "state/before-upgrade").iterdir())
    assert len(made) == 1 + len(DATABASES)
    assert {path.lstat().st_uid for path in made} == {user.pw_uid}


def test_what_the_agent_said_does_not_steer_roots_terminal(world):
    """L1: the script after an installation repeats what the agent says of its configuration, and its last words."""
    folder, _ = world
    said = folder / "said"
    said.write_text("a\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\r\n\t打开, жқ\n", encoding="utf-8")
    text = script("postinst", world).split("\ncase $1 in\n")[0]
    (folder / "postinst").write_text(f"{text}\nplain <{said}\n")
    shown = as_root("sh", folder / "postinst")
    assert (shown.returncode, shown.stdout) == (0, "a[2J]0;owned31m\n\t打开, жқ\n")


def test_a_state_that_its_user_cannot_read_is_told_with_what_to_look_at(world):
    folder, _ = world
    os.chown(folder / "state", 0, 0)
    (folder / "state").chmod(0o700)
    preinst = folder / "preinst"
    preinst.write_text(script("preinst", world))
    said = as_root("sh", preinst, "install")
    assert said.returncode == 1
    assert "nothing was changed: the state could not be examined" in said.stdout
    assert f"ls -la {folder / 'state'}" in said.stdout
