"""Kept pictures for tests that are about something else: each shows what was told of it, and its reader says so."""

from dataclasses import replace
from hashlib import sha256

from agent.core.decision.second_reading import PicturesShown, PlateShown


def shown_by(reading):
    """What the picture of a plate reads as, where it is what the first reader had."""
    return PlateShown(reading.text, reading.positions, reading.confidence, reading.columns, reading.two_lines)


class FaithfulReader:
    """Stands for the second readers. It answers while it is asked, which no real one does."""

    def __init__(self):
        self._plates = {}

    def read(self, codes, plates, answer):
        answer(PicturesShown(tuple(codes), tuple(self._plates[picture] for picture in plates)), "")

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

        return replace(
            question,
            presentations=tuple(
                replace(one, picture=named(one.payload), legible=True) for one in question.presentations
            ),
            readings=tuple(of_plate(reading) for reading in question.readings),
            pictures=pictures,
        )
