"""The language of the reader of a page."""

from __future__ import annotations

from agent.i18n import Language


def language_of(cookie: str | None, accepted: str | None) -> Language:
    """The language to show: the chosen one, else the first that the browser asks for and that there is."""
    wanted = (cookie, *_asked_for(accepted or ""))
    return next((Language(each) for each in wanted if each in set(Language)), Language.EN)


def _asked_for(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    weighed = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        weighed.append((-_weight(parameters), place, tag.partition("-")[0].lower()))
    return [language for weight, _, language in sorted(weighed) if weight < 0]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
