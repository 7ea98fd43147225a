"""What somebody who has taken over a vision worker would try. An attempt ends in DONE or in the name of its error."""

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import socket
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

DONE = "DONE"
GIB = 1 << 30
BARRED = frozenset({"EACCES", "EPERM", "ENOSYS", "EAFNOSUPPORT", "ENOMEM", "EOPNOTSUPP"})
"""What the kernel answers where it refuses as such, and not for what was asked in particular."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Attempt:
    """`needs_root`: without a sandbox it would work for root alone. `may_be_off`: machines forbid it to everybody."""

    what: str
    act: object
    needs_root: bool = False
    may_be_off: bool = False


def attempted(targets):
    """What came of each attempt, by its words."""
    return {attempt.what: _outcome(attempt.act, targets) for attempt in ATTEMPTS}


def _outcome(act, targets):
    try:
        act(targets)
    except (MemoryError, RuntimeError):  # a thread that cannot be started is a RuntimeError
        return "ENOMEM"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return DONE


def call(number, *arguments):
    """A call of the kernel by its number on x86-64 and by its generic number elsewhere."""
    if _libc.syscall(ctypes.c_long(number), *(ctypes.c_long(each) for each in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "")


def _numbered(x86_64, generic, *arguments):
    return lambda _: call(x86_64 if os.uname().machine == "x86_64" else generic, *arguments)


def _write(path):
    with Path(path).open("wb") as file:
        file.write(b"x")


def _connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(2)
        link.connect(address)


def _fast_open(targets):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.settimeout(2)
        link.sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", targets["broker"]))


def _multipath(targets):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) as link:  # IPPROTO_MPTCP
        link.settimeout(2)
        link.connect(("127.0.0.1", targets["broker"]))


def _datagram(targets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.sendto(b"x", ("127.0.0.1", targets["broker"]))


def _listen(_):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.bind(("127.0.0.1", 0))
        link.listen()


def _fork(_):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _run(_):
    subprocess.run([sys.executable, "-c", ""], check=True, close_fds=False)


def _exec(targets):
    # A file that is no program: where programs may be started, the kernel says so.
    os.execv(targets["no_program"], ["x"])  # noqa: S606 - that is the attempt


def _allocate(_):
    mmap.mmap(-1, 4 * GIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()


def _share(_):
    mmap.mmap(-1, 4 * GIB).close()


def _writable_code(_):
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _made_code(_):
    page = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    if _libc.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        raise OSError(ctypes.get_errno(), "")


def _type_for_others(_):
    leader, follower = os.openpty()
    try:
        fcntl.ioctl(follower, termios.TIOCSTI, b"x")
    finally:
        os.close(leader)
        os.close(follower)


def _raise_limit(_):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _look_into(pid):
    with Path(f"/proc/{pid}/mem").open("rb"):
        pass


ATTEMPTS = (
    Attempt("read /etc/shadow", lambda _: Path("/etc/shadow").read_bytes(), needs_root=True),
    Attempt("read the journal in the state directory", lambda t: Path(t["journal"]).read_bytes()),
    Attempt("read the broker's password", lambda t: Path(t["credential"]).read_bytes()),
    Attempt("read the gate's configuration", lambda t: Path(t["configuration"]).read_bytes()),
    Attempt("list the root of the file system", lambda _: list(Path("/").iterdir())),
    Attempt("write a file into the folder of pictures", lambda t: _write(Path(t["pictures"]) / "new")),
    Attempt("change one of the pictures", lambda t: _write(Path(t["pictures"]) / "1.png")),
    Attempt("delete one of the pictures", lambda t: (Path(t["pictures"]) / "2.png").unlink()),
    Attempt("write a file into /tmp", lambda t: _write(t["written"])),
    Attempt("open the relay board's port", lambda t: os.close(os.open(t["port"], os.O_RDWR | os.O_NOCTTY))),
    Attempt("open another device to read it", lambda _: os.close(os.open("/dev/full", os.O_RDONLY))),
    Attempt("connect to the broker", lambda t: _connect(socket.AF_INET, ("127.0.0.1", t["broker"]))),
    Attempt("connect to the broker by TCP Fast Open", _fast_open),
    Attempt("connect to the broker by multipath TCP", _multipath),
    Attempt("connect to a local service (Unix socket)", lambda t: _connect(socket.AF_UNIX, t["service"])),
    Attempt("send a datagram", _datagram),
    Attempt("wait for connections", _listen),
    Attempt("ask the kernel for the network (netlink)", lambda _: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    Attempt(
        "listen to the network's packets",
        lambda _: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        needs_root=True,
    ),
    Attempt("fork", _fork),
    Attempt("run a program", _run),
    Attempt("become another program", _exec),
    Attempt("read the agent's memory (/proc)", lambda _: _look_into(os.getppid()), needs_root=True),
    Attempt("read the agent's memory (process_vm_readv)", _numbered(310, 270, os.getppid(), 0, 0, 0, 0, 0)),
    Attempt("trace the agent", _numbered(101, 117, 2, os.getppid(), 0, 0)),
    Attempt("signal the agent", lambda _: os.kill(os.getppid(), 0)),
    Attempt("signal one of the agent's threads", _numbered(234, 131, os.getppid(), os.getppid(), 0)),
    Attempt("take a file of the agent's (pidfd)", _numbered(434, 434, os.getppid(), 0)),
    Attempt("allocate 4 GB", _allocate),
    Attempt("share 4 GB", _share),
    Attempt("make memory that can be written and run", _writable_code),
    Attempt("turn data into code", _made_code),
    Attempt("make a file in memory", lambda _: os.close(os.memfd_create("x"))),
    Attempt("type for another user of a terminal", _type_for_others, needs_root=True),
    Attempt("set limits", _raise_limit),
    Attempt("make a new namespace", lambda _: call(272 if os.uname().machine == "x86_64" else 97, 0)),
    Attempt("mount", _numbered(165, 40, 0, 0, 0, 0, 0), needs_root=True),
    Attempt("change the root", lambda _: os.chroot("/"), needs_root=True),
    Attempt("load a program into the kernel (bpf)", _numbered(321, 280, 0, 0, 0), needs_root=True),
    Attempt("watch the kernel (perf_event_open)", _numbered(298, 241, 0, 0, -1, -1, 0), needs_root=True),
    Attempt("use io_uring", _numbered(425, 425, 1, 0), may_be_off=True),
    Attempt("reach the keys in the kernel", _numbered(250, 219, 0, -3, 0)),
    Attempt("set the clock", _numbered(227, 112, 99, 0), needs_root=True),
    Attempt("become another user", lambda _: os.setresuid(os.getuid(), os.getuid(), os.getuid())),
)
"""Each is harmless where it works: the tests also make them without a sandbox."""
