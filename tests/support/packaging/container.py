"""A machine in a container: the system that the tests run on, booted with systemd over a throw-away layer.

Needs root, systemd-nspawn, and a Debian with systemd as its own init. Nothing it does reaches the machine outside.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.support.packaging.control_group import ControlGroup
from tests.support.waiting import PATIENCE_S, eventually

BOOT_S = 60.0
LOOK_S = 0.2
COMMAND_S = 120
ROOM_LEFT_KIB = 16
INIT = Path("/usr/lib/systemd/systemd")
# For a kernel with control groups of version 1; others do not look at it.
LEGACY = {"SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE": "1"}
NEW_NETWORK = 0x4000_0000  # CLONE_NEWNET of sched.h


def why_not():
    """Why this machine cannot boot a container; "" where it can."""
    if os.geteuid() != 0:
        return "booting a container needs root"
    if shutil.which("systemd-nspawn") is None:
        return "systemd-nspawn is not installed (Debian: systemd-container)"
    if not INIT.exists():
        return "this system has no systemd to boot"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "the kernel has no overlay file system"
    return ""


@cache
def refused():
    """What this machine says to a container that only runs a command; "" where it lets one run.

    A root of whom much was taken, as in many a container, may not: no mounts, no control groups, no name spaces.
    """
    trial = """
        mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root" &&
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" &&
        systemd-nspawn --quiet --register=no --keep-unit --private-network --pipe --directory "$1/root" \
            --machine="$2" true"""
    with tempfile.TemporaryDirectory(prefix="gate-trial-") as folder:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", trial, "trial", folder, _machine_name(folder)],
            env={**os.environ, **LEGACY},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    return "" if done.returncode == 0 else f"no container can run here: {done.stdout.strip()[-300:]}"


class Container:
    """A booted copy of this system. `root`: its file system, seen from outside.

    `shown`: folders that it sees too, by where it sees them; to read. `shared`: the same, to write. `base`: what
    another container has written, which is switched off: this one begins with it. `bridge`: a network of this machine
    that it is in, by an interface `host0` without an address.
    """

    def __init__(self, shown=None, base=None, bridge=None, shared=None):
        self._shown = [f"--bind-ro={folder}:{place}" for place, folder in (shown or {}).items()]
        self._shown += [f"--bind={folder}:{place}" for place, folder in (shared or {}).items()]
        self._base = base
        self._network = "--private-network" if bridge is None else f"--network-bridge={bridge}"
        self._folder = Path(tempfile.mkdtemp(prefix="gate-container-"))
        self.root = self._folder / "root"
        self._group = ControlGroup(_machine_name(self._folder))
        self._process = None
        self._init = None

    @property
    def written(self):
        """The folder with all that differs from the system outside."""
        return self._folder / "upper"

    def __enter__(self):
        self._mount()
        try:
            if self._base is None:
                self._prepare()
            self.boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.power_off()
        subprocess.run(["umount", "--recursive", self._folder], check=True)
        self._folder.rmdir()

    def _mount(self):
        _run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", self._folder])
        for name in ("upper", "work", "root"):
            (self._folder / name).mkdir()
        below = "/" if self._base is None else f"{self._base}:/"
        layers = f"lowerdir={below},upperdir={self.written},workdir={self._folder}/work"
        _run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root])

    def _prepare(self):
        """Nothing of an agent that may be on the machine outside, and no services of others."""
        for place in ("etc/gate-agent", "var/lib/gate-agent", "etc/systemd/system/multi-user.target.wants"):
            shutil.rmtree(self.root / place, ignore_errors=True)
        # Where the tests themselves run in an image, it forbids to start services.
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)

    def boot(self):
        """Switch it on, and wait until it has come up."""
        command = [
            *("systemd-nspawn", "--quiet", "--directory", self.root, "--boot", "--register=no", "--keep-unit"),
            *(self._network, "--console=read-only", "--hostname=gate", *self._shown),
            # To read the state of the clock; to set it takes a capability, too, which it has not.
            "--system-call-filter=adjtimex clock_adjtime",
            f"--machine={_machine_name(self._folder)}",
            "systemd.unit=multi-user.target",
        ]
        log = (self._folder / "console.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._group.joined(command),
                env={**os.environ, **LEGACY},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._init = eventually(self._find_init, BOOT_S, "the container's init")
        eventually(lambda: self._is_up() or None, BOOT_S, "the container to come up")
        # A service with a /proc of its own sees the kernel's number of the boot, all others that which lies over it.
        self.run("while umount /proc/sys/kernel/random/boot_id 2>/dev/null; do :; done")

    def power_off(self):
        """Switch it off, orderly where it still can."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = self._init = None
        self._group.remove()

    def cut_power(self):
        """Switch it off as a power cut does; what it has written is there when it boots again."""
        os.kill(self._init, signal.SIGKILL)  # all others go with it; what is outside clears away and ends
        self._process.wait(BOOT_S)
        self._process = self._init = None
        self._group.remove()

    def fill_disk(self):
        """Leave it no room to write, but for what is shared."""
        room = os.statvfs(self._folder)
        self._resize(f"{(room.f_blocks - room.f_bfree) * room.f_frsize // 1024 + ROOM_LEFT_KIB}k")

    def free_disk(self):
        """Give it the room back."""
        self._resize("50%")

    def _resize(self, size):
        _run(["mount", "-o", f"remount,size={size}", self._folder])

    def _find_init(self):
        assert self._process.poll() is None, (self._folder / "console.log").read_text(errors="replace")[-3000:]
        return _init_below(self._process.pid)

    def _is_up(self):
        return self.run("systemctl is-system-running --wait", check=False).stdout.strip() in {"running", "degraded"}

    def run(self, command, *, check=True, timeout=COMMAND_S):
        """Run a line of shell inside; the CompletedProcess, its output as text, errors among it."""
        done = subprocess.run(
            [
                "nsenter",
                f"--target={self._init}",
                "--mount",
                "--uts",
                "--ipc",
                "--net",
                "--pid",
                "--",
                "sh",
                "-c",
                command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/root"},
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, self._failed(command, done)
        return done

    def _failed(self, command, done):
        journal = self.run("journalctl --no-pager -n 40", check=False).stdout
        return f"{command} ended with {done.returncode}:\n{done.stdout}\n{journal}"

    def ask(self, command):
        """What a line of shell prints, without line ends around it; it must end well."""
        return self.run(command).stdout.strip()

    @contextmanager
    def network(self):
        """Have what this thread connects to be in the container's network, as a browser on that machine would
        (setns(2)).
        """
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        other = os.open(f"/proc/{self._init}/ns/net", os.O_RDONLY)
        try:
            _enter(other)
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(own)
            os.close(other)

    def until(self, command, wanted, within_s=60.0):
        """Wait until a line of shell prints what is wanted."""
        self.until_true(
            lambda: self.run(command, check=False).stdout.strip() == wanted, f"{command}: {wanted}", within_s
        )

    @staticmethod
    def until_true(condition, what, within_s=60.0):
        """Wait until something is true that takes a process to find out."""
        pause = threading.Event()
        eventually(lambda: condition() or pause.wait(LOOK_S), within_s, what)


@pytest.fixture(scope="session")
def container():
    """A booted container, the same for all tests of a run."""
    if reason := why_not() or refused():
        pytest.skip(reason)
    with Container() as booted:
        yield booted


def _machine_name(folder):
    """Not the same as that of a container beside it, or of one that was left behind."""
    return Path(folder).name.replace("_", "x")


def _init_below(pid):
    """The process that is number 1 of its own name space, among those below another; None when there is none."""
    for child in _children(pid):
        try:
            status = Path(f"/proc/{child}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()
        if len(numbers) > 2 and numbers[-1] == "1":
            return int(child)
        found = _init_below(child)
        if found:
            return found
    return None


def _children(pid):
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _enter(network):
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(network, NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "The network of another name space cannot be entered")


def _run(command):
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
