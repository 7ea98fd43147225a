"""Change the rules of lane, permits, lists, clock and site and the boards' codecs in every small way.

Do the tests notice?
Usage: tools/mutants.py [--only GROUP ...] [--module NAME ...] [--children N]
Run it as `make mutants`: about an hour on two cores.

Works on copies in build/mutants, one a group. At least 95 of 100 changed programs must fail the tests, and each that
does not is explained in tests/mutants.toml, by the change itself; the exit code is 1 otherwise. mutmut makes the
changes and runs the tests.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIES = ROOT / "build" / "mutants"
EXPLAINED = ROOT / "tests" / "mutants.toml"
LEAST_KILLED = 0.95
COPIED = (
    "agent",
    "central",
    "drivers",
    "sim",
    "tests",
    "tools",
    "docs",
    "config",
    "bench",
    "pyproject.toml",
    "README.md",
)
GROUPS = {
    "lane": (
        ("agent/core/lane/*.py",),
        ("tests/unit/agent/core/lane/test_*.py",),
    ),
    "codecs": (
        (
            "drivers/modbus_codec.py",
            "drivers/numato_codec.py",
            "drivers/relay/*_codec.py",
            "drivers/relay/modbus_profiles.py",
            "drivers/scanner/framing.py",
        ),
        (
            "tests/unit/drivers/test_*_codec.py",
            "tests/unit/drivers/relay/test_*_codec.py",
            "tests/unit/drivers/relay/test_modbus_profiles.py",
            "tests/unit/drivers/scanner/test_framing.py",
        ),
    ),
    "judgement": (
        ("agent/core/decision/checks/*.py", "agent/core/decision/judgement.py", "agent/core/decision/knowledge.py"),
        ("tests/unit/agent/core/decision/test_judge*.py",),
    ),
    "permits": (
        ("agent/core/permit/permit_verification.py", "agent/core/permit/reference.py"),
        (
            "tests/unit/agent/core/permit/test_*.py",
            "tests/unit/agent/core/crypto/test_cose.py",
        ),
    ),
    "site": (
        ("agent/core/site/claim_answers.py", "agent/core/site/home_gate.py", "agent/core/site/permit_uses.py"),
        ("tests/unit/agent/core/site/test_*.py",),
    ),
    "claims": (
        ("agent/site/own_claims.py", "agent/store/journal/home_claims.py"),
        ("tests/unit/agent/site/test_own_claims.py", "tests/unit/agent/store/journal/test_home_claims.py"),
    ),
    "clock": (
        ("agent/core/clock/trust.py", "agent/core/clock/clock_step.py", "agent/core/decision/rate_limit.py"),
        (
            "tests/unit/agent/core/clock/test_trust.py",
            "tests/unit/agent/core/clock/test_clock_step.py",
            "tests/unit/agent/core/decision/test_rate_limit.py",
        ),
    ),
    "lists": (
        ("agent/core/lists/freshness.py", "agent/core/lists/sync.py"),
        ("tests/unit/agent/core/lists/test_freshness.py", "tests/unit/agent/core/lists/test_sync*.py"),
    ),
}
"""What is changed, and the tests that must notice.

They must call it themselves: values that `parametrize` got from it were made before the change. What is decorated, and
what stands outside functions, is not changed.
"""
NOT_TABLES = ("*/lane/test_rules.py", "*/lane/test_traffic.py", "*_walk.py", "*_walks.py")
"""Random walks take too long to be run for each of thousands of changes; the tables must do."""
NOT_RANDOM = "not hypothesis and not long"
"""Random inputs would notice a change in one run and miss it in the next."""
KILLED = frozenset({"killed", "timeout", "segfault"})
PROGRESS_EVERY_S = 30.0
OWN_PROCESSES = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""mutmut signals a test after its time by the number of its process, which may have become another's meanwhile: among
processes of its own it can only meet one of its own.
"""
AS_ROOT = ("--user", "--map-root-user")


@dataclass(frozen=True, slots=True)
class Survivor:
    """A changed program that passes the tests: the function, and the lines taken away and put in."""

    function: str
    change: tuple[str, ...]


def main() -> int:
    """Make the changes, run the tests, report; 0 when enough changes are noticed and the rest is explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="change only these")
    parser.add_argument("--module", nargs="+", metavar="NAME", help="and of these, only the modules of these names")
    parser.add_argument("--children", type=int, default=2, help="tests run side by side")
    options = parser.parse_args()
    known = {Path(path).stem for group in options.only for path in _paths(GROUPS[group][0])}
    for name in options.module or ():
        if name not in known:
            near = get_close_matches(name, known, 1)
            parser.error(f"no module {name} in {', '.join(options.only)}{f'; did you mean {near[0]}?' if near else ''}")
    statuses: dict[str, str] = {}
    survivors: dict[str, Survivor] = {}
    for group in options.only:
        changed, proofs = GROUPS[group]
        if options.module:
            changed = tuple(path for path in _paths(changed) if Path(path).stem in options.module)
            if not changed:
                continue
        print(f"{group}: changing {', '.join(changed)}", flush=True)
        copy = COPIES / group
        _copy(copy, changed, proofs)
        _run(copy, options.children)
        found = dict(_statuses(_mutmut(copy, "results", "--all", "true")))
        left = sorted(name for name, status in found.items() if status not in KILLED)
        with ThreadPoolExecutor(options.children) as pool:
            survivors |= zip(left, pool.map(partial(_survivor, copy), left), strict=True)
        statuses |= found
    return _report(statuses, survivors, whole=len(options.only) == len(GROUPS) and not options.module)


def _paths(patterns: tuple[str, ...]) -> list[str]:
    return [str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _copy(copy: Path, changed: tuple[str, ...], proofs: tuple[str, ...]) -> None:
    """Put the tree as it is now, changes that are not committed included, into the copy."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
        else:
            shutil.copy(source, copy)
    tests = [path for path in _paths(proofs) if not any(fnmatch(path, pattern) for pattern in NOT_TABLES)]
    settings = {
        "source_paths": ["agent", "central", "drivers", "sim"],
        "only_mutate": list(changed),
        "also_copy": ["tools", "docs", "config", "bench", "README.md"],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist", "-m", NOT_RANDOM],
    }
    lines = [f"{key} =\n" + "".join(f"    {value}\n" for value in values) for key, values in settings.items()]
    (copy / "setup.cfg").write_text("[mutmut]\n" + "".join(lines), encoding="utf-8")


def _run(copy: Path, children: int) -> None:
    """Make the changes and run the tests. Where nobody watches a terminal, a line of progress now and then."""
    command = [*_apart(), _program(), "run", "--max-children", str(children)]
    if sys.stdout.isatty():
        subprocess.run(command, cwd=copy, check=True)
        return
    shown_at = time.monotonic()
    with subprocess.Popen(command, cwd=copy, text=True, encoding="utf-8", stdout=subprocess.PIPE) as process:
        # Each redrawn line begins with one of the dot patterns that turn as a wheel.
        for line in map(str.strip, process.stdout or ()):
            is_redrawn = "\u2800" <= line[:1] <= "\u28ff"
            if line and (not is_redrawn or time.monotonic() - shown_at >= PROGRESS_EVERY_S):
                print(line, flush=True)
                shown_at = time.monotonic()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _apart() -> tuple[str, ...]:
    """The beginning of a command that sees no process but its own; empty, and told, where that cannot be."""
    for begin in (OWN_PROCESSES, (*OWN_PROCESSES, *AS_ROOT)):
        if shutil.which(begin[0]) and not subprocess.run((*begin, "true"), check=False, capture_output=True).returncode:
            return begin
    print("no namespace of processes can be made here: a test that hangs may cost another process its life", flush=True)
    return ()


def _mutmut(copy: Path, *arguments: str) -> str:
    done = subprocess.run([_program(), *arguments], cwd=copy, check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout


def _program() -> str:
    return str(Path(sys.executable).parent / "mutmut")


def _statuses(results: str) -> list[tuple[str, str]]:
    lines = (line.strip().rpartition(": ") for line in results.splitlines())
    return [(name, status) for name, _, status in lines if "__mutmut_" in name]


def _survivor(copy: Path, name: str) -> Survivor:
    """What was changed. The heads of the difference, with file names and line numbers, are left out."""
    lines = _mutmut(copy, "show", name).splitlines()
    change = tuple(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    return Survivor(name.rpartition("__mutmut_")[0], change)


def _report(statuses: dict[str, str], survivors: dict[str, Survivor], *, whole: bool) -> int:
    explained = {
        Survivor(one["function"], tuple(one["change"]))
        for one in tomllib.loads(EXPLAINED.read_text()).get("survivor", [])
    }
    modules: dict[str, Counter[bool]] = {}
    for name, status in statuses.items():
        modules.setdefault(name.partition(".x")[0], Counter())[status in KILLED] += 1
    for module, counts in sorted(modules.items()):
        print(f"{module:<40} {counts[True]:>5} of {counts.total():>5} killed")
    killed = sum(status in KILLED for status in statuses.values())
    share = killed / max(1, len(statuses))
    print(f"{'in all':<40} {killed:>5} of {len(statuses):>5} killed: {share:.1%}; least {LEAST_KILLED:.0%}")
    unexplained = {name: one for name, one in survivors.items() if one not in explained}
    for name, one in unexplained.items():
        print(f"\nnot explained in {EXPLAINED.relative_to(ROOT)}: {name} ({statuses[name]})", *one.change, sep="\n")
    gone = {one for one in explained if whole or one.function.partition(".x")[0] in modules} - set(survivors.values())
    for one in sorted(gone, key=lambda each: each.function):
        print(f"\nexplained, but no survivor any more: {one.function}", *one.change, sep="\n")
    print(
        f"\n{len(survivors)} survived, {len(unexplained)} of them not explained, {len(gone)} explanations out of date"
    )
    return 0 if share >= LEAST_KILLED and not unexplained and not gone else 1


if __name__ == "__main__":
    sys.exit(main())
