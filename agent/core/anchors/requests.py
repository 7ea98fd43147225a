"""Requests to the helper that stores trust anchors, and its answers: one line of JSON each."""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.core.anchors.change_document import SIGNATURES_LIMIT, TEXT_LIMIT
from agent.core.crypto import strict_json
from agent.core.detail import DetailMessage
from drivers.text import Text

REQUEST_LIMIT_BYTES: Final = SIGNATURES_LIMIT * (TEXT_LIMIT + 16) + 256


class RequestInvalidError(ValueError):
    """The bytes are no request, or no answer. The message never repeats them."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class ChangeRequest(_Line):
    """Change the anchors as these signed texts say."""

    op: Literal["change"] = "change"
    signatures: tuple[Annotated[str, Field(max_length=TEXT_LIMIT)], ...] = Field(
        min_length=1, max_length=SIGNATURES_LIMIT
    )


class SealRequest(_Line):
    """A real vehicle has been there: no single person changes anything from now on."""

    op: Literal["seal"] = "seal"


class HelperAnswer(_Line):
    """`fault`: why it was not done, in one word, "" where it was; `why`: in English. `number`: that of the anchors.

    `message`: what `why` was made of, for a reader of another language.
    """

    done: bool
    number: int = 0
    fault: str = Field(default="", max_length=64)
    why: str = Field(default="", max_length=1000)
    message: DetailMessage = None


_Request: TypeAlias = Annotated[ChangeRequest | SealRequest, Field(discriminator="op")]
_REQUEST: Final[TypeAdapter[ChangeRequest | SealRequest]] = TypeAdapter(_Request)


def parsed_request(data: bytes) -> ChangeRequest | SealRequest:
    """The request of a line. Raises RequestInvalidError."""
    if len(data) > REQUEST_LIMIT_BYTES:
        raise RequestInvalidError(Text("it has more than {bytes_limit} bytes", bytes_limit=REQUEST_LIMIT_BYTES))
    try:
        strict_json.decode(data)
        return _REQUEST.validate_json(data)
    except ValidationError as error:
        raise RequestInvalidError(error.errors(include_url=False, include_input=False)[0]["type"]) from None
    except ValueError as error:
        raise RequestInvalidError(str(error)) from None


def request_bytes(request: ChangeRequest | SealRequest) -> bytes:
    """The line of a request, with its end."""
    return json.dumps(request.model_dump(), separators=(",", ":")).encode() + b"\n"


def answer_bytes(answer: HelperAnswer) -> bytes:
    """The line of an answer, with its end. What is not known is left out: an earlier agent may be who asks."""
    return answer.model_dump_json(exclude_none=True).encode() + b"\n"


def parsed_answer(data: bytes) -> HelperAnswer:
    """The answer of a line. Raises RequestInvalidError."""
    try:
        return HelperAnswer.model_validate_json(data)
    except ValidationError:
        raise RequestInvalidError(Text("it is not an answer of the helper")) from None
