"""Publish the contract: write docs/contract/v1 from the code.

Run `python tools/contract_files.py`. It writes nothing and says why when the code breaks what is published: then fix
the code, or, where a break is meant, begin `gate/v2` and schema version 2 beside this one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract_changes import breaks

from agent.core.contract.asyncapi import asyncapi
from agent.core.contract.schemas import schemas, written

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[1] / "docs" / "contract" / "v1"


def made() -> dict[str, Mapping[str, Any]]:
    """What the code says, by path without `.json`."""
    return {**schemas(), "asyncapi": asyncapi()}


def published(folder: Path = FOLDER) -> dict[str, Mapping[str, Any]]:
    """What the files say, by path without `.json`."""
    files = sorted(folder.rglob("*.json"))
    return {file.relative_to(folder).with_suffix("").as_posix(): json.loads(file.read_text("utf-8")) for file in files}


def main(folder: Path = FOLDER) -> int:
    """Write the files, unless that would break them; the exit code."""
    broken = breaks(published(folder), made())
    if broken:
        print("the code breaks the published contract; nothing is written:", *broken, sep="\n  ", file=sys.stderr)
        return 1
    for name, document in made().items():
        file = folder / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(written(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
