"""A replay's report as one HTML file that needs nothing else: pictures stand in it, and nothing in it runs."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.i18n.reasons import REASONS
from agent.i18n.templates import functions
from agent.i18n.verdicts import OUTCOMES, VERDICTS
from agent.replay.words import NOT_JUDGED

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.i18n import Language
    from agent.replay.report import Report

PICTURED: Final = 200
"""Of so many differences, the first ones, pictures stand in the file: a browser must be able to open it."""
PICTURES_OF_ONE: Final = 3


def as_html(report: Report, language: Language, picture: Callable[[str], bytes | None] | None) -> str:
    """Return the page. `picture`: the JPEG of a SHA-256 in hex, None where it is not kept; without it none are shown.

    Raises what `picture` raises.
    """
    shown: dict[str, list[str]] = {}
    if picture is not None:
        for one in report.differences[:PICTURED]:
            found = (picture(sha256) for sha256 in one.vehicle.pictures[:PICTURES_OF_ONE])
            shown[one.vehicle.transaction] = [b64encode(jpeg).decode() for jpeg in found if jpeg is not None]
    return _environment().get_template("report.html").render(
        functions(language),
        language=language.value,
        report=report,
        pictures=shown,
        with_pictures=picture is not None,
        pictured=PICTURED,
        reasons={reason: advice.what for reason, advice in REASONS.items()},
        verdicts=VERDICTS,
        outcomes={outcome.value: text for outcome, text in OUTCOMES.items()},
        not_judged=NOT_JUDGED,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("agent.replay", package_path="."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
