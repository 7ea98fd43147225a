"""No text of central may be taken for the gate's own word that a driver may drive."""

import pytest

from agent.core.commands.body import SAYABLE_MESSAGES
from agent.i18n.drive_on_words import GO, sounds_like_go
from agent.i18n.driver_texts import sentence, spoken
from agent.i18n.language import Language


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("message", GO)
def test_the_gates_own_words_are_known_in_every_language(message, language):
    assert sounds_like_go(sentence(message, language))
    assert sounds_like_go(spoken(message, language))
    assert sounds_like_go(f"  {sentence(message, language).upper()} !")


@pytest.mark.parametrize(
    "text",
    [
        "Drive on",
        "please DRIVE-ON now",
        "\uff24rive on",
        "You may drive on, thank you",
        "OPEN",
        "Проезжайте, пожалуйста!",
        "请通行",
        "通行",
        "Please wait \u2191",
        "\u27a1 window 3",
        "\u2705",
        "\U0001f7e2",
        "\U0001f697 \U0001f44d",
    ],
)
def test_what_says_go_is_refused(text):
    assert sounds_like_go(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please go to window 3",
        "请到3号窗口",
        "Пройдите к окну 3",
        "Үшінші терезеге барыңыз",
        "Window 3 is open until 18:00",
        "禁止通行",
        "Please wait",
        "Do not drive",
        "20 min. / 20 мин.",
    ],
)
def test_what_says_something_else_is_not(text):
    assert not sounds_like_go(text)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("message", SAYABLE_MESSAGES)
def test_no_message_that_central_may_choose_says_go(message, language):
    assert not sounds_like_go(sentence(message, language))
