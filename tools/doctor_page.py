"""Write docs/doctor.md from the doctor's checks and their words.

Run `python tools/doctor_page.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.model import Flaw, View
from agent.doctor.codes import SEVERITY, DiagnosticCheck, FindingCode
from agent.doctor.texts import FINDINGS, SEVERITIES, TITLES
from agent.i18n import Language
from agent.i18n.cameras import FLAWS, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = Path(__file__).parents[1] / "docs" / "doctor.md"
OTHERS: Final = tuple(language for language in Language if language is not Language.EN)

INTRODUCTION: Final = """# Doctor: what is wrong with a gate, and how to fix it

This page is written by `python tools/doctor_page.py`; the words are in `agent/doctor/texts.py`, and their
translations in the catalogues of `agent/i18n/`.

```
gate-agent doctor                     # everything, in some seconds
gate-agent doctor --language kk       # in Chinese (zh), Russian (ru) or Kazakh (kk)
gate-agent doctor --json              # for programs: code, severity, subject, figures, words
gate-agent bundle out.zip             # the same with log, configuration, events and versions, for remote support
```

The exit code of `doctor` is 0 if there is nothing to fix, 1 if there are errors or warnings, and 78 if no configuration
can be used.

If the agent runs, the doctor asks it through its socket (`/run/gate-agent/console.sock`), because the agent has the
devices. Otherwise the doctor watches each camera for some seconds, asks each board what it is and for the state of its
relays, and opens each scanner. **Nothing moves.** Every check has a time limit; a device that hangs is a finding, and
does not hide other findings.

The page *Health* of the console shows the same. The running agent examines itself every 40 s, writes each
new error into its log, and publishes its findings with its [`health`](events.md#status-birth-and-the-last-will) every
minute, and at once when a problem appears or ends. One examination took 0.03 s of a core (one lane, one camera).

![The page Health: the relay board does not answer, and what to do about it](images/console-health.webp)

To test a broker, the doctor connects as the gate does, subscribes to `ack`, and publishes one `health` message that is
not retained: a gate may do all of this. mosquitto accepts every subscription, even if its access list blocks the
messages. So this test only detects brokers that refuse the subscription.

Measured values are the same in all languages: sizes in powers of 1024, `→` before an expiry date; for a
journal its last number, with the number of waiting events in brackets.

## From the symptom to the cause
"""
SYMPTOMS: Final[tuple[tuple[str, tuple[DiagnosticCheck, ...]], ...]] = (
    (
        "Nothing happens when a code is shown",
        (DiagnosticCheck.CAMERAS, DiagnosticCheck.SCANNERS, DiagnosticCheck.PROCESSOR),
    ),
    ("The code is read, but the plate is not", (DiagnosticCheck.CAMERAS, DiagnosticCheck.MODELS)),
    (
        "The vehicle may pass, but the barrier does not rise",
        (DiagnosticCheck.RELAYS, DiagnosticCheck.PORTS, DiagnosticCheck.JOURNAL, DiagnosticCheck.DISK),
    ),
    (
        "The barrier stays up, or the lane reports faults",
        (DiagnosticCheck.INPUTS, DiagnosticCheck.RELAYS, DiagnosticCheck.PORTS),
    ),
    (
        "An officer must decide on every vehicle",
        (
            DiagnosticCheck.CLOCK,
            DiagnosticCheck.LISTS,
            DiagnosticCheck.JOURNAL,
            DiagnosticCheck.DISK,
            DiagnosticCheck.CAMERAS,
            DiagnosticCheck.SECOND_READING,
        ),
    ),
    (
        "Permits of some vehicles go to an officer, LEDGER_UNREACHABLE",
        (DiagnosticCheck.SITE, DiagnosticCheck.BROKERS),
    ),
    ("Every permit is refused", (DiagnosticCheck.LISTS, DiagnosticCheck.CLOCK, DiagnosticCheck.CONFIGURATION)),
    (
        "Central sees nothing of the gate",
        (DiagnosticCheck.BROKERS, DiagnosticCheck.CERTIFICATES, DiagnosticCheck.CLOCK, DiagnosticCheck.JOURNAL),
    ),
    (
        "Central's commands are not accepted",
        (DiagnosticCheck.BROKERS, DiagnosticCheck.CLOCK, DiagnosticCheck.CONFIGURATION),
    ),
    (
        "A device is gone after a restart of the machine",
        (DiagnosticCheck.PORTS, DiagnosticCheck.RELAYS, DiagnosticCheck.SCANNERS, DiagnosticCheck.CAMERAS),
    ),
    (
        "The agent does not start, or starts again and again",
        (DiagnosticCheck.SERVICE, DiagnosticCheck.CONFIGURATION, DiagnosticCheck.STATE, DiagnosticCheck.MEMORY),
    ),
    ("A change of the configuration has no effect", (DiagnosticCheck.CONFIGURATION, DiagnosticCheck.VERSIONS)),
    (
        "The gate is slow",
        (DiagnosticCheck.PROCESSOR, DiagnosticCheck.CAMERAS, DiagnosticCheck.RELAYS, DiagnosticCheck.MEMORY),
    ),
    (
        "After a power cut something is missing",
        (DiagnosticCheck.SERVICE, DiagnosticCheck.DISK, DiagnosticCheck.JOURNAL, DiagnosticCheck.WATCHDOG),
    ),
)

CHECK_OF: Final[Mapping[str, DiagnosticCheck]] = {
    "NOTIFICATION": DiagnosticCheck.NOTIFICATIONS,
    "NOTIFICATIONS": DiagnosticCheck.NOTIFICATIONS,
    "CONFIGURATION": DiagnosticCheck.CONFIGURATION,
    "UNIT": DiagnosticCheck.SERVICE,
    "SERVICE": DiagnosticCheck.SERVICE,
    "VERSION": DiagnosticCheck.VERSIONS,
    "UPDATE": DiagnosticCheck.VERSIONS,
    "DRIVER": DiagnosticCheck.DRIVERS,
    "PART": DiagnosticCheck.PARTS,
    "WATCHDOG": DiagnosticCheck.WATCHDOG,
    "HARDWARE": DiagnosticCheck.WATCHDOG,
    "CLOCK": DiagnosticCheck.CLOCK,
    "TIME": DiagnosticCheck.TIME_ZONE,
    "DISK": DiagnosticCheck.DISK,
    "INODES": DiagnosticCheck.DISK,
    "MEMORY": DiagnosticCheck.MEMORY,
    "LOAD": DiagnosticCheck.PROCESSOR,
    "TEMPERATURE": DiagnosticCheck.PROCESSOR,
    "THROTTLED": DiagnosticCheck.PROCESSOR,
    "STATE": DiagnosticCheck.STATE,
    "WITNESS": DiagnosticCheck.WITNESS,
    "JOURNAL": DiagnosticCheck.JOURNAL,
    "ACKS": DiagnosticCheck.JOURNAL,
    "GATE": DiagnosticCheck.GATE_KEY,
    "CERTIFICATE": DiagnosticCheck.CERTIFICATES,
    "PRIVATE": DiagnosticCheck.CERTIFICATES,
    "MODEL": DiagnosticCheck.MODELS,
    "ANCHORS": DiagnosticCheck.ANCHORS,
    "BROKER": DiagnosticCheck.BROKERS,
    "SITE": DiagnosticCheck.SITE,
    "LISTS": DiagnosticCheck.LISTS,
    "LIST": DiagnosticCheck.LISTS,
    "TRUST": DiagnosticCheck.LISTS,
    "PORT": DiagnosticCheck.PORTS,
    "CAMERA": DiagnosticCheck.CAMERAS,
    "SECOND": DiagnosticCheck.SECOND_READING,
    "RELAY": DiagnosticCheck.RELAYS,
    "INPUTS": DiagnosticCheck.INPUTS,
    "LANE": DiagnosticCheck.INPUTS,
    "SCANNER": DiagnosticCheck.SCANNERS,
    "SIGN": DiagnosticCheck.SIGNS,
    "VOICE": DiagnosticCheck.VOICES,
}
"""The check of a code, by the code's first word; a code of no check can come of any."""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION.strip(), table(("what is seen", "where to look"), symptoms())]
    for check in DiagnosticCheck:
        parts += [f"## {TITLES[check]}", findings(check)]
    parts += ["## Any check", _table_of([code for code in FindingCode if check_of(code) is None])]
    parts += ["## In the other languages"]
    parts += [table(("code", *(one.own_name for one in OTHERS)), translated())]
    return "\n\n".join(parts) + "\n"


def check_of(code: FindingCode) -> DiagnosticCheck | None:
    """Which check finds it; None: any."""
    return CHECK_OF.get(code.partition("_")[0])


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def symptoms() -> Iterable[tuple[str, str]]:
    """A row for each symptom, with links to the checks that find its causes."""
    for seen, checks in SYMPTOMS:
        titles = (TITLES[check] for check in checks)
        yield seen, ", ".join(f"[{title}](#{anchor(title)})" for title in titles)


def anchor(title: str) -> str:
    """The name by which Markdown links to a heading."""
    return title.lower().replace(" ", "-")


def findings(check: DiagnosticCheck) -> str:
    """What a check can find."""
    return _table_of([code for code in FindingCode if check_of(code) is check])


def _table_of(codes: Iterable[FindingCode]) -> str:
    return table(("severity", "code", "finding", "fix"), (row for code in codes for row in _rows(code)))


def _rows(code: FindingCode) -> Iterable[tuple[str, str, str, str]]:
    severity = SEVERITIES[SEVERITY[code]]
    match code:
        case FindingCode.CAMERA_VIEW:
            told = [VIEWS[view] for view in View if view is not View.CLEAR]
        case FindingCode.CAMERA_PICTURE:
            told = [FLAWS[flaw] for flaw in Flaw]
        case _:
            told = [FINDINGS[code]]
    for words in told:
        yield severity, f"`{code}`", words.what, words.act


def translated() -> Iterable[tuple[str, ...]]:
    """The words of every finding in the other languages; those of pictures stand in docs/reasons.md."""
    for code in FindingCode:
        if code in FINDINGS:
            yield f"`{code}`", *(FINDINGS[code].translated(language) for language in OTHERS)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
