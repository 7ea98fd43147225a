"""Peers that others wrote in Python, installed from their hashes into build/peers, beside what the tests have."""

import hashlib
import subprocess
import sys

import pytest

from tests.support.mqtt.peers_node import BUILD, INSTALL_S, PEERS
from tools.deb.environment import one_at_a_time


def python_peer(name):
    """The folder of a peer's packages; skips with the reason where they cannot be installed here."""
    wanted = PEERS / name / "requirements.txt"
    folder = BUILD / f"{name}-python"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    with one_at_a_time(folder):
        stamp = folder / "installed.sha256"
        if not stamp.exists() or stamp.read_text() != digest:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--upgrade"]
            try:
                subprocess.run(
                    [*command, "--target", folder, "--requirement", wanted],
                    check=True,
                    capture_output=True,
                    text=True,
                    timeout=INSTALL_S,
                )
            except subprocess.CalledProcessError as error:
                pytest.skip(f"pip cannot install {name}: {error.stderr.splitlines()[-1:]}")
            except subprocess.TimeoutExpired:
                pytest.skip(f"pip did not install {name} within {INSTALL_S} s")
            stamp.write_text(digest)
    return folder
