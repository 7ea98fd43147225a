"""The file of the trust anchors: `anchors.toml` in a folder beside that of the configuration, which is root's alone.

The folder of the configuration belongs to the agent's group, who could put another file in the place of any in it. So
the anchors of /etc/gate-agent/gate.toml are in /etc/gate-agent-anchors. They count while root alone can change them.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from agent.core.anchors import CA_KEYS
from agent.service.privileges import ROOT, owner_of
from agent.settings.model.anchors import AnchorValueError, anchors_of
from agent.settings.toml.files import LARGEST_BYTES
from agent.settings.toml.syntax import parse
from agent.store.durable_files import open_regular
from drivers.text import Text, reason

if TYPE_CHECKING:
    from pathlib import Path

    from agent.core.anchors import HeldAnchors

FILE: Final = "anchors.toml"
SUFFIX: Final = "-anchors"
NOT_ROOTS: Final = Text("must belong to root, and only root may write it")


class AnchorsUnusableError(OSError):
    """The anchors are there and cannot be used: they are not root's alone, cannot be read, or are not of their form."""


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """Anchors and the folder that they were read from."""

    folder: Path
    held: HeldAnchors

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE


def anchors_folder(main: Path) -> Path:
    """The folder of the anchors of a configuration: beside the folder of its first file."""
    folder = main.absolute().parent
    return folder.with_name(f"{folder.name}{SUFFIX}")


def read_anchors(folder: Path, owner: int = ROOT) -> AnchorFile | None:
    """The anchors in a folder; None where it has none. `owner`: who alone may write there.

    Raises AnchorsUnusableError.
    """
    path = folder / FILE
    try:
        if owner == ROOT and path.exists() and owner_of(path) is not None:
            raise _unusable(path, NOT_ROOTS)
        with open_regular(path) as file:
            _check_owned(path, os.fstat(file.fileno()), owner)
            _check_owned(folder, folder.stat(), owner)
            raw = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    except AnchorsUnusableError:
        raise
    except OSError as error:
        raise _unusable(path, Text("cannot be read: {why}", why=reason(error))) from None
    return AnchorFile(folder, _parsed(path, raw))


def ca_files(held: HeldAnchors) -> dict[str, tuple[str, bytes]]:
    """The files of certificates that anchors need beside theirs: name and content, by dotted key.

    A name is made of what is in the file, so that no other content ever comes to stand under it.
    """
    found = {}
    for key in CA_KEYS.values():
        pem = held.values.get(key)
        if isinstance(pem, str):
            name = f"{key.partition('.')[0]}-ca-{sha256(pem.encode()).hexdigest()[:32]}.pem"
            found[key] = (name, pem.encode())
    return found


def _check_owned(path: Path, status: os.stat_result, owner: int) -> None:
    if status.st_uid != owner or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(path, NOT_ROOTS)


def _parsed(path: Path, raw: bytes) -> HeldAnchors:
    if len(raw) > LARGEST_BYTES:
        raise _unusable(path, Text("It is larger than {largest_kb} kB", largest_kb=LARGEST_BYTES // 1024))
    with suppress(UnicodeDecodeError):
        data, problems = parse(str(path), raw.decode())
        if problems:
            raise _unusable(path, problems[0].message)
        try:
            return anchors_of(data)
        except AnchorValueError as error:
            raise _unusable(path, Text("{key}: {what}", key=error.key, what=Text.of(str(error)))) from None
    raise _unusable(path, Text("expected UTF-8 text"))


def _unusable(path: Path, why: Text) -> AnchorsUnusableError:
    return AnchorsUnusableError(0, why, str(path))
