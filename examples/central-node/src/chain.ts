// The chain of events, and the gate's signatures over it: docs/events.md, "The proof".
import { hexDigest, verifies } from "./keys.js";
import { strictJson, takenApart, type Json } from "./jws.js";
import { need } from "./refused.js";

export interface Event {
  source: string;
  type: string;
  stream: string;
  seq: number;
  prev: string;
  /** The hash behind the digests in `data`; undefined: it has all its values. */
  sdalg: Json | undefined;
  data: { [name: string]: Json };
}

export interface Checkpoint {
  gate: string;
  stream: string;
  seq: number;
  digest: string;
  time: string;
}

export interface Proof {
  seq: number;
  digest: string;
  /** Up to where a checkpoint by the gate's key vouches; null: none does. */
  signed: number | null;
}

/** The event in stored bytes. Throws where they are none. */
export function eventOf(payload: Buffer): Event {
  const value = JSON.parse(payload.toString("utf8")) as { [name: string]: Json };
  const { source, type, stream, seq, prev, sdalg, data } = value;
  if (typeof source !== "string" || typeof type !== "string" || typeof stream !== "string" || typeof prev !== "string")
    throw new TypeError("no event: a field is missing");
  if (!Number.isSafeInteger(seq) || (seq as number) < 1 || (seq as number) >= 2 ** 31)
    throw new TypeError("no event: its seq");
  if (data === null || typeof data !== "object" || Array.isArray(data)) throw new TypeError("no event: its data");
  return { source, type, stream, seq: seq as number, prev, sdalg, data };
}

/** The hash that the first event of a stream names as `prev`. */
export function beginning(stream: string): string {
  return hexDigest(stream);
}

/** What the gate signed; a checkpoint without a type is one of an agent of version 0.1. */
export function openedCheckpoint(text: string, publicKey: Buffer): Checkpoint {
  const jws = takenApart(text);
  need(["EdDSA", "Ed25519"].includes(String(jws.header["alg"])), "alg_not_allowed");
  need((jws.header["typ"] ?? "gate-checkpoint+jwt") === "gate-checkpoint+jwt", "wrong_type");
  need(verifies("Ed25519", publicKey, jws.message, jws.signature), "signature_invalid");
  return strictJson(jws.payload.toString("utf8")) as unknown as Checkpoint;
}

/** Prove events of one stream in their order. Throws at the first that does not follow, or signs something else. */
export function prove(payloads: Buffer[], publicKey: Buffer | null): Proof {
  const [first, ...others] = payloads;
  if (first === undefined) throw new Error("there are no events");
  const { stream, seq, prev } = eventOf(first);
  const start: Proof = { seq: seq - 1, digest: seq === 1 ? beginning(stream) : prev, signed: null };
  return [first, ...others].reduce((proof, payload) => following(proof, payload, publicKey), start);
}

/** The proof with one event more. Throws where it does not follow. */
export function following(proof: Proof, payload: Buffer, publicKey: Buffer | null): Proof {
  const event = eventOf(payload);
  if (event.seq !== proof.seq + 1) throw new Error(`event ${event.seq} does not follow ${proof.seq}`);
  if (event.prev !== proof.digest) throw new Error(`event ${event.seq} does not name the one before it`);
  let { signed } = proof;
  if (event.type === "chain.checkpoint" && publicKey !== null) {
    checkSigned(event, publicKey);
    signed = event.seq - 1;
  }
  return { seq: event.seq, digest: hexDigest(payload), signed };
}

/** That a `chain.checkpoint` is signed by this key, over just the event before it. */
export function checkSigned(event: Event, publicKey: Buffer): void {
  const said = openedCheckpoint(String(event.data["signature"]), publicKey);
  const right =
    `/gate/${said.gate}` === event.source &&
    said.stream === event.stream &&
    said.seq === event.seq - 1 &&
    said.digest === event.prev;
  if (!right) throw new Error(`the checkpoint ${event.seq} signs another event than the one before it`);
}
