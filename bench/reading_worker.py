"""One reading engine in a process of its own: `python -m bench.reading_worker NAME`.

It speaks JSON lines. First it says {"ready": true, "versions": {...}} or {"missing": "why"}. Then to each line
{"picture": "pixels.npy"} it answers {"texts": [[text, confidence], ...], "ms": CPU time, "peak_mb": most memory so
far}, with "error" beside them where the engine raised one. It ends with its input.

It runs in the product's environment for the product's readers and in that of the peers for theirs, so it imports
neither.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.reading_engines import ENGINES

if TYPE_CHECKING:
    from typing import IO

    from bench.reading_engines import Reads


def main(name: str) -> int:
    """Serve until the input ends."""
    answers = _own_output()

    def say(what: dict[str, Any]) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    engine = ENGINES[name]
    try:
        read = engine.make()
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        say({"missing": f"{type(error).__name__}: {error}"})
        return 0
    say({"ready": True, "versions": {package: _version(package) for package in engine.packages}})
    for line in sys.stdin:
        say(_answer(read, np.load(json.loads(line)["picture"])))
    return 0


def _answer(read: Reads, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> dict[str, Any]:
    error = None
    started_at = time.process_time()
    try:
        texts = [[text, round(float(confidence), 6)] for text, confidence in read(pixels)]
    except Exception as raised:  # noqa: BLE001 - what an engine raises is its own affair; it is counted and shown
        texts, error = [], f"{type(raised).__name__}: {raised}"[:200]
    answer = {"texts": texts, "ms": (time.process_time() - started_at) * 1e3, "peak_mb": _peak_mb()}
    return answer | ({"error": error} if error else {})


def _own_output() -> IO[str]:
    """The real output; whatever engines and their libraries print goes where errors go."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8")


def _peak_mb() -> float:
    """Most resident memory of this program. Not getrusage's: that counts what stood in the process before it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    message = "the kernel tells no peak of memory"
    raise RuntimeError(message)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
