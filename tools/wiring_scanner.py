"""The wiring of a serial code scanner: on USB, or with RS232 and an adapter."""

from __future__ import annotations

from wiring_icons import icon
from wiring_picture import SOFT, Kind, Picture, Rect, card

WIDTH = 1000


def scanner() -> Picture:
    """Both ways to connect a scanner."""
    picture = card("QR scanner that sends what it reads as lines of text", WIDTH, 480)
    picture.box(Rect(24, 70, 190, 350), "Gate computer", fill="#eef6ff", stroke="#0969da")
    picture.shape(icon("computer", 107, 215))
    _by_usb(picture)
    _by_rs232(picture)
    picture.box(Rect(868, 150, 972, 270), "Driver")
    picture.shape(
        '<rect x="894" y="182" width="52" height="76" rx="8" fill="#ffffff" stroke="#1f2328" stroke-width="1.6"/>'
    )
    picture.shape(f'<g transform="translate(920 220) scale(1.5)">{icon("code", 0, 0)}</g>')
    picture.notes(
        (
            "Set the scanner to send each code as one line of text, ended by CR, LF or both, and nothing else.",
            (
                "A scanner that acts as a keyboard (USB HID) does not work: set it to virtual COM port with its setup "
                "code."
            ),
            "RS232 is not TTL: a scanner with 3.3 or 5 V serial pins needs an adapter from USB to TTL instead.",
        ),
        390,
    )
    picture.legend([Kind.DATA, Kind.SUPPLY], 464)
    return picture


def _by_usb(picture: Picture) -> None:
    picture.text(470, 92, "either: USB virtual COM port", size=12.5, anchor="middle", bold=True)
    picture.box(Rect(640, 70, 820, 150), "Scanner, USB", fill="#eefbf1", stroke="#1a7f37")
    picture.shape(icon("scanner", 745, 122))
    picture.wire([(190, 120), (640, 120)], Kind.DATA, "USB cable")
    picture.terminal(190, 120, "USB", "right")
    picture.terminal(640, 120, "USB", "left")


def _by_rs232(picture: Picture) -> None:
    picture.text(470, 192, "or: RS232 through an adapter", size=12.5, anchor="middle", bold=True)
    picture.box(Rect(290, 206, 440, 350), "USB to RS232", fill="#eef6ff", stroke="#0969da")
    picture.wire([(190, 266), (290, 266)], Kind.DATA, "USB cable")
    picture.terminal(190, 266, "USB", "right")
    picture.terminal(290, 266, "USB", "left")
    picture.box(Rect(640, 178, 820, 350), "Scanner, RS232", fill="#eefbf1", stroke="#1a7f37")
    picture.shape(icon("scanner", 765, 266))
    for y, ours, theirs, words in (
        (252, "RX", "TX", "what it reads"),
        (284, "TX", "RX", "not needed"),
        (316, "GND", "GND", ""),
    ):
        picture.wire([(440, y), (640, y)], Kind.DATA, words)
        picture.terminal(440, y, ours, "right")
        picture.terminal(640, y, theirs, "left")
    picture.tag(820, 316, "+5 V", "right")
    picture.terminal(820, 316, "+", "right")
    picture.text(834, 342, "or as printed", size=11, colour=SOFT)
