"""What the commands of the trust anchors share: with whose rights files are touched, and how anchors are shown."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.anchors import AnchorStore
from agent.cli.terminal import echo, fail
from agent.core.anchors import fingerprints
from agent.service.privileges import ROOT, Account, acting_as, owner_for_root
from agent.settings import anchors_folder, read, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from agent.core.anchors import AnchorDifference, HeldAnchors


def store_of(configuration: Path) -> AnchorStore:
    """The store of a gate's anchors."""
    return AnchorStore(anchors_folder(configuration))


def see_root(command: str) -> None:
    """End the command where it is not root's: nobody else may write the anchors."""
    if os.geteuid() != ROOT:
        fail(command, "only root may do this at a gate: run it with sudo")


def root_name() -> str:
    """Who is root here."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


@contextmanager
def as_agent(configuration: Path) -> Iterator[None]:
    """Act with the rights of the user who keeps the gate's files, for a while: none of them is opened as root."""
    with acting_as(_keeper(configuration)):
        yield


def _keeper(configuration: Path) -> Account | None:
    """Who beside root can change the configuration, a file that it includes, or the state; None: nobody."""
    found = owner_for_root(configuration)
    if found is None:  # root alone has written the first file, so root may read it
        files = (one.path for one in read(configuration).files)
        found = owner_for_root(*files, state_directory(configuration, os.environ))
    return found


def show_anchors(held: HeldAnchors) -> None:
    """Print all anchors, keys and certificates by their fingerprints."""
    for key, value in held.values.items():
        entries = fingerprints(key, value) or ("none",)
        echo(f"{key:<24} {entries[0]}")
        for entry in entries[1:]:
            echo(f"{'':<24} {entry}")


def show_differences(found: Iterable[AnchorDifference], *, err: bool = False) -> None:
    """Print what is another, old and new."""
    for one in found:
        gone = [entry for entry in one.before if entry not in one.after]
        new = [entry for entry in one.after if entry not in one.before]
        kept = [entry for entry in one.before if entry in one.after]
        echo(one.key, err=err)
        for sign, entries in (("-", gone), ("+", new), (" ", kept)):
            for entry in entries:
                echo(f"  {sign} {entry}", err=err)
