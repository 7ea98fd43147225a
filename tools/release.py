"""Build all that a release is made of into dist/: python -m tools.release."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Final

from tools.changelog import ChangelogError, released
from tools.deb.__main__ import WORK
from tools.deb.package_files import build_wheel
from tools.deb.project import ROOT, build_time, run, version
from tools.deb.targets import BuildError

if TYPE_CHECKING:
    from pathlib import Path

OUT: Final = ROOT / "dist"
PAGES: Final = ("README.md", "CHANGELOG.md", "LICENSE", "docs", "config", "examples")


def main() -> int:
    """Build everything again; 1 when something is missing or wrong."""
    try:
        _build()
    except (BuildError, ChangelogError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _build() -> None:
    number, time = version(), build_time()
    if number not in released((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")):
        print(f"release: CHANGELOG.md has no section for {number}: this is a trial, not a release", file=sys.stderr)
    if run(["git", "status", "--porcelain"]):
        print(
            "release: the checkout has changes that are in no commit: this is a trial, not a release", file=sys.stderr
        )
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    wheel = build_wheel(WORK / "wheel", time)
    shutil.copy2(wheel, OUT)
    _make_packages()
    for package in sorted(OUT.glob("*.deb")):
        _take_bill(package)
    _pack_pages(OUT / f"gate-agent-{number}-docs.tar.gz", number, time)
    files = sorted(path for path in OUT.iterdir() if path.is_file())
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (OUT / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(sums, end="")


def _make_packages() -> None:
    """All packages with their bundles, each built twice. In a process of its own, which tells of each as it is done."""
    command = [sys.executable, "-m", "tools.deb", "--out", str(OUT), "--level", "19", "--twice", "--bundle"]
    if subprocess.run(command, cwd=ROOT, env=os.environ, check=False).returncode != 0:
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


def _pack_pages(file: Path, number: str, time: int) -> None:
    """The pages as they are in the commit."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", f"--prefix=gate-agent-{number}/", f"--mtime=@{time}", "HEAD", *PAGES],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if archive.returncode != 0:
        raise BuildError(f"the pages cannot be packed: {archive.stderr.decode(errors='replace')}")
    file.write_bytes(gzip.compress(archive.stdout, 9, mtime=time))


if __name__ == "__main__":
    sys.exit(main())
