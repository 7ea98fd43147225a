"""Requests to the helper that installs software, and its answers: one line of JSON each."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.core.crypto import strict_json
from agent.core.detail import DetailMessage
from agent.core.fleet import LONGEST_SIGNED
from agent.core.software.update_stages import UpdateOutcome, UpdateStage
from drivers.text import Text

REQUEST_LIMIT_BYTES: Final = LONGEST_SIGNED + 256


class SoftwareRequestError(ValueError):
    """The bytes are no request, or no answer. The message never repeats them."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BeginRequest(_Line):
    """Install what this signed document orders, from the files that come with it. `connected`: to a broker, now."""

    op: Literal["begin"] = "begin"
    document: str = Field(max_length=LONGEST_SIGNED)
    connected: bool


class WordRequest(_Line):
    """How the agent is, and the question how the update is. `at_rest`: no vehicle comes before it is stopped."""

    op: Literal["word"] = "word"
    at_rest: bool
    connected: bool


class SoftwareAnswer(_Line):
    """`fault`: why it was not done, in one word, "" where it was; `why`: in English, made of `message` where known.

    `stage`, `identity`: of the update that is under way, and of its document; None, "": there is none. `outcome`: of
    the last one.
    """

    done: bool
    fault: str = Field(default="", max_length=64)
    why: str = Field(default="", max_length=1000)
    message: DetailMessage = None
    stage: UpdateStage | None = None
    identity: str = ""
    outcome: UpdateOutcome | None = None


_Request: TypeAlias = Annotated[BeginRequest | WordRequest, Field(discriminator="op")]
_REQUEST: Final[TypeAdapter[BeginRequest | WordRequest]] = TypeAdapter(_Request)


def parsed_request(data: bytes) -> BeginRequest | WordRequest:
    """The request of a line. Raises SoftwareRequestError."""
    if len(data) > REQUEST_LIMIT_BYTES:
        raise SoftwareRequestError(Text("it has more than {bytes_limit} bytes", bytes_limit=REQUEST_LIMIT_BYTES))
    try:
        strict_json.decode(data)
        return _REQUEST.validate_json(data, strict=True)
    except ValidationError as error:
        raise SoftwareRequestError(error.errors(include_url=False, include_input=False)[0]["type"]) from None
    except ValueError as error:
        raise SoftwareRequestError(str(error)) from None


def request_bytes(request: BeginRequest | WordRequest) -> bytes:
    """The line of a request, with its end."""
    return request.model_dump_json().encode() + b"\n"


def answer_bytes(answer: SoftwareAnswer) -> bytes:
    """The line of an answer, with its end. What is not known is left out: an earlier agent may be who asks."""
    return answer.model_dump_json(exclude_none=True).encode() + b"\n"


def parsed_answer(data: bytes) -> SoftwareAnswer:
    """The answer of a line. Raises SoftwareRequestError."""
    try:
        return SoftwareAnswer.model_validate_json(data)
    except ValidationError:
        raise SoftwareRequestError(Text("it is not an answer of the helper")) from None
