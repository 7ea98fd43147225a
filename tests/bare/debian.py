"""A bare Debian in a folder: made by mmdebstrap, entered as a machine of its own. As root."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.deb.bundle import sources
from tools.deb.targets import SUITES

FOLDER = Path(__file__).parents[2] / "build" / "bare"
EMULATOR = "qemu-aarch64"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CERTIFICATES = "etc/certificates-of-the-machine.pem"
_CERTIFICATE_NAMES = ("PIP_CERT", "SSL_CERT_FILE")
_INDEX_NAMES = {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"}
# Other name spaces for mounts, processes and, without a line, the network; then the folder becomes the root, which
# chroot alone would not do: the kernel lets nobody in a changed root make name spaces, and tests do.
_ENTER = r"""
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=0755 tmpfs run
[ "$2" = line ] || ip link set lo up
pivot_root . mnt
umount -l mnt
exec sh -c "$3"
"""


class StepError(Exception):
    """A line of shell ended badly in the bare system; the message holds the end of what it said."""


class BareDebian:
    """A new system of a release, with nothing but what the variant of mmdebstrap brings.

    `variant`: "minbase" has less than any installed Debian, "important" what each has. It is removed when left.
    """

    def __init__(self, release, variant):
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.release = release
        self._scratch = tempfile.TemporaryDirectory(prefix=f"debian-{release}-", dir=FOLDER)
        self.root = Path(self._scratch.name)
        self.log = FOLDER / f"debian-{release}.log"
        archive = _archive(release, variant)
        subprocess.run(["tar", "--extract", "--numeric-owner", f"--file={archive}", "-C", self.root], check=True)
        self.root.chmod(0o755)
        self._environment = {"HOME": "/root", "TERM": "dumb", "PATH": PATH, "DEBIAN_FRONTEND": "noninteractive"}
        self._hand_in_network()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._scratch.cleanup()

    def _hand_in_network(self):
        """How this machine reaches Debian's mirror and the index of Python packages."""
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        for name, value in os.environ.items():
            if name in _INDEX_NAMES or name.lower().endswith("_proxy"):
                self._environment[name] = value
            elif name in _CERTIFICATE_NAMES:
                shutil.copy(value, self.root / CERTIFICATES)
                self._environment[name] = f"/{CERTIFICATES}"

    def run(self, line, *, within_s=600, network=True):
        """Run a line of shell to its end; what it said. Raises StepError where it ends badly or not in time."""
        names = ("--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", *(() if network else ("--net",)))
        command = ["unshare", *names, "sh", "-c", _ENTER, "sh", self.root, "line" if network else "none", line]
        with self.log.open("a") as log:
            log.write(f"\n$ {line}\n")
            log.flush()
            began_at = log.tell()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, text=True
            )
            try:
                code = process.wait(within_s)
            except subprocess.TimeoutExpired:
                code = f"nothing within {within_s} s"
            finally:
                process.kill()  # and with it all inside; it does nothing to one that has ended
                process.wait()
        said = self.log.read_bytes()[began_at:].decode(errors="replace")
        if code != 0:
            raise StepError(f"{line} ended with {code}:\n{said[-3000:]}")
        return said

    def take(self, file):
        """Put a file of this machine into the system; its path there."""
        shutil.copy(file, self.root / "srv")
        return f"/srv/{file.name}"


class ForeignDebian:
    """A system of a release for arm64, not installed, only unpacked: the packages named, and what they need.

    Its programs are run by qemu's emulation of the processor. It is removed when left.
    """

    def __init__(self, release, packages):
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(prefix=f"debian-{release}-arm64-", dir=FOLDER)
        self.root = Path(self._scratch.name)
        _mmdebstrap(
            release, self.root, "--variant=extract", "--architectures=arm64", "--skip=check/qemu",
            f"--include={','.join(packages)}",
        )  # fmt: skip
        self.root.chmod(0o755)
        for name in ("root", "srv", "tmp", "proc"):
            (self.root / name).mkdir(exist_ok=True)
        if not (self.root / "lib").exists():
            (self.root / "lib").symlink_to("usr/lib")
        shutil.copy(shutil.which(EMULATOR), self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._scratch.cleanup()

    def unpack(self, package):
        """Unpack a package without running any of its scripts."""
        subprocess.run(["dpkg-deb", "--extract", package, self.root], check=True)

    def run(self, *command, within_s=600):
        """Run a program of the system; what it printed. Raises StepError."""
        try:
            done = subprocess.run(
                ["chroot", self.root, f"/{EMULATOR}", *command],
                stdin=subprocess.DEVNULL, capture_output=True, check=False,
                text=True, errors="replace", timeout=within_s,
                env={"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"},
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise StepError(f"{command} said nothing within {within_s} s") from error
        if done.returncode != 0:
            raise StepError(f"{command} ended with {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
        return done.stdout


def _archive(release, variant):
    """The system as it comes, made once and kept: its mirror brings the same each day but for new versions."""
    file = FOLDER / f"debian-{release}-{variant}.tar"
    if not file.exists():
        part = file.with_suffix(".part.tar")
        _mmdebstrap(release, part, f"--variant={variant}")
        part.rename(file)
    return file


def _mmdebstrap(release, target, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".list") as listed:
        listed.write(sources(release))
        listed.flush()
        Path(listed.name).chmod(0o644)
        done = subprocess.run(
            ["mmdebstrap", "--mode=root", *options, SUITES[release], target, listed.name],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise StepError(f"mmdebstrap ended with {done.returncode}:\n{done.stderr[-3000:]}")
