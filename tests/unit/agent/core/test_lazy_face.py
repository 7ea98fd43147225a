"""Faces of rooms: each gives all that it names, loads only the module of what is taken, and misleads nobody."""

import ast
import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import agent
import central
from agent.core.lazy_face import lazy_face

LOADED = "import json, sys; {taken}; print(json.dumps([name for name in sys.modules if name.startswith('agent.')]))"


def _lazy(package):
    rooms = (one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if one.ispkg)
    return [room for room in rooms if "lazy_face(__name__)" in _text(room)]


def _text(room):
    return Path(*room.split("."), "__init__.py").read_text()


FACES = [*_lazy(agent), *_lazy(central)]


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room `house` with a face and two modules, of which one cannot be loaded."""
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from agent.core.lazy_face import lazy_face\n"
        "if TYPE_CHECKING:\n"
        "    from house.attic import HEIGHT_M as TOP_M\n"
        "    from house.cellar import (\n        DEPTH_M,\n        WIDTH_M,\n    )\n"
        "else:\n"
        "    __getattr__ = lazy_face(__name__)\n"
    )
    (folder / "cellar.py").write_text("DEPTH_M, WIDTH_M = 2, 5\n")
    (folder / "attic.py").write_text("HEIGHT_M = 1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("house")
    for name in [name for name in sys.modules if name.partition(".")[0] == "house"]:
        del sys.modules[name]


def test_a_module_is_loaded_when_one_of_its_names_is_taken(room):
    assert "house.cellar" not in sys.modules
    assert (room.DEPTH_M, room.WIDTH_M) == (2, 5)
    assert "house.cellar" in sys.modules
    assert "DEPTH_M" in vars(room)  # and the face is not asked again


def test_what_is_wrong_with_a_module_is_told_to_who_takes_a_name_of_it(room):
    assert room.DEPTH_M
    with pytest.raises(ZeroDivisionError):
        _ = room.TOP_M


def test_a_name_that_the_face_does_not_import_is_not_there(room):
    with pytest.raises(AttributeError, match="module 'house' has no attribute 'HEIGHT_M'"):
        _ = room.HEIGHT_M
    with pytest.raises(ImportError, match="cannot import name 'colour' from 'house'"):
        from house import colour  # noqa: F401, PLC0415


def test_a_face_without_its_source_says_what_is_missing(room, monkeypatch):
    monkeypatch.setattr(type(room.__loader__), "get_source", lambda _self, _name: None)
    with pytest.raises(ImportError, match="expected the source of house"):
        lazy_face("house")("DEPTH_M")


@pytest.mark.parametrize("name", FACES)
def test_a_face_gives_all_that_it_names_and_hides_no_module_behind_a_name(name):
    face = import_module(name)
    imports = [
        each for each in ast.walk(ast.parse(_text(name))) if isinstance(each, ast.ImportFrom) and each.col_offset
    ]
    named = {one.asname or one.name: (each.module, one.name) for each in imports for one in each.names}
    modules = {one.name for one in pkgutil.iter_modules(face.__path__)}
    assert sorted(face.__all__) == sorted(named)
    assert modules.isdisjoint(named)  # else it would be the module, as soon as that is loaded
    for here, (module, there) in named.items():
        assert getattr(face, here) is getattr(import_module(module), there)


@pytest.mark.parametrize(
    ("taken", "spared"),
    [
        ("from agent.core.events import time_text", "agent.core.events.event_types"),
        ("from agent.settings import read", "agent.settings.model.agent"),
        ("from agent.core.model import Instant", "agent.core.model.ledger"),
    ],
)
def test_who_takes_a_little_of_a_room_does_not_load_all_of_it(taken, spared):
    said = subprocess.run([sys.executable, "-c", LOADED.format(taken=taken)], check=True, capture_output=True).stdout
    loaded = json.loads(said)
    assert taken.split()[1] in loaded
    assert spared not in loaded


def test_nearly_every_room_of_the_core_has_a_lazy_face():
    assert len([name for name in FACES if name.startswith("agent.core.")]) >= 12
