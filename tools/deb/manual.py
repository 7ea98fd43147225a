"""The manual page gate-agent(1), made from the command line itself: see man-pages(7) for its form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tools.deb.command_tree import CommandEntry, Option

FILES: Final = (
    ("/etc/gate-agent/gate.toml", "The configuration; every key stands in it, with what it means."),
    ("/usr/share/gate-agent/config", "That file as it was shipped, and samples of lanes for each kind of board."),
    ("/var/lib/gate-agent", "The state: journal, lists, pictures, the gate's key."),
    ("/var/lib/gate-agent-witness", "The head file, by which an older copy of the state is noticed. Never restore it."),
    ("/usr/lib/gate-agent/current", "The version in use; beside it, while an upgrade runs, the one before."),
    ("/var/lib/gate-agent-versions", "Root's: what was installed when, and the version below which none is taken."),
    ("/etc/credstore/gate-agent.mqtt.password", "The broker's password, where it asks for one."),
)


def manual(root: CommandEntry, version: str, build_time: int) -> str:
    """The page. `build_time`: Unix seconds, its date."""
    day = datetime.fromtimestamp(build_time, UTC).date().isoformat()
    # Left-adjusted: commands and paths are long words, which would leave gaps.
    lines = [".ds AD l", f'.TH GATE-AGENT 1 {day} "gate-agent {version}" "User Commands"']
    lines += [".SH NAME", r"gate-agent \- reads permits and plates, decides, moves the barrier, reports"]
    lines += [".SH SYNOPSIS", ".B gate-agent", r".I COMMAND", r"[\fIARGUMENTS\fR]"]
    lines += [".SH DESCRIPTION", *_paragraphs(root.help)]
    lines += [".SH OPTIONS", *_options(root.options), ".SH COMMANDS"]
    for entry in list(root.walk())[1:]:
        lines += _command(entry)
    lines += [".SH FILES"]
    for path, words in FILES:
        lines += [".TP", f".I {_escaped(path)}", _escaped(words)]
    lines += [
        ".SH SEE ALSO",
        "The pages in",
        ".IR /usr/share/doc/gate-agent ;",
        ".BR gate-agent-install (8),",
        ".BR systemctl (1),",
        ".BR journalctl (1)",
    ]
    return "\n".join(lines) + "\n"


def installer_manual(page: str, version: str, build_time: int) -> str:
    """The page gate-agent-install(8) of its source, with version and date. `build_time`: Unix seconds."""
    day = datetime.fromtimestamp(build_time, UTC).date().isoformat()
    return page.replace("@DAY@", day).replace("@VERSION@", version)


def _command(entry: CommandEntry) -> list[str]:
    title = " ".join(("gate-agent", *entry.words, *(argument.shown for argument in entry.arguments)))
    described = [argument for argument in entry.arguments if argument.help]
    return [f'.SS "{_escaped(title)}"', *_paragraphs(entry.help), *_options((*described, *entry.options))]


def _options(options: tuple[Option, ...]) -> list[str]:
    lines = []
    for option in options:
        lines += [".TP", rf"\fB{_escaped(option.shown)}\fR", *_paragraphs(option.help, ".IP")]
    return lines


def _paragraphs(text: str, between: str = ".PP") -> list[str]:
    lines: list[str] = []
    for number, paragraph in enumerate(filter(None, (part.strip() for part in text.split("\n\n")))):
        lines += [between] * (number > 0)
        if "\n " in paragraph:  # a title, and examples that are indented
            title, *examples = paragraph.splitlines()
            lines += [_escaped(title), ".EX", *(_escaped(example) for example in examples), ".EE"]
        else:
            lines.append(_escaped(" ".join(paragraph.split())))
    return lines


def _escaped(text: str) -> str:
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    plain = plain.replace("|", r"|\:")  # a long list of choices may be broken there
    return rf"\&{plain}" if plain.startswith(".") else plain
