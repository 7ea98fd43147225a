"""Requests to erase personal values, left in the state folder by whoever may write there, and their answers."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.model import SEQ_MAX
from agent.store.durable_files import open_regular, set_aside, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

FOLDER: Final = "erasure"
_REQUEST: Final = ".request"
_ANSWER: Final = ".answer"
_MOST_BYTES: Final = 4_096
Words = Annotated[str, Field(min_length=1, max_length=200)]


class ErasureRequest(BaseModel):
    """What is to be erased, and who wants it. `first`, `last`, `digest`: as in ErasureScope."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    id: str = Field(pattern=r"^[0-9a-f-]{1,64}$")
    operator: Annotated[str, Field(min_length=1, max_length=64)]
    cause: Words
    first: int = Field(default=1, ge=1, le=SEQ_MAX)
    last: int = Field(default=SEQ_MAX, ge=1, le=SEQ_MAX)
    digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


@dataclass(frozen=True, slots=True)
class ErasureAnswer:
    """What went. `copies`: damaged journals that had been set aside. `trouble`: why not all of it, "" for nothing."""

    values: int
    events: int
    pictures: int = 0
    copies: int = 0
    trouble: str = ""

    def with_pictures(self, pictures: int) -> ErasureAnswer:
        """The same, with so many pictures."""
        return replace(self, pictures=pictures)


class ErasureRequests:
    """The folder of requests below a state folder. A request stays until it is answered, over any restart."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def leave(self, request: ErasureRequest) -> None:
        """Leave a request for the agent that runs, or runs next. Raises OSError."""
        self._folder.mkdir(mode=0o750, exist_ok=True)
        self._write(f"{request.id}{_REQUEST}", request.model_dump_json())

    def waiting(self) -> Iterator[ErasureRequest]:
        """The requests that wait, in the order of their ids. One that cannot be read is put aside, with a line."""
        for path in sorted(self._folder.glob(f"*{_REQUEST}")):
            try:
                with open_regular(path) as file:
                    request = ErasureRequest.model_validate_json(file.read(_MOST_BYTES))
                if path.name != f"{request.id}{_REQUEST}":
                    raise ValueError("its id is not that of its name")  # noqa: TRY301 - told below, like the others
            except (OSError, ValidationError, ValueError) as error:
                log.error("a request to erase values cannot be read: %s: %s", path, error)  # noqa: TRY400 - no bug
                set_aside(path)
                continue
            yield request

    def answer(self, request: ErasureRequest, answer: ErasureAnswer) -> None:
        """Answer a request, and take it out. Trouble with the disk goes into the log: it is done again then."""
        said = {name: getattr(answer, name) for name in answer.__slots__}
        try:
            self._write(f"{request.id}{_ANSWER}", json.dumps(said))
            (self._folder / f"{request.id}{_REQUEST}").unlink(missing_ok=True)
        except OSError as error:
            log.error("a request to erase values cannot be answered: %s", error)  # noqa: TRY400 - no bug

    def answered(self, request: ErasureRequest) -> ErasureAnswer | None:
        """Take the answer to a request; None: there is none yet. Raises OSError, ValueError for a damaged one."""
        path = self._folder / f"{request.id}{_ANSWER}"
        try:
            with open_regular(path) as file:
                said = json.loads(file.read(_MOST_BYTES))
        except FileNotFoundError:
            return None
        path.unlink(missing_ok=True)
        return ErasureAnswer(**said)

    def _write(self, name: str, text: str) -> None:
        fresh = self._folder / f"{name}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o640)
        fresh.rename(self._folder / name)
        sync_folder(self._folder)
