"""The order in a software document: one version, and the package for each kind of machine. TOML."""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.core.fleet import DocumentFault, DocumentRefusedError, TimeWindow
from agent.core.model.printable import printable
from agent.core.software.debian_version import compare_versions
from drivers.text import Text

LARGEST_PACKAGE: Final = 2 << 30
LONGEST_REST_S: Final = 86_400
_PRODUCT: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6}){1,3})(?:rc(\d{1,4}))?", re.ASCII)
_PATH: Final = re.compile(r"[A-Za-z0-9_~+-][A-Za-z0-9._~+-]*(?:/[A-Za-z0-9_~+-][A-Za-z0-9._~+-]*){0,15}", re.ASCII)
_TARGET: Final = re.compile(r"deb(\d{1,3})_([a-z0-9]{2,16})", re.ASCII)


def _product(value: str) -> str:
    if _PRODUCT.fullmatch(value) is None:
        raise ValueError(Text('expected a version of the product, such as "0.4.0" or "0.5.0rc1"'))
    return value


def _path(value: str) -> str:
    if value and _PATH.fullmatch(value) is None:
        raise ValueError(Text('expected folders below the repository of the gate, such as "apt", and nothing else'))
    return value


_Version = Annotated[str, AfterValidator(_product)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PackageOrder(_Table):
    """The package of one kind of machine: the name of its file, its SHA-256 in hex, and its size."""

    file: str = Field(max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1, le=LARGEST_PACKAGE)


class SoftwareOrder(_Table):
    """Which version a gate is to run. `packages`: by release of Debian and architecture, such as "deb13_amd64".

    `path`: of the repository, below the address that the gate's configuration allows. `floor`: no version below it may
    be installed. `rest_s`: how long the gate may wait for a moment without a vehicle. `window`: when it may be
    installed, UTC.
    """

    version: _Version
    floor: _Version | None = None
    path: Annotated[str, AfterValidator(_path)] = Field(default="", max_length=200)
    rest_s: int = Field(default=3600, ge=10, le=LONGEST_REST_S)
    window: TimeWindow | None = None
    packages: dict[str, PackageOrder] = Field(min_length=1, max_length=32)

    @model_validator(mode="after")
    def _is_of_one_version(self) -> Self:
        for target, package in self.packages.items():
            found = _TARGET.fullmatch(target)
            if found is None:
                raise ValueError(
                    Text('packages: expected a name such as "deb13_amd64", found "{target}"', target=printable(target))
                )
            wanted = f"gate-agent_{package_version(self.version, int(found[1]))}_{found[2]}.deb"
            if package.file != wanted:
                raise ValueError(Text('packages.{target}: expected the file "{wanted}"', target=target, wanted=wanted))
        if self.floor is not None and compare_versions(_bare(self.version), _bare(self.floor)) < 0:
            raise ValueError(Text("expected a floor of at most the version"))
        return self


def package_version(version: str, release: int) -> str:
    """The version of the package of a version of the product, for a release of Debian. A candidate comes before it."""
    return f"{_bare(version)}+deb{release}"


def parsed_order(text: str) -> SoftwareOrder:
    """The order of a document's text. Raises DocumentRefusedError, which says what is wrong and where."""
    try:
        return SoftwareOrder.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DocumentRefusedError(DocumentFault.CONTENT_INVALID, printable(str(error))) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = printable(".".join(str(part)[:40] for part in first["loc"])) or "-"
        why = Text.of(str(first.get("ctx", {}).get("error", first["msg"])))
        raise DocumentRefusedError(
            DocumentFault.CONTENT_INVALID, Text("{place}: {what}", place=place, what=why)
        ) from None


def _bare(version: str) -> str:
    return version.replace("rc", "~rc")
