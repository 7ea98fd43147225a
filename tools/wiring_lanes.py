"""Lanes from above: where loops, photocell, arm, cameras and lamps stand. Vehicles drive on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wiring_picture import INK, SOFT, Kind, Picture, Rect, card

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 1100
ROAD, KERB, VEHICLE = "#e7eaee", "#b6bec8", "#9fb3c8"
RED = Kind.SAFETY.colour


def lane_view() -> Picture:
    """One lane with everything that stands at it."""
    picture = card("A lane from above", WIDTH, 600)
    _road(picture, 190, 400)
    arm, loop_a, loop_b = 770.0, (440.0, 630.0), (690.0, 850.0)
    _loop(picture, Rect(loop_a[0], 215, loop_a[1], 375))
    _loop(picture, Rect(loop_b[0], 215, loop_b[1], 375))
    picture.shape(f'<path d="M590 215V152H706M722 215V175" fill="none" stroke="{RED}" stroke-width="3"/>')
    _vehicle(picture, Rect(310, 240, 612, 350), "right")
    _photocell(picture, arm + 28, 176, 414)
    _housing(picture, Rect(706, 96, 784, 175), "barrier", "controller")
    _arm(picture, arm, 175, 396)
    _island(picture)
    _leader(picture, (480, 375), (480, 425))
    _label(picture, 480, 440, ("Loop A: presence", "a vehicle stands at the barrier"), "middle", bold=True)
    _leader(picture, (arm + 36, 416), (872, 416))
    _label(picture, 878, 420, ("photocell, beside the arm",), "start")
    _leader(picture, (loop_b[1], 300), (886, 300))
    _label(picture, 892, 304, ("Loop B: safety", "under and behind the arm"), "start", bold=True)
    _dimension(picture, loop_a[1], loop_b[0], 462, "≤ 1 m")
    _dimension(picture, loop_b[0], arm, 462, "≥ 0.5 m")
    _dimension(picture, arm, loop_b[1], 462, "≥ 0.5 m")
    _label(picture, 60, 300, ("driving direction",), "start")
    _arrow(picture, 60, 316, 190)
    picture.notes(
        (
            (
                "Loop A lies right before loop B, so no vehicle fits between them unseen. "
                "Loop B reaches 0.5 m or more beyond the arm on both sides."
            ),
            (
                "For trucks make loop B longer and keep the photocell: high chassis and drawbars leave gaps that a "
                "short loop misses."
            ),
            (
                "Loops and photocell are wired to the controller first. The agent reads the controller's outputs; "
                "it never stands between."
            ),
        ),
        530,
    )
    return picture


def _island(picture: Picture) -> None:
    """What stands beside the lane."""
    _view(picture, (960, 150), (606, 262), (606, 330))
    _camera(picture, 960, 150)
    _view(picture, (470, 150), (440, 242), (520, 242))
    _camera(picture, 470, 150)
    _lamps(picture, 862, 138)
    _label(picture, 960, 112, ("camera", "for plate and code"), "middle")
    _label(picture, 470, 112, ("second camera or scanner", "for the code, at the driver's window"), "middle")
    _label(picture, 862, 104, ("lamps",), "middle")
    _label(picture, 600, 129, ("loop feeds", "15 m at most"), "start")


def sally_port() -> Picture:
    """Two barriers, of which one at most is open."""
    picture = card("A sally port: two barriers, never both open", WIDTH, 500)
    _road(picture, 190, 340)
    for number, arm in ((1, 400.0), (2, 900.0)):
        _loop(picture, Rect(arm - 170, 208, arm - 70, 322))
        _loop(picture, Rect(arm - 50, 208, arm + 50, 322))
        _housing(picture, Rect(arm - 66, 122, arm + 10, 178), "controller")
        _arm(picture, arm, 178, 336)
        _photocell(picture, arm + 26, 180, 352)
        _label(picture, arm - 28, 108, (f"barrier {number}",), "middle", bold=True)
        _label(picture, arm - 120, 372, (f"loop A {number}",), "middle")
        _label(picture, arm, 372, (f"loop B {number}",), "middle")
    _vehicle(picture, Rect(500, 226, 690, 304), "right")
    picture.shape(
        f'<path d="M430 150H814" stroke="{INK}" stroke-width="1.8" stroke-dasharray="6 4"/>'
        f'<path d="M430 150l12 -6v12ZM814 150l-12 -6v12Z" fill="{INK}"/>'
    )
    _label(picture, 622, 138, ("interlock",), "middle", bold=True)
    _label(picture, 622, 172, ("one opens only while the other is closed and at rest",), "middle")
    _label(picture, 40, 262, ("driving direction",), "start")
    _arrow(picture, 40, 280, 150)
    picture.notes(
        (
            (
                "Two lanes in the configuration, one a barrier. One line binds both: "
                'interlock = ["inner"] in the table of the outer lane.'
            ),
            (
                "Each barrier needs the limit switch of its closed arm wired: without it no lane can know that the "
                "other one is closed."
            ),
            "Until the agent knows how the other barrier stands, after a start or a lost board, it counts as open.",
        ),
        424,
    )
    return picture


def shared_arm() -> Picture:
    """One arm for both directions."""
    picture = card("Two directions that share one arm", WIDTH, 500)
    _road(picture, 190, 350)
    arm = 550.0
    for first, second, name in ((330, 450, "loop A, export"), (650, 770, "loop A, import")):
        _loop(picture, Rect(first, 210, second, 330))
        _label(picture, (first + second) / 2, 382, (name,), "middle")
    _loop(picture, Rect(480, 210, 620, 330))
    _label(picture, arm, 382, ("loop B, shared",), "middle")
    _vehicle(picture, Rect(240, 236, 432, 304), "right")
    _vehicle(picture, Rect(668, 236, 860, 304), "left")
    _housing(picture, Rect(arm - 66, 122, arm + 10, 178), "controller")
    _arm(picture, arm, 178, 346)
    _photocell(picture, arm + 26, 180, 362)
    _label(picture, arm - 28, 100, ("one barrier, one relay board",), "middle", bold=True)
    for x, turn, name in ((400, 1, "camera, import"), (700, -1, "camera, export")):
        _view(picture, (x, 150), (arm + turn * 122, 246), (arm + turn * 122, 294))
        _camera(picture, x, 150)
        _label(picture, x, 126, (name,), "middle")
    _label(picture, 60, 262, ("export lane",), "start", bold=True)
    _arrow(picture, 60, 280, 190)
    _label(picture, 1040, 262, ("import lane",), "end", bold=True)
    _arrow(picture, 1040, 280, 910)
    picture.notes(
        (
            'Two lanes in the configuration, and shares_arm = "export" in the table of the import lane.',
            (
                "Both name the same relay board and channels, and the same safety, photocell and limit inputs; "
                "each has a presence loop of its own."
            ),
            (
                "While one lane uses the arm the other one waits, and takes what it sees under the arm for the other's "
                "vehicle."
            ),
        ),
        424,
    )
    return picture


def _road(picture: Picture, top: float, bottom: float) -> None:
    picture.shape(
        f'<rect x="20" y="{top:g}" width="{WIDTH - 40}" height="{bottom - top:g}" fill="{ROAD}"/>'
        f'<path d="M20 {top:g}H{WIDTH - 20}M20 {bottom:g}H{WIDTH - 20}" stroke="{KERB}" stroke-width="5"/>'
    )


def _loop(picture: Picture, rect: Rect) -> None:
    for inset in (0, 5):
        picture.shape(
            f'<rect x="{rect.x0 + inset:g}" y="{rect.y0 + inset:g}" width="{rect.x1 - rect.x0 - 2 * inset:g}" '
            f'height="{rect.y1 - rect.y0 - 2 * inset:g}" rx="9" fill="none" stroke="#57606a" stroke-width="1.8"/>'
        )


def _vehicle(picture: Picture, rect: Rect, facing: Literal["left", "right"]) -> None:
    length, height = rect.x1 - rect.x0, rect.y1 - rect.y0
    flip = "" if facing == "right" else f' transform="translate({rect.x0 + rect.x1:g} 0) scale(-1 1)"'
    picture.shape(
        f'<g{flip} stroke="#44546a" stroke-width="1.6"><rect x="{rect.x0:g}" y="{rect.y0:g}" width="{length:g}" '
        f'height="{height:g}" rx="{height / 4:g}" fill="{VEHICLE}" fill-opacity="0.85"/>'
        f'<path d="M{rect.x0 + 0.64 * length:g} {rect.y0 + 0.12 * height:g}l{0.1 * length:g} {-0.02 * height:g}'
        f"q{0.05 * length:g} {0.4 * height:g} 0 {0.8 * height:g}l{-0.1 * length:g} {-0.02 * height:g}"
        f'q{0.04 * length:g} {-0.38 * height:g} 0 {-0.76 * height:g}Z" fill="#e8eef5"/>'
        f'<path d="M{rect.x0 + 0.2 * length:g} {rect.y0 + 0.14 * height:g}l{-0.08 * length:g} {0.02 * height:g}'
        f"q{-0.03 * length:g} {0.34 * height:g} 0 {0.68 * height:g}l{0.08 * length:g} {0.02 * height:g}"
        f'q{-0.03 * length:g} {-0.36 * height:g} 0 {-0.72 * height:g}Z" fill="#e8eef5"/></g>'
    )


def _arm(picture: Picture, x: float, top: float, bottom: float) -> None:
    picture.shape(
        f'<path d="M{x:g} {top:g}V{bottom:g}" stroke="#ffffff" stroke-width="11"/>'
        f'<path d="M{x:g} {top:g}V{bottom:g}" stroke="{RED}" stroke-width="11" stroke-dasharray="18 14"/>'
        f'<path d="M{x - 5.5:g} {top:g}V{bottom:g}H{x + 5.5:g}V{top:g}" fill="none" stroke="{INK}" stroke-width="1.2"/>'
    )


def _housing(picture: Picture, rect: Rect, *names: str) -> None:
    picture.shape(
        f'<rect x="{rect.x0:g}" y="{rect.y0:g}" width="{rect.x1 - rect.x0:g}" height="{rect.y1 - rect.y0:g}" rx="5" '
        f'fill="#fff8e6" stroke="#9a6700" stroke-width="1.8"/>'
    )
    for number, name in enumerate(names):
        y = (rect.y0 + rect.y1) / 2 + 4 + 16 * (number - (len(names) - 1) / 2)
        picture.text((rect.x0 + rect.x1) / 2, y, name, size=11, anchor="middle")


def _photocell(picture: Picture, x: float, top: float, bottom: float) -> None:
    picture.shape(f'<path d="M{x:g} {top:g}V{bottom:g}" stroke="{RED}" stroke-width="1.8" stroke-dasharray="3 4"/>')
    for y in (top, bottom):
        picture.shape(
            f'<rect x="{x - 6:g}" y="{y - 7:g}" width="12" height="14" rx="2" fill="#ffffff" stroke="{INK}"/>'
        )


def _view(
    picture: Picture, camera: tuple[float, float], first: tuple[float, float], second: tuple[float, float]
) -> None:
    points = " ".join(f"{x:g},{y:g}" for x, y in (camera, first, second))
    picture.shape(f'<polygon points="{points}" fill="#0969da" fill-opacity="0.16"/>')


def _camera(picture: Picture, x: float, y: float) -> None:
    picture.shape(
        f'<rect x="{x - 13:g}" y="{y - 9:g}" width="26" height="18" rx="3" fill="#ffffff" stroke="{INK}" '
        f'stroke-width="1.6"/><circle cx="{x:g}" cy="{y:g}" r="5" fill="{Kind.DATA.colour}"/>'
    )


def _lamps(picture: Picture, x: float, y: float) -> None:
    picture.shape(
        f'<rect x="{x - 10:g}" y="{y - 20:g}" width="20" height="42" rx="5" fill="#32383f"/>'
        f'<circle cx="{x:g}" cy="{y - 8:g}" r="7" fill="{RED}"/><circle cx="{x:g}" cy="{y + 10:g}" r="7" '
        'fill="#2da44e"/>'
    )


def _dimension(picture: Picture, x0: float, x1: float, y: float, words: str) -> None:
    picture.shape(
        f'<path d="M{x0:g} {y - 34:g}V{y + 6:g}M{x1:g} {y - 34:g}V{y + 6:g}" stroke="{SOFT}" stroke-width="0.9"/>'
        f'<path d="M{x0:g} {y:g}H{x1:g}" stroke="{INK}" stroke-width="1.2"/>'
        f'<path d="M{x0:g} {y:g}l8 -3.5v7ZM{x1:g} {y:g}l-8 -3.5v7Z" fill="{INK}"/>'
    )
    picture.text((x0 + x1) / 2, y + 20, words, anchor="middle", bold=True)


def _leader(picture: Picture, first: tuple[float, float], last: tuple[float, float]) -> None:
    picture.shape(f'<path d="M{first[0]:g} {first[1]:g}L{last[0]:g} {last[1]:g}" stroke="{SOFT}" stroke-width="0.9"/>')


def _label(
    picture: Picture,
    x: float,
    y: float,
    lines: Sequence[str],
    anchor: Literal["start", "middle", "end"],
    *,
    bold: bool = False,
) -> None:
    for number, line in enumerate(lines):
        head = bold and number == 0
        picture.text(
            x,
            y + 15 * number,
            line,
            size=12.5 if head else 12,
            anchor=anchor,
            bold=head,
            colour=INK if number == 0 else SOFT,
        )


def _arrow(picture: Picture, x0: float, y: float, x1: float) -> None:
    turn = 1 if x1 > x0 else -1
    picture.shape(
        f'<path d="M{x0:g} {y:g}H{x1 - turn * 10:g}" stroke="{INK}" stroke-width="3"/>'
        f'<path d="M{x1:g} {y:g}l{-turn * 14:g} -7v14Z" fill="{INK}"/>'
    )
