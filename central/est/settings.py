"""The settings of an EST server: one TOML file, read strictly, with every fault named by its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.broker import BrokerAddress
from agent.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PATH: Final = Path("/etc/gate-agent-est/est.toml")
LARGEST: Final = 65_536
_HOST: Final = r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$"


class EstSettingsError(Exception):
    """The settings cannot be used; the message has a line for each fault."""


def _broker(url: str) -> str:
    BrokerAddress.parse(url)
    return url


class EstSettings(BaseModel):
    """What can be set. Paths that do not begin with "/" start at the folder of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    site: int = Field(ge=1, le=2**32 - 1, description="Number of the site whose gates are enrolled.")
    ca_file: Path = Field(description="File with the CA certificate of the site, and the certificates above it (PEM).")
    ca_key_file: Path = Field(description="File with the private key of the CA certificate (PEM).")
    ca_key_password_file: Path | None = Field(default=None, description="File with the password of that key.")
    names: tuple[Annotated[str, Field(pattern=_HOST)], ...] = Field(
        min_length=1, max_length=16, description="Host names and addresses at which gates reach the server."
    )
    certificate_file: Path | None = Field(
        default=None, description="File with the server's own certificate; without it, the CA signs one for `names`."
    )
    key_file: Path | None = Field(default=None, description="File with the private key of that certificate.")
    listen: str = Field(default="0.0.0.0", description="Address at which the server answers.")  # noqa: S104
    port: int = Field(default=8085, ge=0, le=65_535, description="The port. 0: a free port, which the log names.")
    folder: Path = Field(default=Path("/var/lib/gate-agent-est"), description="Folder of the register.")
    certificate_days: int = Field(default=180, ge=1, le=3650, description="Validity of a gate's certificate, in days.")
    crl_file: Path | None = Field(
        default=None, description="File for the revocation list that the brokers read; without it, crl.pem in folder."
    )
    earlier_crl_file: Path | None = Field(
        default=None,
        description="The last revocation list of the previous CA, while gates still use its certificates.",
    )
    crl_days: int = Field(default=30, ge=1, le=3650, description="Days for which a revocation list is valid.")
    brokers: tuple[Annotated[str, AfterValidator(_broker)], ...] = Field(
        default=(), max_length=16, description="URLs of the brokers, which gates get when they enrol."
    )

    @model_validator(mode="after")
    def _pair(self) -> EstSettings:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: set both, or none")
        return self

    @property
    def crl_path(self) -> Path:
        """Where the revocation list is written."""
        return self.folder / "crl.pem" if self.crl_file is None else self.crl_file

    @property
    def url(self) -> str:
        """Where gates reach the server, by its first name."""
        host = f"[{self.names[0]}]" if ":" in self.names[0] else self.names[0]
        return f"https://{host}:{self.port}"


def load_est_settings(path: Path) -> EstSettings:
    """Read the settings. Raises EstSettingsError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise EstSettingsError(f"{path}: larger than {LARGEST} bytes; this cannot be the settings of an EST server")
        text = content.decode()
        found = tomllib.loads(text)
    except OSError as error:
        raise EstSettingsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EstSettingsError(f"{path}: expected UTF-8, byte {error.start + 1} is none") from error
    except tomllib.TOMLDecodeError as error:
        raise EstSettingsError(f"{path}: {error}") from error
    try:
        settings = EstSettings.model_validate(found)
    except ValidationError as error:
        raise EstSettingsError("\n".join(_faults(path, text, error))) from error
    return _placed(settings, path.parent)


def _faults(path: Path, text: str, error: ValidationError) -> Iterable[str]:
    for fault in error.errors(include_url=False):
        key = str(fault["loc"][0]) if fault["loc"] else ""
        place = _place(text, key)
        if fault["type"] == "extra_forbidden":
            likely = nearest(key, list(EstSettings.model_fields))
            yield f"{path}:{place}: {key} is not a setting" + (f"; did you mean {likely}?" if likely else "")
        elif fault["type"] == "missing":
            yield f"{path}: {key} is missing: {EstSettings.model_fields[key].description}"
        else:
            yield f"{path}:{place}: {key + ': ' if key else ''}{fault['msg']}"


def _place(text: str, key: str) -> str:
    """Line and column of a key."""
    for number, line in enumerate(text.splitlines(), 1):
        if key and (found := re.match(rf"\s*(?:{re.escape(key)}|\"{re.escape(key)}\")\s*=", line)) is not None:
            return f"{number}:{len(found[0]) - len(found[0].lstrip()) + 1}"
    return "1:1"


def _placed(settings: EstSettings, folder: Path) -> EstSettings:
    """The settings with all paths from the folder of their file on."""
    update: dict[str, Any] = {
        name: folder / value for name in EstSettings.model_fields if isinstance(value := getattr(settings, name), Path)
    }
    return settings.model_copy(update=update)
