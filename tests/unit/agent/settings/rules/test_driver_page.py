"""The driver page of a lane: what is refused, with its place, and what is only warned of."""

from __future__ import annotations

import os

import pytest

from agent.settings import SettingsError, screen_token
from tests.support.gate.config_files import GOOD, loaded, write

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of a test
CONSOLE = "[console]\nenabled = true\n"


def text(page, console=CONSOLE):
    return f"{GOOD}\n{console}\n[lanes.out.driver_page]\n{page}\n"


@pytest.mark.parametrize(
    ("page", "console", "message"),
    [
        ("enabled = true", "", "lanes.out.driver_page.enabled: needs console.enabled = true"),
        ('languages = ["zh", "zh"]', CONSOLE, "lanes.out.driver_page.languages[1]: this language is listed twice"),
        ("languages = []", CONSOLE, "lanes.out.driver_page.languages: expected a list of 1 to 3 items"),
        ('languages = ["zh", "kk", "en", "ru"]', CONSOLE, "lanes.out.driver_page.languages: expected a list of 1 to 3"),
        ('languages = ["de"]', CONSOLE, 'lanes.out.driver_page.languages[0]: expected one of "en", "zh", "ru", "kk"'),
        ('enabled = true\ntoken_file = "none"', CONSOLE, "cannot be read: No such file"),
        ('enabled = true\ntoken_file = "short"', CONSOLE, "holds no token: expected 32 to 128 letters and digits"),
        ('enabled = true\ntoken_file = "."', CONSOLE, "cannot be read"),
        ("colour = true", CONSOLE, "lanes.out.driver_page.colour"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, page, console, message):
    (tmp_path / "short").write_text("1234\n", encoding="ascii")
    with pytest.raises(SettingsError) as caught:
        loaded(write(tmp_path, text(page, console)))
    assert message in "\n".join(str(problem) for problem in caught.value.problems)


def test_a_page_that_is_off_asks_for_nothing(tmp_path):
    found = loaded(write(tmp_path, text('token_file = "none"', "")))
    assert not found.settings.lanes["out"].driver_page.enabled
    assert not found.warnings


@pytest.mark.parametrize(
    "console",
    ['[console]\nenabled = true\nlisten = ["10.0.0.1"]\n', '[console]\nenabled = true\nlisten = ["0.0.0.0"]\n',
     '[console]\nenabled = true\ntls = "always"\n'],
)  # fmt: skip
def test_a_page_that_no_screen_of_this_computer_can_open_is_warned_of(tmp_path, console):
    (warning,) = loaded(write(tmp_path, text("enabled = true", console))).warnings
    assert warning.key == "lanes.out.driver_page.enabled"
    assert "needs 127.0.0.1 among the addresses of console.listen" in str(warning)


def test_a_page_with_a_token_of_a_file_beside_the_configuration_is_taken(tmp_path):
    (tmp_path / "screen.token").write_text(f"{TOKEN}\n", encoding="ascii")
    found = loaded(write(tmp_path, text('enabled = true\ntoken_file = "screen.token"')))
    page = found.settings.lanes["out"].driver_page
    assert (page.token_file, page.languages) == (tmp_path / "screen.token", ("zh", "kk", "en"))
    assert screen_token(page.token_file) == TOKEN


@pytest.mark.parametrize(
    ("content", "token"),
    [(TOKEN, TOKEN), (f" {TOKEN}\r\n", TOKEN), (TOKEN[:-1], None), (f"{TOKEN} {TOKEN}", None), ("a" * 128, "a" * 128),
     ("a" * 129, None), ("", None), ("ä" * 40, None), ("a" * 100_000, None), (f"{TOKEN}/", None)],
)  # fmt: skip
def test_a_token_is_one_word_of_32_to_128_letters_and_digits(tmp_path, content, token):
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    assert screen_token(file) == token


def test_a_pipe_in_the_place_of_the_token_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "token")
    with pytest.raises(OSError, match="not a regular file"):
        screen_token(tmp_path / "token")
