"""Which threads there are, and where everything is caught: read off the code, and compared with what docs/threads.md
says.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "threads.md").read_text()
MAKERS = {
    "_thread": {"start_new_thread", "start_joinable_thread"},
    "threading": {"Thread", "Timer"},
    "concurrent.futures": {"ThreadPoolExecutor", "ProcessPoolExecutor"},
    "multiprocessing": {"Process", "Pool"},
    "multiprocessing.pool": {"ThreadPool", "Pool"},
    "socketserver": {"ThreadingMixIn", "ThreadingTCPServer", "ThreadingUDPServer"},
    "http.server": {"ThreadingHTTPServer"},
    "asyncio": {"to_thread"},
    "anyio.to_thread": {"run_sync"},
    "starlette.concurrency": {"run_in_threadpool", "iterate_in_threadpool"},
    "fastapi.concurrency": {"run_in_threadpool", "iterate_in_threadpool"},
}
METHODS = {"loop_start", "run_in_executor"}
"""Of objects of any library: paho's client, asyncio's loop."""
ATTRIBUTES = METHODS.union(*MAKERS.values())
WIDE = {"Exception", "BaseException"}
MOST_WIDE = 3 / 10_000


def trees(*folders):
    """The code of these folders; not the suites of tests that drivers inherit, which never run at a gate."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.is_relative_to(ROOT / "drivers" / "contracts"):
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def makers(tree):
    """What in the code makes threads or processes, by whatever name it was imported."""
    modules, found = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {each.asname or each.name.split(".")[0]: each.name for each in node.names if each.name in MAKERS}
        elif isinstance(node, ast.ImportFrom) and node.module in MAKERS:
            found |= {each.name for each in node.names if each.name in MAKERS[node.module] or each.name == "*"}
        elif isinstance(node, ast.ImportFrom):
            named = {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
            modules |= {name: module for name, module in named.items() if module in MAKERS}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
            owner = ast.unparse(node.value)
            owner = modules.get(owner, owner)
            if node.attr in METHODS | MAKERS.get(owner, set()):
                found.add(node.attr)
    return found


def wide(tree):
    """How many handlers catch everything."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return sum(
        handler.type is None or any(isinstance(one, ast.Name) and one.id in WIDE for one in ast.walk(handler.type))
        for handler in handlers
    )


def listed(heading, columns):
    """The files in the last table of a section of the page, each with a reason."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in section.splitlines() if line.startswith("| `")]
    return [row[0].strip("`") for row in rows if row[0].endswith(".py`") and len(row) == columns and all(row)]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import threading\nthreading.Thread(target=print)", {"Thread"}),
        ("import threading as t\nt.Timer(1, print)", {"Timer"}),
        ("from threading import Thread as Line\nLine()", {"Thread"}),
        ("from concurrent import futures\nfutures.ThreadPoolExecutor()", {"ThreadPoolExecutor"}),
        ("import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor()", {"ThreadPoolExecutor"}),
        ("class Server(__import__('x').Y): pass\nfrom socketserver import ThreadingMixIn", {"ThreadingMixIn"}),
        ("client.loop_start()", {"loop_start"}),
        ("import asyncio\nasyncio.to_thread(print)", {"to_thread"}),
        ("from agent.other import Timer\nTimer(1)\nimport threading\nthreading.Event()", set()),
    ],
)
def test_the_test_finds_what_makes_a_thread(code, found):
    assert makers(ast.parse(code)) == found


def test_only_what_is_listed_makes_threads_and_all_else_is_a_worker():
    making = [path for path, tree in trees("agent", "central", "drivers", "sim") if makers(tree)]
    assert sorted(listed("Threads", 3)) == making


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("try: ...\nexcept: ...", 1),
        ("try: ...\nexcept (OSError, Exception): ...", 1),
        ("try: ...\nexcept BaseException as error: ...\nexcept OSError: ...", 1),
        ("try: ...\nexcept OSError: ...", 0),
    ],
)
def test_the_test_finds_what_catches_everything(code, count):
    assert wide(ast.parse(code)) == count


def test_everything_is_caught_in_few_places_and_each_has_its_reason():
    found = {path: count for path, tree in trees("agent", "central", "drivers", "sim") if (count := wide(tree))}
    assert sorted(listed("Where everything is caught", 2)) == sorted(found)
    lines = sum(len(path.read_text().splitlines()) for path in (ROOT / "agent").rglob("*.py"))
    assert sum(count for path, count in found.items() if path.startswith("agent/")) <= MOST_WIDE * lines
