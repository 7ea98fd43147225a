"""The import contract on faces, tools/faces.py: what it finds in a small house with two rooms, one of them nested."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from grimp import ImportGraph

from tools.faces import FacesContract

ROOT = Path(__file__).parents[2]
IMPORTS = [
    ("house.kitchen.pot", "house.cellar"),
    ("house.kitchen.pot", "house.cellar.door"),
    ("house.cellar", "house.cellar.wine"),
]


def rooms_of_the_product():
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (faces,) = (each for each in contracts if each["type"] == "faces")
    return faces["rooms"]


def found(*more, rooms=("house.cellar", "house.kitchen"), doors=("house.cellar.door",)):
    """What the contract says of the house, with more imports in it."""
    graph = ImportGraph()
    for importer, imported in (*IMPORTS, *more):
        for module in (importer, imported):
            for name in [module[:at] for at, letter in enumerate(module) if letter == "."] + [module]:
                graph.add_module(name)
        graph.add_import(importer=importer, imported=imported)
    options = {"houses": ["house"], "rooms": list(rooms), "doors": list(doors)}
    check = FacesContract("faces", {}, options).check(graph, verbose=False)
    assert check.kept is not any(check.metadata.values())
    return {what: told for what, told in check.metadata.items() if told}


def test_faces_doors_and_what_is_said_inside_a_room_are_allowed():
    assert found() == {}


def test_an_import_past_a_face_is_named():
    assert found(("house.kitchen.pot", "house.cellar.wine")) == {"past": ["house.kitchen.pot -> house.cellar.wine"]}


def test_a_new_package_that_nobody_listed_is_named_also_when_nothing_imports_it():
    assert found(("house.attic.trunk", "house.cellar")) == {"unlisted": ["house.attic"]}


def test_a_module_directly_in_the_house_is_no_room():
    assert found(("house.lamp", "house.cellar")) == {}


def test_a_door_that_nobody_uses_and_a_room_that_is_not_there_are_named():
    assert found(doors=("house.cellar.door", "house.cellar.wine")) == {"unused": ["house.cellar.wine"]}
    assert found(rooms=("house.attic", "house.cellar", "house.kitchen")) == {"unknown": ["house.attic"]}


@pytest.mark.parametrize("room", rooms_of_the_product())
def test_each_room_says_what_it_is_for_and_what_it_may_touch(room):
    face = (ROOT / Path(*room.split(".")) / "__init__.py").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(face)) or ""
    assert len(said.split("\n\n")) > 1, f"the face of {room} says in one sentence what it is for, and no more"
