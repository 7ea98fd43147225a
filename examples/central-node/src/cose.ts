// Base45 (RFC 9285) and COSE_Sign1 (RFC 9052), in the one shape that permits, trust lists and lists have.
import { decode, encode, type Cbor } from "./cbor.js";
import { verifies, type Algorithm } from "./keys.js";
import { Refused } from "./refused.js";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
/** What may stand in a header for a key of this algorithm; the first is what is written. */
export const COSE: Record<Algorithm, number[]> = { Ed25519: [-19, -8], ES256: [-7] };

export function base45(text: string, fault: string): Buffer {
  if (text.length % 3 === 1) throw new Refused(fault, "no length of Base45");
  const bytes: number[] = [];
  for (let start = 0; start < text.length; start += 3) {
    const values = [...text.slice(start, start + 3)].map((character) => ALPHABET.indexOf(character));
    if (values.includes(-1)) throw new Refused(fault, "a character that Base45 has not");
    const number = values.reduceRight((sum, value) => sum * 45 + value, 0);
    if (number > (values.length === 3 ? 0xffff : 0xff)) throw new Refused(fault, "a group above its bytes");
    if (values.length === 3) bytes.push(number >> 8);
    bytes.push(number & 0xff);
  }
  return Buffer.from(bytes);
}

export interface Signed {
  protectedHeader: Buffer;
  algorithm: Cbor;
  keyId: Buffer;
  payload: Buffer;
  signature: Buffer;
}

export function parsed(data: Buffer, fault: string): Signed {
  try {
    if (data[0] !== 0xd2) throw new Error("no tag 18");
    const parts = decode(data.subarray(1));
    if (!Array.isArray(parts) || parts.length !== 4) throw new Error("no array of four");
    const [protectedHeader, unprotected, payload, signature] = parts;
    if (!Buffer.isBuffer(protectedHeader) || !Buffer.isBuffer(payload) || !Buffer.isBuffer(signature))
      throw new Error("no bytes");
    if (!(unprotected instanceof Map) || unprotected.size > 0) throw new Error("an unprotected header");
    if (signature.length !== 64) throw new Error("no signature of 64 bytes");
    const header = decode(protectedHeader);
    if (!(header instanceof Map) || header.size !== 2) throw new Error("another header than algorithm and key id");
    const [algorithm, keyId] = [header.get(1), header.get(4)];
    if (algorithm === undefined || !Buffer.isBuffer(keyId) || keyId.length < 4 || keyId.length > 8)
      throw new Error("no key id");
    return { protectedHeader, algorithm, keyId, payload, signature };
  } catch (error) {
    throw new Refused(fault, String(error));
  }
}

export function allows(signed: Signed, algorithm: Algorithm): boolean {
  return COSE[algorithm].includes(Number(signed.algorithm));
}

/** Whether the signature is this key's, in this context (external_aad). */
export function holds(signed: Signed, algorithm: Algorithm, key: Buffer, context: string): boolean {
  const toBeSigned = encode(["Signature1", signed.protectedHeader, Buffer.from(context), signed.payload]);
  return allows(signed, algorithm) && verifies(algorithm, key, toBeSigned, signed.signature);
}
