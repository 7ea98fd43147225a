// Trace contexts: docs/tracing.md. What is one, and the spans that gates make of it.
import { sha256 } from "./keys.js";
import type { Cbor } from "./cbor.js";

export interface Trace {
  trace_id: string;
  span_id: string;
  flags: number;
  tracestate: string;
}

const PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
const KEY = /^(?:[a-z][a-z0-9_*\/-]{0,255}|[a-z0-9][a-z0-9_*\/-]{0,240}@[a-z][a-z0-9_*\/-]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The trace of a `traceparent` and its `tracestate`; null for anything that is not right. */
export function traceOf(parent: unknown, state: unknown = ""): Trace | null {
  const found = typeof parent === "string" && !parent.endsWith("\n") ? PARENT.exec(parent) : null;
  if (found === null) return null;
  return { trace_id: found[1]!, span_id: found[2]!, flags: parseInt(found[3]!, 16), tracestate: stateOf(state) };
}

function stateOf(state: unknown): string {
  if (typeof state !== "string" || state.length > 512) return "";
  const members = state
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  const right = members.every((member) => {
    const cut = member.indexOf("=");
    return cut > 0 && KEY.test(member.slice(0, cut)) && VALUE.test(member.slice(cut + 1));
  });
  const keys = new Set(members.map((member) => member.split("=")[0]));
  return right && members.length <= 32 && keys.size === members.length ? members.join(",") : "";
}

export function parent(trace: Omit<Trace, "tracestate">): string {
  return `00-${trace.trace_id}-${trace.span_id}-${trace.flags.toString(16).padStart(2, "0")}`;
}

/** The `traceparent` in field 19 of a declaration; null where it is not right, which fails nothing. */
export function parentOf(item: Cbor): string | null {
  if (!Buffer.isBuffer(item) || item.length !== 25) return null;
  const ids = item.toString("hex");
  const text = `00-${ids.slice(0, 32)}-${ids.slice(32, 48)}-${ids.slice(48)}`;
  return traceOf(text) === null ? null : text;
}

/** What a gate makes of a trace for one of its vehicles (`transaction`) or commands (`command`). */
export function spanOf(trace: Trace, of: "transaction" | "command", gate: string, id: string): Trace {
  return { ...trace, span_id: hashed(["span", of, gate, id], 8), flags: trace.flags & 3 };
}

export function hashed(parts: string[], bytes: number): string {
  return sha256(Buffer.from(parts.join("\0"))).subarray(0, bytes).toString("hex");
}
