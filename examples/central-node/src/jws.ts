// Compact JWS (RFC 7515) as the contract has them: three header fields, one spelling.
import type { KeyObject } from "node:crypto";
import { signed } from "./keys.js";
import { need, Refused } from "./refused.js";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface Jws {
  header: { [name: string]: Json };
  payload: Buffer;
  message: Buffer;
  signature: Buffer;
}

export function base64url(data: Buffer | string): string {
  return Buffer.from(data).toString("base64url");
}

function fromBase64url(text: string): Buffer {
  const data = Buffer.from(text, "base64url");
  need(data.toString("base64url") === text, "NOT_A_JWS", "it is not spelt as base64url without padding");
  return data;
}

function namesIn(value: Json): number {
  if (value === null || typeof value !== "object") return 0;
  const inner = Array.isArray(value) ? value : Object.values(value);
  return (Array.isArray(value) ? 0 : inner.length) + inner.reduce<number>((sum, one) => sum + namesIn(one), 0);
}

/** A JSON value in which no name comes twice; `JSON.parse` keeps the last one and tells nobody. */
export function strictJson(text: string): Json {
  const value = JSON.parse(text) as Json;
  const names = text.match(/"(?:[^"\\]|\\.)*"\s*:?/gs)?.filter((token) => token.endsWith(":")).length ?? 0;
  if (names !== namesIn(value)) throw new SyntaxError("a name comes twice");
  return value;
}

export function takenApart(text: string): Jws {
  const parts = text.split(".");
  const [head, body, signature] = parts;
  need(parts.length === 3 && head !== undefined && body !== undefined && signature !== undefined, "NOT_A_JWS");
  let header: Json;
  try {
    header = strictJson(fromBase64url(head).toString("utf8"));
  } catch (error) {
    throw new Refused("NOT_A_JWS", String(error));
  }
  need(header !== null && typeof header === "object" && !Array.isArray(header) && "alg" in header, "NOT_A_JWS");
  need(
    Object.keys(header).every((name) => ["alg", "kid", "typ"].includes(name)),
    "NOT_A_JWS",
    "more than alg, kid, typ",
  );
  return {
    header,
    payload: fromBase64url(body),
    message: Buffer.from(`${head}.${body}`),
    signature: fromBase64url(signature),
  };
}

export function signedText(header: { [name: string]: Json }, payload: string, key: KeyObject): string {
  const message = `${base64url(JSON.stringify(header))}.${base64url(payload)}`;
  return `${message}.${signed(key, Buffer.from(message)).toString("base64url")}`;
}
