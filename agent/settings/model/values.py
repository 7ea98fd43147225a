"""Types of settings values whose rules do not fit a range; every error says what was expected."""

from __future__ import annotations

import itertools
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr

from agent.broker import BrokerAddress, check_gate_id
from agent.core.events import LET_PASS, REFUSE
from agent.core.model import QuietHours, StoreHost
from agent.core.notices import WebhookAddress, webhook_key
from agent.enrolment import Endpoint
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT_KEY_BYTES = 32
_DISTINCT_BYTES_OF_A_KEY = 8
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NAME_LENGTH = 32
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST_NAME_LENGTH = 253
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_MAIL_ADDRESS_LENGTH = 254
_FEWEST_CORNERS = 3
_SMALLEST_ZONE = 0.01
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_FEWEST_LETTERS = 2
_MOST_LETTERS = 80

_Item = TypeVar("_Item")
Fraction = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[Fraction, Fraction]
"""x to the right and y down, as fractions of a picture's width and height."""


def broker_address(url: str) -> BrokerAddress:
    """Take a broker's URL apart. Raises ValueError with what to fix."""
    return BrokerAddress.parse(url)


def _broker_url(value: str) -> str:
    broker_address(value)
    return value


def _name(value: str) -> str:
    if len(value) > _NAME_LENGTH or not _NAME.fullmatch(value):
        raise ValueError(Text('expected a name of up to 32 small letters and digits with "-" or "_" between'))
    return value


def _root_key(value: str) -> str:
    try:
        key = bytes.fromhex(value)
    except ValueError:
        key = b""
    if len(key) != ROOT_KEY_BYTES:
        raise ValueError(Text("expected the 64 hexadecimal digits of an Ed25519 public key"))
    if len(set(key)) < _DISTINCT_BYTES_OF_A_KEY:  # all zeros is a point for which signatures can be forged
        raise ValueError(Text("expected a real Ed25519 public key, not a placeholder"))
    return key.hex()


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError(Text('expected an IP address of this computer, such as "192.168.1.10"')) from None


def _est_url(value: str) -> str:
    Endpoint.parse(value)
    return value


def _repository_url(value: str) -> str:
    if value.startswith("file:///") and value.isprintable() and ".." not in value.split("/"):
        return value
    Endpoint.parse(value)
    return value


def _host_name(value: str) -> str:
    labels = value.lower().split(".")
    if len(value) > _HOST_NAME_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(Text('expected a host name, such as "gate-1.example"'))
    return value.lower()


def _upload_host(value: str) -> str:
    """HOST or HOST:PORT in the one spelling that places are compared by: small letters, no port where it is 443."""
    try:
        return StoreHost.parse(value).text
    except ValueError:
        raise ValueError(Text('expected HOST or HOST:PORT of an object store, such as "store.example:9000"')) from None


def _webhook_url(value: str) -> str:
    WebhookAddress.parse(value)
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    webhook_key(value.get_secret_value())
    return value


def _mail_address(value: str) -> str:
    name, _, host = value.rpartition("@")
    if not _MAILBOX.fullmatch(name) or len(value) > _MAIL_ADDRESS_LENGTH:
        raise ValueError(Text('expected a mail address, such as "shift@customs.example"'))
    return f"{name}@{_host_name(host)}"


def distinct(values: tuple[_Item, ...]) -> tuple[_Item, ...]:
    """The values as they are. Raises ValueError where one stands there twice."""
    if len(set(values)) != len(values):
        raise ValueError(Text("expected each of them once"))
    return values


def _zone(corners: tuple[Corner, ...]) -> tuple[Corner, ...]:
    if not corners:
        return corners
    if len(corners) < _FEWEST_CORNERS:
        raise ValueError(Text("expected three corners or more, or none for the whole picture"))
    sides = list(zip(corners, (*corners[1:], corners[0]), strict=True))
    if any(_cross(*one, *other) for one, other in itertools.combinations(sides, 2)):
        raise ValueError(Text("expected the corners in order around the zone: two of its sides cross"))
    if abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in sides)) / 2 < _SMALLEST_ZONE:
        raise ValueError(Text("expected a zone of at least a hundredth of the picture"))
    return corners


def _quiet_times(value: str) -> str:
    QuietHours.parse(value)
    return value


def _preset(presets: Mapping[str, Text]) -> Callable[[str], str]:
    """What sees that a reason is the code of one of these, or words; a code that is not known is a slip."""

    def checked(value: str) -> str:
        words = " ".join(value.split())
        if _CODE.fullmatch(words) and words not in presets:
            raise ValueError(Text("expected one of {codes}, or your own words", codes=", ".join(presets)))
        if not _FEWEST_LETTERS <= len(words) <= _MOST_LETTERS or not words.isprintable():
            raise ValueError(
                Text("expected words of {least} to {most} letters", least=_FEWEST_LETTERS, most=_MOST_LETTERS)
            )
        return words

    return checked


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Whether the sides from a to b and from c to d cross, not at their ends alone."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Corner, b: Corner, c: Corner) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


Address = Annotated[str, AfterValidator(_address)]
BrokerUrl = Annotated[str, AfterValidator(_broker_url)]
EstUrl = Annotated[str, AfterValidator(_est_url)]
GateId = Annotated[str, AfterValidator(check_gate_id)]
HostName = Annotated[str, AfterValidator(_host_name)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Name = Annotated[str, AfterValidator(_name)]
PassReason = Annotated[str, AfterValidator(_preset(LET_PASS))]
QuietTimes = Annotated[str, AfterValidator(_quiet_times)]
RefusalReason = Annotated[str, AfterValidator(_preset(REFUSE))]
RepositoryUrl = Annotated[str, AfterValidator(_repository_url)]
RootKey = Annotated[str, AfterValidator(_root_key)]
UploadHost = Annotated[str, AfterValidator(_upload_host)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
WebhookUrl = Annotated[str, AfterValidator(_webhook_url)]
Number = Annotated[int, Field(ge=1, le=64)]
Zone = Annotated[tuple[Corner, ...], Field(max_length=32), AfterValidator(_zone)]
"""Corners of a part of a picture, in order round it; empty: all of it."""
