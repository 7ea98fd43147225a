"""Where a text begins and ends in the bytes of a scanner, and what becomes of everything else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import ScanLosses
from drivers.scanner.framing import FORGET_S, FrameRules, Framing, ScanFrame

AT = 100.0
LINES = FrameRules()
STX_ETX = FrameRules(prefix=b"\x02", suffix=b"\x03\r\n")
SILENT = FrameRules(suffix=b"", silence_s=0.1)
SHORT = FrameRules(max_length=4)


def framed(rules: FrameRules, *pieces: bytes) -> tuple[list[bytes], ScanLosses]:
    """The texts in pieces that come one after the other, and what was dropped."""
    framing, texts = Framing(rules), []
    for piece in pieces:
        framing, frames = framing.feed(piece, AT)
        texts += [frame.text for frame in frames]
    return texts, framing.losses


STREAMS = {
    "CR LF": (LINES, b"one\r\ntwo\r\n", [b"one", b"two"], ScanLosses()),
    "CR": (LINES, b"one\rtwo\r", [b"one", b"two"], ScanLosses()),
    "LF": (LINES, b"one\ntwo\n", [b"one", b"two"], ScanLosses()),
    "LF before and CR after": (LINES, b"\none\r\ntwo\r", [b"one", b"two"], ScanLosses()),
    "empty lines": (LINES, b"\r\n\r\n\n\rone\r\r", [b"one"], ScanLosses()),
    "no end yet": (LINES, b"one\r\ntw", [b"one"], ScanLosses()),
    "any byte": (LINES, b"\x00\xff\x80 \t\r\n", [b"\x00\xff\x80 \t"], ScanLosses()),
    "only the suffix that is set": (
        replace(LINES, suffix=b"\r"),
        b"\none\r\ntwo\r",
        [b"\none", b"\ntwo"],
        ScanLosses(),
    ),
    "marked": (STX_ETX, b"\x02one\x03\r\n\x02two\x03\r\n", [b"one", b"two"], ScanLosses()),
    "half of the suffix inside": (STX_ETX, b"\x02a\x03\rb\x03\x03\r\n", [b"a\x03\rb\x03"], ScanLosses()),
    "the prefix inside": (STX_ETX, b"\x02a\x02b\x03\r\n", [b"a\x02b"], ScanLosses()),
    "a mark and nothing": (STX_ETX, b"\x02\x03\r\n\x03\r\n", [], ScanLosses()),
    "the end of a text that began before": (STX_ETX, b"ne\x03\r\n\x02two\x03\r\n", [b"two"], ScanLosses(unmarked=1)),
    "as long as may be": (SHORT, b"four\r\n", [b"four"], ScanLosses()),
    "one byte too long": (SHORT, b"fives\r\nfour\r\n", [b"four"], ScanLosses(overlong=1)),
    "much too long": (SHORT, b"x" * 99 + b"\rone\r" + b"x" * 99, [b"one"], ScanLosses(overlong=2)),
    "too long, ended by a suffix of many bytes": (
        replace(STX_ETX, max_length=2),
        b"\x02abc\x03\r\r\r\n\x03\r\n\x02ok\x03\r\n\x02abc\x03\r\n",
        [b"ok"],
        ScanLosses(overlong=2),
    ),
}


@pytest.mark.parametrize(("rules", "stream", "texts", "losses"), STREAMS.values(), ids=STREAMS)
def test_a_stream_holds_the_same_texts_however_it_is_split(
    rules: FrameRules, stream: bytes, texts: list[bytes], losses: ScanLosses
) -> None:
    assert framed(rules, stream) == (texts, losses)
    assert framed(rules, *(bytes([byte]) for byte in stream)) == (texts, losses)
    for cut in range(len(stream) + 1):
        assert framed(rules, stream[:cut], stream[cut:]) == (texts, losses)


@given(
    stream=st.lists(st.sampled_from([b"\x02", b"\x03", b"\r", b"\n", b"a", b"\xff", b"abc"])).map(b"".join),
    cuts=st.lists(st.integers(0, 120)),
    rules=st.builds(
        FrameRules,
        prefix=st.sampled_from([b"", b"\x02"]),
        suffix=st.sampled_from([b"\r\n", b"\r", b"\x03\r\n", b"\x03\x03", b""]),
        max_length=st.integers(1, 8),
    ),
)
def test_no_split_of_any_bytes_changes_what_comes_out(stream: bytes, cuts: list[int], rules: FrameRules) -> None:
    marks = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[begin:end] for begin, end in pairwise(marks)]
    texts, losses = framed(rules, stream)
    assert framed(rules, *pieces) == (texts, losses)
    for text in texts:
        assert 0 < len(text) <= rules.max_length
        assert rules.prefix + text in stream


@given(st.lists(st.binary(max_size=4000), max_size=10))
def test_no_bytes_make_the_framing_hold_more_than_one_text(pieces: list[bytes]) -> None:
    framing = Framing(replace(STX_ETX, max_length=64))
    for piece in pieces:
        framing, _ = framing.feed(piece, AT)
        assert len(framing.pending) <= 64 + len(b"\x02\x03\r")


def test_a_text_without_its_suffix_is_complete_after_the_silence_and_has_the_time_of_its_last_byte() -> None:
    framing, frames = Framing(SILENT).feed(b"on", AT)
    framing, more = framing.feed(b"e", AT + 0.09)
    assert (frames, more) == ((), ())
    assert framing.due_at == pytest.approx(AT + 0.19)
    assert framing.silent(AT + 0.18) == (framing, ())
    framing, frames = framing.silent(AT + 0.2)
    assert [(frame.text, frame.at) for frame in frames] == [(b"one", AT + 0.09)]
    assert (framing.pending, framing.due_at, framing.losses) == (b"", inf, ScanLosses())


def test_the_suffix_ends_a_text_before_the_silence_does() -> None:
    framing, frames = Framing(replace(LINES, silence_s=0.1)).feed(b"one\r\n", AT)
    assert [frame.text for frame in frames] == [b"one"]
    assert framing.due_at == inf
    framing, _ = framing.feed(b"two", AT + 1)
    _, frames = framing.silent(AT + 1.1)
    assert [frame.text for frame in frames] == [b"two"]


@pytest.mark.parametrize(
    ("rules", "data", "losses"),
    [
        (replace(SILENT, prefix=b"\x02"), b"no mark", ScanLosses(unmarked=1)),
        (replace(SILENT, max_length=4), b"fives", ScanLosses(overlong=1)),
        (replace(SILENT, max_length=4), b"x" * 99, ScanLosses(overlong=1)),
        (replace(STX_ETX, silence_s=0.1, max_length=4), b"\x02fives", ScanLosses(overlong=1)),
    ],
)
def test_the_silence_completes_no_text_that_would_be_dropped_with_its_suffix(
    rules: FrameRules, data: bytes, losses: ScanLosses
) -> None:
    framing, _ = Framing(rules).feed(data, AT)
    framing, frames = framing.silent(AT + 0.2)
    assert (frames, framing.losses, framing.due_at) == ((), losses, inf)
    framing, _ = framing.feed(rules.prefix + b"four", AT + 1)
    framing, frames = framing.silent(AT + 1.2)
    assert [frame.text for frame in frames] == [b"four"]


@pytest.mark.parametrize("rules", [LINES, STX_ETX, SILENT])
def test_a_scanner_that_has_sent_nothing_yet_has_lost_nothing(rules: FrameRules) -> None:
    framing = Framing(rules)
    assert framing.due_at == inf
    assert framing.silent(AT) == (framing, ())


def test_where_only_the_suffix_ends_a_text_half_of_one_is_dropped_and_counted_and_spoils_no_other() -> None:
    framing, _ = Framing(LINES).feed(b"ha", AT)
    assert framing.silent(AT + FORGET_S - 0.1) == (framing, ())
    framing, frames = framing.silent(AT + FORGET_S)
    assert (frames, framing.losses) == ((), ScanLosses(unfinished=1))
    framing, frames = framing.feed(b"whole\r\n", AT + 60)
    assert [frame.text for frame in frames] == [b"whole"]


@pytest.mark.parametrize("rules", [SHORT, replace(SHORT, suffix=b"\x03\r\n")])
def test_what_is_too_long_is_dropped_up_to_its_suffix_however_long_it_pauses(rules: FrameRules) -> None:
    framing, _ = Framing(rules).feed(b"x" * 99, AT)
    assert framing.due_at == inf
    framing, frames = framing.silent(AT + 3600)
    assert frames == ()
    framing, frames = framing.feed(b"end" + rules.suffix + b"next" + rules.suffix, AT + 3600)
    assert [frame.text for frame in frames] == [b"next"]
    assert framing.losses == ScanLosses(overlong=1)


@pytest.mark.parametrize("suffix", [b"\r\n", b"\r", b"\x03\r\n"])
def test_a_text_has_the_time_at_which_its_suffix_came(suffix: bytes) -> None:
    framing, _ = Framing(replace(LINES, suffix=suffix)).feed(b"one", AT)
    _, frames = framing.feed(suffix + b"two" + suffix, AT + 0.5)
    assert frames == (ScanFrame(b"one", AT + 0.5), ScanFrame(b"two", AT + 0.5))


@pytest.mark.parametrize(
    ("suffix", "held", "kept"),
    [
        (b"\r\n", b"four", b""),
        (b"\r", b"four", b""),
        (b"", b"four", b""),
        (b"\x03\r", b"four\x03", b"x"),
        (b"\x03\r\n", b"four\x03\r", b"\rx"),
    ],
)
def test_a_text_is_too_long_with_the_first_byte_that_no_suffix_can_make_part_of_itself(
    suffix: bytes, held: bytes, kept: bytes
) -> None:
    framing, _ = Framing(replace(SHORT, suffix=suffix, silence_s=0.1)).feed(held, AT)
    assert (framing.pending, framing.skipping, framing.losses) == (held, False, ScanLosses())
    framing, frames = framing.feed(b"x", AT)
    assert frames == ()
    assert (framing.pending, framing.skipping, framing.losses) == (kept, True, ScanLosses(overlong=1))
