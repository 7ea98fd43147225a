"""Which pictures of a stream go on to the decoder, and with which numbers."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.frame_boundaries import FrameSplitter, VideoPacket
from drivers.camera.picture_gate import MOST_WAITING, STIR_S, STUCK_S, PictureGate
from drivers.camera.stream_habits import MOST_GAP_S, RESTLESS_S
from tests.unit.drivers.camera.test_frame_boundaries import described, rtp

FRAME_S = 0.04
STEP = 3600
KEY, OTHER, SETS = b"\x65", b"\x41", b"\x67"
KEY_265, OTHER_265 = b"\x26\x01", b"\x02\x01"


class Line:
    """A camera, the gate, and what came out of it: bytes that a decoder would get."""

    def __init__(self, codec="H264", *, every=25):
        self.gate = PictureGate()
        self.splitter = FrameSplitter()
        self.splitter.fed(described(codec))
        self.kinds = (KEY, OTHER) if codec == "H264" else (KEY_265, OTHER_265)
        self.every = every
        self.count = 0
        self.number = 65_000
        self.at = 100.0
        self.out = b""

    def send(self, unit=None, *, size=100, stamp=None, marked=True):
        """One picture in one packet, 40 ms after the one before."""
        unit = unit or self.kinds[self.count % self.every != 0]
        stamp = self.count * STEP if stamp is None else stamp
        self.feed(rtp(unit + bytes(size), marked=marked, number=self.number, stamp=stamp % 2**32))
        self.count += 1
        self.at += FRAME_S

    def feed(self, data):
        for one in self.splitter.split(data):
            self.out += self.gate.fed(one, self.at) if isinstance(one, VideoPacket) else one
        self.number = (self.number + 1) % 65_536

    def run(self, pictures, *, take=True, rest=False, **how):
        """Send pictures, and take at once what is passed on."""
        for _ in range(pictures):
            if rest:
                self.gate.rest(self.at)
            self.send(**how)
            while take and self.gate.waiting:
                self.take()

    def take(self, position_ms=-1.0):
        stamp_s, out = self.gate.took(position_ms, self.at)
        self.out += out
        return stamp_s

    def passed(self):
        """What was passed on since the last look: of each packet its number, stamp, and the first byte of its unit."""
        packets, place = [], 0
        while place < len(self.out):
            size = int.from_bytes(self.out[place + 2 : place + 4], "big")
            packet = self.out[place + 4 : place + 4 + size]
            packets.append((int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big"), packet[12:13]))
            place += 4 + size
        self.out = b""
        return packets


def at_rest(**how):
    """A line that has rested for a while, and begins with a key picture next."""
    line = Line(**how)
    line.run(3 * line.every)
    line.run(2 * line.every, rest=True)
    assert line.gate.resting
    line.passed()
    return line


def units(passed):
    return [unit for _, _, unit in passed if unit != b"\x09"]


def test_awake_all_passes_at_once_as_it_came():
    line = Line()
    for unit in (KEY, OTHER, OTHER):
        number = line.number
        line.send(unit)
        mark, stamp = b"\x09", (line.count - 1) * STEP
        assert line.passed() == [(number, stamp, unit), (number, stamp, mark)]
        line.take()


def test_at_rest_key_pictures_alone_pass_one_a_second_and_all_are_counted():
    line = at_rest()
    came = line.gate.came
    line.run(100, rest=True)
    assert units(line.passed()) == [KEY] * 4
    assert line.gate.came == came + 100
    assert line.gate.came_at == pytest.approx(line.at - FRAME_S)


def test_how_far_the_key_pictures_come_apart_is_told_from_the_second_on():
    line = Line(every=50)
    line.run(50)
    assert line.gate.key_gap_s == math.inf
    line.run(1)
    assert line.gate.key_gap_s == pytest.approx(2.0)
    line.run(10)
    line.send(KEY)
    assert line.gate.key_gap_s == pytest.approx(11 * FRAME_S)


def test_numbers_have_no_gap_where_pictures_were_left_out_and_keep_those_that_the_camera_lost():
    line = at_rest()
    line.run(51, rest=True)
    numbers = [number for number, _, unit in line.passed() if unit != b"\x09"]
    assert [(later - numbers[0]) % 65_536 for later in numbers] == [0, 1, 2]
    line.out = line.gate.wake()
    line.number += 5
    line.send()
    more = [number for number, _, unit in line.passed() if unit != b"\x09"]
    assert [(later - numbers[-1]) % 65_536 for later in more] == [6]


def test_who_wakes_gets_all_since_the_key_picture_and_then_all():
    line = at_rest()
    line.run(10, rest=True)
    assert units(line.passed()) == [KEY]
    line.out = line.gate.wake()
    assert units(line.passed()) == [OTHER] * 9
    line.run(3)
    assert units(line.passed()) == [OTHER] * 3
    assert not line.gate.resting


def test_a_key_picture_out_of_turn_passes_at_once_but_not_many_of_them():
    line = at_rest()
    assert not line.gate.hindrance(line.at)
    line.run(5, rest=True)
    line.run(1, rest=True, unit=KEY)
    assert units(line.passed()) == [KEY, KEY]
    line.run(100, rest=True, unit=KEY)
    assert 4 <= len(units(line.passed())) <= 8


def test_a_leap_of_the_sizes_wakes_for_a_while():
    line = at_rest()
    line.run(10, rest=True)
    line.passed()
    line.run(1, rest=True, size=1000)
    assert units(line.passed()) == [OTHER] * 10
    line.run(5, rest=True)
    assert units(line.passed()) == [OTHER] * 5
    line.run(round(STIR_S / FRAME_S) + 25, rest=True)
    assert line.gate.resting


def test_parameter_sets_of_pictures_that_are_left_out_pass_before_the_next_key_picture():
    line = at_rest()
    line.run(5, rest=True)
    for _ in range(2):
        line.feed(rtp(SETS + b"new", number=line.number, stamp=line.count * STEP))
    line.run(20, rest=True)
    line.passed()
    line.run(1, rest=True)
    numbers, _, kinds = zip(*line.passed(), strict=True)
    assert kinds == (SETS, KEY, b"\x09")
    assert (numbers[1] - numbers[0]) % 65_536 == 1
    assert numbers[2] == numbers[1]


@pytest.mark.parametrize("every", [1000, 100], ids=["none", "seldom"])
def test_a_stream_with_few_key_pictures_does_not_rest(every):
    line = Line(every=every)
    line.run(300, rest=True)
    assert len(units(line.passed())) == 300
    assert not line.gate.resting
    assert "too far apart" in line.gate.hindrance(line.at)


def test_a_stream_that_stops_to_send_key_pictures_rests_no_more():
    line = at_rest()
    line.run(1, rest=True)
    line.run(round(MOST_GAP_S / FRAME_S) + 1, rest=True, unit=OTHER)
    assert not line.gate.resting
    assert len(units(line.passed())) == round(MOST_GAP_S / FRAME_S) + 2


def test_a_stream_whose_pictures_are_reordered_does_not_rest():
    line = Line()
    for _ in range(100):
        for place in (0, 3, 1, 2):
            line.gate.rest(line.at)
            line.send(stamp=(line.count // 4 * 4 + place) * STEP)
            line.take()
    assert not line.gate.resting
    assert "out of order" in line.gate.hindrance(line.at)


def test_a_stream_whose_pictures_have_no_marked_end_is_passed_on_as_it_is():
    line = Line()
    line.run(100, rest=True, marked=False)
    assert len(units(line.passed())) == 100
    assert (line.gate.resting, line.gate.waiting) == (False, 0)
    assert "not marked" in line.gate.hindrance(line.at)


def test_leading_pictures_are_left_out_where_the_stream_was_entered():
    line = at_rest(codec="H265")
    clean, leading = b"\x2a\x01", b"\x10\x01"
    line.run(5, rest=True)
    line.passed()
    for unit in (clean, leading, OTHER_265):
        line.run(1, rest=True, unit=unit)
    line.out += line.gate.wake()
    assert [unit for _, _, unit in line.passed() if unit != b"\x46"] == [b"\x2a", b"\x02"]


def test_what_a_slow_decoder_has_not_taken_gives_way_to_the_next_key_picture():
    line = Line(every=10)
    line.gate.asked(line.at)
    line.run(12, take=False)
    assert len(units(line.passed())) == MOST_WAITING
    while line.gate.waiting:
        line.take()
        if units(passed := line.passed()):
            break
    assert units(passed) == [KEY, OTHER]
    assert passed[0][1] == 10 * STEP


def test_a_decoder_that_gives_nothing_gets_all_and_the_stream_does_not_rest_for_a_while():
    line = at_rest()
    line.run(1, rest=True, take=False)
    line.gate.asked(line.at)
    line.run(round(STUCK_S / FRAME_S) + 1, rest=True, take=False, unit=OTHER)
    assert not line.gate.resting
    passed = units(line.passed())
    assert passed == [KEY] + [OTHER] * (len(passed) - 1)
    assert len(passed) > 24
    line.run(25, rest=True)
    assert not line.gate.resting
    line.run(round(RESTLESS_S / FRAME_S), rest=True)
    assert line.gate.resting


def test_a_library_that_opens_the_stream_gets_as_much_as_it_wants():
    line = Line()
    line.run(3 * MOST_WAITING, take=False)
    assert len(units(line.passed())) == 3 * MOST_WAITING


def test_a_decoder_that_is_not_asked_is_not_stuck():
    line = at_rest()
    line.run(100, rest=True, take=False)
    assert line.gate.resting
    assert units(line.passed()) == [KEY]


def test_a_picture_is_known_again_by_the_time_that_the_decoder_tells_of_it():
    line = Line()
    line.run(3, take=False)
    # The first has its own, a later one that of the delimiter before it.
    assert line.take(0.0) == 0.0
    assert line.take(40.0) == pytest.approx(0.08)
    assert line.gate.waiting == 0


def test_one_that_is_not_known_counts_as_the_oldest():
    line = Line()
    line.run(3, take=False)
    assert line.take(0.0) == 0.0
    assert line.take(12_345.0) is None
    assert line.gate.waiting == 1


def test_what_is_held_is_bounded(mocker):
    mocker.patch("drivers.camera.picture_gate.MOST_HELD_BYTES", 100_000)
    line = at_rest()
    line.run(1, rest=True)
    line.run(20, rest=True, size=6000)
    assert not line.gate.resting
    assert len(units(line.passed())) == 21


def test_a_picture_without_end_is_passed_on(mocker):
    mocker.patch("drivers.camera.picture_gate.MOST_HELD_BYTES", 100_000)
    line = at_rest()
    line.run(1, rest=True)
    line.passed()
    for _ in range(17):
        line.feed(rtp(OTHER + bytes(6000), number=line.number, stamp=line.count * STEP))
    assert not line.gate.rest(line.at)
    assert units(line.passed()) == [OTHER] * 17


def test_of_a_stream_that_cannot_be_followed_any_more_nothing_stays_behind():
    line = at_rest()
    line.run(5, rest=True)
    line.feed(rtp(OTHER + b"half", number=line.number, stamp=line.count * STEP))
    line.passed()
    line.out = line.gate.lost()
    assert units(line.passed()) == [OTHER] * 5
    assert (line.gate.resting, line.gate.waiting) == (False, 0)


@given(st.lists(st.tuples(st.sampled_from([KEY, OTHER, SETS]), st.integers(0, 3), st.booleans()), max_size=120))
def test_whatever_is_done_pictures_pass_in_order_each_once_and_after_the_key_picture_before_it(steps):
    line = Line()
    line.run(60)
    line.passed()
    sent = {}
    for unit, done, marked in steps:
        sent[line.count * STEP] = unit
        line.send(unit, marked=marked)
        match done:
            case 0:
                line.gate.rest(line.at)
            case 1:
                line.out += line.gate.wake()
            case 2:
                line.take()
            case _:
                pass
    line.out += line.gate.lost()
    stamps = [stamp for _, stamp, unit in line.passed() if unit in (KEY, OTHER)]
    assert stamps == sorted(set(stamps))
    order = [stamp for stamp, unit in sent.items() if unit != SETS]
    for before, later in pairwise(stamps):
        left_out = [stamp for stamp in order if before < stamp < later]
        assert not left_out or sent[later] == KEY
