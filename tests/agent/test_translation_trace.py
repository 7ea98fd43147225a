"""English that was stored or came as plain words: traced back to its pattern, told in the language, and never changed."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.assessment import SET_ASIDE
from agent.i18n import Language, translate
from agent.i18n.catalogue import catalogue
from agent.i18n.trace import LONGEST, traced
from drivers.text import Text
from tests.agent.test_translation import ENGLISH
from tests.core import test_judgement_details, test_permit_details
from tests.spoken import said

WRITTEN = {
    *test_judgement_details.FAILED.values(),
    *(detail for _, _, detail in test_judgement_details.OTHERWISE.values()),
    *(detail for _, _, detail in test_judgement_details.HELD.values()),
    *(detail for *_, detail in test_permit_details.FAILED.values()),
    *(detail for _, detail in test_permit_details.HELD),
} - {""}
"""What the checks of decisions write down, as their own tests have it."""

OTHERS = [language for language in Language if language is not Language.EN]
WORDS = sorted(said())
PIECES = sorted({part for words in WORDS for part, *_ in string.Formatter().parse(words) if part})
JOINTS = ["; ", ": ", ", ", " (", ")", " ", "7", "gate-7", "{", "}", "\n", "。"]


@pytest.mark.parametrize("language", OTHERS)
def test_whatever_the_gate_says_in_plain_english_is_told(language):
    """Each of its sentences, with values that are no words: exactly as its translation says it."""
    values = {name: f"{name}{name}7" for name in string.ascii_lowercase}
    table = {words: catalogue(language).translation("", words) for words in WORDS}
    wrong = [
        words
        for words in WORDS
        if translate(traced(words.format_map(values)), language) != table[words].format_map(values)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("stored", "russian"),
    [
        ("score 12.30 from 4 frames", "оценка 12.30, кадров: 4"),
        ("released", "выпущена"),
        ("other VIN, plate", "расходятся: VIN, номер"),
        ("FRESH, 30 s old, trust list 7", "FRESH, давность 30 с, список доверия 7"),
        ("form signed, not accepted here", "форма signed, здесь не принимается"),
        ("granted, at gate-2", "разрешено, на gate-2"),
        ("under permit 00ff at gate-2 at 123", "по пропуску 00ff на gate-2, время 123"),
        (f"25 readings, {SET_ASIDE}: 3", "чтений: 25, номера, отнесённые к другим машинам: 3"),
        (
            "score 0.90 from 3 frames; the plate alone needs 2 alike",
            "оценка 0.90, кадров: 3; одному номеру нужно одинаковых чтений: 2",
        ),
        (
            "a vehicle waits that may pass; the lane is locked by aigul",
            "ждёт машина, которой можно проехать; полоса заблокирована: aigul",
        ),
        (
            "mqtts://b:8883: closed by the broker: the broker is busy (0x89)",
            "mqtts://b:8883: закрыто брокером: брокер занят (0x89)",
        ),
        (
            "cannot open the journal /x/y: disk I/O error (SQLITE_IOERR)",
            "не удаётся открыть журнал /x/y: disk I/O error (SQLITE_IOERR)",
        ),
        ("event 5: gap: 5 to 7 are missing", "событие 5: разрыв: нет событий от 5 до 7"),
        ("the eye process gave no sign of life for 20 s", "процесс камеры не подавал признаков жизни 20 с"),
        ("rtsp://h/x: h refused port 554; is the port right and its service on?", None),
        (
            "texts were dropped: 3 longer than max_length, 2 without the prefix",
            "отброшены тексты: длиннее max_length: 3, без prefix: 2",
        ),
        (
            "LCUS board, 2 relays, readback bytes, on /dev/ttyUSB0",
            "плата LCUS, реле: 2, readback bytes, на /dev/ttyUSB0",
        ),
        (
            "mqtt.window: expected a whole number from 1 to 64; got 99",
            "mqtt.window: ожидается целое число от 1 до 64; а стоит 99",
        ),
    ],
)
def test_what_was_joined_of_several_sentences_is_told_whole(stored, russian):
    known = traced(stored)
    assert known == stored
    assert isinstance(known, Text)
    if russian is not None:
        assert translate(known, Language.RU) == russian


@pytest.mark.parametrize(
    "words", ["", "7", "gate-7", "MATCH", "hello world", "at the gate of the yard", "открыто", "x; y: z"]
)
def test_what_is_not_of_ours_stays_as_it_came(words):
    assert type(traced(words)) is str
    assert translate(traced(words), Language.RU) == words


@pytest.mark.parametrize("language", OTHERS)
def test_every_detail_that_a_check_writes_down_is_told_whole(language):
    assert len(WRITTEN) > 50
    assert {detail for detail in WRITTEN if not isinstance(traced(detail), Text)} == set()
    assert {detail for detail in WRITTEN if ENGLISH.search(translate(traced(detail), language))} == set()


def test_what_is_longer_than_any_sentence_is_not_looked_into():
    long = "; ".join(["no reader works"] * LONGEST)
    assert type(traced(long)) is str
    assert type(traced(long[:LONGEST])) is Text


def test_a_text_that_knows_its_making_is_left_alone():
    text = Text("garbled")
    assert traced(text) is text


@given(st.lists(st.sampled_from([*PIECES, *JOINTS]), max_size=8).map("".join))
def test_tracing_never_changes_a_word(words):
    """Strangers write into these texts: whatever they make of our own words, the English stays what it was."""
    known = traced(words)
    assert known == words
    assert str(translate(known, Language.EN)) == words
    for language in OTHERS:
        assert isinstance(translate(known, language), str)
