"""A bundle for computers without a line.

The package, those of Debian that it needs, and what it is for. Nothing in it is run before its signature was checked:
packaging/bundle/gate-agent-install does that, and installs it.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.deb.project import run
from tools.deb.targets import LIBRARIES, SUITES, BuildError

if TYPE_CHECKING:
    from tools.deb.package_files import Build
    from tools.deb.targets import Target

_THERE: Final = {"required", "important"}  # the priorities that every installed Debian has
_SOURCES: Final = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
_FORM: Final = 1
_KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"


def bundle(build: Build, package: Path, store: Path) -> Path:
    """Make the bundle beside the package's file, and return its path. Raises BuildError.

    `store`: a folder that keeps Debian's packages from one build to the next.
    """
    target = build.target
    name = f"gate-agent-{build.version}_{target.name}"
    file = package.with_name(f"{name}.tar")
    with tempfile.TemporaryDirectory(dir=package.parent) as scratch:
        folder = Path(scratch, name)
        fill(folder, build, package, debian_packages(target, store))
        pack_bundle(folder, file, build.time)
    return file


def fill(folder: Path, build: Build, package: Path, others: list[Path]) -> None:
    """Put a bundle together in a new folder: our package, the others, and what it is for.

    There are no checksums in it: the signature is of all of it.
    """
    (folder / "debian").mkdir(parents=True)
    shutil.copy2(package, folder / package.name)
    for other in others:
        shutil.copy2(other, folder / "debian")
    told = {
        "form": _FORM,
        "version": build.package_version,
        "release": build.target.release,
        "architecture": build.target.architecture,
    }
    text = "".join(f"{name} {value}\n" for name, value in told.items())
    (folder / "bundle").write_text(text, encoding="utf-8")


def pack_bundle(folder: Path, file: Path, time: int) -> None:
    """Make the bundle's file of its folder: the same bytes each time. `time`: Unix seconds."""
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(folder, folder.name, filter=lambda member: _neutral(member, time))


def debian_packages(target: Target, store: Path) -> list[Path]:
    """Debian's packages that the product needs beyond what every Debian has, downloaded. Raises BuildError."""
    place = store.absolute() / target.name
    apt = _apt(target, place)
    run([*apt, "update"])
    base = _base(run(["apt-cache", *apt[1:], "dumpavail"]))
    wanted = _installed_with(apt, [*base, "python3", *LIBRARIES]) - _installed_with(apt, base)
    archives = place / "archives"
    for old in archives.glob("*.deb"):
        old.unlink()
    run([*apt, "download", *sorted(wanted)], folder=archives)
    found = sorted(archives.glob("*.deb"))
    if not any(path.name.startswith("libzbar0") for path in found):
        raise BuildError(f"apt brought no libzbar0 for {target.name}")
    return found


def _installed_with(apt: list[str | Path], names: list[str]) -> set[str]:
    """What apt would install on an empty disk to have these packages."""
    planned = run([*apt, "install", "--simulate", "--no-install-recommends", *names])
    return set(re.findall(r"^Inst (\S+)", planned, re.MULTILINE))


def _apt(target: Target, place: Path) -> list[str | Path]:
    """apt-get with folders of its own, for another release and architecture than this machine's."""
    for name in ("lists/partial", "archives/partial"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "sources.list").write_text(sources(target.release), encoding="utf-8")
    (place / "status").write_text("", encoding="utf-8")
    options = {
        "APT::Architecture": target.architecture,
        "APT::Architectures": target.architecture,
        "Dir::Etc::SourceList": f"{place}/sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": str(place),
        "Dir::State::lists": f"{place}/lists",
        "Dir::State::status": f"{place}/status",
        "Dir::Cache": str(place),
        "Dir::Cache::archives": f"{place}/archives",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "1",
    }
    return ["apt-get", "--quiet=2", *(f"--option={name}={value}" for name, value in options.items())]


def sources(release: int) -> str:
    """The lines of apt's sources for a release of Debian, from this machine's mirror. Raises BuildError."""
    mirror, suite = _mirror(), SUITES[release]
    return "".join(f"deb [signed-by={_KEYS}] {mirror} {name} main\n" for name in (suite, f"{suite}-updates"))


def _mirror() -> str:
    """The mirror of Debian that this machine is set up with. Raises BuildError."""
    files = [path for path in (_SOURCES[0], *sorted(_SOURCES[1].glob("*"))) if path.is_file()]
    for path in files:
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"^(?:URIs:|deb (?:\[[^\]]*\] )?)\s*(https?://\S+)", text, re.MULTILINE):
            if "security" not in found[1]:
                return found[1]
    raise BuildError("this machine has no mirror of Debian in /etc/apt: the bundle needs one")


def _base(available: str) -> list[str]:
    """The names of the packages that every installed Debian has."""
    found = []
    for paragraph in available.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Priority") in _THERE:
            found.append(fields["Package"])
    return found


def _neutral(member: tarfile.TarInfo, time: int) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = time
    member.mode = 0o755 if member.isdir() else 0o644
    return member
