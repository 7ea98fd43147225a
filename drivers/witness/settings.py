"""What every camera that reads plates is configured by: where it is, who logs in, and how the connection is proved."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.api import CameraNeeds
from drivers.text import Text

_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_HTTP: Final = 80
_HTTPS: Final = 443


def _known_host(value: str) -> str:
    if not is_address(value) and not _NAME.fullmatch(value):
        raise ValueError(Text('expected an address or a name alone, such as "192.168.1.64", with no http:// before it'))
    return value


def _printable(value: str) -> str:
    if not value.isprintable() or ":" in value:
        raise ValueError(Text("expected a name without colons and control characters"))
    return value


def _fingerprint(value: str) -> str:
    plain = value.replace(":", "").replace(" ", "").lower()
    if plain and not _FINGERPRINT.fullmatch(plain):
        raise ValueError(Text("expected the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons"))
    return plain


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address, so that no name must be looked up."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class PlateCameraSettings(BaseModel):
    """Configuration of a camera that reads plates by itself: the keys that all kinds have."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    host: Annotated[str, AfterValidator(_known_host)] = Field(
        max_length=253,
        description="Address of the camera. Use an IP address: a name must be looked up at each connection.",
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="TCP port of its web service. Without it: 80, or 443 with tls."
    )
    user: Annotated[str, AfterValidator(_printable)] = Field(
        min_length=1, max_length=64, description="A user of the camera whose only right is to see its events."
    )
    password: str = Field(repr=False, min_length=1, max_length=128, description="Password of that user.")
    tls: bool = Field(default=False, description="Whether the connection to the camera uses TLS (https).")
    ca_file: Path | None = Field(
        default=None,
        description="With tls: a file (PEM) with the certificate that has signed the camera's certificate. The "
        "camera's certificate must contain the name or address under host.",
    )
    certificate_sha256: Annotated[str, AfterValidator(_fingerprint)] = Field(
        default="",
        description="With tls: SHA-256 of the camera's own certificate, for a self-signed certificate. Then only "
        "this certificate is accepted.",
    )
    allow_basic: bool = Field(
        default=False,
        description="Whether the password may be sent in readable form to a camera that offers neither a better "
        "login nor TLS. Anyone on the network can then read it.",
    )
    connect_timeout_ms: int = Field(
        default=4000,
        ge=200,
        le=30_000,
        description="Stop trying to connect, or waiting for an answer, after this time.",
    )
    silence_s: float = Field(
        default=60.0,
        ge=0.5,
        le=600,
        description="Seconds without a complete message, heartbeats included, after which the agent reconnects to "
        "the camera.",
    )
    pictures: bool = Field(
        default=False,
        description="Whether to use the camera's pictures of what it read. A reading waits for its picture for half "
        "a second at most.",
    )
    assumed_confidence: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Confidence, 0 to 1, of a reading that comes without a confidence, as from some firmware. 0: "
        "such readings neither confirm nor contradict.",
    )

    @model_validator(mode="after")
    def _has_one_proof(self) -> Self:
        proofs = bool(self.ca_file) + bool(self.certificate_sha256)
        if self.tls and proofs != 1:
            raise ValueError(Text("tls needs ca_file or certificate_sha256 to check the camera's certificate"))
        if proofs and not self.tls:
            raise ValueError(Text("ca_file and certificate_sha256 are for tls = true"))
        return self

    @property
    def tcp_port(self) -> int:
        """The port that is connected to."""
        return self.port or (_HTTPS if self.tls else _HTTP)

    @property
    def needs(self) -> CameraNeeds:
        """What of the machine its driver must reach."""
        files = () if self.ca_file is None else (self.ca_file,)
        return CameraNeeds(files=files, tcp_ports=(self.tcp_port,), names=not is_address(self.host))
