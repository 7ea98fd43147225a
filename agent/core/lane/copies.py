"""Copies of the lane's large values with some fields changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from agent.core.lane.state import Lane, Transaction

_Value = TypeVar("_Value", "Lane", "Transaction")


def changed(value: _Value, **changes: Any) -> _Value:
    """Return the value with these fields; itself where it has them: most samples change nothing, and cost no copy.

    Raises KeyError for a field that it does not have.
    """
    fields = value.__dict__
    new = {name: one for name, one in changes.items() if fields[name] is not one}
    return _copy(value, new) if new else value


def _copy(value: _Value, new: dict[str, Any]) -> _Value:
    # dataclasses.replace gives each field to __init__ by its name: with so many it would be half the cost of a step.
    copy = object.__new__(type(value))
    copy.__dict__.update(value.__dict__)
    copy.__dict__.update(new)
    return copy
