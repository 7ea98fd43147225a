"""The boards whose wiring is drawn: all that differs between them. Numbers are those of the sample configurations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Board:
    """What is particular about a board. `relay_pins` and `input_pin` are printed names, `{}` is the number.

    `signals`: input of each signal, empty for a board without inputs; `open`, `red`, `green`: channels, as the sample
    configuration has them. `between`: what needs a part between board and controller. `supply`:
    pins for the supply and what they are connected to.
    """

    title: str
    name: str
    link: Literal["usb", "rs485"]
    relay_pins: tuple[str, str]
    notes: tuple[str, ...]
    open: int = 1
    red: int | None = None
    green: int | None = None
    signals: tuple[tuple[str, int], ...] = ()
    input_pin: str = "IN {}"
    input_com: tuple[str, str] = ("IN COM", "0 V")
    first: int = 1
    between: Literal["relay", "inputs"] | None = None
    supply: tuple[tuple[str, str], ...] = ()


FOUR = (("presence", 1), ("safety", 2), ("opened", 3), ("closed", 4))
FULL = (("presence", 1), ("safety", 2), ("photocell", 3), ("opened", 4), ("closed", 5))
MOST = (*FULL, ("key", 6), ("hold", 7))
POWER = (("V +", "+24 V"), ("V -", "0 V"))
RESISTORS = (
    "RS485: 120 Ω between A and B at both ends of the line, nowhere else. Many boards and adapters have it built in."
)
BLIND = "This board has no inputs: the lane is blind, unless a second board reads the controller's outputs."
BOARDS: Mapping[str, Board] = {
    "lcus": Board(
        title="LCUS relay board on USB (CH340)",
        name="LCUS-2",
        link="usb",
        relay_pins=("COM {}", "NO {}"),
        notes=(
            (
                "Use COM and NO (normally open) of the relay. NC would hold the barrier open whenever the board has no "
                "power."
            ),
            BLIND,
            (
                "The computer times the pulse. An agent that is killed: the service releases the relay at once. "
                "A dead computer: nobody does."
            ),
        ),
    ),
    "waveshare_d": Board(
        title="Waveshare Modbus RTU Relay (D) class: relays and isolated inputs",
        name="Modbus RTU Relay (D)",
        link="rs485",
        relay_pins=("COM {}", "NO {}"),
        open=8,
        red=3,
        green=4,
        signals=MOST,
        input_pin="DI {}",
        input_com=("DI COM", "0 V"),
        supply=POWER,
        notes=(
            RESISTORS,
            (
                "The controller's outputs are contacts: they pass +24 V on to the inputs. "
                "The loops themselves stay on the controller."
            ),
            (
                "Relay 8 opens because input 8 has no wire: as the board comes, and after a loss of power, "
                "an input may drive its own relay."
            ),
            (
                "A fire alarm opens the barrier through the controller. Its second contact, on the hold input, "
                "lets the agent know and hold."
            ),
        ),
    ),
    "waveshare_io": Board(
        title="Waveshare Modbus RTU IO class: transistor outputs and isolated inputs",
        name="Modbus RTU IO 8CH",
        link="rs485",
        relay_pins=("", "DO {}"),
        open=8,
        red=3,
        green=4,
        signals=MOST,
        input_pin="DI {}",
        input_com=("DI COM", "0 V"),
        between="relay",
        supply=POWER,
        notes=(
            RESISTORS,
            (
                "Outputs of this class are transistors that switch to 0 V (check the manual): "
                "a 24 V relay with a diode gives the contact."
            ),
            (
                "Relay 8 opens because input 8 has no wire: as the board comes, and after a loss of power, "
                "an input may drive its own relay."
            ),
            (
                "A fire alarm opens the barrier through the controller. Its second contact, on the hold input, "
                "lets the agent know and hold."
            ),
        ),
    ),
    "lctech": Board(
        title="LC-Tech Modbus relay board: relays and opto inputs",
        name="LC-Tech Modbus",
        link="rs485",
        relay_pins=("COM {}", "NO {}"),
        red=3,
        green=4,
        signals=FULL,
        input_pin="IN {}",
        input_com=("IN COM", "0 V"),
        supply=POWER,
        notes=(
            RESISTORS,
            "Boards leave the factory with address 255: alone on its line, give it an address of its own first.",
            "Boards differ in supply voltage and number of inputs: check what is printed on yours.",
        ),
    ),
    "r421a": Board(
        title="R421A relay board: switched by register commands",
        name="R421A08",
        link="rs485",
        relay_pins=("COM {}", "NO {}"),
        red=3,
        green=4,
        supply=(("VCC", "+12 V"), ("GND", "0 V")),
        notes=(
            RESISTORS,
            (
                "The address is set with switches on the board. It can time a pulse, in whole seconds: "
                "timed_pulse = true, pulse_ms = 1000."
            ),
            BLIND,
        ),
    ),
    "numato": Board(
        title="Numato USB relay module with GPIO",
        name="Numato USB relay",
        link="usb",
        relay_pins=("C {}", "NO {}"),
        red=3,
        green=4,
        signals=FOUR,
        input_pin="GPIO {}",
        input_com=("GND", "0 V"),
        first=0,
        between="inputs",
        supply=POWER,
        notes=(
            "Numato counts from 0: the agent's channel 1 is relay 0 on the board, its input 1 is GPIO 0.",
            (
                "The GPIO pins bear 3.3 or 5 V and have no isolation: an opto-isolator stands between each of them and "
                "the 24 V of the yard."
            ),
            (
                "Each GPIO in use needs a resistor that holds it while the isolator is off. "
                "Models with 24 V inputs need none of this: check."
            ),
        ),
    ),
    "kmtronic_usb": Board(
        title="KMTronic relay board on USB",
        name="KMTronic USB",
        link="usb",
        relay_pins=("C {}", "NO {}"),
        red=3,
        green=4,
        notes=(
            (
                "Use C and NO (normally open) of the relay. NC would hold the barrier open whenever the board has no "
                "power."
            ),
            BLIND,
            (
                "The computer times the pulse. An agent that is killed: the service releases the relay at once. "
                "A dead computer: nobody does."
            ),
        ),
    ),
    "kmtronic_rs485": Board(
        title="KMTronic relay board on RS485",
        name="KMTronic RS485",
        link="rs485",
        relay_pins=("C {}", "NO {}"),
        red=3,
        green=4,
        supply=(("+12 V", "+12 V"), ("GND", "0 V")),
        notes=(
            RESISTORS,
            BLIND,
            (
                "The computer times the pulse. An agent that is killed: the service releases the relay at once. "
                "A dead computer: nobody does."
            ),
        ),
    ),
    "devantech": Board(
        title="Devantech USB relay module",
        name="USB-RLY08",
        link="usb",
        relay_pins=("C {}", "NO {}"),
        red=3,
        green=4,
        notes=(
            (
                "Use C and NO (normally open) of the relay. NC would hold the barrier open whenever the board has no "
                "power."
            ),
            BLIND,
            (
                "The computer times the pulse. An agent that is killed: the service releases the relay at once. "
                "A dead computer: nobody does."
            ),
        ),
    ),
}
