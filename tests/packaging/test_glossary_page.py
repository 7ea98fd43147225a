"""The page docs/glossary.md: its words are those of the catalogues, and no word of the product is missing."""

import re
from pathlib import Path

import pytest

from agent.core.model import Outcome
from agent.core.model.reasons import Verdict
from agent.i18n import Language
from tests.unit.agent.i18n.test_terms import OTHERS, TERMS, sentences

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "glossary.md").read_text(encoding="utf-8")
OF_GATES, _, OF_CENTRAL = PAGE.partition("## The words of the central side")


def rows(part):
    """The words of a part of the page, each with its meaning and what it is called."""
    return {
        cells[0]: dict(zip(("meaning", *OTHERS), cells[1:], strict=True))
        for line in part.splitlines()
        if line.startswith("| ") and not line.startswith("| word ")
        for cells in ([cell.strip() for cell in line.strip("|").split("|")],)
    }


WORDS, CENTRAL_WORDS = rows(OF_GATES), rows(OF_CENTRAL)
"""Words of gates are read in their texts too; those of the central side stand on pages alone."""
SAID = {
    "presentation": "code was shown",
    "watermark": "acknowledged event",
    "sign": "driver's sign",
    "log": "the log",
    "zone": "the zone",
}
"""By which words people read of it, where the word alone does not stand in the texts or means another thing there."""

OF_ONE_LANGUAGE = {
    Language.ZH: ["revoked", "(?:public|root|private|gate's|issuer's) key", "commands? from central"],
    Language.RU: ["configurations?", "gap", "keys?", "revoked"],
    Language.KK: ["configurations?", "contacts?", "boards?", "keys?", "root key", "commands? from central"],
}
"""Terms that are watched because one language has had two words for them; they are no words of the product."""

CASES = [(word, language) for word in WORDS for language in OTHERS]


def english(word):
    return SAID.get(word, word)


def terms_of(word, language):
    return [term for term in TERMS[language] if re.fullmatch(term.word, english(word))]


def stem(told):
    """A word without the last letters, which change with its place in a sentence."""
    return told[:-2] if len(told) > len("полоса") else told


@pytest.mark.parametrize(("word", "language"), CASES)
def test_a_word_is_called_what_the_table_of_terms_calls_it(word, language):
    told = WORDS[word][language]
    terms = terms_of(word, language)
    assert terms
    assert [term for term in terms if not re.search(term.term, told, re.IGNORECASE)] == []
    barred = [term.barred for term in terms if term.barred]
    assert [one for one in barred if re.search(one, told, re.IGNORECASE)] == []


@pytest.mark.parametrize(("word", "language"), CASES)
def test_a_word_is_the_one_that_people_read(word, language):
    meant = re.compile(rf"\b(?:{re.escape(english(word))})s?\b", re.IGNORECASE)
    said = [told.lower() for text, told in sentences(language) if meant.search(text)]
    assert any(stem(WORDS[word][language].lower()) in told for told in said)


@pytest.mark.parametrize("language", OTHERS)
def test_every_term_is_on_the_page(language):
    named = {term.word for word in WORDS for term in terms_of(word, language)}
    assert [term.word for term in TERMS[language] if term.word not in named] == OF_ONE_LANGUAGE[language]


@pytest.mark.parametrize(("word", "codes"), [("decision", Verdict), ("outcome", Outcome)])
def test_the_codes_of_decisions_and_outcomes_are_those_of_the_code(word, codes):
    assert re.findall(r"`(\w+)`", WORDS[word]["meaning"]) == list(codes)


def test_a_meaning_is_one_sentence():
    told = WORDS | CENTRAL_WORDS
    assert [word for word, row in told.items() if not re.fullmatch(r"[A-Z`].*[^.]\.", row["meaning"])] == []
    assert [word for word, row in told.items() if ". " in row["meaning"]] == []


@pytest.mark.parametrize("word", CENTRAL_WORDS)
def test_a_word_of_the_central_side_is_of_its_own_in_each_language_and_stands_on_its_pages(word):
    pages = "".join((DOCS / name).read_text("utf-8").lower() for name in ("central.md", "tracing.md"))
    assert word.split()[-1] in pages
    for language in OTHERS:
        told = CENTRAL_WORDS[word][language]
        assert told
        assert told not in [row[language] for row in WORDS.values()]
        central = next(term for term in TERMS[language] if term.word == "central")
        assert "central" not in word or re.search(central.term, told, re.IGNORECASE)


def test_the_words_of_each_language_are_told_apart():
    """Two words of the product may share one in a language only where they are told apart by what stands beside."""
    twice = {
        (language, told)
        for language in OTHERS
        for told in [row[language] for row in WORDS.values()]
        if [row[language] for row in WORDS.values()].count(told) > 1
    }
    assert twice == {(Language.ZH, "读取")}
