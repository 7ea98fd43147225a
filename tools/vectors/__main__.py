"""Write the test vectors: python -m tools.vectors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.core.contract.schemas import written
from tools.vectors import (
    acknowledgements,
    chains,
    commands,
    disclosures,
    example_keys,
    fleet_documents,
    lists,
    permits,
    plate_forms,
    trace_contexts,
    trust_lists,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER: Final = Path(__file__).parents[2] / "docs" / "contract" / "vectors"
FILES: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "acknowledgements": acknowledgements.vectors,
    "chain": chains.vectors,
    "commands": commands.vectors,
    "disclosures": disclosures.vectors,
    "fleet-documents": fleet_documents.vectors,
    "keys": example_keys.vectors,
    "lists": lists.vectors,
    "permits": permits.vectors,
    "plates": plate_forms.vectors,
    "trace-contexts": trace_contexts.vectors,
    "trust-list": trust_lists.vectors,
}


def made() -> dict[str, str]:
    """The text of each file, by its name."""
    return {f"{name}.json": written(vectors()) for name, vectors in FILES.items()}


def main() -> int:
    """Write the files; the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in made().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
