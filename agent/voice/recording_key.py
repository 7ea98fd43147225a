"""What a recording is called: a message in a language, and the name of its file."""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple, Self

from typing_extensions import override

from agent.core.model import DriverMessage
from agent.i18n import Language
from drivers.text import Text

ENDING = ".wav"


class RecordingError(Exception):
    """There is no recording that can be played; says why, and what to do."""


class RecordingKey(NamedTuple):
    """One sentence in one language; as a text `ru/show_code`, which is its file's path without the ending."""

    language: Language
    message: DriverMessage

    @override
    def __str__(self) -> str:
        """The name."""
        return f"{self.language}/{self.message}"

    @property
    def file(self) -> str:
        """The path of its file below a folder of recordings."""
        return f"{self}{ENDING}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a name. Raises ValueError, which says what there is."""
        language, slash, message = text.partition("/")
        if not slash:
            raise ValueError(Text('expected a name such as "ru/show_code"'))
        if language not in set(Language):
            there = ", ".join(Language)
            raise ValueError(Text("no language {language!r}; expected one of {there}", language=language, there=there))
        spoken = [one.value for one in spoken_messages()]
        if message not in spoken:
            near = get_close_matches(message, spoken, 1)
            if near:
                raise ValueError(Text("no message {message!r}; did you mean {near}?", message=message, near=near[0]))
            raise ValueError(
                Text("no message {message!r}; expected one of {there}", message=message, there=", ".join(spoken))
            )
        return cls(Language(language), DriverMessage(message))


def spoken_messages() -> tuple[DriverMessage, ...]:
    """The messages that have one sentence each; what central sends is another for each vehicle."""
    return tuple(message for message in DriverMessage if message is not DriverMessage.FROM_CENTRAL)


def all_keys() -> tuple[RecordingKey, ...]:
    """Every sentence in every language, in their order."""
    return tuple(RecordingKey(language, message) for language in Language for message in spoken_messages())
