"""Texts for people in records and messages: the English text, and the message it was made from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_serializer,
)

from drivers.text import Text


def _kept(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    return value if isinstance(value, Text) else handler(value)


Detail = Annotated[str, WrapValidator(_kept)]
"""Words for people, in English: a `Text` stays one, so that it is written with the message that it was made of."""


class Message(BaseModel):
    """The message behind a text. A reader with the gate's catalogues can show it in another language."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(
        description="The English text with a `{name}` for each value: the message id in the gate's catalogues."
    )
    args: dict[str, JsonValue] = Field(
        default={}, description="The values by name: a text, a number, or an object that is itself a message."
    )


DetailMessage = Annotated[
    Message | None,
    Field(
        description="The message behind `detail`, for translation. The gate adds it, and leaves it out if it has only "
        "the text."
    ),
]


class WithDetail(BaseModel):
    """Base of what says something in words: it is written with the message of its detail, where that is known."""

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        detail = getattr(self, "detail", "")
        # Absent too, where who writes leaves out all that is None.
        message = written.get("message")
        if message is None and isinstance(detail, Text):
            message = message_of(detail)
        if message is None:
            written.pop("message", None)
        else:
            written["message"] = message
        return written


def message_of(text: Text) -> dict[str, Any] | None:
    """The fields of the message that a text is; None for one that needs a context or a number to be found."""
    if text.context or text.number is not None:
        return None
    return {"id": text.pattern, "args": {name: _argument(value) for name, value in text.values.items()}}


def detail_message(words: str) -> Message | None:
    """The message that words were made of; None where that is not known."""
    fields = message_of(words) if isinstance(words, Text) else None
    return None if fields is None else Message.model_validate(fields)


def _argument(value: object) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Text):
        return message_of(value) or str.__str__(value)
    return value if isinstance(value, bool | int | float) else str(value)
