"""Vectors of trace contexts: what is one, what is left out, and which spans a gate makes of them."""

from __future__ import annotations

from typing import Any, Final

from agent.core.model import TraceContext, span_of_command, span_of_transaction, trace_id_of, trace_of
from agent.core.model.trace_context import trace_of_octets

GATE: Final = "khorgos-03"
TRANSACTION: Final = "20261124081515010042"
COMMAND: Final = "0b54f2c8-91a6-4c43-8f0d-6f6f5b1c2a77"
TRACE_ID: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID: Final = "00f067aa0ba902b7"
PARENT: Final = f"00-{TRACE_ID}-{SPAN_ID}-01"
_LONG: Final = ",".join(f"k{number}=v" for number in range(33))

PARENTS: Final[tuple[tuple[str, Any, bool], ...]] = (
    ("it is one", PARENT, True),
    ("not sampled", f"{PARENT[:-1]}0", True),
    ("flags that version 00 does not name", f"{PARENT[:-2]}ff", True),
    ("capitals", PARENT.upper(), False),
    ("a trace id of zeros", f"00-{'0' * 32}-{SPAN_ID}-01", False),
    ("a span id of zeros", f"00-{TRACE_ID}-{'0' * 16}-01", False),
    ("another version", f"01{PARENT[2:]}", False),
    ("the version that there never is", f"ff{PARENT[2:]}", False),
    ("something behind it", f"{PARENT}-00", False),
    ("a line feed behind it", f"{PARENT}\n", False),
    ("a digit too few", PARENT[:-1], False),
    ("digits of another script", PARENT.replace("4", "٤"), False),
    ("nothing", "", False),
    ("a number", 1, False),
)
STATES: Final[tuple[tuple[str, Any, str], ...]] = (
    ("two members", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
    ("blanks around a member", "congo=1 ,\trojo=2", "congo=1,rojo=2"),
    ("an empty member", "congo=1,,rojo=2", "congo=1,rojo=2"),
    ("the key of a tenant", "1a@vendor=x", "1a@vendor=x"),
    ("a key twice", "congo=1,congo=2", ""),
    ("a key in capitals", "Congo=1", ""),
    ("no value", "congo", ""),
    ("33 members", _LONG, ""),
    ("513 characters", "a=" + "x" * 200 + ",b=" + "x" * 200 + ",c=" + "x" * 105, ""),
)
OCTETS: Final = TraceContext(TRACE_ID, SPAN_ID, 1).octets


def verdict(parent: object, state: object = "") -> dict[str, Any] | None:
    """What a gate makes of a `traceparent`; None: nothing."""
    found = trace_of(parent, state)
    if found is None:
        return None
    return {"trace_id": found.trace_id, "span_id": found.span_id, "flags": found.flags, "tracestate": found.state}


def vectors() -> dict[str, Any]:
    """What `trace-contexts.json` holds. Raises ValueError where the gate says something else than is expected."""
    for name, parent, right in PARENTS:
        if (verdict(parent) is not None) is not right:
            raise ValueError(f"trace context, {name}: {verdict(parent)}")
    for name, state, kept in STATES:
        if (verdict(PARENT, state) or {}).get("tracestate") != kept:
            raise ValueError(f"trace state, {name}: {verdict(PARENT, state)}")
    trace = trace_of_octets(OCTETS)
    if trace is None or trace.parent != PARENT:
        raise ValueError("the bytes of a trace context are not read back")
    return {
        "about": "W3C Trace Context, version 00. `expect` null: the context is left out, and nothing is refused for "
        "it. The span id of a gate is the first 8 bytes of the SHA-256 of the UTF-8 of `hashed`, with NUL between the "
        "parts. The span keeps the lowest two flags of its parent. If a declaration has no trace, `gate-central` uses "
        "the first 16 bytes as the trace id of the vehicle.",
        "parents": [{"name": name, "text": text, "expect": verdict(text)} for name, text, _ in PARENTS],
        "states": [{"name": name, "text": text, "expect": kept} for name, text, kept in STATES],
        "row": {"bytes": OCTETS.hex(), "expect": PARENT},
        "spans": [
            {
                "of": "transaction",
                "parent": PARENT,
                "hashed": ["span", "transaction", GATE, TRANSACTION],
                "expect": span_of_transaction(trace, GATE, TRANSACTION).parent,
            },
            {
                "of": "command",
                "parent": f"{PARENT[:-2]}ff",
                "hashed": ["span", "command", GATE, COMMAND],
                "expect": span_of_command(TraceContext(TRACE_ID, SPAN_ID, 255), GATE, COMMAND).parent,
            },
        ],
        "own_trace": {
            "hashed": ["trace", "transaction", GATE, TRANSACTION],
            "expect": trace_id_of("transaction", GATE, TRANSACTION),
        },
    }
