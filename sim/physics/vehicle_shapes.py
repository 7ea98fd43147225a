"""The shapes of vehicles: what a loop feels of them, what a photocell sees, what an arm would touch."""

from __future__ import annotations

from dataclasses import dataclass

Stretch = tuple[float, float]
"""From and to, in metres behind the front bumper."""


@dataclass(frozen=True, slots=True)
class Side:
    """A stretch of a vehicle's side, in metres behind the front bumper and above the road."""

    front_m: float
    rear_m: float
    bottom_m: float
    top_m: float


@dataclass(frozen=True, slots=True)
class Body:
    """One vehicle's shape.

    `iron`: the stretches that are low and heavy enough for a loop; between them it feels nothing.
    """

    kind: str
    length_m: float
    iron: tuple[Stretch, ...]
    sides: tuple[Side, ...]

    @property
    def height_m(self) -> float:
        """How high an arm must be for the vehicle to drive under it."""
        return max(side.top_m for side in self.sides)

    def seen_at(self, height_m: float) -> tuple[Stretch, ...]:
        """The stretches that break a beam at this height."""
        return tuple((s.front_m, s.rear_m) for s in self.sides if s.bottom_m <= height_m <= s.top_m)


CAR = Body("car", 4.5, ((0.2, 4.3),), (Side(0.0, 4.5, 0.2, 1.5),))
VAN = Body("van", 6.0, ((0.3, 5.7),), (Side(0.0, 6.0, 0.3, 2.6),))
MOTORCYCLE = Body("motorcycle", 2.2, ((0.3, 1.8),), (Side(0.0, 2.2, 0.0, 1.3),))

_WHEELS_M = 1.1
"""How far up the wheels reach; the box of a truck begins there."""


def truck(gap_m: float = 2.5) -> Body:
    """A truck of 12 m whose chassis between the axles is too high for a loop, over `gap_m`."""
    return Body(
        "truck",
        12.0,
        ((0.3, 3.6), (3.6 + gap_m, 11.6)),
        (Side(0.0, 2.5, 0.4, 3.2), Side(2.5, 12.0, _WHEELS_M, 3.9), Side(3.6 + gap_m, 11.6, 0.0, _WHEELS_M)),
    )


def truck_with_trailer(gap_m: float = 1.5) -> Body:
    """A truck and its trailer, 18 m, with `gap_m` of drawbar between them.

    No loop feels the drawbar, a photocell above 0.7 m does not see it, and an arm that lies at rest passes over it.
    """
    trailer_m = 9.0 + gap_m
    return Body(
        "truck with trailer",
        18.0,
        ((0.3, 3.6), (5.6, 8.8), (trailer_m + 0.2, trailer_m + 2.8), (14.5, 17.7)),
        (
            Side(0.0, 2.5, 0.4, 3.2),
            Side(2.5, 9.0, _WHEELS_M, 3.9),
            Side(5.6, 8.8, 0.0, _WHEELS_M),
            Side(9.0, trailer_m, 0.5, 0.7),
            Side(trailer_m, 18.0, _WHEELS_M, 3.9),
            Side(trailer_m + 0.2, trailer_m + 2.8, 0.0, _WHEELS_M),
            Side(14.5, 17.7, 0.0, _WHEELS_M),
        ),
    )
