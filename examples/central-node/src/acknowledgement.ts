// Acknowledgements: docs/events.md, "Acknowledge", and docs/delivery.md, "Acknowledgements that are not taken".
import type { KeyObject } from "node:crypto";
import { verifies } from "./keys.js";
import { signedText, strictJson, takenApart, type Json } from "./jws.js";
import { need, Refused } from "./refused.js";

/** What central publishes to `ack`. `digest`: of the stored bytes of event `seq`, for 0 of the stream's id. */
export function acknowledgement(
  gate: string,
  stream: string,
  seq: number,
  digest: string,
  key: KeyObject | null,
  kid: string,
): string {
  if (key === null) return JSON.stringify({ stream, seq });
  const header = { alg: "EdDSA", kid, typ: "gate-acknowledgement+jwt" };
  return JSON.stringify({
    stream,
    seq,
    signature: signedText(header, JSON.stringify({ gate, stream, seq, digest }), key),
  });
}

export interface Gate {
  gate: string;
  stream: string;
  keys: { [kid: string]: string };
  unsigned: boolean;
  head: number;
  sent: number;
  watermark: number;
  /** Of each event, by its seq; the first is the hash before them. */
  digests: string[];
}

/** What a gate makes of it: the watermark, or Refused with the code. Here to check ourselves against the vectors. */
export function judged(payload: string, gate: Gate): number {
  const said = object(payload);
  const { stream, seq, signature } = said;
  need(typeof stream === "string" && Number.isSafeInteger(seq) && (seq as number) >= 0, "malformed");
  need(signature === undefined || signature === null || typeof signature === "string", "malformed");
  let digest: string | null = null;
  if (typeof signature !== "string") need(Object.keys(gate.keys).length === 0 || gate.unsigned, "unsigned");
  else if (Object.keys(gate.keys).length > 0) digest = signedDigest(signature, stream, seq as number, gate);
  const number = seq as number;
  need(stream === gate.stream, "foreign_stream");
  need(number <= gate.head, "beyond_head");
  need(digest === null || digest === gate.digests[number], "wrong_head");
  need(number <= gate.sent, "beyond_sent");
  need(number >= gate.watermark, "behind");
  return number;
}

function signedDigest(text: string, stream: string, seq: number, gate: Gate): string {
  let jws;
  try {
    jws = takenApart(text);
  } catch {
    throw new Refused("malformed");
  }
  need(["EdDSA", "Ed25519"].includes(String(jws.header["alg"])), "malformed");
  need(jws.header["typ"] === "gate-acknowledgement+jwt", "malformed");
  const key = gate.keys[String(jws.header["kid"] ?? "")];
  need(key !== undefined, "key_unknown");
  need(verifies("Ed25519", Buffer.from(key, "hex"), jws.message, jws.signature), "signature_invalid");
  const inner = object(jws.payload.toString("utf8"));
  need(inner["stream"] === stream && inner["seq"] === seq, "malformed");
  const digest = inner["digest"];
  need(typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest), "malformed");
  need(inner["gate"] === gate.gate, "foreign_gate");
  return digest;
}

function object(text: string): { [name: string]: Json } {
  try {
    const value = strictJson(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // below
  }
  throw new Refused("malformed");
}
