// Keys, signatures and hashes: Ed25519 (RFC 8032) and ES256, from the raw bytes that the contract names.
import { createHash, createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

export type Algorithm = "Ed25519" | "ES256";

const SPKI: Record<Algorithm, Buffer> = {
  Ed25519: Buffer.from("302a300506032b6570032100", "hex"),
  ES256: Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex"),
};
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

export function sha256(data: Buffer | string): Buffer {
  return createHash("sha256").update(data).digest();
}

export function hexDigest(data: Buffer | string): string {
  return sha256(data).toString("hex");
}

/** The key id: the first bytes of the SHA-256 of the raw public key; 4 in permits and lists, 8 of a gate's key. */
export function keyId(raw: Buffer, size = 4): Buffer {
  return sha256(raw).subarray(0, size);
}

export function verifies(algorithm: Algorithm, raw: Buffer, message: Buffer, signature: Buffer): boolean {
  if (signature.length !== 64) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI[algorithm], raw]), format: "der", type: "spki" });
  if (algorithm === "Ed25519") return verifyBytes(null, message, key, signature);
  return verifyBytes("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** An Ed25519 key of 32 secret bytes. */
export function fromSeed(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
}

export function rawPublic(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(SPKI.Ed25519.length);
}

export function signed(key: KeyObject, message: Buffer): Buffer {
  return signBytes(null, message, key);
}
