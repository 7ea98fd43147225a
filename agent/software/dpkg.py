"""dpkg, as root's helper runs it: bounded in time, its lock held, and its last words kept."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.model.printable import printable
from agent.software.release_signature import PATH
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME: Final = "gate-agent"
ADMIN: Final = Path("/var/lib/dpkg")
LOCK: Final = "lock-frontend"
LIMIT_S: Final = 5400.0
"""More than the package's own scripts give to the copies of large databases."""
ASK_S: Final = 60.0
LOCK_S: Final = 10.0
_LOOK_S: Final = 1.0
_FIRST_WORDS: Final = 200
_LAST_WORDS: Final = 600


class DpkgError(Exception):
    """dpkg has not done what it was asked; the message holds its last words."""


class DpkgBusyError(DpkgError):
    """Another program installs something at this moment: nothing was done, and later it may be."""


@dataclass(frozen=True, slots=True)
class Dpkg:
    """Runs dpkg. `path`: where programs are looked for. `admin`: dpkg's own folder, with its lock."""

    path: str = PATH
    admin: Path = ADMIN
    lock_s: float = LOCK_S

    def installed(self) -> str:
        """The version that is installed, and nothing of it half done. Raises DpkgError."""
        status, version = self.status()
        if status != "installed":
            raise DpkgError(Text("the package gate-agent is {status}: dpkg --audit says why", status=status or "?"))
        return version

    def status(self) -> tuple[str, str]:
        """What dpkg says: a word, such as "installed" or "unpacked", and a version. Raises DpkgError."""
        said = self.query("--show", "--showformat=${db:Status-Status} ${Version}", NAME)
        word, _, version = said.strip().partition(" ")
        return word, version

    def query(self, *words: str) -> str:
        """What dpkg-query says. Raises DpkgError."""
        return self._run(["dpkg-query", *words], {}, ASK_S)

    def fields(self, file: Path) -> tuple[str, str, str]:
        """Name, version and architecture in a package's file. Raises DpkgError."""
        said = self._run(
            ["dpkg-deb", "--show", "--showformat=${Package}\n${Version}\n${Architecture}\n", str(file)], {}, ASK_S
        )
        name, version, architecture = (said.split("\n") + [""] * 3)[:3]
        return name, version, architecture

    def build(self, folder: Path, file: Path) -> None:
        """Make a package of a folder. Raises DpkgError."""
        self._run(["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(folder), str(file)], {}, LIMIT_S)

    def unpack(self, file: Path) -> None:
        """Unpack a package; what runs goes on. Raises DpkgError."""
        self._change(["dpkg", "--unpack", str(file)])

    def configure(self) -> None:
        """Take the unpacked version into use. Raises DpkgError."""
        self._change(["dpkg", "--configure", NAME])

    def go_back(self, file: Path, why: str) -> None:
        """Install an older package; its scripts record why. Raises DpkgError."""
        self._change(["dpkg", "--install", str(file)], {"GATE_AGENT_DOWNGRADE": why})

    def _change(self, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
        with self._locked():
            # As apt does: the lock is held for dpkg, so that nothing of others comes between two of its runs.
            self._run([*command], {"DPKG_FRONTEND_LOCKED": "1", **(more or {})}, LIMIT_S)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self.admin / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        wait, until_at = threading.Event(), time.monotonic() + self.lock_s
        try:
            while True:
                try:
                    fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() >= until_at:
                        raise DpkgBusyError(Text("another program is installing something now")) from None
                    wait.wait(_LOOK_S)
            yield
        finally:
            os.close(handle)

    def _run(self, command: Sequence[str], more: Mapping[str, str], limit_s: float) -> str:
        environment = {"PATH": self.path, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        try:
            done = subprocess.run(  # noqa: S603 - programs of Debian; arguments are our own
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={**environment, **more},
                timeout=limit_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DpkgError(Text("{program} cannot be run: {why}", program=command[0], why=error)) from None
        if done.returncode != 0:
            words = printable(" ".join(done.stderr.decode("utf-8", "replace").split()))
            raise DpkgError(_ends(words) or f"{command[0]} {done.returncode}")
        return done.stdout.decode("utf-8", "replace")


def _ends(words: str) -> str:
    """The beginning and the end of long words: what was tried, and how it ended."""
    if len(words) <= _FIRST_WORDS + _LAST_WORDS:
        return words
    return f"{words[:_FIRST_WORDS]} ... {words[-_LAST_WORDS:]}"
