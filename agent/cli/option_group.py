"""Options that several commands share, written once: the fields of a dataclass become options of each command."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

    Command: TypeAlias = Callable[..., None]

PARAMETER: Final = "options"
"""The parameter of a command that takes the whole group."""


def with_options(group: type[DataclassInstance]) -> Callable[[Command], Command]:
    """Give a command the options of a group beside its own; its parameter `options` takes them together.

    `group`: a dataclass whose fields are annotated as a parameter of a command is. Raises TypeError where the command
    has no such parameter, or a parameter of its own with the name of a field.
    """
    shared = get_type_hints(group, include_extras=True)

    def extend(command: Command) -> Command:
        own = dict(inspect.signature(command).parameters)
        if PARAMETER not in own or own.keys() & shared.keys():
            raise TypeError(f"{command.__name__} needs the parameter {PARAMETER}, and none of {', '.join(shared)}")
        del own[PARAMETER]
        hints = {name: hint for name, hint in get_type_hints(command, include_extras=True).items() if name in own}

        @wraps(command)
        def extended(**given: Any) -> None:
            told = {name: given.pop(name) for name in shared}
            command(**given, **{PARAMETER: group(**told)})

        parameters = [one.replace(kind=one.KEYWORD_ONLY, annotation=hints[name]) for name, one in own.items()]
        for field in fields(group):
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            parameters.append(
                inspect.Parameter(
                    field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=shared[field.name]
                )
            )
        extended.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        extended.__annotations__ = hints | shared
        return extended

    return extend
