"""The W3C trace context: which of central's traces a permit, a command or an event belongs to.

Source: W3C Trace Context (Recommendation of 2021-11-23, "trace-context-1"), sections 3.2 `traceparent` and 3.3
`tracestate`; CloudEvents 1.0.2, extension "Distributed Tracing". The gate ignores an invalid context, and refuses
nothing because of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

TRACEPARENT: Final = r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
"""A `traceparent` of version 00, as a pattern of JSON Schema; its ids are not all zero either."""
TRACESTATE_LIMIT: Final = 512
"""Characters of a `tracestate`: what each participant must pass on at least, and the gate at most."""
TRACE_BYTES: Final = 25
"""Of a context without its state: trace id, span id, flags."""

_TRACE_ID_BYTES, _SPAN_ID_BYTES = 16, 8
_KNOWN_FLAGS: Final = 0x03
"""Sampled, and random trace id: the only ones whose meaning a new span may pass on."""
_PARENT: Final = re.compile(TRACEPARENT[1:-1])
_MEMBERS_LIMIT: Final = 32
_MEMBER: Final = re.compile(
    r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of a trace. `trace_id`, `span_id`: 32 and 16 small hexadecimal digits, not all zero.

    `flags`: 0 to 255; bit 0: the trace is sampled. `state`: a `tracestate`, empty for none.
    """

    trace_id: str
    span_id: str
    flags: int = 0
    state: str = ""

    @property
    def parent(self) -> str:
        """The context as a `traceparent`, 55 characters."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    @property
    def octets(self) -> bytes:
        """The context without its state, in `TRACE_BYTES`: trace id, span id, flags."""
        return bytes.fromhex(self.trace_id + self.span_id) + bytes((self.flags,))

    def child(self, *names: str) -> TraceContext:
        """The context of a span inside this one, whose id is that of `names`: the same names, the same span."""
        return TraceContext(self.trace_id, span_id_of(*names), self.flags & _KNOWN_FLAGS, self.state)


def trace_of(parent: object, state: object = "") -> TraceContext | None:
    """The context of a `traceparent` and its `tracestate`; None for anything that is not a right `traceparent`.

    A `tracestate` that is not right is dropped, and the context is kept without it.
    """
    if not isinstance(parent, str) or not _PARENT.fullmatch(parent):
        return None
    _, trace_id, span_id, flags = parent.split("-")
    if not (int(trace_id, 16) and int(span_id, 16)):
        return None
    return TraceContext(trace_id, span_id, int(flags, 16), _right_state(state))


def trace_of_octets(octets: object) -> TraceContext | None:
    """The context of `TRACE_BYTES`; None for anything else, and for ids that are all zero."""
    if not isinstance(octets, bytes) or len(octets) != TRACE_BYTES:
        return None
    ids = octets.hex()
    trace_id, span_id = ids[: 2 * _TRACE_ID_BYTES], ids[2 * _TRACE_ID_BYTES : -2]
    return trace_of(f"00-{trace_id}-{span_id}-{ids[-2:]}")


def span_of_transaction(trace: TraceContext, gate: str, transaction: str) -> TraceContext:
    """The span of one vehicle at a gate, inside the trace that its declaration carries."""
    return trace.child("transaction", gate, transaction)


def span_of_command(trace: TraceContext, gate: str, command: str) -> TraceContext:
    """The span of a command at a gate, inside the trace that it carries. `command`: its id."""
    return trace.child("command", gate, command)


def trace_id_of(*names: str) -> str:
    """The trace id of what has none of central's: 32 hexadecimal digits, the same for the same names."""
    return _id_of("trace", names, _TRACE_ID_BYTES)


def span_id_of(*names: str) -> str:
    """The span id of what these names name: 16 hexadecimal digits, the same for the same names."""
    return _id_of("span", names, _SPAN_ID_BYTES)


def _id_of(kind: str, names: tuple[str, ...], length: int) -> str:
    digest = sha256("\0".join((kind, *names)).encode()).digest()[:length]
    return (digest if any(digest) else digest[:-1] + b"\1").hex()


def _right_state(state: object) -> str:
    """The state where it is right, without blanks around its members; else an empty text."""
    if not isinstance(state, str) or len(state) > TRACESTATE_LIMIT:
        return ""
    members = [member.strip(" \t") for member in state.split(",")]
    members = [member for member in members if member]
    keys = {member.partition("=")[0] for member in members}
    right = len(members) <= _MEMBERS_LIMIT and len(keys) == len(members) and all(map(_MEMBER.fullmatch, members))
    return ",".join(members) if right else ""
