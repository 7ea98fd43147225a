"""What the sources say in plain English that a page may show: the words of every detail, read from the syntax tree."""

from __future__ import annotations

import ast
import re
import string
from functools import cache
from pathlib import Path

import agent
import drivers
from agent.core.claims import ClaimCode
from agent.core.lane_io import CommandKind
from agent.core.lane_state import State
from agent.core.lists.kinds import ListKind
from agent.core.lists.rows import DeclarationStatus, Subject
from agent.core.permit.trust import KeyStatus
from agent.core.verification import Fault

ROOTS = [Path(str(package.__file__)).parent for package in (agent, drivers)]

SPEAKING = """
agent/*.py agent/core/assessment.py agent/core/checkpoint.py agent/core/clock_trust.py agent/core/command_check.py
agent/core/judging agent/core/jws.py agent/core/lane_*.py agent/core/lists agent/core/permit
agent/core/verification.py agent/console/chain_check.py agent/decider agent/eye/*.py agent/link agent/service/clock.py
agent/service/workers.py
agent/site agent/store drivers/camera agent/doctor/gathering agent/console/pages agent/console/access/logins.py
agent/console/plugged.py
"""
"""Whose words reach a page: through an event, a status, or an error."""

SILENT = """
agent/app.py agent/configuration.py agent/eye_news.py agent/housekeeper.py agent/core/permit/issue.py agent/eye/main.py
agent/eye/pictures.py agent/eye/picture_file.py agent/eye/reading.py agent/eye/wire.py agent/link/errand.py
agent/link/list_topics.py agent/link/topics.py agent/site/ear.py agent/store/list_pack.py agent/store/wiping.py
agent/list_refusals.py agent/list_news.py
"""
"""Those among them that speak to logs, commands and programmers only."""

ALONE = {"closed", "stopped"}
"""Words of one word; of all others the tree shows that they are words."""
VALUES = {
    *(
        one.value
        for kind in (CommandKind, DeclarationStatus, Fault, KeyStatus, ListKind, State, Subject)
        for one in kind
    ),
    *(code.replace("_", " ") for code in ClaimCode),
} - {Subject.VIN.value}
"""Values that are words in what is said: told too."""

UNTOLD = {
    "Could not decode to UTF-8 column",
    "contact off",
    "contact on",
    "officer's key",
    "still on after {a}: {b}",
    "{a} UTC",
    "a seed is {a} bytes, not {b}",
    "a {a} is no map key",
    "an ES256 public key is an uncompressed point of 65 bytes",
    "command {a} cannot be answered: it was never accepted",
    "entry field",
    "it cannot be written: {a}",
    "it is not spelt as base64url without padding",
    "no encoding for a {a}",
    "no unencrypted private key in PEM form",
    "sequence number",
    "set by {a} s",
    "the clock's floor cannot be read",
    "the clock's floor cannot be reset as asked",
    "the input board of {a}",
    "the private key is neither Ed25519 nor P-256",
    "the relay board {a}",
    "the scanner {a}",
    "the seed is no P-256 scalar; take another",
    "the trust list cannot be written: {a}",
    "vehicle claim",
    "what is known of the clock cannot be kept",
    "what was known of the clock cannot be deleted",
}
"""Words for programmers, logs and the issuer of permits, and parts that stand within others."""

NO_WORDS = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|PRAGMA|WHERE|AND|CAST)\b|RTSP/|HTTP/|[|\[\]=]|^\w+(, \w+)+(, \{a\})?$|^%"
)
_UNHEARD = "Text pgettext ngettext Field TypeVar NewType TypeError AssertionError RuntimeError LookupError"
_OF_PROGRAMS = "execute executemany executescript removeprefix startswith endswith compile getLogger Thread"
_EDGES = " ,;:.\n"


class _Words(ast.NodeVisitor):
    """Gathers the literals of a module, but for docstrings, logs, annotations and what only programs read."""

    def __init__(self, unheard):
        self.found = []
        self.unheard = unheard

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Call(self, node):
        name = ast.unparse(node.func)
        if not (name.startswith("log.") or name in self.unheard or name.rpartition(".")[2] in _OF_PROGRAMS.split()):
            self.generic_visit(node)

    def visit_FunctionDef(self, node):
        for each in node.body:
            self.visit(each)

    def visit_ClassDef(self, node):
        self.visit_FunctionDef(node)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_Compare(self, node):
        """What is compared is not said."""

    def visit_Subscript(self, node):
        self.visit(node.value)

    def visit_Dict(self, node):
        for each in node.values:
            self.visit(each)

    def visit_JoinedStr(self, node):
        self.found.append(_pattern(node))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            self.found.append(node.value)


def _pattern(node):
    """The words of an f-string with {a}, {b}, ... for its values; without those of its end that are words of their own."""
    names, words = iter(string.ascii_lowercase), ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            words += part.value
        elif not words.endswith("}"):
            words += f"{{{next(names)}}}"
    return re.sub(r"(?<=\w)\{\w\}$", "", words)


def _told(words):
    """Without the name before a colon and without what is joined to it: those are told by themselves."""
    bare = re.sub(r"; \{\w\}$", "", words.strip(_EDGES))
    named = re.sub(r"^\{a\}[:;,] ", "", bare)
    return bare if named == bare else re.sub(r"\{(\w)\}", lambda name: f"{{{chr(ord(name[1]) - 1)}}}", named)


def _is_said(words):
    bare = re.sub(r"\{\w\}", " ", words)
    return " " in words and re.search(r"[A-Za-z]{2}", bare) and not NO_WORDS.search(words)


def _files():
    for root in ROOTS:
        for path in root.rglob("*.py"):
            name = path.relative_to(root.parent)
            if name.as_posix() not in SILENT.split() and any(
                name.match(one) or one in map(str, name.parents) for one in SPEAKING.split()
            ):
                yield path


@cache
def said():
    """The words of every detail, as the catalogues of `agent.i18n` have them."""
    found = set()
    for path in _files():
        words = _Words({*_UNHEARD.split(), *(() if "camera" in path.parts else ["ValueError"])})
        words.visit(ast.parse(path.read_text(encoding="utf-8")))
        found |= {_told(one) for one in words.found}
    return frozenset(({one for one in found if _is_said(one)} | ALONE | VALUES) - UNTOLD)
