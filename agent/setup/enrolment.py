"""An enrolment as a technician asks for it: what is typed, what the gate does, and what to do about each refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from agent.enrolment import (
    AnswerError,
    CodeError,
    Endpoint,
    EnrolmentCode,
    EnrolmentStage,
    EstError,
    ExchangeError,
    PairError,
    ServerTrustError,
    WaitError,
)
from agent.setup import answers
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

ENROLMENT_ERRORS: Final = (AnswerError, EstError, ExchangeError, PairError, ServerTrustError, ValueError, OSError)
"""What an enrolment raises where it fails."""

STAGES: Final[Mapping[EnrolmentStage, Text]] = {
    EnrolmentStage.SERVER: Text("Check the server"),
    EnrolmentStage.CERTIFICATE: Text("Make a key and ask for the certificate"),
    EnrolmentStage.FILES: Text("Check the certificate and store it"),
}
_CODE: Final = "GAE1"
_GROUP: Final = 4
_DENIED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class TypedServer:
    """The server and the token that somebody typed. `fingerprint`: of its authority, where a whole code was given."""

    url: str
    token: str = field(default="", repr=False)
    fingerprint: bytes | None = None

    @classmethod
    def of(cls, text: str) -> TypedServer:
        """Read a code, or the address of a server, with `https://` or without. Raises agent.setup.AnswerError."""
        text = text.strip()
        if not text:
            raise answers.AnswerError(Text("Enter the code or the address."))
        try:
            if text.startswith(_CODE):
                code = EnrolmentCode.parse(text)
                return cls(code.url, code.token, code.fingerprint)
            url = text if "://" in text else f"https://{text}"
            Endpoint.parse(url)
        except CodeError:
            said = Text("The code is not complete. Copy all of it: {form}.", form=f"{_CODE},URL,TOKEN,SHA256")
            raise answers.AnswerError(said) from None
        except ValueError:
            said = Text("Enter an address such as {example}.", example="https://est.example:8085")
            raise answers.AnswerError(said) from None
        return cls(url)


def grouped(fingerprint: bytes) -> str:
    """A fingerprint as people compare it: its digits in groups."""
    digits = fingerprint.hex()
    return " ".join(digits[place : place + _GROUP] for place in range(0, len(digits), _GROUP))


def refusal_words(error: Exception) -> Text:
    """What an enrolment failed by, in words."""
    if isinstance(error, OSError):
        return Text("The gate cannot write its files: {why}", why=reason(error))
    return Text.of(error.args[0] if error.args and isinstance(error.args[0], str) else str(error))


def refusal_advice(error: Exception) -> Text:
    """What to do about it."""
    match error:
        case WaitError():
            return Text("The central system has to approve this first. Try again later with the same token.")
        case EstError(status=status) if status in _DENIED:
            return Text("Check the token and the name of the gate. If both are right, ask for a new token.")
        case ExchangeError():
            return Text("Check the network cable, the address and the clock of this gate. Then try again.")
        case ServerTrustError():
            return Text("Do not continue until the central system confirms the fingerprint.")
        case EstError() | AnswerError():
            return Text("Tell the people of the central system what this page says. Then try again.")
        case _:
            return Text("Check the disk and the rights of the folder. Then try again.")
