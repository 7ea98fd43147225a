"""What the settings of all cards have: where the card is, how large its sign is, and what its font has."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.api import SignColour
from drivers.sign.gbk import CharacterSet
from drivers.text import Text


def _address(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError(Text('expected an IP address, such as "192.168.1.70": names are not looked up')) from None


def _distinct(colours: tuple[SignColour, ...]) -> tuple[SignColour, ...]:
    if len(set(colours)) != len(colours):
        raise ValueError(Text("expected each colour once"))
    return colours


def _even(columns: int) -> int:
    if columns % 2:
        raise ValueError(Text("expected an even number: a Chinese character takes two columns"))
    return columns


class CardSettings(BaseModel):
    """Configuration that every card has. `port`, or `host` and `tcp_port`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str | None = Field(
        default=None,
        pattern="^/",
        description="Path of the serial port. Use a path that survives replugging: /dev/serial/by-id/... or "
        "by-path/... For a card on the network, set host instead.",
    )
    host: Annotated[str | None, AfterValidator(_address)] = Field(
        default=None, description="IP address of a card on the network. For a card on a serial line, set port instead."
    )
    tcp_port: int = Field(default=8800, ge=1, le=65535, description="TCP port of a card on the network.")
    baud: int = Field(default=9600, ge=1200, le=115200, description="Speed of the serial line in bits per second.")
    timeout_ms: int = Field(
        default=500,
        ge=20,
        le=5000,
        description="How long the card may take to answer, or its network to take a page, in milliseconds.",
    )
    local_echo: bool = Field(
        default=False,
        description="Whether the RS485 adapter echoes what it sends (each frame comes back).",
    )
    lines: int = Field(default=4, ge=1, le=4, description="Number of lines of the sign.")
    columns: Annotated[int, AfterValidator(_even)] = Field(
        default=8,
        ge=4,
        le=64,
        description="How wide a line is, in columns of half a square: 64 pixels are 8. A Latin letter takes one, a "
        "Chinese or Cyrillic one two.",
    )
    colours: Annotated[tuple[SignColour, ...], AfterValidator(_distinct)] = Field(
        default=(SignColour.RED, SignColour.GREEN, SignColour.YELLOW),
        min_length=1,
        description="Which colours the sign has. A text of another colour is shown in the first of them.",
    )
    character_set: CharacterSet = Field(
        default=CharacterSet.GB2312,
        description="Which characters the card's font has: gb2312 (all cards), or gbk (also rarer characters).",
    )

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.port is None) == (self.host is None):
            raise ValueError(Text("expected either port, of a serial line, or host, of a card on the network"))
        return self

    def colour(self, wanted: SignColour) -> SignColour:
        """The colour of the sign for a text that is to have this one."""
        return wanted if wanted in self.colours else self.colours[0]
