"""The forms of the set-up's steps, as the pages send them, at a gate with one simulated board and nothing else."""

from __future__ import annotations

import html
import re

from tests.support.console.consoles import ConsoleGate

BOARD_ALONE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
name = "{board}"
"""


def setup_gate(folder, reload=lambda: None):
    """A gate whose lane `out` has a board alone."""
    return ConsoleGate(folder, reload=reload, lanes=BOARD_ALONE.format(board=folder.name))


BY_SCRIPT = {"hx-request": "true"}
"""What the scripts of the pages send along: they take a part of a page."""


def value_of(page, name):
    """The value of the first hidden field of that name."""
    return html.unescape(re.search(rf'name="{name}"\s+value="([^"]*)"', page.text)[1])


def seen_of(browser, step):
    """The state of the files that the page of a step shows."""
    return value_of(browser.get(f"/settings/setup/out/{step}"), "seen")


def send(browser, step, files=None, **form):
    """Send the form of a step."""
    return browser.post(
        f"/settings/setup/out/{step}", data={"seen": seen_of(browser, step)} | form, files=files, headers=BY_SCRIPT
    )


def apply(browser, step, proposed):
    """Apply what a step proposed."""
    form = {"proposal": value_of(proposed, "proposal")}
    return browser.post(f"/settings/setup/out/{step}/apply", data=form, headers=BY_SCRIPT)
