// Commands: docs/commands.md. Signing one, and what a gate says to it.
import { randomUUID, type KeyObject } from "node:crypto";
import { verifies } from "./keys.js";
import { signedText, strictJson, takenApart, type Json } from "./jws.js";
import { need, Refused } from "./refused.js";
import { fault, type Schema } from "./schema.js";
import { parent, traceOf } from "./trace.js";

interface SomeOrder {
  name: string;
  lane: string | null;
  operator: string;
  cause: string;
  counter: number;
  iat: number;
  exp: number;
  traceparent?: string | null;
  tracestate?: string | null;
  arguments?: { [name: string]: Json };
}

/** What one gate is to do. */
export interface Order extends SomeOrder {
  gate: string;
  challenge: string;
}

/** What every gate of a group is to do; a challenge belongs to one gate, so it has none. */
export interface GroupOrder extends SomeOrder {
  group: string;
}

const TYPE = "gate-command+jwt";
const GROUP_TYPE = "gate-group-command+jwt";

/** The id of a command and its signed text. `id`: that of the command that this one repeats with a new challenge. */
export function command(
  order: Order | GroupOrder,
  key: KeyObject,
  kid: string,
  id: string = randomUUID(),
): { id: string; text: string } {
  const header = { alg: "Ed25519", kid, typ: "group" in order ? GROUP_TYPE : TYPE };
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

/**
 * What a gate says, to check ourselves against the vectors. `schemas`: of the bodies, by command; those to groups as
 * `group/NAME`.
 */
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
  const group = groupOf(got.topic);
  const type = jws.header["typ"];
  // There were never commands to groups without a type.
  need(group === null ? type === undefined || type === TYPE : type === GROUP_TYPE, "WRONG_TYPE");
  const key = keys.find((one) => one.id === jws.header["kid"]);
  need(key !== undefined, "KEY_UNKNOWN");
  need(verifies("Ed25519", Buffer.from(key.public, "hex"), jws.message, jws.signature), "SIGNATURE_INVALID");
  const body = read(jws.payload.toString("utf8"), (name) => schemas(group === null ? name : `group/${name}`));
  if (body === null) throw new RefusedCommand("BODY_INVALID", null, key.id);
  const demand = (right: boolean, code: string): void => {
    if (!right) throw new RefusedCommand(code, body.id, key.id);
  };
  if (group === null) demand(body.gate === gate, "WRONG_GATE");
  else demand(body.group === group, "WRONG_GROUP");
  demand(got.topic.endsWith(`/cmd/${body.name}`), "WRONG_TOPIC");
  demand(type !== undefined, "WRONG_TYPE");
  demand(key.may.includes(body.name), "NOT_PERMITTED");
  demand(group === null || now.utc !== null, "CLOCK_UNSURE");
  if (now.utc !== null) {
    demand(body.iat <= now.utc + 30, "NOT_YET_VALID");
    demand(now.utc < body.exp, "EXPIRED");
  }
  demand(now.waited_s < body.exp - body.iat, "EXPIRED");
  demand(body.exp - body.iat <= now.max_life_s, "LIFE_TOO_LONG");
  demand(group !== null || now.challenges.includes(String(body.challenge)), "CHALLENGE_WRONG");
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

/** The group whose topic it is; null: that of one gate. */
function groupOf(topic: string): string | null {
  return /^gate\/v1\/group\/([^/]+)\/cmd\/[^/]+$/.exec(topic)?.[1] ?? null;
}

type Body = Omit<SomeOrder, "lane"> & {
  id: string;
  lane?: string | null;
  gate?: string;
  challenge?: string;
  group?: string;
};

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
