// Fleet documents: docs/fleet.md, "Topics and bytes". What a gate says to one, and who is in a stage.
import { createHash } from "node:crypto";
import { signedText, strictJson, takenApart, type Json } from "./jws.js";
import { verifies } from "./keys.js";
import { need, Refused } from "./refused.js";
import type { KeyObject } from "node:crypto";

const NAME = /^[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*$/;
const DAY_S = 86_400;

export interface Stage {
  seed: string;
  share?: number;
  groups?: string[];
  gates?: string[];
}

export interface Document {
  kind: string;
  for: string;
  version: number;
  iat: number;
  exp: number;
  cause: string;
  text: string;
  trial_s?: number;
  steady_s?: number;
  again?: boolean;
  stage?: Stage | null;
}

export interface Gate {
  gate: string;
  groups: string[];
  keys: { id: string; public: string; may: string[] }[];
}

/** The signed text of a document, as it is published. */
export function signedDocument(document: Document, key: KeyObject, kid: string): string {
  return signedText({ alg: "EdDSA", kid, typ: "gate-fleet+jwt" }, JSON.stringify(document), key);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The same in every stage of a roll-out. */
export function digestOf(document: Document): string {
  return sha256(`${document.kind}\n${document.for}\n${document.text}`);
}

/** The place of a gate in a roll-out, of a million: those below the share of a stage have the document. */
export function placeOf(seed: string, gate: string): number {
  const digest = createHash("sha256").update(`${seed}\n${gate}`, "utf8").digest();
  return Number(digest.readBigUInt64BE(0) % 1_000_000n);
}

export function isInStage(stage: Stage, gate: string, groups: string[]): boolean {
  const named = (stage.gates ?? []).includes(gate) || (stage.groups ?? []).some((group) => groups.includes(group));
  return named || placeOf(stage.seed, gate) < (stage.share ?? 0);
}

/** Whether a gate of these groups is meant; null: the text is no audience. */
export function isMeant(audience: string, gate: string, groups: string[]): boolean | null {
  if (audience === "all") return true;
  const cut = audience.indexOf(":");
  const [scope, name] = [audience.slice(0, cut), audience.slice(cut + 1)];
  if (cut < 0 || !["group", "gate"].includes(scope) || name.length > 64 || !NAME.test(name)) return null;
  return scope === "gate" ? name === gate : groups.includes(name);
}

/** What a gate makes of a document, to check ourselves against the vectors: null where there is nothing to do. */
export function judged(
  text: string,
  topic: string,
  gate: Gate,
  at: number | null,
  seen: string | undefined,
): Document | null {
  const document = proven(text, gate);
  const staged = topic.endsWith("/next");
  const place = `${document.kind}/${document.for.replace(":", "/")}${document.stage ? "/next" : ""}`;
  need(place === topic, "wrong_place");
  need(isMeant(document.for, gate.gate, gate.groups) === true, "wrong_gate");
  if (staged && !isInStage(document.stage!, gate.gate, gate.groups)) return null;
  if (seen === text) return null;
  if (at !== null) {
    need(at < document.exp, "expired");
    need(document.iat <= at + 600, "from_the_future");
  }
  if (seen !== undefined) {
    const before = content(takenApart(seen).payload).version;
    need(document.version !== before, "version_reused");
    need(document.version > before, "rolled_back");
  }
  return document;
}

function proven(text: string, gate: Gate): Document {
  let jws;
  try {
    jws = takenApart(text);
  } catch {
    throw new Refused("not_a_document");
  }
  const { alg, kid, typ } = jws.header;
  need(["Ed25519", "EdDSA"].includes(String(alg)) && typ === "gate-fleet+jwt", "not_a_document");
  need(typeof kid === "string", "not_a_document");
  const key = gate.keys.find((one) => one.id === kid);
  need(key !== undefined, "key_unknown");
  need(verifies("Ed25519", Buffer.from(key.public, "hex"), jws.message, jws.signature), "signature_invalid");
  const document = content(jws.payload);
  need(key.may.includes(document.kind), "key_of_other_kind");
  return document;
}

const FORMS: { [name: string]: (value: Json) => boolean } = {
  kind: (value) => value === "configuration" || value === "policy",
  for: (value) => typeof value === "string" && isMeant(value, "", []) !== null,
  version: (value) => whole(value, 1, 2 ** 31 - 1),
  iat: (value) => whole(value, 0, 253_402_300_799),
  exp: (value) => whole(value, 0, 253_402_300_799),
  cause: (value) => typeof value === "string" && value.length >= 1 && value.length <= 200,
  text: (value) => typeof value === "string" && value.length <= 48 * 1024,
};
const OPTIONAL: { [name: string]: (value: Json) => boolean } = {
  trial_s: (value) => whole(value, 5, 3600),
  steady_s: (value) => whole(value, 0, 600),
  again: (value) => typeof value === "boolean",
  stage: (value) => value === null || (typeof value === "object" && !Array.isArray(value)),
};

function whole(value: Json, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function content(payload: Buffer): Document {
  let value: Json;
  try {
    value = strictJson(payload.toString("utf8"));
  } catch {
    throw new Refused("content_invalid");
  }
  need(value !== null && typeof value === "object" && !Array.isArray(value), "content_invalid");
  const said = value as { [name: string]: Json };
  const right =
    Object.entries(FORMS).every(([name, form]) => name in said && form(said[name]!)) &&
    Object.entries(said).every(([name, one]) => name in FORMS || (OPTIONAL[name]?.(one) ?? false));
  need(right, "content_invalid");
  const document = said as unknown as Document;
  const life = document.exp - document.iat;
  need(life > 0 && life <= 400 * DAY_S, "content_invalid");
  need((document.steady_s ?? 10) <= (document.trial_s ?? 300), "content_invalid");
  return document;
}
