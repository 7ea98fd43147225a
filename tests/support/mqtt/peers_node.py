"""Peers that others wrote for Node.js, installed from their locks into build/peers."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.deb.environment import one_at_a_time

PEERS = Path(__file__).parent.parent.parent / "peers"
BUILD = Path(__file__).parents[3] / "build" / "peers"
INSTALL_S = 110


def peer(name):
    """The folder of a peer with what it needs installed; skips with the reason where that is not possible here."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    source, folder = PEERS / name, BUILD / name
    with one_at_a_time(folder):  # several runs of the tests may share it
        _install(source, folder)
    return folder


def _install(source, folder):
    stamp = folder / "node_modules" / "installed.sha256"  # it goes with what it says is there
    wanted = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(source / file, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.CalledProcessError as error:
            reason, *_ = error.stderr.splitlines() or [f"exit code {error.returncode}"]
            pytest.skip(f"npm cannot install {source.name}: {reason}")
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {source.name} within {INSTALL_S} s")
        stamp.write_text(wanted)
    for script in source.glob("*.mjs"):
        if not (there := folder / script.name).exists() or there.read_bytes() != script.read_bytes():
            shutil.copy(script, folder)
