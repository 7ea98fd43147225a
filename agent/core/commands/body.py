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
        description="A UUID in small letters, new with every command. A repeat of the same bytes is the same command.",
    ),
]
Words = Annotated[str, AfterValidator(_one_line)]
WordsForDriver = Annotated[str, Field(min_length=1, max_length=DISPLAY_TEXT_LIMIT), AfterValidator(_to_be_read)]
Unix = Annotated[int, Field(ge=0, le=UTC_MAX)]
Lane = Annotated[str, Field(min_length=1, max_length=64, description="Name of the lane, as `birth` gives it.")]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SignedUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=UPLOAD_URL_LIMIT,
        pattern=r"^https?://[!-~]+$",
        description="Where to PUT it: a presigned URL. Anyone who knows it may write there, so it is kept nowhere.",
    ),
]
ForSeconds = Annotated[
    int, Field(ge=1, le=UPLOAD_FOR_LIMIT_S, description="For how long the URLs hold, from when the command arrives.")
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class NoArguments(_Strict):
    """For commands that need none."""


class ReplayArguments(_Strict):
    """Which events to send again, both ends included."""

    stream: str = Field(min_length=1, max_length=64, description="The stream that they belong to.")
    first: int = Field(ge=1, le=SEQ_MAX)
    last: int = Field(ge=1, le=SEQ_MAX)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last must not be before first")
        return self


class SendEvidenceArguments(_Strict):
    """Which pictures to send, by the SHA-256 that events name."""

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
    """What to tell the driver at the lane, and for how long."""

    texts: dict[Literal["en", "zh", "ru", "kk"], WordsForDriver] = Field(
        default={},
        description="The text by language. Which of them are shown goes by the vehicle's plate and the lane.",
    )
    message: SayableMessage | None = Field(
        default=None, description="One of the gate's own messages in place of texts; null: the texts are meant."
    )
    seconds: int = Field(
        ge=0, le=DISPLAY_FOR_LIMIT_S, description="For how long; 0, and no texts: to take off what is shown."
    )
    transaction: str | None = Field(
        default=None,
        pattern=r"^[0-9]{20}$",
        description="Whose driver is meant; null: the one who is there when the command arrives.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.message is not None and self.texts:
            raise ValueError("a message or texts, not both")
        if bool(self.texts or self.message) is not bool(self.seconds):
            raise ValueError("texts need seconds above 0, and seconds need texts; with neither, what is shown goes off")
        return self


class SendBundleArguments(_Strict):
    """Where a support bundle is to go; without a URL it waits for a grant, or goes over MQTT."""

    url: SignedUrl | None = None
    for_s: ForSeconds = 3600


class UploadPlace(_Strict):
    """Where one picture or bundle is to go."""

    sha256: Sha256Hex = Field(description="Its SHA-256, as `uploads_wanted` of `status` or an event names it.")
    url: SignedUrl


class UploadGrantArguments(_Strict):
    """Where pictures and bundles are to go, one URL each."""

    uploads: tuple[UploadPlace, ...] = Field(min_length=1, max_length=UPLOADS_LIMIT)
    for_s: ForSeconds

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({place.sha256 for place in self.uploads}) != len(self.uploads):
            raise ValueError("expected each sha256 once")
        return self


class SnapshotArguments(_Strict):
    """Which camera of the lane to take a picture from."""

    camera: str = Field(min_length=1, max_length=64, description="Name of the camera, as `birth` gives it.")


class SetLogLevelArguments(_Strict):
    """The least that the gate logs."""

    level: Literal["debug", "info", "warning", "error"]
    for_s: int = Field(ge=0, le=LOG_FOR_LIMIT_S, description="For how long; 0: until the next start.")


class EraseArguments(_Strict):
    """Which personal values to erase: those of some events, or what belongs to one plate, VIN, declaration or name."""

    digest: Sha256Hex | None = Field(
        default=None,
        description="SHA-256 of the normal form of a plate, a VIN, a declaration or a name: its letters and digits "
        "alone, in capitals (NFKC), as UTF-8. Of a vehicle, all goes that the events of its transactions say about it. "
        "null: all values of the events.",
    )
    stream: str | None = Field(
        default=None, min_length=1, max_length=64, description="The stream of the events; null: only with a digest."
    )
    first: int | None = Field(default=None, ge=1, le=SEQ_MAX, description="The first event; null: the first there is.")
    last: int | None = Field(default=None, ge=1, le=SEQ_MAX, description="The last event; null: the last there is.")

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
    """What every command says."""

    id: CommandId
    operator: Words = Field(min_length=1, max_length=64, description="Who orders it; goes into the events.")
    cause: Words = Field(min_length=1, max_length=200, description="Why; goes into the events.")
    counter: int = Field(ge=1, le=COUNTER_MAX, description="Higher than in every accepted command of the same key.")
    iat: Unix = Field(description="When it was made, Unix seconds.")
    exp: Unix = Field(description="From when on it must not be obeyed any more, Unix seconds.")
    traceparent: Annotated[str | None, BeforeValidator(_right_parent)] = Field(
        default=None,
        description="The sender's trace, W3C Trace Context version 00; one that is not right is left aside. Only for "
        "gates whose `birth` names it in `commands.optional`.",
    )
    tracestate: Annotated[str | None, BeforeValidator(_text_or_none)] = Field(
        default=None, description="What the sender's tracing says beside `traceparent`, 512 characters at most."
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
    """What every command to one gate says besides."""

    gate: str = Field(min_length=1, max_length=64, description="The gate that is to obey.")
    challenge: str = Field(min_length=1, max_length=64, description="The challenge in the gate's current `status`.")


class LaneBody(GateBody):
    """The body of a command that moves or marks a lane."""

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
