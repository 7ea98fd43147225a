"""The environment of a package: the wheels of the lock for its Debian and architecture, with their bytecode.

Made once for a lock, and kept in a folder of the build.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tools.deb.project import LOCK, run
from tools.deb.targets import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.deb.targets import Target

INSTALLED: Final = "/usr/lib/gate-agent/current"
_ELF_HEAD: Final = 20
_ELF_MACHINES: Final = {"amd64": 62, "arm64": 183}
_FORM: Final = 2  # of what is kept; another number has all of it made again


def site_packages(target: Target) -> str:
    """Where modules lie in a tree."""
    return f"lib/python{target.python}/site-packages"


def ready_environment(target: Target, store: Path) -> Path:
    """The folder of modules of the lock for a target, with bytecode. Raises BuildError."""
    uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy")
    fits = ("--python-platform", target.wheels, "--python-version", target.python, "--only-binary", ":all:")
    return _ready(target, store, LOCK, [*uv, *fits, "--require-hashes", "--no-deps", "-r", LOCK])


def installed_wheel(target: Target, wheel: Path, store: Path) -> Path:
    """The folder of our own modules, with bytecode. Raises BuildError."""
    # By its name out of its folder, and by pip: path and time of a file that is named get into what is installed, and
    # uv notes its time in any case. Then no two builds are alike.
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    fits = ("--python-version", target.python, "--only-binary", ":all:")
    return _ready(
        target, store, wheel, [*pip, *fits, "--no-deps", "--no-index", "--find-links", wheel.parent, "gate-agent"]
    )


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep every other process that makes something in a folder waiting, while this one does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".making").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ready(target: Target, store: Path, source: Path, install: list[str | Path]) -> Path:
    words = f"{_FORM} {target.name} {python_of(target)}".encode()
    key = hashlib.sha256(source.read_bytes() + words).hexdigest()[:16]
    ready = store / f"{target.name}-{source.stem.split('-')[0]}-{key}"
    with one_at_a_time(store):
        if not ready.is_dir():
            _make(target, ready, install)
    return ready


def _make(target: Target, ready: Path, install: list[str | Path]) -> None:
    part = ready.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    run([*install, "--target", part])
    _clear(part)
    _compile(target, part)
    _check_machine(target, part)
    kind = ready.name.rpartition("-")[0]
    for old in ready.parent.glob(f"{kind}-*"):
        if old != part:
            shutil.rmtree(old)
    part.rename(ready)


def _clear(folder: Path) -> None:
    """Others' commands are not the product's, and name an interpreter of this machine."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)


def _compile(target: Target, folder: Path) -> None:
    """Write the bytecode of every module, which the service could not: its tree is not its own. Raises BuildError.

    Unchecked, since source and bytecode come in one package (PEP 552); the same bytes each time.
    """
    shown = f"{INSTALLED}/{site_packages(target)}"
    run(
        [
            *(python_of(target), "-I", "-m", "compileall", "-q", "-f", "-j", "1"),
            *("--invalidation-mode", "unchecked-hash", "-s", folder, "-p", shown, folder),
        ],
        PYTHONHASHSEED="0",
    )


def _check_machine(target: Target, folder: Path) -> None:
    """Make sure that all machine code is for the target's processor. Raises BuildError.

    ELF, "e_machine": https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
    """
    for path in folder.rglob("*.so*"):
        with path.open("rb") as file:
            head = file.read(_ELF_HEAD)
        found = int.from_bytes(head[_ELF_HEAD - 2 :], "little")
        if head[:4] == b"\x7fELF" and found != _ELF_MACHINES[target.architecture]:
            raise BuildError(f"{path.relative_to(folder)} is for another processor (ELF machine {found})")


def python_of(target: Target) -> str:
    """An interpreter whose bytecode fits. Raises BuildError."""
    for found in (f"/usr/bin/python{target.python}", shutil.which(f"python{target.python}")):
        if found and shutil.which(found):
            return found
    message = (
        f"{target.name} needs Python {target.python} on this machine, to compile its modules: "
        f"apt-get install python{target.python}-minimal, or build for another Debian"
    )
    raise BuildError(message)
