"""Draw the wiring of every board, and the lanes from above, for docs/boards.

Run `python tools/wiring_diagrams.py` to write the pictures. What differs between boards stands in wiring_boards.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wiring_boards import BOARDS
from wiring_icons import icon
from wiring_lanes import lane_view, sally_port, shared_arm
from wiring_picture import SOFT, Kind, Picture, Rect, card
from wiring_scanner import scanner
from wiring_simulated import simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiring_boards import Board

FOLDER = Path(__file__).parents[1] / "docs" / "boards"
WIDTH = 1100
TOP, ROW = 106, 28
HEAD, FOOT = 40, 22
COMPUTER = (20, 165)
BOARD = (305, 485)
CONTROLLER = (700, 870)
FIELD = (940, 1078)
INTERPOSED = (560, 630)
ISOLATED = (525, 598)
SUPPLY_PITCH = 0.9
# Rows that are the same in every picture; board and controller have theirs at the same height.
COM, OPEN, CLOSE = 0, 1, 2
OUTPUTS = {"presence": 3, "safety": 4, "photocell": 5, "opened": 6, "closed": 7}
OUTPUT_NAMES = {
    "presence": "OUT LOOP A",
    "safety": "OUT LOOP B",
    "photocell": "OUT PHOTO",
    "opened": "OUT ARM UP",
    "closed": "OUT DOWN",
}
OUT_COM = 8
KEY, HOLD = 10, 12
FIELD_DEVICES = (
    (0, "LOOP A", "loop", "Loop A", "before the arm"),
    (2, "LOOP B", "loop", "Loop B", "under the arm"),
    (4, "PHOTO", "photocell", "Photocell", "across the lane"),
    (6, "STOP", "stop", "Emergency", "stop"),
    (8, "MOTOR", "arm", "Arm: motor,", "limit switches"),
)


def row(number: float) -> float:
    """Height of a row of terminals."""
    return TOP + ROW * number


def lamp_row(board: Board) -> int:
    """Where the lamps begin: below what is drawn of the inputs."""
    return 14 if any(name == "hold" for name, _ in board.signals) else 10


def wiring(board: Board) -> Picture:
    """The wiring of one lane with this board."""
    needs = _needs(board)
    last = max(OUT_COM, lamp_row(board) + 1 if board.red else 0, _supply_row(board) + SUPPLY_PITCH * (len(needs) - 1))
    bottom = row(last) + FOOT
    picture = card(board.title, WIDTH, bottom + 40 + 20 * len(board.notes) + 34)
    end = bottom if board.signals or board.red else row(OPEN) + 18
    picture.box(Rect(BOARD[0], row(0) - HEAD, BOARD[1], end), board.name, fill="#eefbf1", stroke="#1a7f37")
    _controller(picture)
    _computer(picture, board)
    if needs:
        _supply(picture, board, needs)
    _open(picture, board)
    _signals(picture, board)
    _lamps(picture, board)
    picture.notes(board.notes, bottom + 36)
    used = {wire.kind for wire in picture.wires}
    picture.legend([kind for kind in Kind if kind in used], picture.height - 18)
    return picture


def _controller(picture: Picture) -> None:
    left, right = CONTROLLER
    picture.box(
        Rect(left, row(0) - HEAD, right, row(OUT_COM) + FOOT), "Barrier controller", fill="#fff8e6", stroke="#9a6700"
    )
    for at, pin, sign, name, second in FIELD_DEVICES:
        y = row(at)
        safety = pin != "MOTOR"
        picture.box(Rect(FIELD[0], y - 22, FIELD[1], y + 22), fill="#fff5f5" if safety else "#f6f8fa")
        picture.shape(icon(sign, FIELD[0] + 22, y))
        picture.text(FIELD[0] + 44, y - 3, name, bold=True)
        picture.text(FIELD[0] + 44, y + 13, second, size=11, colour=SOFT)
        picture.wire([(right, y), (FIELD[0], y)], Kind.SAFETY if safety else Kind.SUPPLY)
        picture.terminal(right, y, pin, "right")
    picture.terminal(left, row(CLOSE), "CLOSE", "left")
    picture.text(left - 12, row(CLOSE) + 4, "left free", size=11, anchor="end", colour=SOFT)


def _computer(picture: Picture, board: Board) -> None:
    left, right = COMPUTER
    y = row(COM)
    picture.box(Rect(left, y - HEAD, right, row(2) + 10), "Gate computer", fill="#eef6ff", stroke="#0969da")
    picture.shape(icon("computer", (left + right) / 2, row(1) + 2))
    if board.link == "usb":
        picture.wire([(right, y), (BOARD[0], y)], Kind.DATA, "USB cable")
        picture.terminal(right, y, "USB", "right")
        picture.terminal(BOARD[0], y, "USB", "left")
        return
    middle = (left + right) / 2
    picture.box(Rect(left, row(5) - HEAD, right, row(7) + FOOT), "USB to RS485", fill="#eef6ff", stroke="#0969da")
    picture.wire([(middle, row(2) + 10), (middle, row(5) - HEAD)], Kind.DATA)
    picture.text(middle + 10, (row(2) + 10 + row(5) - HEAD) / 2 + 4, "USB", size=11, colour=Kind.DATA.colour)
    for at, pin in ((5, "A"), (6, "B"), (7, "GND")):
        picture.wire([(right, row(at)), (BOARD[0], row(at))], Kind.DATA)
        picture.terminal(right, row(at), pin, "right")
        picture.terminal(BOARD[0], row(at), pin, "left")
    for x in (right + 26, BOARD[0] - 26):
        _resistor(picture, x, row(5), row(6))
    picture.text((right + BOARD[0]) / 2, row(5) - 8, "120 Ω at both ends", size=11, anchor="middle", colour=SOFT)


def _resistor(picture: Picture, x: float, y0: float, y1: float) -> None:
    colour = Kind.DATA.colour
    picture.shape(f'<path d="M{x:g} {y0:g}V{y1:g}" stroke="{colour}" stroke-width="1.5"/>')
    picture.shape(
        f'<rect x="{x - 4:g}" y="{(y0 + y1) / 2 - 8:g}" width="8" height="16" fill="#ffffff" stroke="{colour}" '
        'stroke-width="1.5"/>'
    )
    for y in (y0, y1):
        picture.shape(f'<circle cx="{x:g}" cy="{y:g}" r="2.6" fill="{colour}"/>')


def _needs(board: Board) -> list[tuple[str, str]]:
    """The pins on the left of the board that the supply feeds, each with its flag."""
    needs = [*board.supply]
    if board.signals:
        needs.append(board.input_com)
    if board.red and board.green and board.relay_pins[0]:
        needs += [
            (board.relay_pins[0].format(number - 1 + board.first), "+24 V") for number in (board.red, board.green)
        ]
    return needs


def _supply_row(board: Board) -> float:
    return 9.7 if board.link == "rs485" else 4.0


def _supply(picture: Picture, board: Board, needs: list[tuple[str, str]]) -> None:
    """The supply's box, and the flags of the board's left side."""
    start = _supply_row(board)
    for number, (pin, flag) in enumerate(needs):
        y = row(start + number * SUPPLY_PITCH)
        picture.tag(BOARD[0], y, flag, "left")
        picture.terminal(BOARD[0], y, pin, "left")
    volts = next((flag for _, flag in board.supply if flag.startswith("+")), "+24 V")
    flags = dict.fromkeys([volts, "+24 V" if board.red or board.signals else volts, "0 V"])
    left, right = COMPUTER
    top = row(start) - 6
    picture.box(Rect(left, top - HEAD + 10, right, top + ROW * len(flags) - 8), "DC supply")
    for number, flag in enumerate(flags):
        y = top + 4 + 26 * number
        picture.tag(right, y, flag, "right")
        picture.terminal(right, y, flag[0] if flag[0] == "+" else "-", "right")


def _open(picture: Picture, board: Board) -> None:
    number = board.open - 1 + board.first
    pins = [pin.format(number) for pin in board.relay_pins]
    words = f"open_channel = {board.open}"
    if board.between == "relay":
        _relay_between(picture, pins[1], words)
        return
    for at, pin, label in ((COM, pins[0], ""), (OPEN, pins[1], words)):
        picture.wire([(BOARD[1], row(at)), (CONTROLLER[0], row(at))], Kind.OPEN, label)
        picture.terminal(BOARD[1], row(at), pin, "right")
        picture.terminal(CONTROLLER[0], row(at), "COM" if at == COM else "OPEN", "left")


def _relay_between(picture: Picture, pin: str, words: str) -> None:
    left, right = INTERPOSED
    y = row(OPEN)
    picture.box(Rect(left, row(COM) - HEAD, right, y + 16), fill="#eefbf1", stroke="#1a7f37")
    picture.text((left + right) / 2, row(COM) - HEAD + 17, "relay", size=12, anchor="middle", bold=True)
    for at, mine in ((COM, "11"), (OPEN, "14")):
        picture.wire([(right, row(at)), (CONTROLLER[0], row(at))], Kind.OPEN)
        picture.terminal(right, row(at), mine, "right")
        picture.terminal(CONTROLLER[0], row(at), "COM" if at == COM else "OPEN", "left")
    picture.wire([(BOARD[1], y), (left, y)], Kind.OPEN)
    picture.terminal(BOARD[1], y, pin, "right")
    picture.terminal(left, y, "A2", "left")
    picture.tag(left, row(COM), "+24 V", "left")
    picture.terminal(left, row(COM), "A1", "left")
    picture.text(BOARD[1] + 40, row(CLOSE) + 4, words, size=11, colour=Kind.OPEN.colour)


def _signals(picture: Picture, board: Board) -> None:
    left = CONTROLLER[0]
    for name, at in OUTPUTS.items():
        picture.terminal(left, row(at), OUTPUT_NAMES[name], "left")
    picture.terminal(left, row(OUT_COM), "OUT COM", "left")
    if not board.signals and not board.red:
        _second_board(picture)
        return
    if not board.signals:
        picture.text(left - 14, row(5) - 4, "free: this board has no inputs", size=11, anchor="end", colour=SOFT)
        picture.text(left - 14, row(5) + 12, "(or to a second, input board)", size=11, anchor="end", colour=SOFT)
        return
    picture.tag(left, row(OUT_COM), "+24 V", "left")
    for name, number in board.signals:
        pin = board.input_pin.format(number - 1 + board.first)
        at = {**OUTPUTS, "key": KEY, "hold": HOLD}[name]
        _signal(picture, board, at, pin, f"{name} = {number}")
        if name in {"key", "hold"}:
            _contact(picture, name, at)
    if board.between == "inputs":
        centre = (ISOLATED[0] + ISOLATED[1]) / 2
        rect = Rect(ISOLATED[0], row(3) - 14, ISOLATED[1], row(7) + 14)
        picture.box(rect, fill="#f3ecff", stroke="#8250df")
        for offset, line in ((-8, "opto-"), (8, "isolators")):
            picture.text(centre, row(5) + offset + 4, line, size=11.5, anchor="middle", bold=True)


def _second_board(picture: Picture) -> None:
    """The optional board that reads the controller's outputs."""
    left, right = BOARD
    picture.box(Rect(left, row(3) - 18, right, row(7) + 18), dash="6 4")
    picture.text(left + 14, row(5) - 4, "Input board", size=13, bold=True)
    picture.text(left + 14, row(5) + 14, "optional", size=12, colour=SOFT)
    for number, (name, at) in enumerate(OUTPUTS.items(), start=1):
        picture.wire([(right, row(at)), (CONTROLLER[0], row(at))], Kind.INPUT, f"{name} = {number}")
        picture.terminal(right, row(at), f"IN {number}", "right")
    picture.tag(CONTROLLER[0], row(OUT_COM), "+24 V", "left")


def _signal(picture: Picture, board: Board, at: int, pin: str, words: str) -> None:
    y = row(at)
    if board.between == "inputs":
        picture.wire([(BOARD[1], y), (ISOLATED[0], y)], Kind.INPUT)
        picture.wire([(ISOLATED[1], y), (CONTROLLER[0], y)], Kind.INPUT, words)
    else:
        picture.wire([(BOARD[1], y), (CONTROLLER[0], y)], Kind.INPUT, words)
    picture.terminal(BOARD[1], y, pin, "right")


def _contact(picture: Picture, name: str, at: int) -> None:
    left, right = CONTROLLER
    y = row(at)
    sign, title, second = {
        "key": ("key", "Officer's key", "switch"),
        "hold": ("alarm", "Hold contact", "fire alarm, 2nd"),
    }[name]
    picture.box(Rect(left, y - 22, right, y + 22))
    picture.shape(icon(sign, left + 28, y))
    picture.text(left + 52, y - 3, title, bold=True)
    picture.text(left + 52, y + 13, second, size=11, colour=SOFT)
    picture.tag(right, y, "+24 V", "right")
    picture.terminal(left, y, "", "left")
    picture.terminal(right, y, "", "right")


def _lamps(picture: Picture, board: Board) -> None:
    if board.red is None or board.green is None:
        return
    left, right = CONTROLLER
    first = lamp_row(board)
    picture.box(Rect(left, row(first) - 16, right, row(first + 1) + 16))
    straight = board.relay_pins[0] != ""
    for offset, (channel, sign, name) in enumerate(
        ((board.red, "red", "red lamp"), (board.green, "green", "green lamp"))
    ):
        y = row(first + offset)
        picture.wire([(BOARD[1], y), (left, y)], Kind.LAMP, f"{sign}_channel = {channel}")
        picture.terminal(BOARD[1], y, board.relay_pins[1].format(channel - 1 + board.first), "right")
        picture.terminal(left, y, "", "left")
        picture.shape(icon(sign, left + 28, y))
        picture.text(left + 52, y + 4, name)
    picture.tag(right, row(first + 0.5), "0 V" if straight else "+24 V", "right")
    picture.terminal(right, row(first + 0.5), "", "right")


def pictures() -> dict[str, Picture]:
    """Every picture by the name of its file."""
    others: dict[str, Callable[[], Picture]] = {
        "scanner": scanner,
        "simulated": simulated,
        "lane": lane_view,
        "sally_port": sally_port,
        "shared_arm": shared_arm,
    }
    drawn = {name: wiring(board) for name, board in BOARDS.items()} | {name: draw() for name, draw in others.items()}
    return {f"{name}.svg": picture for name, picture in drawn.items()}


def main() -> int:
    """Write the pictures."""
    for name, picture in pictures().items():
        (FOLDER / name).write_text(picture.svg(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
