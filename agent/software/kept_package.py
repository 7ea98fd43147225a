"""A package of what is installed, made from its files, so that there is something to go back to without a network."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.software.dpkg import NAME
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.software.dpkg import Dpkg

UNIT: Final = Path("usr/lib/systemd/system/gate-agent.service")
_SUMS: Final = "md5sums"
_NOT_OURS: Final = frozenset({"Status", "Conffiles"})
"""Fields that dpkg adds to those of the package."""


class NotWholeError(Exception):
    """What is installed is not as its package brought it; the message names a file."""


def keep_installed(dpkg: Dpkg, staging: Path, target: Path, root: Path = Path("/")) -> None:
    """Make a package of what is installed. Raises NotWholeError, DpkgError, OSError.

    `staging`: a folder that is made for it and goes again; `root`: of the file system that dpkg speaks of.
    """
    shutil.rmtree(staging, ignore_errors=True)
    _make_folder(staging)
    try:
        _lay_out_files(dpkg, staging, root)
        _lay_out_control(dpkg, staging)
        part = target.with_name(f".{target.name}.part")
        dpkg.build(staging, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _lay_out_files(dpkg: Dpkg, staging: Path, root: Path) -> None:
    for line in dpkg.query("--listfiles", NAME).splitlines():
        name = Path(line).relative_to("/") if line.startswith("/") else None
        if name is None or name == Path():
            continue
        source, place = root / name, staging / name
        mode = source.lstat().st_mode
        if stat.S_ISDIR(mode):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(stat.S_IMODE(mode))
        elif stat.S_ISLNK(mode):
            place.symlink_to(source.readlink())
        else:
            _link(source, place)


def _lay_out_control(dpkg: Dpkg, staging: Path) -> None:
    control = staging / "DEBIAN"
    _make_folder(control)
    for line in dpkg.query("--control-path", NAME).splitlines():
        source = Path(line)
        _link(source, control / source.name.removeprefix(f"{NAME}."))
    sums = {}
    for line in (control / _SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        sums[name] = digest
    _check_sums(staging, sums)
    fields, leaves_out = [], False
    for line in dpkg.query("--status", NAME).splitlines():
        if not line.startswith(" "):
            leaves_out = line.partition(":")[0] in _NOT_OURS
        if line and not leaves_out:
            fields.append(line)
    text = control / "control"
    text.write_text("\n".join(fields) + "\n", encoding="utf-8")
    text.chmod(0o644)


def _check_sums(staging: Path, sums: Mapping[str, str]) -> None:
    """See that each file is what its package brought. The unit, which people edit, is taken from the tree."""
    for name, wanted in sums.items():
        place = staging / name
        if _md5(place) == wanted:
            continue
        if Path(name) == UNIT:
            for spare in staging.glob("usr/lib/gate-agent/*/systemd/gate-agent.service"):
                if _md5(spare) == wanted:
                    place.unlink()
                    _link(spare, place)
                    break
        if _md5(place) != wanted:
            raise NotWholeError(
                Text("/{name} differs from the installed package, so the update could not be undone", name=name)
            )


def _make_folder(path: Path) -> None:
    """A folder that everybody may read, whatever the umask: it becomes one of the package."""
    path.mkdir()
    path.chmod(0o755)


def _link(source: Path, place: Path) -> None:
    """The same file under another name; a copy where the file system has none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, place, follow_symlinks=False)


def _md5(path: Path) -> str:
    if not path.is_file() or path.is_symlink():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
