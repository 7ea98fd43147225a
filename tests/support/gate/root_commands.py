"""The commands of an administrator, run as root at a gate whose agent was taken over and has planted what it can.

A world is a gate's folders in a temporary one: /etc, the state and the runtime folder belong to the agent's user as the
package lays them out; beside them lie a root's own folder and files that must not change, the sacrifice. Run as a
program, `root_commands.py FOLDER USER`, it reads a question a line from its standard input, as JSON, and answers each
with a line: the commands are forked from it, so that none costs a new interpreter.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import pwd
import re
import select
import shutil
import signal
import stat
import sys
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path

import typer.main

from agent.anchors import AnchorStore
from agent.cli import main as command_line
from agent.cli.main import application
from agent.cli.main import main as gate_agent
from agent.clock.clock import Clock
from agent.core.events.chain import ClockReading
from agent.core.events.event_types import Draft, GateStopping
from agent.lists.service import open_registry
from agent.settings import anchors_of
from agent.settings.configuration_loading import load_configuration
from agent.store.gate_key import gate_key
from agent.store.journal.journal import Journal
from agent.store.registry.list_pack import write_pack
from drivers.contracts.tones import record, tone
from tests.support.anchors.people import document, signed, tables
from tests.support.waiting import scaled

ROOT = Path(__file__).parents[3]
PATIENCE_S = scaled(20.0)
SERVICE = "gate-agent"
CONFIGURATION = """
version = 1
include = ["lanes/out.toml"]

[gate]
id = "gate-7"
site = 7

[state]
directory = "{state}"

[permits]
root_keys = ["d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"]

[mqtt]
enabled = false

[console]
enabled = true
port = 0
"""
LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
name = "planted"

[lanes.out.inputs]
kind = "simulated"
name = "planted"

[lanes.out.signals]
presence = 1
safety = 2

[lanes.out.timing]
read_s = 30.0

[lanes.out.driver_page]
enabled = true
"""
LINKS = {
    "link to a file": "shadow",
    "link to a file that anybody reads": "passwd",
    "link to nothing": "planted",
    "link to a folder": "folder",
    "link to a folder, also for files": "folder",
}
OF_FOLDERS = "link to a folder"
SACRIFICE = {"shadow": 0o600, "passwd": 0o644, "service.toml": 0o644, "folder/inner": 0o600}
_TEMPORARY = re.compile(r"^\.|\.part$")
_AUDITED = ("open", "sqlite3.connect", "os.mkdir", "os.rename", "os.remove", "os.chmod", "os.chown", "os.listdir")


def account():
    """A user with a group of his own, who is the agent here; None where this machine has none."""
    users = pwd.getpwall()
    groups = Counter(user.pw_gid for user in users)
    free = [user for user in users if user.pw_uid and groups[user.pw_gid] == 1 and user.pw_name != "nobody"]
    return next((user for user in free if user.pw_name in {SERVICE, "games"}), next(iter(free), None))


def python_for(user):
    """An interpreter of this version that the user can start, and the path of the libraries; None without one."""
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    named = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (os.path.realpath(sys.executable), named):
        if Path(python).exists() and all(_may_enter(user, one) for one in (python, libraries, ROOT)):
            return python, os.pathsep.join((str(ROOT), libraries))
    return None


def _may_enter(user, path):
    folders = Path(os.path.realpath(path)).parents
    return all(folder.stat().st_mode & stat.S_IXOTH or folder.stat().st_uid == user.pw_uid for folder in folders)


class World:
    """One gate's folders. Everything of it is made as it was by `fresh`."""

    def __init__(self, folder, user):
        self.folder = Path(folder)
        self.user = user
        self.configuration = self.folder / "etc/gate-agent/gate.toml"
        self.state = self.folder / "lib/gate-agent"
        self.runtime = self.folder / "run/gate-agent"
        self.sacrifice = self.folder / "sacrifice"
        self.own = self.folder / "root"
        self.template = self.folder / "template"
        self.anchors = self.folder / "etc/gate-agent-anchors"
        self.is_anchored = False

    @property
    def of_the_agent(self):
        """The folders in which its user may plant."""
        return (self.configuration.parent, self.state, self.runtime)

    def build(self):
        """The world as the package and a first run leave it, and a copy to restore it from."""
        self.folder.chmod(0o755)
        for folder in self.of_the_agent:
            folder.mkdir(parents=True)
        (self.configuration.parent / "lanes").mkdir()
        self.configuration.write_text(CONFIGURATION.format(state=self.state), encoding="utf-8")
        (self.configuration.parent / "lanes/out.toml").write_text(LANE, encoding="utf-8")
        for path in (self.configuration.parent, *self.configuration.parent.rglob("*")):
            os.chown(path, 0, self.user.pw_gid)
            path.chmod(0o770 if path.is_dir() else 0o660)
        for folder in (self.state, self.runtime):
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
            folder.chmod(0o750)
        said = self.folder / "output"
        if forked(lambda: _run_as(self.user, self._as_a_run_leaves_it), said) != 0:
            raise RuntimeError(said.read_text(encoding="utf-8"))
        self.template.mkdir(mode=0o700)
        for folder in self.of_the_agent:
            kept = self.template / folder.relative_to(self.folder)
            kept.parent.mkdir()
            renew(kept, folder)
        sacrifice, own = (self.template / folder.name for folder in (self.sacrifice, self.own))
        sacrifice.mkdir()
        sacrifice.chmod(0o755)
        own.mkdir(mode=0o700)
        for name, mode in SACRIFICE.items():
            path = sacrifice / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{name} of root\n", encoding="utf-8")
            path.chmod(mode)
        write_pack(own / "lists.zip", b"no trust list", [])
        record(own / "voice" / "ru" / "wait.wav", tone(0.5))
        (own / "change.txt").write_text(self._as_root_keeps_anchors(), encoding="utf-8")
        (own / "change.txt").chmod(0o600)

    def _as_root_keeps_anchors(self):
        """Trust anchors in the template of their folder; a change of them that central has signed."""
        kept, utc = AnchorStore(self.template / "anchors"), Clock().now().utc
        own = {"state": {"directory": str(self.state)}, "console": {"enabled": True}}
        kept.adopt(anchors_of(tables() | own), "root", utc)
        kept.seal(utc)
        changed = {"iat": int(utc), "exp": int(utc) + 86_400, "changes": {"console.port": 9000}}
        (text,) = signed(document(kept.held(), **changed), "central:central")
        return text

    def _as_a_run_leaves_it(self):
        """Journal, lists, key and history, as the agent makes them."""
        os.umask(0o077)
        settings, clock = load_configuration(self.configuration).settings, Clock()
        open_registry(settings, clock).close()
        gate_key(self.state)
        journal = Journal.open(
            self.state / "journal.db",
            gate="gate-7",
            boot="b" * 32,
            clock=lambda: ClockReading(clock.now().utc, synced=True),
            max_bytes=1 << 26,
        )
        journal.record([Draft(GateStopping(cause="test"), None, None, clock.now().utc)])
        journal.close()
        for arguments in (
            ("config", "set", "gate.site", "8", "-c", str(self.configuration)),
            ("console", "user", "add", "aigul", "--role", "admin", "-c", str(self.configuration)),
        ):
            with contextlib.suppress(SystemExit):
                gate_agent(arguments)

    def fresh(self):
        """As it was built."""
        for folder in (*self.of_the_agent, self.sacrifice, self.own):
            renew(folder, self.template / folder.relative_to(self.folder))
        shutil.rmtree(self.anchors, ignore_errors=True)
        if self.is_anchored:
            shutil.copytree(self.template / "anchors", self.anchors)

    def plant(self, place, what):
        """Put something in the place of a name in one of the agent's folders."""
        path = self.folder / place
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        match what:
            case "fifo":
                os.mkfifo(path, 0o666)
            case "hard link":
                path.hardlink_to(self.sacrifice / "shadow")
            case "device":
                os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            case _:
                path.symlink_to(self.sacrifice / LINKS[what])

    def seen(self):
        """Owner, mode and content of all that must not change."""
        return {str(path): _seen(path) for path in (self.sacrifice, *sorted(self.sacrifice.rglob("*")))}

    def filled(self, arguments):
        """The arguments with this world's paths."""
        places = {
            "configuration": self.configuration,
            "state": self.state,
            "journal": self.state / "journal.db",
            "socket": self.runtime / "console.sock",
            "own": self.own,
        }
        return [argument.format(**places) for argument in arguments]


def renew(folder, template):
    """Make a folder what its template is, with all owners and modes.

    What is as it was put there is left, for most commands touch little: whatever is written to has another time.
    """
    wanted, found = _inventory(template), _inventory(folder)
    for name in sorted(found, reverse=True):  # what is in a folder before the folder itself
        if found[name] != wanted.get(name) and not _are_folders(found[name], wanted.get(name)):
            (os.rmdir if _are_folders(found[name]) else os.unlink)(f"{folder}{name}")
            del found[name]
    for name in sorted(wanted):
        if found.get(name) != wanted[name]:
            _put(Path(f"{folder}{name}"), f"{template}{name}", *wanted[name][:3])


def _inventory(folder):
    """Mode, owner and group of a folder, whose name is empty, and of all that is in it; of files size and time too."""
    if not os.path.lexists(folder):
        return {}
    paths = [str(folder)]
    paths += [f"{place}/{name}" for place, folders, files in os.walk(folder) for name in (*folders, *files)]
    return {path.removeprefix(str(folder)): _standing(os.lstat(path)) for path in paths}


def _standing(status):
    rights = (status.st_mode, status.st_uid, status.st_gid)
    return rights if stat.S_ISDIR(status.st_mode) else (*rights, status.st_size, status.st_mtime_ns)


def _are_folders(*standings):
    return all(standing is not None and stat.S_ISDIR(standing[0]) for standing in standings)


def _put(path, source, mode, uid, gid):
    if stat.S_ISDIR(mode):
        with contextlib.suppress(FileExistsError):
            path.mkdir()
    else:
        shutil.copy2(source, path, follow_symlinks=False)
    os.chown(path, uid, gid, follow_symlinks=False)
    path.chmod(stat.S_IMODE(mode))


def _seen(path):
    status = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
    return [status.st_uid, status.st_gid, oct(status.st_mode), content]


def _run_as(user, work):
    os.setgroups([user.pw_gid])
    os.setresgid(*[user.pw_gid] * 3)
    os.setresuid(*[user.pw_uid] * 3)
    work()


def forked(work, out=os.devnull, given=b"", patience_s=PATIENCE_S):
    """Do work in a child of this process; its exit code, None where it had to be killed because it hung."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        _child(work, reader, out)
    os.close(reader)
    with contextlib.suppress(BrokenPipeError):
        os.write(writer, given)
    os.close(writer)
    watched = os.pidfd_open(child)
    try:
        ended = bool(select.select([watched], [], [], patience_s)[0])
    finally:
        os.close(watched)
    if not ended:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ended else None


def _child(work, reader, out):
    """Do the work and end, whatever comes of it: a child of a fork never goes on with its parent's work."""
    code = 99
    try:
        os.setsid()
        os.dup2(reader, 0)
        log = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def touched(world, arguments, given):
    """The names in the agent's folders that a command uses, as paths in the world; what it says, in case it broke.

    The modules that it loads on the way are loaded here too: so no other child has to.
    """
    world.fresh()
    noted, loaded = world.own / "noted", world.folder / "loaded"
    folders = [str(folder) for folder in world.of_the_agent]

    def work():
        note = os.open(noted, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        modules = loaded.open("w", encoding="utf-8")  # while it may

        def hear(event, values):
            if event in _AUDITED:
                for value in values[:2]:
                    name = os.fsdecode(value) if isinstance(value, bytes | str | os.PathLike) else ""
                    name = name.removeprefix("file:").partition("?")[0]
                    if any(name.startswith(f"{folder}/") for folder in folders):
                        os.write(note, f"{name}\n".encode())
                        if event == "sqlite3.connect":
                            os.write(note, "".join(f"{name}{end}\n" for end in ("-wal", "-shm", "-journal")).encode())

        sys.addaudithook(hear)
        try:
            _command(world, arguments)
        finally:
            modules.write("\n".join(sys.modules))
            modules.close()

    code = forked(work, world.folder / "output", given)
    for module in loaded.read_text(encoding="utf-8").splitlines():
        import_module(module)
    names = {os.path.relpath(line, world.folder) for line in noted.read_text(encoding="utf-8").splitlines()}
    found = sorted(name for name in names if not _TEMPORARY.search(Path(name).name))
    return found, code, (world.folder / "output").read_text(encoding="utf-8", errors="replace")


def foreign(world):
    """What of the agent's folders does not belong to its user after a command, but for the files that root itself has
    put there.
    """
    paths = [path for folder in (world.state, world.runtime) for path in folder.rglob("*")]
    return [str(path.relative_to(world.folder)) for path in paths if path.lstat().st_uid != world.user.pw_uid]


def prepare(arguments):
    """Build the command line for these arguments, which only reads them, for all later children. What builds it in each
    process has run in `touched`.
    """
    line = typer.main.get_command(application(arguments))
    command_line.application = lambda _given: line
    command, context, words = line, None, iter(arguments)
    while command is not None:
        context = command.context_class(command, parent=context, **command.context_settings)
        for parameter in command.get_params(context):
            parameter.get_runtime_param()
        command = command.commands[next(words)] if hasattr(command, "commands") else None
    gc.freeze()  # no child looks through what all have in common


def _command(world, arguments):
    os.chdir(world.own)
    sys.argv = ["gate-agent", *world.filled(arguments)]
    gate_agent()


def judged(world, arguments, given, plants, places):
    """What a command did wrong with each thing planted in each place, under all its names at once: sentences; and how
    many were tried.

    `OF_FOLDERS` is not planted in the place of a file.
    """
    wrong, tried = [], 0
    for names in sorted(places):
        is_file = any((world.template / name).is_file() for name in names)
        for what in plants:
            if is_file and what == OF_FOLDERS:
                continue
            world.fresh()
            try:
                for name in names:
                    world.plant(name, what)
            except PermissionError:  # no device nodes in this container
                continue
            tried += 1
            wrong += [f"{' and '.join(names)}, {what}: {one}" for one in harm(world, arguments, given)]
    return wrong, tried


def harm(world, arguments, given):
    """What a command does to all that must not change: sentences."""
    before = world.seen()
    code = forked(lambda: _command(world, arguments), world.folder / "output", given)
    after = world.seen()
    changed = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    told = [
        f"{path.removeprefix(str(world.folder))} was {before.get(path)} and is {after.get(path)}" for path in changed
    ]
    return [*(["it hangs"] if code is None else []), *told]


def named(world, arguments, given):
    """What a command does wrong where the configuration itself leads it into root's folder."""
    world.fresh()
    text = world.configuration.read_text(encoding="utf-8")
    world.configuration.write_text(
        text.replace(f'"{world.state}"', f'"{world.sacrifice / "folder"}"'), encoding="utf-8"
    )
    return [f"the configuration names root's folder: {one}" for one in harm(world, arguments, given)]


def answered(world, asked):
    """What became of a question: the names a command uses, how it ended, and what it did wrong."""
    world.is_anchored = asked["anchored"]
    command_line.application = application
    import_module(asked["module"])
    given = asked["given"].encode()
    names, code, said = touched(world, asked["arguments"], given)
    strange, unreadable = foreign(world), world.configuration.stat().st_mode & 0o070 != 0o060
    prepare(asked["arguments"])
    places = {*((name,) for name in names), *map(tuple, asked["extra"])}
    wrong, tried = judged(world, asked["arguments"], given, asked["plants"], places)
    wrong += named(world, asked["arguments"], given)
    wrong += [f"{name} belongs to another" for name in strange]
    wrong += ["the configuration is not the group's any more"] if unreadable else []
    return {"names": names, "code": code, "said": said[-2000:], "wrong": wrong, "tried": tried}


def main(folder, user):
    """Answer the questions on the standard input; the answers go to the standard output."""
    world = World(folder, pwd.getpwnam(user))
    world.build()
    while line := sys.stdin.readline():
        print(json.dumps(answered(world, json.loads(line))), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
