"""What an administrator runs as root at a gate does what it says, and never what the agent's user has planted.

The table lists the commands that a page tells somebody to run with sudo, and all that take a folder of the gate; a new
one fails until it does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import typer.main

from agent.cli.main import COMMANDS, application
from tests.support.anchors.people import public
from tests.support.gate.root_commands import account, python_for

ROOT = Path(__file__).parents[4]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
WRITTEN = (*PAGES, *sorted((ROOT / "agent").rglob("*.py")), *sorted((ROOT / "agent").rglob("*.html")))
CONFIG = ("-c", "{configuration}")
ANSWERS = "\n" * 40
COMMANDS_OF_ROOT = {
    "anchors adopt": ("--yes", "--person", f"aigul={public('aigul')}", *CONFIG),
    "anchors apply": ("--yes", "{own}/change.txt", *CONFIG),
    "anchors show": CONFIG,
    "anchors write": ("console.port=9000", "--cause", "test", *CONFIG),
    "bundle": ("{own}/help.zip", *CONFIG, "--socket", "{socket}"),
    "clock reset-floor": ("--cause", "test", "--yes", *CONFIG),
    "clock show": CONFIG,
    "config add": ("commands.keys", "id=office", f"public_key={public('office')}", "may=open", *CONFIG),
    "config check": ("{configuration}",),
    "config history": CONFIG,
    "config set": ("gate.site", "9", *CONFIG),
    "config show": ("{configuration}",),
    "config undo": CONFIG,
    "config unset": ("lanes.out.timing", *CONFIG),
    "console code": CONFIG,
    "console screen": ("out", "--renew", *CONFIG),
    "console user add": ("bolat", "--role", "technician", *CONFIG),
    "console user list": CONFIG,
    "console user remove": ("aigul", *CONFIG),
    "console user reset": ("aigul", *CONFIG),
    "console user reset-second-factor": ("aigul", *CONFIG),
    "doctor": ("{configuration}", "--socket", "{socket}"),
    "enrol": (f"GAE1,https://localhost:1,7-0,{'0' * 64}", *CONFIG),
    "events erase": ("--journal", "{journal}", "--from", "1", "--to", "2", "--cause", "x", "--yes", "--wait", "0"),
    "events export": ("--journal", "{journal}", "--out", "{own}/events.jsonl", "--signed"),
    "events key": ("--state", "{state}"),
    "events tail": ("--journal", "{journal}"),
    "events verify": ("{journal}",),
    "lists import": ("{own}/lists.zip", *CONFIG),
    "lists show": CONFIG,
    "notify test": CONFIG,
    "relay inputs": (*CONFIG, "--seconds", "0.2"),
    "relay list": CONFIG,
    "relay test": (*CONFIG, "--yes"),
    "relay trace": (*CONFIG, "--seconds", "0.2"),
    "sign list": CONFIG,
    "sign test": (*CONFIG, "--pause", "0"),
    "release": ("{configuration}",),
    "replay": ("{journal}", *CONFIG, "--html", "{own}/report.html"),
    "setup": ("{configuration}", "--root", "{own}"),
    "voice import": ("{own}/voice", *CONFIG),
    "voice list": CONFIG,
    "voice remove": ("--all", *CONFIG),
    "voice test": ("--lane", "out", *CONFIG),
    "watch": ("--once", "--socket", "{socket}", "--journal", "{journal}"),
}
"""Every command that root runs at a gate, with what it is given."""
ELSEWHERE = {"fleet apply", "fleet status", "lists pack", "lists publish", "run"}
"""Commands of an office, whose state is another; and the agent itself, which the service starts as its own user."""
EXTRA = ("lib/gate-agent/unknown", "etc/gate-agent/unknown.toml", "run/gate-agent/console.sock")
"""Names that are planted for every command, beside those that it opens."""
ANCHORED = {"anchors apply", "anchors write"}
"""Commands of a gate whose trust anchors are root's already."""
FEW = ("link to a file", "fifo")
USUAL = (*FEW, "link to nothing", "link to a folder")
WRITES = {"config add", "config set", "config unset"}
"""Commands that write to the configuration: one that is refused before has shown nothing."""
THROUGH_THE_SOCKET = {"watch"}
BESIDE = {"anchors write"}
"""Commands that open nothing but what root keeps."""
GATE = frozenset({"configuration", "config", "journal", "state", "socket"})
"""Names of parameters that lead to a gate's folders."""
_SUDO = re.compile(r"sudo gate-agent ((?:[a-z-]+ ?)+)")


def leaves():
    """All commands, as they are typed, with the names of their parameters."""
    for one in COMMANDS:
        made = typer.main.get_command(application([one.name]))
        yield from _below(made.commands[one.name], one.name)


def _below(command, name):
    inner_commands = getattr(command, "commands", None)
    if inner_commands:
        for inner, below in inner_commands.items():
            yield from _below(below, f"{name} {inner}")
    else:
        yield name, {parameter.name for parameter in command.params}


def test_every_command_that_takes_a_gates_folder_is_run_as_root_here():
    found = {name for name, parameters in leaves() if parameters & GATE and name not in ELSEWHERE}
    assert len(found) >= len(COMMANDS_OF_ROOT) - 1
    assert found - COMMANDS_OF_ROOT.keys() == set()


def test_every_command_that_a_page_has_root_run_is_run_here():
    names = {name for name, _ in leaves()}
    told = {words for path in WRITTEN for words in _SUDO.findall(path.read_text(encoding="utf-8"))}
    assert told, "no page has anything run with sudo"
    meant = {_command(words.strip(), names) for words in told}
    assert meant - COMMANDS_OF_ROOT.keys() == set()


def _command(words, names):
    """The command that words begin with, which may go on with its arguments."""
    return max((name for name in names if f"{words} ".startswith(f"{name} ")), key=len, default=words)


@pytest.fixture(scope="module")
def user():
    if os.geteuid() != 0:
        pytest.skip("only root can run commands as root")
    found = account()
    if found is None:
        pytest.skip("this machine has no user with a group of his own")
    return found


@pytest.fixture(scope="module")
def folder():
    """A folder that another user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="gate-of-root-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ask(user, folder):
    """Ask `tests.support.gate.root_commands`, which runs beside the tests, what became of the sacrifice."""
    found = python_for(user)
    if found is None:
        pytest.skip("no interpreter here that another user may start")
    python, path = found
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    environment |= {name: os.environ[name] for name in ("TEST_TIME_SCALE",) if name in os.environ}
    errors = folder / "errors"
    with (
        errors.open("wb") as written,
        subprocess.Popen(
            [python, "-m", "tests.support.gate.root_commands", folder, user.pw_name],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        ) as running,
    ):

        def asked(name, plants, extra):
            question = {
                "module": next(one.target.partition(":")[0] for one in COMMANDS if one.name == name.split()[0]),
                "arguments": [*name.split(), *COMMANDS_OF_ROOT[name]],
                "given": ANSWERS if name == "setup" else "",
                "plants": plants,
                "extra": extra,
                "anchored": name in ANCHORED,
            }
            running.stdin.write(f"{json.dumps(question)}\n")
            running.stdin.flush()
            answer = running.stdout.readline()
            assert answer, errors.read_text(encoding="utf-8")
            return json.loads(answer)

        yield asked
        running.stdin.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", COMMANDS_OF_ROOT)
def test_root_changes_nothing_outside_for_what_the_agents_user_has_planted(ask, name):
    told = ask(name, FEW, [EXTRA])
    assert told["names"] or name in THROUGH_THE_SOCKET | BESIDE, told
    if name.startswith("anchors") or name in WRITES:
        assert told["code"] == 0, told["said"]
    assert told["wrong"] == [], f"{name} ({told['tried']} tried)"


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", COMMANDS_OF_ROOT)
def test_nor_for_what_is_planted_under_one_name_that_it_may_not_know(ask, name):
    told = ask(name, USUAL, [(each,) for each in EXTRA])
    assert told["wrong"] == [], f"{name} ({told['tried']} tried)"


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", COMMANDS_OF_ROOT)
def test_nor_for_links_and_devices_that_are_planted_less_often(ask, name):
    plants = ("link to a file that anybody reads", "link to a folder, also for files", "hard link", "device")
    told = ask(name, plants, [(each,) for each in EXTRA])
    assert told["wrong"] == [], f"{name} ({told['tried']} tried)"
