"""What lies in a package, put together in a folder as dpkg-deb wants it."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.lists import REGISTRY
from agent.store.journal import schema
from agent.store.registry import registry_schema
from tools.deb.command_tree import commands
from tools.deb.completion import completion
from tools.deb.environment import installed_wheel, ready_environment, site_packages
from tools.deb.licences import bill_of_materials, copyright_file
from tools.deb.manual import installer_manual, manual
from tools.deb.project import ROOT, run
from tools.deb.targets import LIBRARIES, NEEDED, RECOMMENDED, SUGGESTED, BuildError
from tools.deb.third_party import works
from tools.supply.keyring import KEYRING, KEYS, keyring

if TYPE_CHECKING:
    from pathlib import Path

    from tools.deb.targets import Target

SCRIPTS: Final = ("preinst", "postinst", "prerm", "postrm")
TREES: Final = "usr/lib/gate-agent"
PAGES: Final = "usr/share/doc/gate-agent"
OUTSIDE: Final = "usr/lib/gate-agent-drivers"
"""Root's folder for others' drivers: an upgrade of the agent replaces its own tree, and must not take them along."""
INSTALLER: Final = ROOT / "packaging" / "bundle" / "gate-agent-install"
_PACKAGING: Final = ROOT / "packaging" / "deb"
_SYSTEMD: Final = ROOT / "systemd"
_ROOM_KIB: Final = 64 * 1024  # beside the files: what dpkg itself needs


@dataclass(frozen=True, slots=True)
class Build:
    """One package to build: for which machine, of which version of the product, at which time (Unix seconds).

    `keys`: the folder of the public keys of releases that it carries.
    """

    target: Target
    version: str
    time: int
    keys: Path = KEYS

    @property
    def package_version(self) -> str:
        """The version as dpkg compares it: that of the product, then the release of Debian."""
        return f"{self.version.replace('rc', '~rc')}+deb{self.target.release}"

    @property
    def file(self) -> str:
        """The name of the package's file."""
        return f"gate-agent_{self.package_version}_{self.target.architecture}.deb"


def forms() -> str:
    """The databases in the state directory and the newest form of each that this version knows, one a line."""
    return f"journal.db {len(schema.MIGRATIONS)}\n{REGISTRY} {registry_schema.SCHEMA_VERSION}\n"


def lay_out(build: Build, wheel: Path, store: Path, folder: Path) -> None:
    """Put everything into a new folder. `store`: where environments are kept from one build to the next.

    Raises BuildError.
    """
    tree = folder / TREES / build.package_version
    modules = tree / site_packages(build.target)
    modules.parent.mkdir(parents=True)
    shutil.copytree(ready_environment(build.target, store), modules, copy_function=_link)
    ours = installed_wheel(build.target, wheel, store)
    shared = "share"
    shutil.copytree(ours, modules, copy_function=_link, dirs_exist_ok=True, ignore=shutil.ignore_patterns(shared))
    shutil.copytree(ours / shared / "gate-agent" / "config", folder / "usr/share/gate-agent/config")
    _lay_out_tree(build, tree)
    _lay_out_outside(build, folder, modules)
    _lay_out_machine(build, folder)
    _lay_out_papers(build, folder, modules)
    _lay_out_control(build, folder)
    _set_modes_and_times(folder, build.time)


def _lay_out_tree(build: Build, tree: Path) -> None:
    _write(tree / "version", build.package_version)
    _write(tree / "forms", forms())
    _write(
        tree / "pyvenv.cfg", f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {build.target.python}\n"
    )
    (tree / "bin").mkdir()
    (tree / "bin" / "python3").symlink_to(f"/usr/bin/python{build.target.python}")
    shutil.copyfile(_PACKAGING / "gate-agent", tree / "bin" / "gate-agent")
    (tree / "bin" / "gate-agent").chmod(0o755)
    _write(tree / "systemd" / "gate-agent.service", (_SYSTEMD / "gate-agent.service").read_text(encoding="utf-8"))


def _lay_out_outside(build: Build, folder: Path, modules: Path) -> None:
    """The folder for others' drivers, and the line by which Python looks there last: nothing of ours is covered."""
    place = f"{OUTSIDE}/python{build.target.python}"
    (folder / place).mkdir(parents=True)
    _write(modules / "gate-agent-drivers.pth", f"/{place}\n")


def _lay_out_machine(build: Build, folder: Path) -> None:
    """What lies outside the tree: it is there once, whichever version is in use."""
    for source, place in (
        # A link into the tree would do for going back too, but systemd would enable the unit by its versioned path.
        ("gate-agent.service", "systemd/system/gate-agent.service"),
        ("gate-agent-clock.service", "systemd/system/gate-agent-clock.service"),
        ("gate-agent-anchors.socket", "systemd/system/gate-agent-anchors.socket"),
        ("gate-agent-anchors.service", "systemd/system/gate-agent-anchors.service"),
        ("gate-agent-software.socket", "systemd/system/gate-agent-software.socket"),
        ("gate-agent-software.path", "systemd/system/gate-agent-software.path"),
        ("gate-agent-software.service", "systemd/system/gate-agent-software.service"),
        ("gate-agent-sign.service", "systemd/system/gate-agent-sign.service"),
        ("60-gate-agent.rules", "udev/rules.d/60-gate-agent.rules"),
        ("gate-agent.sysusers", "sysusers.d/gate-agent.conf"),
        ("gate-agent.tmpfiles", "tmpfiles.d/gate-agent.conf"),
    ):
        _write(folder / "usr/lib" / place, (_SYSTEMD / source).read_text(encoding="utf-8"))
    command = folder / "usr/bin/gate-agent"
    _write(command, '#!/bin/sh\nexec /usr/lib/gate-agent/current/bin/gate-agent "$@"\n')
    command.chmod(0o755)
    installer = folder / "usr/sbin" / INSTALLER.name
    _write(installer, INSTALLER.read_text(encoding="utf-8"))
    installer.chmod(0o755)
    # Without keys a gate refuses every bundle and every repository of ours: no file, rather than an empty one.
    if trusted := keyring(build.keys):
        keys_file = folder / "usr/share/keyrings" / KEYRING
        keys_file.parent.mkdir(parents=True)
        keys_file.write_bytes(trusted)
    entries = commands()
    _write(folder / "usr/share/bash-completion/completions/gate-agent", completion(entries))
    _write_packed(folder / "usr/share/man/man1/gate-agent.1.gz", manual(entries, build.version, build.time))
    page = INSTALLER.with_name(f"{INSTALLER.name}.8").read_text(encoding="utf-8")
    _write_packed(
        folder / f"usr/share/man/man8/{INSTALLER.name}.8.gz", installer_manual(page, build.version, build.time)
    )


def _lay_out_papers(build: Build, folder: Path, modules: Path) -> None:
    found = works(modules)
    pages = folder / PAGES
    shutil.copytree(ROOT / "docs", pages, ignore=shutil.ignore_patterns("adr"))
    _write(pages / "copyright", copyright_file(found))
    _write(pages / "gate-agent.cdx.json", bill_of_materials(found, build.target, build.package_version, build.time))
    _write_packed(pages / "changelog.gz", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def _lay_out_control(build: Build, folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    digests = ((path, hashlib.md5(path.read_bytes()).hexdigest()) for path in files)  # noqa: S324 - for dpkg --verify
    sums = "".join(f"{digest}  {path.relative_to(folder)}\n" for path, digest in digests)
    size_kib = sum(-(-path.lstat().st_size // 1024) for path in folder.rglob("*"))
    control = folder / "DEBIAN"
    python, release = build.target.python, build.target.release
    others = ", ".join((*LIBRARIES, "libc6 (>= 2.28)", *NEEDED))
    # Pre-Depends: dpkg refuses before it has touched anything, where Depends would leave a gate between two versions.
    _write(
        control / "control",
        f"""\
Package: gate-agent
Version: {build.package_version}
Architecture: {build.target.architecture}
Maintainer: The makers of the gate agent <gate-agent@localhost>
Installed-Size: {size_kib}
Pre-Depends: python3 (>= {python}), python3 (<< {build.target.next_python}), {others}
Recommends: {", ".join(RECOMMENDED)}
Suggests: {", ".join(SUGGESTED)}
Section: net
Priority: optional
Description: agent of a vehicle gate: permits, plates and the barrier (Debian {release})
 Reads QR permits and licence plates from camera pictures, checks the permit and
 the vehicle, raises the barrier through a serial relay, and reports over MQTT.
 It needs no network to decide, and loses no event without one.
 .
 It carries its own Python packages and networks; nothing is fetched later.
""",
    )
    _write(control / "md5sums", sums)
    names = {
        "@VERSION@": build.package_version,
        "@FORMS@": forms().strip(),
        "@NEED_KIB@": str(size_kib + _ROOM_KIB),
    }
    for script in SCRIPTS:
        text = (_PACKAGING / script).read_text(encoding="utf-8")
        for name, value in names.items():
            text = text.replace(name, value)
        _write(control / script, text)
        (control / script).chmod(0o755)


def _link(source: str, place: str) -> None:
    """The same file in both places: an environment is 400 MB, of which a build changes nothing but times."""
    os.link(source, place)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _set_modes_and_times(folder: Path, time: int) -> None:
    """The same modes and times, independent of who builds and when."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (time, time), follow_symlinks=False)


def pack(folder: Path, file: Path, level: int) -> None:
    """Make the package's file of the folder. `level`: of compression, 1 to 19. Raises BuildError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    time = str(int(folder.stat().st_mtime))
    # Debian 12 reads zstd too. One thread: several would make other blocks.
    run(
        ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zzstd", f"-z{level}", "--build", folder, part],
        SOURCE_DATE_EPOCH=time,
        LC_ALL="C.UTF-8",
    )
    part.replace(file)


def build_wheel(folder: Path, time: int) -> Path:
    """Build the wheel of this checkout. Raises BuildError."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("gate_agent-*.whl"):
        old.unlink()
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q")
    run([*pip, "-w", folder, ROOT], SOURCE_DATE_EPOCH=str(time))
    wheels = list(folder.glob("gate_agent-*.whl"))
    if len(wheels) != 1:
        raise BuildError(f"{folder} holds {len(wheels)} wheels in place of one")
    return wheels[0]
