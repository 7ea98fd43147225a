"""What the templates name is there: every variable is given and used, every attribute, filter, test and macro exists.

Nothing is rendered, so branches that no other test reaches are read too. It cannot see which value a name holds: an
attribute passes where anything that its template shows, by `SHOWN`, has one of that name. What `render` is given by
`**values` is followed only to dictionaries that stand in the same module. A name that a template sets anywhere counts
as set everywhere in it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest
from fastapi import Request
from jinja2 import DictLoader, Environment, meta, nodes
from jinja2.runtime import LoopContext
from pydantic import BaseModel
from starlette.datastructures import URL

from agent.console import (
    anchor_changes,
    board_trace,
    configuration_form,
    event_markup,
    hardware_scan,
    labels,
    page,
)
from agent.console.access.passkeys import Passkey
from agent.console.access.roles import Person, Role
from agent.console.access.second_factors import FactorStanding
from agent.console.access.users import User
from agent.console.certificate import Certificate
from agent.console.chain_check import ChainCheckProgress
from agent.console.gate_status import GateStatus
from agent.console.help.library import HelpPage
from agent.console.help.markdown import Heading, Rendered
from agent.console.help.search import Found
from agent.console.lanes import comparison, driver_view, lane_card, lane_inputs, lane_parts
from agent.console.lanes.lane_standing import Standing
from agent.console.live.lane_updates import barrier_news, devices_news
from agent.console.navigation import Place, ShownPage, ShownPlace
from agent.console.numbers import card, summary
from agent.console.pages import barrier, configuration, connection, health, journal, notifications, setup, vehicles
from agent.console.passkey_forms import PasskeyQuestion
from agent.console.state_acceptance import StateProposal
from agent.console.vehicles.check_words import CheckWords
from agent.console.vehicles.comparison import Difference as VehicleDifference
from agent.console.vehicles.index_file import IndexState
from agent.console.vehicles.record import VehicleRecord
from agent.console.vehicles.search import VehiclePage
from agent.console.vehicles.story import Story
from agent.console.vehicles.timeline import Step
from agent.console.vehicles.vehicle_row import Chip, VehicleRow
from agent.console.wizard import step_page
from agent.core.anchors import AnchorDifference, AnchorProposal, ChangeDocument, HeldAnchors
from agent.core.clock.trust import ClockState, ClockTrust
from agent.core.events import Point
from agent.core.lane import LaneLockout
from agent.doctor import CertificateFacts, report
from agent.doctor.facts import BrokerFacts, PrivateKeyFacts
from agent.i18n import Language
from agent.i18n.templates import functions
from agent.lane import LaneView
from agent.mqtt import BrokerLinkView
from agent.notifications import ChannelView
from agent.settings import Camera
from agent.settings.editing.proposal import Difference
from agent.settings.loading.origin import KeyOrigin
from agent.settings.model.agent import Mqtt, Notifications
from agent.settings.toml.problems import Problem, Spot
from agent.setup import SetupStep
from agent.site.service import SiteService
from agent.store.journal.event_table import StreamState

if TYPE_CHECKING:
    from collections.abc import Iterator

    Function = ast.FunctionDef | ast.AsyncFunctionDef

CONSOLE: Final = Path(page.__file__).parent
TEMPLATES: Final = CONSOLE / "templates"
SOURCES: Final = {
    path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(TEMPLATES.rglob("*.html"))
}
ENVIRONMENT: Final = page.Pages([]).templates
EVERYWHERE: Final = (Person, Role)
EXACT: Final = {"labels": labels, "loop": LoopContext}
"""Names that are the same thing in every template."""
METHODS: Final = {"endswith": str, "get": dict, "items": dict, "split": str, "splitlines": str, "startswith": str}
"""Those of built-in types that templates call."""

SHOWN: Final[dict[str, tuple[Any, ...]]] = {
    "passkey_use.html": (PasskeyQuestion,),
    "second_factor.html": (FactorStanding, Passkey),
    "account.html": (Certificate,),
    "aim.html": (Camera,),
    "anchors.html": (HeldAnchors, AnchorProposal, ChangeDocument, anchor_changes.AnchorEntry),
    "anchors_changes.html": (AnchorDifference,),
    "anchors_sign.html": (ChangeDocument,),
    "anchors_signing.html": (anchor_changes.Signing,),
    "barrier.html": (barrier.Act,),
    "base.html": (Place, ShownPage, ShownPlace, Request, URL),
    "barrier_bytes.html": (board_trace.TraceLine,),
    "barrier_live.html": (LaneView, LaneLockout, barrier_news, barrier.Input, barrier.Relay),
    "configuration_add.html": (configuration_form.Field, configuration_form.Group),
    "configuration_field.html": (configuration_form.Field, configuration_form.Group, configuration_form.Parts),
    "configuration_found.html": (configuration.FoundSetting,),
    "configuration_history.html": (configuration.show_history,),
    "configuration_problem_list.html": (Problem, Spot),
    "configuration_problems.html": (Problem,),
    "configuration_proposal.html": (Difference, KeyOrigin),
    "configuration_table.html": (configuration_form.Group,),
    "connection.html": (CertificateFacts, PrivateKeyFacts),
    "connection_live.html": (
        BrokerLinkView,
        Mqtt,
        connection.Queue,
        connection.List,
        ClockTrust,
        ClockState,
        SiteService.status,
    ),
    "connection_measured.html": (BrokerFacts,),
    "devices_answer.html": (hardware_scan.PortAnswer,),
    "devices_live.html": (hardware_scan.FoundPort, hardware_scan.VideoDevice),
    "health.html": (health.ShownDevice,),
    "health_log.html": (health,),
    "health_report.html": (report,),
    "health_state.html": (StateProposal, Person),
    "journal.html": (journal._Asked, StreamState, Point),
    "journal_check.html": (ChainCheckProgress,),
    "journal_rows.html": (event_markup,),
    "notifications.html": (
        notifications.ShownChannel,
        notifications.ShownNotice,
        ChannelView,
        Notifications,
    ),
    "help.html": (HelpPage, Rendered, Heading),
    "help_search.html": (Found,),
    "setup.html": (SetupStep, step_page, setup._lane),
    "lane.html": (Camera, lane_parts),
    "lane_card.html": (lane_card, Standing),
    "lane_compare.html": (comparison,),
    "lane_devices.html": (devices_news,),
    "lane_driver.html": (driver_view,),
    "lane_inputs.html": (lane_inputs,),
    "lane_standing.html": (Standing,),
    "lane_vehicles.html": (lane_card,),
    "shell_calls.html": (GateStatus,),
    "shell_status.html": (GateStatus,),
    "numbers_today.html": (summary.Tile,),
    "numbers.html": (summary.Tile, summary.Concern, card.Card, card.BarRow),
    "users.html": (User,),
    "vehicle.html": (Story, Step, CheckWords, VehicleRow, Chip, VehicleRecord, datetime),
    "vehicle_compare.html": (Story, VehicleRecord, Chip, VehicleDifference),
    "vehicles.html": (vehicles.Asked, VehiclePage, VehicleRow, Chip),
    "vehicles_news.html": (vehicles.Asked, IndexState),
}
"""What each template shows beside `EVERYWHERE`: types by their attributes, functions and modules by the keys of the
dictionaries in them.
"""


# ------------------------------------------------------------------------------------- what is there, and what is given


def dictionary_keys(tree: ast.AST) -> set[str]:
    """The keys of all dictionaries that are written out."""
    found = (key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys)
    return {key.value for key in found if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def attributes(shown: Any) -> set[str]:
    """What a template may ask of it."""
    if isinstance(shown, type):
        fields = shown.model_fields if issubclass(shown, BaseModel) else ()
        own = (base for base in shown.__mro__ if base not in {str, tuple, object})
        return {name for base in own for name in vars(base) if not name.startswith("_")}.union(fields)
    source = inspect.getsource(shown)
    return dictionary_keys(ast.parse(source if isinstance(shown, ModuleType) else textwrap.dedent(source)))


def given_by_every_page() -> set[str]:
    """The names that `render` itself gives to every template."""
    defined = {
        node.name: node for node in ast.walk(ast.parse(inspect.getsource(page))) if isinstance(node, ast.FunctionDef)
    }
    return dictionary_keys(defined["render"]) | set(functions(Language.EN))


_FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
OF_STEPS: Final = "setup_"
"""Parts of the set-up: each step gives names of its own. `pages/test_setup_steps.py` renders them, step by step."""
PLAIN: Final = [name for name in SOURCES if not name.startswith(OF_STEPS)]


def render_calls() -> list[tuple[str, set[str]]]:
    """Every call of `render` and `refusal` in the console: its template, and the names that it gives."""
    found = []
    for path in sorted(CONSOLE.rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        imports = (node for node in module.body if isinstance(node, ast.ImportFrom) and node.module == page.__name__)
        names = {alias.name for node in imports for alias in node.names} & {"render", "refusal"}
        if not names:
            continue
        for function in (node for node in ast.walk(module) if isinstance(node, _FUNCTION)):
            calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
            found += [
                (template, given_by(call, function, module))
                for call in calls
                if isinstance(call.func, ast.Name) and call.func.id in names
                for template in sorted(constants(call.args[1], function))
                if not template.startswith(OF_STEPS)
            ]
    return found


def given_by(call: ast.Call, function: Function, module: ast.Module) -> set[str]:
    """The names that one call gives; `status` is that of the answer."""
    names = {keyword.arg for keyword in call.keywords if keyword.arg is not None} - {"status"}
    return names.union(*(keys_of(one.value, function, module) for one in call.keywords if one.arg is None))


def keys_of(value: ast.expr, function: Function, module: ast.Module) -> set[str]:
    """The keys of what is given by `**value`: of a variable, a parameter that FastAPI fills, or a call."""
    if isinstance(value, ast.Name):
        parameter = next((one for one in function.args.args if one.arg == value.id), None)
        if parameter is None:
            return set().union(*(dictionary_keys(one) for one in assigned(value.id, function)))
        (depends,) = assigned(ast.unparse(parameter.annotation), module)
        (value,) = (one for one in ast.walk(depends) if isinstance(one, ast.Call))
        name = ast.unparse(value.args[0])
    else:
        name = ast.unparse(value.func)
    (made,) = (one for one in module.body if isinstance(one, ast.FunctionDef) and one.name == name)
    (returned,) = (one.value for one in made.body if isinstance(one, ast.Return))
    return {key.value for key in returned.keys}


def constants(value: ast.expr, function: Function) -> set[str]:
    """The texts that it may be."""
    names = [one.arg for one in function.args.args]
    if isinstance(value, ast.Name) and value.id in names:
        values = given_to(function.name, names.index(value.id))
    else:
        values = assigned(value.id, function) if isinstance(value, ast.Name) else [value]
    branches = [
        branch for one in values for branch in ((one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,))
    ]
    return {branch.value for branch in branches}


def given_to(function: str, place: int) -> list[ast.expr]:
    """What calls in the console give a function as its argument at this place."""
    modules = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted(CONSOLE.rglob("*.py")))
    calls = (node for module in modules for node in ast.walk(module) if isinstance(node, ast.Call))
    found = [call.args[place] for call in calls if isinstance(call.func, ast.Name) and call.func.id == function]
    assert found, f"{function} is nowhere called"
    return found


def assigned(name: str, place: ast.AST) -> list[ast.expr]:
    found = [
        node.value
        for node in ast.walk(place)
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
    ]
    assert found, f"{name} is nowhere assigned"
    return found


# --------------------------------------------------------------------------------------------- what a template asks for


def environment(sources: dict[str, str]) -> Environment:
    """The console's, with these templates."""
    return ENVIRONMENT.overlay(loader=DictLoader(sources))


def names_asked(env: Environment, name: str) -> tuple[set[str], set[str]]:
    """The variables that a template and those it extends, includes and imports need, and those it can do without."""
    tree = env.parse(env.loader.get_source(env, name)[0])
    set_here = {name for one in tree.find_all(nodes.FromImport) for name in one.names}
    set_here |= {one.target.name for one in tree.find_all(nodes.Assign)}
    needed = meta.find_undeclared_variables(tree) - set_here
    optional = {test.node.name for test in tree.find_all(nodes.Test) if test.name == "defined"}
    set_here |= {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    for other in meta.find_referenced_templates(tree):
        needed_there, optional_there = names_asked(env, other)
        needed, optional = needed | (needed_there - set_here), optional | optional_there
    return needed - optional, optional


def faults(sources: dict[str, str], name: str, known: set[str]) -> Iterator[str]:
    """What the template names and nothing has: attributes and keys, labels, filters and tests, macros."""
    env = environment(sources)
    tree = env.parse(sources[name])
    yield from (f"nothing has {one}" for one in attributes_asked(tree) - known)
    for chain in {dotted(node) for node in tree.find_all(nodes.Getattr)}:
        root, _, path = chain.partition(".")
        try:
            attrgetter(path)(EXACT[root]) if root in EXACT else None
        except AttributeError:
            yield f"there is no {chain}"
    yield from (f"there is no filter {one.name}" for one in tree.find_all(nodes.Filter) if one.name not in env.filters)
    yield from (f"there is no test {one.name}" for one in tree.find_all(nodes.Test) if one.name not in env.tests)
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    for imported in tree.find_all(nodes.FromImport):
        there = {macro.name: macro for macro in env.parse(sources[imported.template.value]).find_all(nodes.Macro)}
        yield from (f"there is no macro {one}" for one in imported.names if one not in there)
        macros |= there
    for call in tree.find_all(nodes.Call):
        macro = macros.get(call.node.name) if isinstance(call.node, nodes.Name) else None
        if macro is not None and not takes(macro, call):
            yield f"{macro.name} does not take what it is called with"


def attributes_asked(tree: nodes.Template) -> set[str]:
    """Attributes but those of what is in `EXACT`, keys that are texts, and attributes that are named to a filter."""
    found = {node.attr for node in tree.find_all(nodes.Getattr) if dotted(node).partition(".")[0] not in EXACT}
    keys = [node.arg for node in tree.find_all(nodes.Getitem)]
    keys += [node.args[0] for node in tree.find_all(nodes.Filter) if node.name in {"selectattr", "rejectattr"}]
    return found | {key.value for key in keys if isinstance(key, nodes.Const) and isinstance(key.value, str)}


def dotted(node: nodes.Node) -> str:
    """`a.b.c`; empty where it does not begin with a name."""
    if isinstance(node, nodes.Getattr):
        before = dotted(node.node)
        return f"{before}.{node.attr}" if before else ""
    return node.name if isinstance(node, nodes.Name) else ""


def takes(macro: nodes.Macro, call: nodes.Call) -> bool:
    names = [one.name for one in macro.args]
    given = names[: len(call.args)] + [one.key for one in call.kwargs]
    needed = names[: len(names) - len(macro.defaults)]
    return len(call.args) <= len(names) and set(needed) <= set(given) <= set(names)


# ---------------------------------------------------------------------------------------------------------------- tests


@pytest.mark.parametrize("name", PLAIN)
def test_what_a_template_names_exists(name):
    known = set(METHODS).union(*(attributes(one) for one in (*EVERYWHERE, *SHOWN.get(name, ()))))
    assert sorted(faults(SOURCES, name, known)) == []


@pytest.mark.parametrize(("template", "given"), render_calls())
def test_a_call_gives_what_its_template_asks_for_and_nothing_else(template, given):
    needed, optional = names_asked(environment(SOURCES), template)
    assert needed - given - given_by_every_page() == set()
    assert given - needed - optional == set()


def test_every_template_is_rendered_by_a_page_or_is_part_of_one_that_is():
    env = environment(SOURCES)
    used = {template for template, _ in render_calls()}
    for name in SOURCES:
        used.update(meta.find_referenced_templates(env.parse(SOURCES[name])))
    assert used >= set(PLAIN)


def test_every_row_of_what_is_shown_is_of_use():
    env = environment(SOURCES)
    useless = [
        (name, one)
        for name, row in SHOWN.items()
        for one in row
        if not attributes(one) & attributes_asked(env.parse(SOURCES[name]))
    ]
    assert useless == []


def test_the_methods_are_those_of_the_built_in_types():
    assert all(hasattr(kind, name) for name, kind in METHODS.items())


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{{ user.nickname }}", "nothing has nickname"),
        ("{{ user['nickname'] }}", "nothing has nickname"),
        ("{{ users | selectattr('nickname') | list }}", "nothing has nickname"),
        ("{% if false %}{% for one in users %}{{ one.role.nickname }}{% endfor %}{% endif %}", "nothing has nickname"),
        ("{% for one in users %}{{ loop.nickname }}{% endfor %}", "there is no loop.nickname"),
        ("{{ labels.people.NICKNAMES[user.role] }}", "there is no labels.people.NICKNAMES"),
        ("{% if false %}{{ user.name | shouted }}{% endif %}", "there is no filter shouted"),
        ("{% if user.name is shouted %}{% endif %}", "there is no test shouted"),
        ("{% from 'rows.html' import columns %}", "there is no macro columns"),
        ("{% from 'rows.html' import rows %}{{ rows(1) }}", "rows does not take what it is called with"),
        (
            "{% from 'rows.html' import rows %}{{ rows(1, of=2) }}",
            "rows does not take what it is called with",
        ),
    ],
)
def test_a_template_that_names_what_is_not_there_is_told(source, fault):
    sources = {"wrong.html": source, "rows.html": "{% macro rows(first, second) %}{% endmacro %}"}
    assert list(faults(sources, "wrong.html", attributes(User))) == [fault]


@pytest.mark.parametrize(
    ("sources", "needed"),
    [
        ({"page.html": "{{ lanes }}"}, ["lanes"]),
        ({"page.html": "{% include 'part.html' %}", "part.html": "{{ lanes }}"}, ["lanes"]),
        ({"page.html": "{% extends 'part.html' %}", "part.html": "{{ lanes }}"}, ["lanes"]),
        (
            {"page.html": "{% with lanes = 1 %}{% include 'part.html' %}{% endwith %}", "part.html": "{{ lanes }}"},
            [],
        ),
        ({"page.html": "{% if lanes is defined %}{{ lanes }}{% endif %}"}, []),
        ({"page.html": "{% for one in lanes %}{{ one }}{% endfor %}{{ one }}"}, ["lanes", "one"]),
    ],
)
def test_what_nobody_gives_is_told(sources, needed):
    assert sorted(names_asked(environment(sources), "page.html")[0]) == needed
