"""Kept pictures for tests that are about something else: each shows what was told of it, and its reader says so."""

from dataclasses import replace
from hashlib import sha256

from agent.core.decision.second_reading import PicturesShown, PlateShown, VinShown


def shown_by(reading):
    """What the picture of a plate reads as, where it is what the first reader had."""
    return PlateShown(reading.text, reading.positions, reading.confidence, reading.columns, reading.two_lines)


def vin_shown_by(reading):
    """What the picture of a VIN reads as, where it is what the first reader had."""
    return VinShown(reading.text, reading.source, reading.positions, reading.confidence, reading.columns)


class FaithfulReader:
    """Stands for the second readers. It answers while it is asked, which no real one does."""

    def __init__(self):
        self._plates = {}
        self._vins = {}

    def read(self, codes, plates, answer, vins=()):
        of_plates = tuple(self._plates[picture] for picture in plates)
        answer(PicturesShown(tuple(codes), of_plates, tuple((self._vins[picture],) for picture in vins)), "")

    def pictured(self, question):
        """The question with a picture for all that it rests on."""
        pictures = {}

        def named(picture):
            name = sha256(picture).hexdigest()
            pictures[name] = picture
            return name

        def of_plate(reading):
            picture = repr(reading).encode()
            self._plates[picture] = shown_by(reading)
            return replace(reading, picture=named(picture))

        def of_vin(reading):
            picture = repr(reading).encode()
            self._vins[picture] = vin_shown_by(reading)
            return replace(reading, picture=named(picture), legible=True)

        return replace(
            question,
            presentations=tuple(
                replace(one, picture=named(one.payload), legible=True) for one in question.presentations
            ),
            readings=tuple(of_plate(reading) for reading in question.readings),
            vins=tuple(of_vin(reading) for reading in question.vins),
            pictures=pictures,
        )
