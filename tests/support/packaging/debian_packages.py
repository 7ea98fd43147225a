"""Debian packages for the tests: the product as it is, and versions of it that are to be upgraded to."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.deb.environment import one_at_a_time, ready_environment, site_packages
from tools.deb.package_files import TREES, Build, build_wheel, lay_out, pack
from tools.deb.project import ROOT
from tools.deb.targets import LIBRARIES, TARGETS

TIME = 1_700_000_000
STORE = ROOT / "build" / "deb" / "environments"
KEPT = ROOT / "build" / "deb" / "tests"
# What a package is made of, and what makes it.
SOURCES = (
    "agent drivers config systemd docs packaging tools/deb tools/supply pyproject.toml requirements.lock CHANGELOG.md "
    "LICENSE README.md"
)
# Where a container sees it: the unit hides /home and /root, where a checkout may lie.
SEEN = Path("/srv/environments")
NOT_COMPRESSED = 0
NEEDED = ("python3", *LIBRARIES, "systemd", "passwd")
LIKE = "0.9.0"  # the version of which thin packages are made


def own_target():
    """The target of the machine that the tests run on; None where it is another Debian."""
    release = re.search(r'^VERSION_ID="(\d+)"', Path("/etc/os-release").read_text(), re.MULTILINE)
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    return TARGETS.get(f"deb{release[1]}_{architecture}") if release else None


def what_is_missing():
    """What of that the package needs this machine has not; "" where it has all."""
    form = "--showformat=${Package} ${Provides} ${db:Status-Status}\\n"
    there = subprocess.run(
        ["dpkg-query", "--show", form, *NEEDED, "libzbar0*"], capture_output=True, text=True, check=False
    ).stdout
    names = {word for line in there.splitlines() if line.endswith(" installed") for word in line.split()}
    missing = [name for name in NEEDED if name not in names]
    return f"Debian's {', '.join(missing)} is not installed" if missing else ""


def kept_thin():
    """A thin package of the product as it is, kept from one run to the next while nothing of it changes."""
    target = own_target()
    ready_environment(target, STORE)
    key = hashlib.sha256(f"{target.name} {sys.version}".encode())
    for path in sorted(path for name in SOURCES.split() for path in _files(ROOT / name)):
        key.update(f"{path} {path.stat().st_mode} {path.stat().st_size}\n".encode() + path.read_bytes())
    key.update(Path(__file__).read_bytes())
    kept = KEPT / f"{key.hexdigest()[:16]}.deb"
    with one_at_a_time(KEPT):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="thin-") as folder:
                made = Packages(Path(folder)).thin(LIKE)
                for old in KEPT.glob("*.deb"):
                    old.unlink()
                made.replace(kept)
    return kept


class Packages:
    """Packages in a folder, made when they are asked for."""

    def __init__(self, folder, target=None, *, has_cameras=False):
        """`target`: for which machine; this one without. `has_cameras`: vision workers, which confine themselves to the
        places of their modules, may read what lies outside a thin package.
        """
        self.target = target or own_target()
        self._folder, self._has_cameras = folder, has_cameras
        self._wheel = build_wheel(folder / "wheel", TIME)

    def whole(self, version):
        """The product as it is shipped."""
        build = Build(self.target, version, TIME)
        file = self._folder / build.file
        if not file.exists():
            pack(self._content(build), file, NOT_COMPRESSED)
        return file

    def thin(self, version, change=None):
        """The same, but what others made lies outside the package, so that it is quickly installed.

        `change(modules, tree)` may change the files of its tree.
        """
        build = Build(self.target, version, TIME)
        file = self._folder / f"thin-{build.file}"
        if not file.exists():
            content = self._folder / f"thin-{version}"
            tree = self._lay_out_thin(build, content)
            if change is not None:
                change(tree / site_packages(self.target), tree)
            self._sum_up(content)
            pack(content, file, NOT_COMPRESSED)
            shutil.rmtree(content)
        return file

    def _content(self, build):
        """What is in a package, before it is packed."""
        content = self._folder / f"whole-{build.version}"
        if not content.exists():
            lay_out(build, self._wheel, STORE, content)
        return content

    def _lay_out_thin(self, build, content):
        """Put a thin package together; the folder of its tree."""
        like = Build(self.target, LIKE, TIME)
        whole = self._content(like)
        modules = whole / TREES / like.package_version / site_packages(self.target)
        outside = ready_environment(self.target, STORE)
        others = {entry.name for entry in outside.iterdir()}
        shutil.copytree(
            whole,
            content,
            symlinks=True,
            copy_function=os.link,
            ignore=lambda folder, names: others & set(names) if Path(folder) == modules else set(),
        )
        tree = content / TREES / build.package_version
        (content / TREES / like.package_version).rename(tree)
        for name in sorted(others):
            (tree / site_packages(self.target) / name).symlink_to(SEEN / outside.name / name)
        if self._has_cameras:
            (tree / site_packages(self.target) / "outside.pth").write_text(f"{SEEN / outside.name}\n")
        for file in (tree / "version", *(content / "DEBIAN").iterdir()):
            rewrite(file, like.package_version, build.package_version, times=None)
        rewrite(content / "DEBIAN" / "postinst", "SETTLE_S=5\n", "SETTLE_S=1\n")
        return tree

    @staticmethod
    def _sum_up(content):
        """Write the list of checksums anew, for what is in the package now."""
        lines = []
        for folder, _, names in os.walk(content):
            files = [Path(folder, name) for name in names if "DEBIAN" not in Path(folder).parts]
            lines += [f"{_md5(file)}  {file.relative_to(content)}\n" for file in files if not file.is_symlink()]
        (content / "DEBIAN" / "md5sums").write_text("".join(sorted(lines)))


def rewrite(path, old, new, times=1):
    """Replace a part of a file that is there so many times (None: any), and have Python compile a module anew."""
    text, mode = path.read_text(), path.stat().st_mode
    assert times in {None, text.count(old)}, (path, old)
    path.unlink()  # it may be the same file as in the store
    path.write_text(text.replace(old, new))
    path.chmod(mode)
    for bytecode in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        bytecode.unlink()


def _files(path):
    if path.is_file():
        return [path]
    return [each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts]


def _md5(file):
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
