"""The weights of the networks: found beside this module, checked against their manifest, opened for inference."""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any, Final

# Read while it is imported. Without it, it writes an identifier into the user's folder and sends reports to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

FOLDER: Final = Path(__file__).parent / "models"


class WeightsError(Exception):
    """A file of weights is missing or is not the one that was measured."""


def checked(name: str, folder: Path = FOLDER) -> Path:
    """The file of the weights called `name` in the manifest.

    Raises WeightsError when the file is missing, or its size or SHA-256 is another than the manifest's.
    """
    entry = _manifest(folder)[name]
    path = folder / str(entry["file"])
    try:
        content: bytes = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror}; {_fix_hint(entry)}") from error
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != entry["size"] or digest != entry["sha256"]:
        raise WeightsError(
            f"{path}: {len(content)} bytes with SHA-256 {digest}, wanted {entry['sha256']}; {_fix_hint(entry)}"
        )
    return path


def session(name: str, folder: Path = FOLDER) -> Any:
    """An onnxruntime session with the weights called `name`. Raises WeightsError."""
    # By its name: of bytes the session would keep a copy, 21 MB where it reads print.
    return opened(str(checked(name, folder)))


def opened(network: str | bytes) -> Any:
    """An onnxruntime session on one thread of the CPU: the worker shares two cores with everything else.

    `network`: ONNX, or the name of its file. Raises what onnxruntime raises for a file that is none.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # What is not in use is given back: 12 MB of a process that reads print, at no cost in time.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "manifest.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path}: {error}; install the package again") from error


def _fix_hint(entry: dict[str, Any]) -> str:
    if entry["shipped"]:
        return "install the package again"
    return "in a checkout run tools/fetch_models.py; on a gate install the package again"
