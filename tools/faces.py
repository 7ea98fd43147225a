"""An import contract: code outside a room uses its face, or one of the modules that the room holds open.

Every package that lies directly inside a house has to be a room: a new one does not stay open because nobody listed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class FacesContract(Contract):
    """Forbid imports past the face of a room.

    `houses`: packages whose packages must all be rooms. `rooms`: packages. A package inside a room that is named too is
    a room of its own. `doors`: modules, open to all.
    """

    type_name = "faces"

    houses = fields.ListField(subfield=fields.StringField())
    rooms = fields.ListField(subfield=fields.StringField())
    doors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the library's signature
        """Every import of a module that is neither face nor door, from outside its room.

        Every package of a house that is no room. Every door that nobody uses.
        """
        houses, rooms, doors = set(self.houses), set(self.rooms), set(self.doors)
        unknown = sorted((houses | rooms | doors) - graph.modules)
        beside = {each for house in houses & graph.modules for each in graph.find_children(house) - rooms}
        unlisted = sorted(each for each in beside if graph.find_children(each))
        past, used = [], set()
        for module in sorted(graph.modules - rooms):
            room = room_of(module, rooms)
            if room is None:
                continue
            strangers = [
                each for each in graph.find_modules_that_directly_import(module) if room_of(each, rooms) != room
            ]
            if module in doors:
                used |= {module} if strangers else set()
            else:
                past += [f"{each} -> {module}" for each in sorted(strangers)]
        unused = sorted(doors - used - set(unknown))
        return ContractCheck(
            kept=not (past or unknown or unlisted or unused),
            metadata={"past": past, "unknown": unknown, "unlisted": unlisted, "unused": unused},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name what is wrong, a line each."""
        for what, told in (
            ("past", "past a face"),
            ("unknown", "no such module"),
            ("unlisted", "a package that is not listed as a room"),
            ("unused", "a door that nobody uses"),
        ):
            for each in check.metadata[what]:
                output.print_error(f"{told}: {each}")


def room_of(module: str, rooms: set[str]) -> str | None:
    """The innermost room that a module lies in, or is the face of."""
    name = module
    while name not in rooms:
        name, _, rest = name.rpartition(".")
        if not rest:
            return None
    return name
