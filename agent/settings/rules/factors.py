"""Rules that bind what a lane asks of a vehicle, its plate and its VIN, to one another and to what can read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.model.lane import Lane

_RULES = "rules"


@dataclass(frozen=True, slots=True)
class FactorProblem:
    """What does not fit. `key`: below the lane's table. `warning`: the lane runs, but may not do what is meant."""

    key: tuple[str | int, ...]
    message: Text
    warning: bool = False


def factor_problems(lane: Lane) -> Iterator[FactorProblem]:
    """Everything about plate and VIN that does not fit together in a lane that is sound key by key."""
    yield from _contradictions(lane)
    yield from _readers_of_vins(lane)
    yield from _two_cameras(lane)


def uses_vin(lane: Lane) -> bool:
    """Whether a VIN that is read may let a vehicle pass."""
    return lane.rules.second_factor != "plate" or lane.rules.without_plate == "vin"


def needs_plate(lane: Lane) -> bool:
    """Whether vehicles with a plate need theirs read."""
    rules = lane.rules
    return rules.require == "plate" or (
        rules.require == "permit_and_plate" and rules.second_factor in {"plate", "both"}
    )


def _contradictions(lane: Lane) -> Iterator[FactorProblem]:
    rules = lane.rules
    if rules.require != "permit_and_plate":
        message = Text('needs rules.require = "permit_and_plate": other rules do not ask for the VIN')
        for key, asks in (
            ("second_factor", rules.second_factor != "plate"),
            ("without_plate", rules.without_plate == "vin"),
        ):
            if asks:
                yield FactorProblem((_RULES, key), message)
        return
    if rules.second_factor == "plate":
        return
    if rules.without_plate == "manual":
        message = Text(
            'a vehicle without a plate goes to an officer, although VINs are read here: with "vin", its VIN decides'
        )
        yield FactorProblem((_RULES, "without_plate"), message, warning=True)
    elif rules.without_plate == "pass" and rules.second_factor in {"vin", "both"}:
        message = Text(
            'contradicts rules.second_factor = "{factor}": a vehicle without a plate would need less '
            'than a vehicle with a plate; use "vin"',
            factor=rules.second_factor,
        )
        yield FactorProblem((_RULES, "without_plate"), message)


def _readers_of_vins(lane: Lane) -> Iterator[FactorProblem]:
    if uses_vin(lane):
        if not _vins(lane):
            key = "without_plate" if lane.rules.second_factor == "plate" else "second_factor"
            message = Text(
                "no camera reads VINs, and there is no scanner: an officer decides instead of the VIN. "
                'Add "vin" to a camera that sees the label'
            )
            yield FactorProblem((_RULES, key), message, warning=True)
        return
    for place, camera in enumerate(lane.cameras):
        if "vin" in camera.readers:
            message = Text("no rule of the lane requires VINs: VINs are read and recorded only")
            yield FactorProblem(("cameras", place, "readers"), message, warning=True)


def _two_cameras(lane: Lane) -> Iterator[FactorProblem]:
    """That the permit and what ties it to the vehicle come from two cameras takes both, and two that can read them."""
    rules = lane.rules
    if not rules.require_two_cameras:
        return
    key = (_RULES, "require_two_cameras")
    if rules.require != "permit_and_plate":
        message = Text('needs rules.require = "permit_and_plate": otherwise one of the two is enough')
        yield FactorProblem(key, message)
    if rules.without_plate == "pass":
        message = Text('needs rules.without_plate = "manual" or "vin": such a vehicle would pass by one camera alone')
        yield FactorProblem(key, message)
    by_plate, by_vin = _apart(_codes(lane), _plates(lane)), _apart(_codes(lane), _vins(lane))
    either = rules.second_factor == "either" and (by_plate or by_vin)
    if not by_plate and not either and rules.second_factor != "vin":
        message = Text(
            "needs two cameras, or a scanner and a camera: one to read QR permits and another to read "
            "plates; this lane has {cameras} cameras and {scanners} scanners",
            cameras=len(lane.cameras),
            scanners=len(lane.scanners),
        )
        yield FactorProblem(key, message)
    asks_vin = rules.second_factor in {"vin", "both"} or rules.without_plate == "vin"
    if asks_vin and not by_vin:
        message = Text(
            "needs two readers: one to read QR permits and another to read VINs; this lane has {cameras} "
            "cameras and {scanners} scanners",
            cameras=len(lane.cameras),
            scanners=len(lane.scanners),
        )
        yield FactorProblem(key, message)


def _codes(lane: Lane) -> set[str]:
    return {camera.id for camera in lane.cameras if "qr" in camera.readers} | {one.id for one in lane.scanners}


def _plates(lane: Lane) -> set[str]:
    return {camera.id for camera in lane.cameras if "plate" in camera.readers}


def _vins(lane: Lane) -> set[str]:
    """Whoever reads VINs: a scanner reads what is held before it."""
    return {camera.id for camera in lane.cameras if "vin" in camera.readers} | {one.id for one in lane.scanners}


def _apart(codes: set[str], others: set[str]) -> bool:
    return any(code != other for code in codes for other in others)
