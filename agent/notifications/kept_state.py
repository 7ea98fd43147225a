"""What is kept beside the journal: how far it was read, what is so, and what is not sent yet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.core.notices import Outbox, Watch
from agent.store.durable_files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "notifications.json"
_MOST_BYTES: Final = 8 << 20


class KeptState(BaseModel):
    """`stream`, `seq`: of the last event that was looked at; "": none was. `outboxes`: by channel."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    stream: str = ""
    seq: int = 0
    watch: Watch = Watch()
    outboxes: dict[str, Outbox] = {}


def load(path: Path) -> KeptState | None:
    """What was kept; None where nothing was. Raises OSError, and ValueError for what cannot be read as that."""
    try:
        with open_regular(path) as file:
            raw = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(raw) > _MOST_BYTES:
        raise ValueError(f"{path} is larger than {_MOST_BYTES} bytes")
    try:
        return KeptState.model_validate_json(raw)
    except ValidationError as error:
        raise ValueError(f"{path} is not what the agent wrote: {error.error_count()} errors") from error


def keep(path: Path, state: KeptState) -> None:
    """Replace the file in one step: after a power cut it is the old one or the new one. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(state.model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
