"""What packages are built for: a release of Debian and an architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class BuildError(Exception):
    """A package cannot be built; the message says why, and how to fix it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One package: `release` of Debian, its `python` ("3.13"), and dpkg's name of the `architecture`."""

    release: int
    python: str
    architecture: str

    @property
    def name(self) -> str:
        """As the command line and folders name it, such as deb13_amd64."""
        return f"deb{self.release}_{self.architecture}"

    @property
    def wheels(self) -> str:
        """The platform whose wheels fit, as uv names it. Both releases have a newer C library than it needs."""
        return f"{_MACHINES[self.architecture]}-manylinux_2_28"

    @property
    def next_python(self) -> str:
        """The first version of Python that is too new."""
        major, minor = self.python.split(".")
        return f"{major}.{int(minor) + 1}"


_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
# What a package calls beside Python and libc. A bare Debian has not all of them: its apt brings most, and may be gone.
LIBRARIES: Final = ("libzbar0", "libstdc++6", "libgcc-s1", "zlib1g", "libseccomp2")
# Debian packages beside those, as the control file names them.
NEEDED: Final = ("systemd", "passwd", "gpgv | sqv")
RECOMMENDED: Final = ("alsa-utils", "bash-completion", "fonts-wqy-microhei", "systemd-timesyncd | time-daemon", "udev")
SUGGESTED: Final = ("cage", "chromium", "fonts-noto-core", "fonts-noto-cjk")
SUITES: Final = {12: "bookworm", 13: "trixie"}
_PYTHONS: Final = {12: "3.11", 13: "3.13"}
TARGETS: Final = {
    target.name: target
    for target in (
        Target(release, python, architecture) for release, python in _PYTHONS.items() for architecture in _MACHINES
    )
}
