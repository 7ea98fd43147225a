"""Whether this machine has what a proof needs, found out by trying."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.proofs.proof import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tools.proofs.proof import Proof

ROOT: Final = Path(__file__).resolve().parents[2]
GB: Final = 1e9
_TRIAL: Final = ("unshare", "--mount", "--net", "--pid", "--fork", "true")


def why_not(proofs: Iterable[Proof], free_gb: float, lacking: Mapping[Need, str]) -> dict[str, str]:
    """Why proofs cannot run, by name; those that can are left out. `lacking`: the needs that are not met, and why."""
    found = {}
    for proof in proofs:
        whys = [lacking[need] for need in proof.needs if need in lacking]
        if free_gb < proof.disk_gb:
            whys.append(f"it needs {proof.disk_gb:g} GB of disk, and {free_gb:.1f} GB are free")
        if whys:
            found[proof.name] = "; ".join(dict.fromkeys(whys))
    return found


def lacking() -> dict[Need, str]:
    """The needs that are not met here, each with the reason."""
    return {need: why for need, probe in _PROBES.items() if (why := probe())}


def free_gb() -> float:
    """The room on the disk of the checkout."""
    return shutil.disk_usage(ROOT).free / GB


def _root() -> str:
    return "" if os.geteuid() == 0 else "it needs root"


def _namespaces() -> str:
    if shutil.which(_TRIAL[0]) is None:
        return "unshare is not installed (Debian: util-linux)"
    done = subprocess.run(_TRIAL, check=False, capture_output=True, text=True)
    return f"no namespaces can be made here: {done.stderr.strip()}" if done.returncode else ""


def _containers() -> str:
    """systemd-nspawn itself is installed by the proof."""
    if not Path("/lib/systemd/systemd").exists():
        return "this system has no systemd to boot in a container"
    if "overlay" not in Path("/proc/filesystems").read_text(encoding="ascii").split():
        return "the kernel has no overlay file system"
    return _namespaces()


def _pictures() -> str:
    folder = ROOT.parent / "shared" / "data"
    missing = [name for name in ("qr", "plates") if not (folder / name).is_dir()]
    return f"there are no labelled photographs in ../shared/data: {' and '.join(missing)}" if missing else ""


_PROBES: Final[Mapping[Need, Callable[[], str]]] = {
    Need.ROOT: _root,
    Need.NAMESPACES: _namespaces,
    Need.CONTAINERS: _containers,
    Need.PICTURES: _pictures,
}
