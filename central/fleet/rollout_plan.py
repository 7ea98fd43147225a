"""A plan to bring one fleet document to many gates: in stages, in a time window, with limits on what may fail."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.core.fleet import (
    KINDS,
    WHOLE,
    Audience,
    DocumentKind,
    DocumentRefusedError,
    FleetDocument,
    Layer,
    Stage,
    TimeWindow,
    layered,
    place_of,
)
from agent.core.software import parsed_order
from agent.settings import dotted, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LARGEST_BYTES = 1 << 22
DAY_S = 86_400


class PlanError(ValueError):
    """A plan cannot be used; says which file, which key, what was expected."""


def _audience(value: str) -> str:
    return Audience.parse(value).text


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PlanStage(_Table):
    """Who has the document from this stage on, beside those of the stages before. `soak_s`: quiet time at its end."""

    percent: float = Field(default=0.0, ge=0, le=100)
    groups: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    soak_s: int = Field(default=0, ge=0, le=30 * DAY_S)

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not (self.percent or self.groups or self.gates):
            raise ValueError("a stage names percent, groups or gates")
        return self


class StopRules(_Table):
    """When the roll-out stops: more than this has failed, or has no result when its time is over.

    Both times run from the begin of the stage. `answer_s`: for a gate that says nothing. `busy_s`: for one that has the
    document and is not done with it. It may fetch software for a day, and then wait for the window of the order.
    """

    most_failed: int = Field(default=0, ge=0)
    most_failed_percent: float = Field(default=100.0, ge=0, le=100)
    most_silent_percent: float = Field(default=10.0, ge=0, le=100)
    answer_s: int = Field(default=3600, ge=1, le=30 * DAY_S)
    busy_s: int = Field(default=3 * DAY_S, ge=1, le=30 * DAY_S)


class _PlanFile(_Table):
    name: str = Field(pattern=r"^[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*$", max_length=64)
    kind: DocumentKind
    for_whom: Annotated[str, AfterValidator(_audience)] = Field(default="all", alias="for")
    cause: str = Field(min_length=1, max_length=200)
    text_file: str
    sites: tuple[Annotated[int, Field(ge=1, le=2**32 - 1)], ...] = Field(min_length=1)
    gates: tuple[str, ...] = Field(min_length=1)
    trial_s: int = Field(default=300, ge=5, le=3600)
    steady_s: int = Field(default=10, ge=0, le=600)
    valid_days: int = Field(default=365, ge=1, le=400)
    again: bool = False
    stages: tuple[PlanStage, ...] = Field(min_length=1)
    stop: StopRules = StopRules()
    window: TimeWindow | None = None

    @model_validator(mode="after")
    def _ends_with_all(self) -> Self:
        if self.stages[-1].percent < 100:  # noqa: PLR2004 - all of them
            raise ValueError("the last stage must have percent = 100, so that new gates get the document too")
        return self

    @model_validator(mode="after")
    def _waits_for_trials(self) -> Self:
        if self.stop.busy_s <= self.trial_s:
            raise ValueError(f"stop.busy_s must be more than trial_s ({self.trial_s}): every trial takes that long")
        return self


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """A plan that can be used. `text`: the TOML of the document."""

    file: _PlanFile
    text: str

    @property
    def stages(self) -> tuple[PlanStage, ...]:
        """The stages, in order."""
        return self.file.stages

    def document(self, stage: int, version: int, utc: float) -> FleetDocument:
        """The document of a stage. The last one is for everybody, and has none. `utc`: Unix seconds, now."""
        file = self.file
        fields = {
            "kind": file.kind,
            "for": file.for_whom,
            "version": version,
            "iat": int(utc),
            "exp": int(utc) + file.valid_days * DAY_S,
            "cause": file.cause,
            "text": self.text,
            "trial_s": file.trial_s,
            "steady_s": file.steady_s,
            "again": file.again,
            "stage": None if stage == len(self.stages) - 1 else self.stage(stage),
        }
        return FleetDocument.model_validate(fields)

    def stage(self, number: int) -> Stage:
        """Who has the document from this stage on: those of the stages before too."""
        reached = self.stages[: number + 1]
        return Stage(
            seed=self.file.name,
            share=self._share(max(one.percent for one in reached)),
            groups=tuple(dict.fromkeys(group for one in reached for group in one.groups)),
            gates=tuple(dict.fromkeys(gate for one in reached for gate in one.gates)),
        )

    def meant(self, number: int, groups: Mapping[str, tuple[str, ...]]) -> list[str]:
        """The gates of the plan that have the document from this stage on. `groups`: of the gates, as they say."""
        if number == len(self.stages) - 1:
            return list(self.file.gates)
        stage = self.stage(number)
        return [gate for gate in self.file.gates if stage.includes(gate, groups.get(gate, ()))]

    def _share(self, percent: float) -> int:
        """The share in millionths below which as many of the plan's gates lie as the percentage says, one at least."""
        if percent >= 100:  # noqa: PLR2004 - all of them
            return WHOLE
        count = ceil(len(self.file.gates) * percent / 100)
        places = sorted(place_of(self.file.name, gate) for gate in self.file.gates)
        return places[count - 1] + 1 if count else 0


def read_plan(path: Path) -> RolloutPlan:
    """The plan of a TOML file, and the document's text beside it. Raises PlanError and OSError."""
    tables = _toml(path, _read(path))
    try:
        file = _PlanFile.model_validate(tables)
    except ValidationError as error:
        raise PlanError("\n".join(_told(path, error))) from None
    if len(set(file.gates)) < len(file.gates):
        raise PlanError(f"{path}: gates: expected each gate once")
    text_path = path.parent / file.text_file
    text = _read(text_path)
    if file.kind is DocumentKind.SOFTWARE:
        _check_order(text_path, text)
        return RolloutPlan(file, text)
    layer = layered({}, [Layer(_toml(text_path, text), KINDS[file.kind])])
    if layer.forbidden:
        keys = ", ".join(f"{dotted(one.source.at)} ({one.owner})" for one in layer.forbidden)
        raise PlanError(f"{text_path}: a document of {file.kind} may not set {keys}: the word beside says whose it is")
    return RolloutPlan(file, text)


def _check_order(path: Path, text: str) -> None:
    try:
        parsed_order(text)
    except DocumentRefusedError as error:
        raise PlanError(f"{path}: {error}") from None


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        raw = stream.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise PlanError(f"{path}: expected a file of at most {LARGEST_BYTES >> 20} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlanError(f"{path}: expected UTF-8 text") from None


def _toml(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{path}: {error}") from None


def _told(path: Path, error: ValidationError) -> Iterator[str]:
    names = [field.alias or name for name, field in _PlanFile.model_fields.items()]
    for one in error.errors(include_url=False, include_input=False):
        key = dotted(tuple(part for part in one["loc"]))
        hint = nearest(str(one["loc"][-1]), names) if one["type"] == "extra_forbidden" and one["loc"] else ""
        said = f'there is no such key; did you mean "{hint}"?' if hint else one["msg"]
        yield f"{path}: {key}: {said}"
