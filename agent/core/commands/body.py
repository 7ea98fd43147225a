"""The body of a command that central signs, as strict models: one for each form of command.

The models refuse extra fields.
"""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
    model_validator,
)

from agent.core.model import SEQ_MAX, CommandName, DriverMessage, TraceContext, trace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PICTURES_LIMIT = 64
LOG_FOR_LIMIT_S = 86_400
DISPLAY_FOR_LIMIT_S = 600
DISPLAY_TEXT_LIMIT = 120
UPLOADS_LIMIT = 16
UPLOAD_URL_LIMIT = 2_048
UPLOAD_FOR_LIMIT_S = 604_800
COUNTER_MAX = 2**63 - 1
UTC_MAX = 253_402_300_799
# Control characters, characters that only steer how others are shown, halves of pairs, and breaks of lines.
_NOT_FOR_PEOPLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _one_line(text: str) -> str:
    if any(unicodedata.category(sign) in _NOT_FOR_PEOPLE for sign in text):
        raise ValueError("expected one line of visible characters")
    return text


def _to_be_read(text: str) -> str:
    if not text.strip() or text != text.strip():
        raise ValueError("expected words, without blanks around them")
    return _one_line(text)


def _right_parent(value: object) -> object:
    """A `traceparent` as it came; None for anything else: nothing is refused for it."""
    return None if trace_of(value) is None else value


def _text_or_none(value: object) -> object:
    return value if isinstance(value, str) else None


TRACE_FIELDS = ("traceparent", "tracestate")
"""The fields of a body that gates of earlier versions refuse; left out where they say nothing."""

CommandId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        description="A UUID in lower case, new with every command. The same bytes again are the same command.",
    ),
]
Words = Annotated[str, AfterValidator(_one_line)]
WordsForDriver = Annotated[str, Field(min_length=1, max_length=DISPLAY_TEXT_LIMIT), AfterValidator(_to_be_read)]
Unix = Annotated[int, Field(ge=0, le=UTC_MAX)]
Lane = Annotated[str, Field(min_length=1, max_length=64, description="The name of the lane, as in `birth`.")]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SignedUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=UPLOAD_URL_LIMIT,
        pattern=r"^https?://[!-~]+$",
        description="The presigned URL for the PUT. Anyone who knows it may write there, so the gate never stores it.",
    ),
]
ForSeconds = Annotated[
    int,
    Field(
        ge=1, le=UPLOAD_FOR_LIMIT_S, description="How long the URLs are valid, in seconds after the command arrives."
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class NoArguments(_Strict):
    """The command takes no arguments."""


class ReplayArguments(_Strict):
    """Which events to send again. `first` and `last` are included."""

    stream: str = Field(min_length=1, max_length=64, description="The stream of the events.")
    first: int = Field(ge=1, le=SEQ_MAX)
    last: int = Field(ge=1, le=SEQ_MAX)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last must not be before first")
        return self


class SendEvidenceArguments(_Strict):
    """Which pictures to send, by their SHA-256 from the events."""

    pictures: tuple[Sha256Hex, ...] = Field(min_length=1, max_length=PICTURES_LIMIT)


SayableMessage: TypeAlias = Literal[
    DriverMessage.SHOW_CODE,
    DriverMessage.HOLD_CODE_STILL,
    DriverMessage.CHECKING,
    DriverMessage.WAIT,
    DriverMessage.WAIT_FOR_OFFICER,
    DriverMessage.OTHER_LANE,
    DriverMessage.LANE_BUSY,
    DriverMessage.LANE_CLOSED,
    DriverMessage.TURN_BACK,
    DriverMessage.KEEP_CLEAR,
    DriverMessage.STOP_FOR_OFFICER,
    DriverMessage.OUT_OF_ORDER,
]
"""The messages of the gate's own that central may have shown: none by which a driver could believe that he may drive
on, and none that says what only the gate can know, such as that a code is not valid."""
SAYABLE_MESSAGES: tuple[DriverMessage, ...] = get_args(SayableMessage)


class DisplayArguments(_Strict):
    """What to show the driver at the lane, and for how long."""

    texts: dict[Literal["en", "zh", "ru", "kk"], WordsForDriver] = Field(
        default={},
        description="The text in each language. The plate of the vehicle and the lane decide which languages are "
        "shown.",
    )
    message: SayableMessage | None = Field(
        default=None, description="One of the gate's own messages instead of `texts`. Null if `texts` applies."
    )
    seconds: int = Field(
        ge=0,
        le=DISPLAY_FOR_LIMIT_S,
        description="How long to show it, in seconds. 0, without texts, removes what is shown.",
    )
    transaction: str | None = Field(
        default=None,
        pattern=r"^[0-9]{20}$",
        description="The transaction whose driver the message is for. Null for the driver who is there when the "
        "command arrives.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.message is not None and self.texts:
            raise ValueError("a message or texts, not both")
        if bool(self.texts or self.message) is not bool(self.seconds):
            raise ValueError("texts need seconds above 0, and seconds need texts; with neither, what is shown goes off")
        return self


class SendBundleArguments(_Strict):
    """Where to send a support bundle. Without a URL the bundle waits for an `upload_grant`, or goes over MQTT."""

    url: SignedUrl | None = None
    for_s: ForSeconds = 3600


class UploadPlace(_Strict):
    """The URL for one picture or bundle."""

    sha256: Sha256Hex = Field(
        description="SHA-256 of the picture or bundle, as in `uploads_wanted` of `status` or in an event."
    )
    url: SignedUrl


class UploadGrantArguments(_Strict):
    """The URLs for pictures and bundles, one each."""

    uploads: tuple[UploadPlace, ...] = Field(min_length=1, max_length=UPLOADS_LIMIT)
    for_s: ForSeconds

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({place.sha256 for place in self.uploads}) != len(self.uploads):
            raise ValueError("expected each sha256 once")
        return self


class SnapshotArguments(_Strict):
    """Which camera of the lane takes the picture."""

    camera: str = Field(min_length=1, max_length=64, description="The name of the camera, as in `birth`.")


class SetLogLevelArguments(_Strict):
    """The lowest level that the gate logs."""

    level: Literal["debug", "info", "warning", "error"]
    for_s: int = Field(
        ge=0, le=LOG_FOR_LIMIT_S, description="How long the level applies, in seconds. 0: until the next start."
    )


class EraseArguments(_Strict):
    """Which personal values to erase: those of some events, or those of one plate, VIN, declaration or name."""

    digest: Sha256Hex | None = Field(
        default=None,
        description="SHA-256 of the normal form of a plate, a VIN, a declaration or a name: only its letters and "
        "digits, in capitals (NFKC), as UTF-8. For a vehicle, the gate erases all that the events of its "
        "transactions say about it. Null for all values of the events.",
    )
    stream: str | None = Field(
        default=None, min_length=1, max_length=64, description="The stream of the events. Null only with a digest."
    )
    first: int | None = Field(
        default=None, ge=1, le=SEQ_MAX, description="The first event. Null for the first event of the stream."
    )
    last: int | None = Field(
        default=None, ge=1, le=SEQ_MAX, description="The last event. Null for the last event of the stream."
    )

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.digest is None and None in (self.stream, self.first, self.last):
            raise ValueError("give a digest, or stream, first and last")
        if self.stream is None and (self.first, self.last) != (None, None):
            raise ValueError("first and last need their stream")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("last must not be before first")
        return self


class SignedBody(_Strict):
    """The fields of every command."""

    id: CommandId
    operator: Words = Field(min_length=1, max_length=64, description="Who orders the command. The events show it.")
    cause: Words = Field(min_length=1, max_length=200, description="Why the command is ordered. The events show it.")
    counter: int = Field(
        ge=1, le=COUNTER_MAX, description="A number higher than in every accepted command of the same key."
    )
    iat: Unix = Field(description="When the command was made, in Unix seconds.")
    exp: Unix = Field(description="When the command expires, in Unix seconds. From then on the gate refuses it.")
    traceparent: Annotated[str | None, BeforeValidator(_right_parent)] = Field(
        default=None,
        description="The trace of the sender: W3C Trace Context, version 00. The gate ignores an invalid one. Send "
        "it only to gates whose `birth` lists it in `commands.optional`.",
    )
    tracestate: Annotated[str | None, BeforeValidator(_text_or_none)] = Field(
        default=None, description="The `tracestate` of the sender's trace, 512 characters at most."
    )

    @property
    def trace(self) -> TraceContext | None:
        """The sender's trace; None where it carries none that is right."""
        return trace_of(self.traceparent, self.tracestate)

    @model_serializer(mode="wrap")
    def _without_no_trace(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {name: said for name, said in handler(self).items() if said is not None or name not in TRACE_FIELDS}

    @model_validator(mode="after")
    def _lives(self) -> Self:
        if self.exp <= self.iat:
            raise ValueError("exp must be after iat")
        return self


class GateBody(SignedBody):
    """The further fields of every command to one gate."""

    gate: str = Field(min_length=1, max_length=64, description="The gate that the command is for.")
    challenge: str = Field(min_length=1, max_length=64, description="The challenge in the gate's current `status`.")


class LaneBody(GateBody):
    """The body of a command that controls a lane."""

    name: Literal[
        CommandName.OPEN,
        CommandName.HOLD,
        CommandName.RELEASE,
        CommandName.CLOSE,
        CommandName.LOCK,
        CommandName.UNLOCK,
        CommandName.OUT_OF_SERVICE,
        CommandName.IN_SERVICE,
    ]
    lane: Lane
    arguments: NoArguments = NoArguments()


class DisplayBody(GateBody):
    """The body of `display`."""

    name: Literal[CommandName.DISPLAY]
    lane: Lane
    arguments: DisplayArguments


class SnapshotBody(GateBody):
    """The body of `snapshot`."""

    name: Literal[CommandName.SNAPSHOT]
    lane: Lane
    arguments: SnapshotArguments


class ReplayBody(GateBody):
    """The body of `replay`."""

    name: Literal[CommandName.REPLAY]
    lane: None = None
    arguments: ReplayArguments


class SendEvidenceBody(GateBody):
    """The body of `send_evidence`."""

    name: Literal[CommandName.SEND_EVIDENCE]
    lane: None = None
    arguments: SendEvidenceArguments


class ReloadListsBody(GateBody):
    """The body of `reload_lists`."""

    name: Literal[CommandName.RELOAD_LISTS]
    lane: None = None
    arguments: NoArguments = NoArguments()


class SetLogLevelBody(GateBody):
    """The body of `set_log_level`."""

    name: Literal[CommandName.SET_LOG_LEVEL]
    lane: None = None
    arguments: SetLogLevelArguments


class RebirthBody(GateBody):
    """The body of `rebirth`."""

    name: Literal[CommandName.REBIRTH]
    lane: None = None
    arguments: NoArguments = NoArguments()


class SendBundleBody(GateBody):
    """The body of `send_bundle`."""

    name: Literal[CommandName.SEND_BUNDLE]
    lane: None = None
    arguments: SendBundleArguments = SendBundleArguments()


class UploadGrantBody(GateBody):
    """The body of `upload_grant`."""

    name: Literal[CommandName.UPLOAD_GRANT]
    lane: None = None
    arguments: UploadGrantArguments


class EraseBody(GateBody):
    """The body of `erase`."""

    name: Literal[CommandName.ERASE]
    lane: None = None
    arguments: EraseArguments


CommandBody: TypeAlias = (
    LaneBody
    | DisplayBody
    | SnapshotBody
    | ReplayBody
    | SendEvidenceBody
    | ReloadListsBody
    | SetLogLevelBody
    | RebirthBody
    | SendBundleBody
    | UploadGrantBody
    | EraseBody
)

COMMAND_BODY: TypeAdapter[CommandBody] = TypeAdapter(Annotated[CommandBody, Field(discriminator="name")])
"""Reads any body and knows its JSON schema."""

BODIES: Mapping[CommandName, type[CommandBody]] = MappingProxyType(
    {
        CommandName.OPEN: LaneBody,
        CommandName.HOLD: LaneBody,
        CommandName.RELEASE: LaneBody,
        CommandName.CLOSE: LaneBody,
        CommandName.LOCK: LaneBody,
        CommandName.UNLOCK: LaneBody,
        CommandName.OUT_OF_SERVICE: LaneBody,
        CommandName.IN_SERVICE: LaneBody,
        CommandName.DISPLAY: DisplayBody,
        CommandName.SNAPSHOT: SnapshotBody,
        CommandName.REPLAY: ReplayBody,
        CommandName.SEND_EVIDENCE: SendEvidenceBody,
        CommandName.RELOAD_LISTS: ReloadListsBody,
        CommandName.SET_LOG_LEVEL: SetLogLevelBody,
        CommandName.REBIRTH: RebirthBody,
        CommandName.SEND_BUNDLE: SendBundleBody,
        CommandName.UPLOAD_GRANT: UploadGrantBody,
        CommandName.ERASE: EraseBody,
    }
)
"""The model of each command's body."""
