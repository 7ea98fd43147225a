// Commands: docs/commands.md. Signing one, and what a gate says to it.
import { randomUUID, type KeyObject } from "node:crypto";
import { verifies } from "./keys.js";
import { signedText, strictJson, takenApart, type Json } from "./jws.js";
import { need, Refused } from "./refused.js";
import { fault, type Schema } from "./schema.js";
import { parent, traceOf } from "./trace.js";

export interface Order {
  gate: string;
  name: string;
  lane: string | null;
  operator: string;
  cause: string;
  challenge: string;
  counter: number;
  iat: number;
  exp: number;
  traceparent?: string | null;
  tracestate?: string | null;
  arguments?: { [name: string]: Json };
}

/** The id of a command and its signed text. `id`: that of the command that this one repeats with a new challenge. */
export function command(
  order: Order,
  key: KeyObject,
  kid: string,
  id: string = randomUUID(),
): { id: string; text: string } {
  const header = { alg: "Ed25519", kid, typ: "gate-command+jwt" };
  return { id, text: signedText(header, JSON.stringify({ id, ...order }), key) };
}

export interface Situation {
  lanes: string[];
  utc: number | null;
  waited_s: number;
  max_life_s: number;
  challenges: string[];
  counter: number;
}

export interface Received {
  topic: string;
  retained: boolean;
  payload: string;
}

export interface Accepted {
  command: string;
  key: string;
  name: string;
  lane: string | null;
  counter: number;
  traceparent: string | null;
  tracestate: string | null;
}

export class RefusedCommand extends Refused {
  constructor(
    code: string,
    readonly command: string | null,
    readonly key: string | null,
  ) {
    super(code);
  }
}

/** What a gate says, to check ourselves against the vectors. `schemas`: of the bodies, by command. */
export function judged(
  got: Received,
  gate: string,
  keys: { id: string; public: string; may: string[] }[],
  now: Situation,
  schemas: (name: string) => Schema | undefined,
): Accepted {
  need(!got.retained, "RETAINED");
  need(Buffer.byteLength(got.payload) <= 8192, "OVERSIZE");
  const jws = takenApart(got.payload);
  need(["Ed25519", "EdDSA"].includes(String(jws.header["alg"])), "ALG_NOT_ALLOWED");
  const type = jws.header["typ"];
  need(type === undefined || type === "gate-command+jwt", "WRONG_TYPE");
  const key = keys.find((one) => one.id === jws.header["kid"]);
  need(key !== undefined, "KEY_UNKNOWN");
  need(verifies("Ed25519", Buffer.from(key.public, "hex"), jws.message, jws.signature), "SIGNATURE_INVALID");
  const body = read(jws.payload.toString("utf8"), schemas);
  if (body === null) throw new RefusedCommand("BODY_INVALID", null, key.id);
  const demand = (right: boolean, code: string): void => {
    if (!right) throw new RefusedCommand(code, body.id, key.id);
  };
  demand(body.gate === gate, "WRONG_GATE");
  demand(got.topic.endsWith(`/cmd/${body.name}`), "WRONG_TOPIC");
  demand(type !== undefined, "WRONG_TYPE");
  demand(key.may.includes(body.name), "NOT_PERMITTED");
  if (now.utc !== null) {
    demand(body.iat <= now.utc + 30, "NOT_YET_VALID");
    demand(now.utc < body.exp, "EXPIRED");
  }
  demand(now.waited_s < body.exp - body.iat, "EXPIRED");
  demand(body.exp - body.iat <= now.max_life_s, "LIFE_TOO_LONG");
  demand(now.challenges.includes(body.challenge), "CHALLENGE_WRONG");
  demand(body.counter > now.counter, "COUNTER_USED");
  const lane = body.lane ?? null;
  demand(lane === null || now.lanes.includes(lane), "LANE_UNKNOWN");
  const trace = traceOf(body.traceparent, body.tracestate);
  return {
    command: body.id,
    key: key.id,
    name: body.name,
    lane,
    counter: body.counter,
    traceparent: trace === null ? null : parent(trace),
    tracestate: trace?.tracestate || null,
  };
}

type Body = Omit<Order, "lane"> & { id: string; lane?: string | null };

function read(text: string, schemas: (name: string) => Schema | undefined): Body | null {
  let value: Json;
  try {
    value = strictJson(text);
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const schema = schemas(String(value["name"]));
  if (schema === undefined || fault(schema, value) !== null) return null;
  const body = value as unknown as Body;
  return body.exp > body.iat ? body : null;
}
