// The trust list: docs/permits.md, "The trust list's bytes".
import { CborError, Fields, decode, type Cbor } from "./cbor.js";
import { COSE, base45, holds, parsed } from "./cose.js";
import { keyId, type Algorithm } from "./keys.js";
import { Refused, need } from "./refused.js";

export interface Entry {
  key_id: string;
  algorithm: number;
  key: string;
  issuer: string;
  sites: number[];
  not_before: number;
  not_after: number;
  status: string;
  reason: string;
  purpose: string;
}

export interface TrustList {
  version: number;
  issued_at: number;
  expires_at: number;
  entries: Entry[];
}

const [EARLIEST, LATEST] = [1_577_836_800, 4_102_444_800];
const STATUSES = ["active", "disabled", "revoked"];
const PURPOSES = ["permits", "lists", "commands"];

export function algorithmOf(entry: Entry): Algorithm {
  return entry.algorithm === COSE.ES256[0] ? "ES256" : "Ed25519";
}

export function trustList(text: string, root: Buffer, oldest: number): TrustList {
  const line = text.replace(/\n$/, "").replace(/\r$/, "");
  need(line.length <= 200_000, "too_large");
  need(line.startsWith("GTL1:"), "not_a_trust_list");
  const signed = parsed(base45(line.slice(5), "encoding_invalid"), "structure_invalid");
  need(signed.keyId.equals(keyId(root)), "root_unknown");
  need(holds(signed, "Ed25519", root, "gate trust list 1"), "signature_invalid");
  let trust: TrustList;
  try {
    trust = content(decode(signed.payload), root);
  } catch (error) {
    throw new Refused("content_invalid", String(error));
  }
  need(trust.version >= oldest, "rolled_back");
  return trust;
}

function content(item: Cbor, root: Buffer): TrustList {
  const fields = new Fields(item);
  const trust = {
    version: fields.number(1, 1, 2 ** 32 - 1),
    issued_at: fields.number(2, EARLIEST, LATEST),
    expires_at: fields.number(3, EARLIEST, LATEST),
    entries: fields.array(4, 500).map(entry),
  };
  fields.end();
  if (trust.issued_at >= trust.expires_at) throw new CborError("it ends before it begins");
  const ids = trust.entries.map((one) => one.key_id);
  if (new Set(ids).size < ids.length) throw new CborError("a key id twice");
  if (trust.entries.some((one) => one.key === root.toString("hex"))) throw new CborError("the root key");
  return trust;
}

function entry(item: Cbor): Entry {
  const fields = new Fields(item);
  const id = fields.bytes(1, 4, 8);
  const algorithm = fields.number(2, -256, -1);
  const key = fields.bytes(3, 32, 65);
  if (![COSE.Ed25519[0], COSE.ES256[0]].includes(algorithm)) throw new CborError("an algorithm that no key has");
  if (key.length !== (algorithm === COSE.ES256[0] ? 65 : 32)) throw new CborError("no key of this algorithm");
  if (!id.equals(keyId(key, id.length))) throw new CborError("a key id that is not of its key");
  const sites = fields.take(5);
  if (!Array.isArray(sites) || !sites.every((one) => typeof one === "number" && one > 0 && one < 2 ** 32))
    throw new CborError("sites");
  const found = {
    key_id: id.toString("hex"),
    algorithm,
    key: key.toString("hex"),
    issuer: fields.text(4, 1, 64),
    sites: sites as number[],
    not_before: fields.number(6, EARLIEST, LATEST),
    not_after: fields.number(7, EARLIEST, LATEST),
    status: STATUSES[fields.number(8, 1, 3) - 1]!,
    reason: fields.text(9, 0, 120),
    purpose: PURPOSES[fields.number(10, 1, 3) - 1]!,
  };
  fields.end();
  if (found.not_before >= found.not_after) throw new CborError("a key that ends before it begins");
  return found;
}
