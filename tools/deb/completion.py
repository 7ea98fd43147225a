"""Completion of the command line in bash.

A script that knows all words by itself, since starting Python takes too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tools.deb.command_tree import CommandEntry

_SCRIPT: Final = """\
# bash completion for gate-agent
_gate_agent() {{
    local word at="" words="" flags=""
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$at/$word" in
{moves}
        esac
    done
    case $at in
{words}
    esac
    if [[ $2 == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$2")
    elif [[ $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
    else
        compopt -o default
        COMPREPLY=()
    fi
}}
complete -F _gate_agent gate-agent
"""


def completion(root: CommandEntry) -> str:
    """The script for bash-completion. Where a command takes files, bash completes their names."""
    moves, words = [], []
    for entry in root.walk():
        place = "".join(f"/{word}" for word in entry.words)
        below = " ".join(one.words[-1] for one in entry.below)
        flags = " ".join(name for option in entry.options for name in option.names)
        words.append(f'        "{place}") words="{below}" flags="{flags}" ;;')
        if entry.words:
            moves.append(f'            "{place}") at="{place}" ;;')
    return _SCRIPT.format(moves="\n".join(moves), words="\n".join(words))
