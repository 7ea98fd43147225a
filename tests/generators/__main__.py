"""Read the contract with others' tools: python -m tests.generators. One line a tool; exit code 0 when no errors.

ajv takes every schema in its strict mode and every sample; modelina makes TypeScript, checked by `tsc --strict`, and
Java, compiled by `javac`; datamodel-code-generator makes pydantic models that must read the samples; quicktype makes
TypeScript. At last the consumer of examples/central-node checks itself with the test vectors.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from agent.core.commands import GROUP_COMMANDS
from agent.core.contract import examples
from agent.core.contract.schemas import EVENTS
from agent.core.model import CommandName

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
SCHEMAS: Final = ROOT / "docs" / "contract" / "v1"
CONSUMER: Final = ROOT / "examples" / "central-node"
BUILD: Final = ROOT / "build" / "generators"
PYTHON: Final = ROOT / ".venv-generators" / "bin"
TSC: Final = HERE / "node_modules" / "typescript" / "bin" / "tsc"
STRICT: Final = ("--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "false")
LONG_S: Final = 900
SHOWN: Final = 10


def samples() -> list[dict[str, Any]]:
    """One message of each schema, as the gate records and sends it."""
    made = {
        **{f"event/{kind}": json.loads(examples.event_example(kind)) for kind in EVENTS},
        **{f"command/{name}": examples.command_claims(name) for name in CommandName},
        **{f"command/group/{name}": examples.group_command_claims(name) for name in sorted(GROUP_COMMANDS)},
        "status": json.loads(examples.status_example()),
        "birth": json.loads(examples.birth_example()),
        "health": json.loads(examples.health_example()),
        "ack": json.loads(examples.ack_example()),
        "result": json.loads(examples.result_example(CommandName.OPEN)),
    }
    return [{"schema": schema, "title": _title(schema), "value": value} for schema, value in made.items()]


def _title(schema: str) -> str:
    """The title that the contract gives a message, by which generators name its model."""
    return str(json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8"))["title"])


def run(*command: str | Path, where: Path = HERE) -> tuple[int, str]:
    """Run a tool; its exit code and what it said."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=where,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    return done.returncode, f"{done.stdout}{done.stderr}"


class Report:
    """One line a tool, and what it found below."""

    def __init__(self) -> None:
        self.failed = False

    def tell(self, tool: str, made: str, errors: list[str]) -> None:
        """Say what a tool made of the contract."""
        self.failed = self.failed or bool(errors)
        lines = [f"{tool:<28} {made:<52} errors {len(errors)}", *(f"    {error[:300]}" for error in errors[:SHOWN])]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    def compiled(self, tool: str, made: str, code: int, told: str) -> None:
        """Say what a compiler said: each line of a failure is an error."""
        self.tell(tool, made, [line for line in told.splitlines() if line.strip()] or ["no word"] if code else [])

    def relayed(self, tool: str, told: str) -> None:
        """Say what a script of ours reported, a JSON object a line; anything else is a failure."""
        lines = [line for line in told.splitlines() if line.startswith('{"')]
        if not lines:
            self.tell(tool, "no report", told.splitlines()[-SHOWN:] or ["no word"])
        for line in lines:
            said = json.loads(line)
            self.tell(said.get("tool", tool), said["made"], said["errors"])


def main() -> int:
    """Run all tools; the exit code."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    file = BUILD / "samples.json"
    file.write_text(json.dumps(samples()), encoding="utf-8")
    report = Report()
    report.relayed("ajv strict", run("node", HERE / "ajv.mjs", SCHEMAS, file)[1])
    _modelina(report)
    _python(report, file)
    _quicktype(report)
    _consumer(report)
    return int(report.failed)


def _modelina(report: Report) -> None:
    report.relayed("modelina", run("node", HERE / "modelina.mjs", SCHEMAS / "asyncapi.json", BUILD)[1])
    models = BUILD / "modelina" / "models.ts"
    report.compiled("tsc --strict", models.name, *run("node", TSC, *STRICT, models))
    java = sorted((BUILD / "java" / "gate").glob("*.java"))
    command = ("javac", "-d", BUILD / "classes", *java)
    report.compiled("javac", f"{len(java)} classes", *(run(*command) if java else (1, "there is no class")))


def _python(report: Report, file: Path) -> None:
    schemas = BUILD / "schemas"
    shutil.copytree(SCHEMAS, schemas, ignore=shutil.ignore_patterns("asyncapi.json"))
    options = (
        "--input-file-type",
        "jsonschema",
        "--output-model-type",
        "pydantic_v2.BaseModel",
        "--target-python-version",
        "3.11",
    )
    command = ("--input", schemas, "--output", BUILD / "models", *options, "--disable-timestamp")
    code, told = run(PYTHON / "datamodel-codegen", *command)
    made = len(list((BUILD / "models").rglob("*.py")))
    report.compiled("datamodel-code-generator", f"{made} modules", code, told)
    report.relayed("pydantic", run(PYTHON / "python", HERE / "read_samples.py", BUILD / "models", file)[1])


def _quicktype(report: Report) -> None:
    # All at once: what several schemas have in common must become one type.
    files = sorted(one for one in SCHEMAS.rglob("*.json") if one.name != "asyncapi.json")
    made = BUILD / "quicktype" / "messages.ts"
    made.parent.mkdir()
    quicktype = HERE / "node_modules" / "quicktype" / "dist" / "index.js"
    told = run("node", quicktype, "--src-lang", "schema", "--lang", "ts", "-o", made, *files)
    report.compiled("quicktype", f"{len(files)} schemas", *told)
    report.compiled("tsc --strict", made.name, *(run("node", TSC, *STRICT, made) if made.exists() else (1, "no file")))


def _consumer(report: Report) -> None:
    code, told = run("npm", "test", where=CONSUMER)
    # Node says it as TAP or, on a terminal, with a sign of its own in place of the #.
    passed = next((found[1] for found in re.finditer(r"^\S pass (\d+)$", told, re.MULTILINE)), "0")
    errors = [] if code == 0 and int(passed) else told.splitlines()[-SHOWN:] or ["no word"]
    report.tell("central-node, npm test", f"{passed} tests of the vectors", errors)


if __name__ == "__main__":
    sys.exit(main())
