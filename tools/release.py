"""Build all that a release is made of into dist/: python -m tools.release [--key FINGERPRINT]."""

from __future__ import annotations

import argparse
import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Final

from tools.changelog import ChangelogError, released
from tools.deb.__main__ import WORK
from tools.deb.package_files import INSTALLER, build_wheel
from tools.deb.project import ROOT, build_time, run, version
from tools.deb.targets import BuildError
from tools.sign import VALID_DAYS, now
from tools.supply.keyring import KEYRING, KEYS, keyring
from tools.supply.provenance import (
    UNNAMED_BUILDER,
    Origin,
    debian_packages,
    locked,
    public_address,
    sha256,
    statement,
)
from tools.supply.repository import Validity, packages_of
from tools.supply.signing import SUMS, sign_release, sums

OUT: Final = ROOT / "dist"
PAGES: Final = ("README.md", "CHANGELOG.md", "LICENSE", "docs", "config", "examples")


def main() -> int:
    """Build everything again; 1 when something is missing or wrong."""
    parser = argparse.ArgumentParser(description="Build a release.")
    parser.add_argument("--key", default="", help="sign it: the fingerprint of a key that gpg has")
    parser.add_argument("--keys", type=Path, default=KEYS, help="the public keys of releases, as *.asc")
    parser.add_argument("--builder", default=UNNAMED_BUILDER, help="a URI that names this build machine")
    parser.add_argument("--valid-days", type=int, default=VALID_DAYS, help="how long apt believes its lists")
    arguments = parser.parse_args()
    try:
        _build(arguments.keys, arguments.builder)
        if arguments.key:
            sign_release(OUT, arguments.key, Validity(now(), arguments.valid_days))
        else:
            _warn("it is not signed, so no gate takes it, and has no repository for apt yet: make sign KEY=FINGERPRINT")
    except (BuildError, ChangelogError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _warn(words: str) -> None:
    print(f"release: {words}", file=sys.stderr)


def _build(keys: Path, builder: str) -> None:
    began = time.time_ns() / 1e9
    number, epoch = version(), build_time()
    trusted = keyring(keys)
    if number not in released((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")):
        _warn(f"CHANGELOG.md has no section for {number}: this is a trial, not a release")
    tag = _git("tag", "--list", f"v{number}", "--points-at", "HEAD")
    if not tag:
        _warn(f"the commit has no tag v{number}: this is a trial, not a release")
    clean = not run(["git", "status", "--porcelain"])
    if not clean:
        _warn("the checkout has changes that are in no commit: this is a trial, not a release")
    if not trusted:
        _warn(f"{keys} holds no public key, so no gate could check this: this is a trial, not a release")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    shutil.copy2(build_wheel(WORK / "wheel", epoch), OUT)
    _make_packages(keys)
    for package in packages_of(OUT).values():
        _take_bill(package)
    _pack_pages(OUT / f"gate-agent-{number}-docs.tar.gz", number, epoch)
    shutil.copyfile(INSTALLER, OUT / INSTALLER.name)
    if trusted:
        (OUT / KEYRING).write_bytes(trusted)
    origin = Origin(
        version=number,
        source=public_address(_git("config", "--get", "remote.origin.url")),
        commit=_git("rev-parse", "HEAD"),
        tag=tag,
        clean=clean,
        builder=builder,
        epoch=epoch,
        began=began,
        ended=time.time_ns() / 1e9,
    )
    dependencies = [*locked(ROOT), *debian_packages(sorted(OUT.glob("*.tar")))]
    (OUT / f"gate-agent-{number}.intoto.json").write_text(
        statement({path.name: sha256(path) for path in _files()}, origin, dependencies), encoding="utf-8"
    )
    made = sums(OUT)
    (OUT / SUMS).write_text(made, encoding="utf-8")
    print(made, end="")


def _files() -> list[Path]:
    return sorted(path for path in OUT.iterdir() if path.is_file())


def _git(*words: str) -> str:
    """What git says of the checkout; "" where it has no answer."""
    asked = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _make_packages(keys: Path) -> None:
    """All packages with their bundles, each built twice. In a process of its own, which tells of each as it is done."""
    command = [sys.executable, "-m", "tools.deb", "--out", str(OUT), "--level", "19", "--twice", "--bundle"]
    if subprocess.run([*command, "--keys", str(keys)], cwd=ROOT, env=os.environ, check=False).returncode != 0:
        raise BuildError("the packages could not be built, see above")


def _take_bill(package: Path) -> None:
    """Put a package's bill of materials beside it."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=False)
    if unpacked.returncode != 0:
        raise BuildError(f"{package.name} cannot be read again: {unpacked.stderr.decode(errors='replace')}")
    with tarfile.open(fileobj=io.BytesIO(unpacked.stdout)) as archive:
        member = archive.extractfile("./usr/share/doc/gate-agent/gate-agent.cdx.json")
        if member is None:
            raise BuildError(f"{package.name} has no bill of materials")
        package.with_suffix(".cdx.json").write_bytes(member.read())


def _pack_pages(file: Path, number: str, epoch: int) -> None:
    """The pages as they are in the commit."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", f"--prefix=gate-agent-{number}/", f"--mtime=@{epoch}", "HEAD", *PAGES],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if archive.returncode != 0:
        raise BuildError(f"the pages cannot be packed: {archive.stderr.decode(errors='replace')}")
    file.write_bytes(gzip.compress(archive.stdout, 9, mtime=epoch))


if __name__ == "__main__":
    sys.exit(main())
