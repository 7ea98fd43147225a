"""What a driver is told by each message: in a sentence, aloud, and in the few letters of a sign.

A sign counts columns of half a square: a Latin letter takes one, a Chinese or Cyrillic one two. So Russian and Kazakh
have four letters at 8 columns. What is longer there moves through the line; nothing is shortened to what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.model import DriverMessage
from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class DriverWords:
    """One message in English. `sentence`: on the driver page and the console. `spoken`: as it is said aloud.

    For signs: `short` of 8 columns, `line` of 16, `two_lines` of 16 each, with a line break between.
    """

    sentence: Text
    spoken: Text
    short: Text
    line: Text
    two_lines: Text


WORDS: Final[Mapping[DriverMessage, DriverWords]] = {
    DriverMessage.WELCOME: DriverWords(
        sentence=Text("Welcome. Please drive up to the barrier."),
        spoken=pgettext("spoken to a driver", "Welcome. Please drive up to the barrier and stop."),
        short=pgettext("sign of 8 columns", "WELCOME"),
        line=pgettext("sign of 16 columns", "WELCOME"),
        two_lines=pgettext("sign of 2 x 16 columns", "WELCOME\nPLEASE DRIVE UP"),
    ),
    DriverMessage.STARTING: DriverWords(
        sentence=Text("Starting, please wait"),
        spoken=pgettext("spoken to a driver", "The lane is starting. Please wait."),
        short=pgettext("sign of 8 columns", "WAIT"),
        line=pgettext("sign of 16 columns", "PLEASE WAIT"),
        two_lines=pgettext("sign of 2 x 16 columns", "STARTING\nPLEASE WAIT"),
    ),
    DriverMessage.SHOW_CODE: DriverWords(
        sentence=Text("Please show your QR code"),
        spoken=pgettext("spoken to a driver", "Please show your QR code."),
        short=pgettext("sign of 8 columns", "SHOW QR"),
        line=pgettext("sign of 16 columns", "SHOW QR CODE"),
        two_lines=pgettext("sign of 2 x 16 columns", "PLEASE SHOW\nYOUR QR CODE"),
    ),
    DriverMessage.HOLD_CODE_STILL: DriverWords(
        sentence=Text("Hold the code still"),
        spoken=pgettext("spoken to a driver", "Please hold the code still."),
        short=pgettext("sign of 8 columns", "STEADY"),
        line=pgettext("sign of 16 columns", "HOLD CODE STILL"),
        two_lines=pgettext("sign of 2 x 16 columns", "HOLD THE CODE\nSTILL"),
    ),
    DriverMessage.CHECKING: DriverWords(
        sentence=Text("Checking, please wait"),
        spoken=pgettext("spoken to a driver", "We are checking. Please wait."),
        short=pgettext("sign of 8 columns", "CHECKING"),
        line=pgettext("sign of 16 columns", "CHECKING"),
        two_lines=pgettext("sign of 2 x 16 columns", "CHECKING\nPLEASE WAIT"),
    ),
    DriverMessage.WAIT: DriverWords(
        sentence=Text("Please wait"),
        spoken=pgettext("spoken to a driver", "Please wait a moment."),
        short=pgettext("sign of 8 columns", "WAIT"),
        line=pgettext("sign of 16 columns", "PLEASE WAIT"),
        two_lines=pgettext("sign of 2 x 16 columns", "PLEASE WAIT\nIN YOUR CAR"),
    ),
    DriverMessage.WAIT_FOR_OFFICER: DriverWords(
        sentence=Text("Please wait for an officer"),
        spoken=pgettext("spoken to a driver", "Please stay in your car and wait for an officer."),
        short=pgettext("sign of 8 columns", "WAIT"),
        line=pgettext("sign of 16 columns", "WAIT FOR OFFICER"),
        two_lines=pgettext("sign of 2 x 16 columns", "PLEASE WAIT\nFOR AN OFFICER"),
    ),
    DriverMessage.CODE_NOT_VALID: DriverWords(
        sentence=Text("This code is not valid here. Please show another."),
        spoken=pgettext("spoken to a driver", "This code is not valid here. Please show another one."),
        short=pgettext("sign of 8 columns", "INVALID"),
        line=pgettext("sign of 16 columns", "CODE NOT VALID"),
        two_lines=pgettext("sign of 2 x 16 columns", "CODE NOT VALID\nSHOW ANOTHER"),
    ),
    DriverMessage.CODE_TOO_EARLY: DriverWords(
        sentence=Text("This code is not valid yet. Please come back later."),
        spoken=pgettext("spoken to a driver", "This code is not valid yet. Please come back later."),
        short=pgettext("sign of 8 columns", "TOO SOON"),
        line=pgettext("sign of 16 columns", "TOO EARLY"),
        two_lines=pgettext("sign of 2 x 16 columns", "NOT VALID YET\nCOME BACK LATER"),
    ),
    DriverMessage.CODE_EXPIRED: DriverWords(
        sentence=Text("This code has expired. Please get a new one."),
        spoken=pgettext("spoken to a driver", "This code has expired. Please get a new one."),
        short=pgettext("sign of 8 columns", "EXPIRED"),
        line=pgettext("sign of 16 columns", "CODE EXPIRED"),
        two_lines=pgettext("sign of 2 x 16 columns", "CODE EXPIRED\nGET A NEW ONE"),
    ),
    DriverMessage.OTHER_LANE: DriverWords(
        sentence=Text("Please use another lane"),
        spoken=pgettext("spoken to a driver", "Please use another lane."),
        short=pgettext("sign of 8 columns", "NOT HERE"),
        line=pgettext("sign of 16 columns", "USE OTHER LANE"),
        two_lines=pgettext("sign of 2 x 16 columns", "PLEASE USE\nANOTHER LANE"),
    ),
    DriverMessage.LANE_BUSY: DriverWords(
        sentence=Text("Lane busy, please wait"),
        spoken=pgettext("spoken to a driver", "The lane is busy. Please wait."),
        short=pgettext("sign of 8 columns", "BUSY"),
        line=pgettext("sign of 16 columns", "LANE BUSY"),
        two_lines=pgettext("sign of 2 x 16 columns", "LANE BUSY\nPLEASE WAIT"),
    ),
    DriverMessage.LANE_CLOSED: DriverWords(
        sentence=Text("This lane is closed"),
        spoken=pgettext("spoken to a driver", "This lane is closed."),
        short=pgettext("sign of 8 columns", "CLOSED"),
        line=pgettext("sign of 16 columns", "LANE CLOSED"),
        two_lines=pgettext("sign of 2 x 16 columns", "THIS LANE\nIS CLOSED"),
    ),
    DriverMessage.TURN_BACK: DriverWords(
        sentence=Text("No passage, please turn back"),
        spoken=pgettext("spoken to a driver", "You cannot pass here. Please turn back."),
        short=pgettext("sign of 8 columns", "GO BACK"),
        line=pgettext("sign of 16 columns", "NO PASSAGE"),
        two_lines=pgettext("sign of 2 x 16 columns", "NO PASSAGE\nPLEASE TURN BACK"),
    ),
    DriverMessage.BARRIER_OPENS: DriverWords(
        sentence=Text("The barrier opens. Wait until it is up."),
        spoken=pgettext("spoken to a driver", "The barrier is opening. Please wait."),
        short=pgettext("sign of 8 columns", "OPENING"),
        line=pgettext("sign of 16 columns", "BARRIER OPENS"),
        two_lines=pgettext("sign of 2 x 16 columns", "BARRIER OPENS\nWAIT UNTIL UP"),
    ),
    DriverMessage.DRIVE_ON: DriverWords(
        sentence=Text("Please drive on"),
        spoken=pgettext("spoken to a driver", "Please drive on."),
        short=pgettext("sign of 8 columns", "DRIVE ON"),
        line=pgettext("sign of 16 columns", "DRIVE ON"),
        two_lines=pgettext("sign of 2 x 16 columns", "PLEASE\nDRIVE ON"),
    ),
    DriverMessage.KEEP_DRIVING: DriverWords(
        sentence=Text("Keep driving"),
        spoken=pgettext("spoken to a driver", "Please keep driving."),
        short=pgettext("sign of 8 columns", "GO ON"),
        line=pgettext("sign of 16 columns", "KEEP DRIVING"),
        two_lines=pgettext("sign of 2 x 16 columns", "KEEP DRIVING\nDO NOT STOP"),
    ),
    DriverMessage.KEEP_CLEAR: DriverWords(
        sentence=Text("Keep clear of the barrier"),
        spoken=pgettext("spoken to a driver", "Please keep clear of the barrier."),
        short=pgettext("sign of 8 columns", "KEEP OFF"),
        line=pgettext("sign of 16 columns", "KEEP CLEAR"),
        two_lines=pgettext("sign of 2 x 16 columns", "KEEP CLEAR\nOF THE BARRIER"),
    ),
    DriverMessage.STOP_BARRIER_CLOSES: DriverWords(
        sentence=Text("Stop, the barrier closes"),
        spoken=pgettext("spoken to a driver", "Stop! The barrier is closing."),
        short=pgettext("sign of 8 columns", "STOP"),
        line=pgettext("sign of 16 columns", "STOP, CLOSING"),
        two_lines=pgettext("sign of 2 x 16 columns", "STOP\nBARRIER CLOSES"),
    ),
    DriverMessage.STOP_FOR_OFFICER: DriverWords(
        sentence=Text("Stop! Wait for an officer"),
        spoken=pgettext("spoken to a driver", "Stop! Please wait for an officer."),
        short=pgettext("sign of 8 columns", "STOP"),
        line=pgettext("sign of 16 columns", "STOP AND WAIT"),
        two_lines=pgettext("sign of 2 x 16 columns", "STOP AND WAIT\nFOR AN OFFICER"),
    ),
    DriverMessage.STOP_OTHER_SIDE: DriverWords(
        sentence=Text("Stop, other side drives"),
        spoken=pgettext("spoken to a driver", "Stop! A vehicle is coming from the other side."),
        short=pgettext("sign of 8 columns", "STOP"),
        line=pgettext("sign of 16 columns", "STOP, ONCOMING"),
        two_lines=pgettext("sign of 2 x 16 columns", "STOP, ONCOMING\nTRAFFIC"),
    ),
    DriverMessage.BARRIER_STAYS_OPEN: DriverWords(
        sentence=Text("The barrier stays open"),
        spoken=pgettext("spoken to a driver", "The barrier stays open."),
        short=pgettext("sign of 8 columns", "OPEN"),
        line=pgettext("sign of 16 columns", "BARRIER OPEN"),
        two_lines=pgettext("sign of 2 x 16 columns", "THE BARRIER\nSTAYS OPEN"),
    ),
    DriverMessage.OUT_OF_ORDER: DriverWords(
        sentence=Text("Out of order, wait for an officer"),
        spoken=pgettext("spoken to a driver", "This lane is out of order. Please wait for an officer."),
        short=pgettext("sign of 8 columns", "FAULT"),
        line=pgettext("sign of 16 columns", "OUT OF ORDER"),
        two_lines=pgettext("sign of 2 x 16 columns", "OUT OF ORDER\nPLEASE WAIT"),
    ),
    DriverMessage.OUT_OF_SERVICE: DriverWords(
        sentence=Text("Lane out of service, please use another"),
        spoken=pgettext("spoken to a driver", "This lane is out of service. Please use another lane."),
        short=pgettext("sign of 8 columns", "NO ENTRY"),
        line=pgettext("sign of 16 columns", "OUT OF SERVICE"),
        two_lines=pgettext("sign of 2 x 16 columns", "OUT OF SERVICE\nUSE OTHER LANE"),
    ),
    DriverMessage.FROM_CENTRAL: DriverWords(
        sentence=Text("Please read the message"),
        spoken=pgettext("spoken to a driver", "There is a message for you. Please look at the screen."),
        short=pgettext("sign of 8 columns", "MESSAGE"),
        line=pgettext("sign of 16 columns", "READ MESSAGE"),
        two_lines=pgettext("sign of 2 x 16 columns", "PLEASE READ\nTHE MESSAGE"),
    ),
}
