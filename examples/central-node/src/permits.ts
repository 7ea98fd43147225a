// Permits: docs/permits.md. The checks on one text, in their order; the first that fails decides.
import { CborError, Fields, decode, type Cbor } from "./cbor.js";
import { allows, base45, holds, parsed } from "./cose.js";
import { sha256, verifies, type Algorithm } from "./keys.js";
import { strictJson, takenApart, type Json, type Jws } from "./jws.js";
import { hasForm, type Format } from "./plates.js";
import { Refused, need } from "./refused.js";
import { algorithmOf, type Entry, type TrustList } from "./trust.js";

export interface Permit {
  permit_id: string;
  issuer: string;
  key_id: string;
  not_before: number;
  expires_at: number;
  issued_at: number;
  declaration: string;
  vin: string;
  plate: string | null;
  plate_kind: number | null;
  energy: number | null;
  site: number;
  lane_mask: number;
  direction: string;
  max_uses: number;
  driver_hmac: string | null;
  form: string;
}

export interface Gate {
  site: number;
  lane: number;
  direction: string;
  at: number;
  clock_trusted: boolean;
  clock_skew_s: number;
  max_text: number;
  forms: string[];
}

export interface Known {
  trust: TrustList;
  /** Permits that declarations stand for, by the hexadecimal digits of their reference. */
  references: { [digest: string]: Permit };
  formats: Format[];
  /** The words of the kinds of plates, by their numbers. */
  kinds: { [number: string]: string };
}

const [EARLIEST, LATEST] = [1_577_836_800, 4_102_444_799];
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIRECTIONS = ["export", "import"];

/** The permit of a text, or Refused with the reason. */
export function verified(text: string, gate: Gate, known: Known): Permit {
  need(Buffer.byteLength(text) <= gate.max_text, "PAYLOAD_TOO_LARGE");
  const jws = text.startsWith("eyJ") && text.split(".").length === 3;
  need(/^GP[0-9R]:/.test(text) || jws, "NOT_A_PERMIT");
  const form = jws ? "jws" : { "GP1:": "signed", "GPR:": "reference" }[text.slice(0, 4)];
  need(form !== undefined && gate.forms.includes(form), "VERSION_UNSUPPORTED");
  if (form === "reference") {
    const permit = declared(text.slice(4), known);
    admitted(permit, null, gate);
    return permit;
  }
  const opened = jws ? openedJws(text, known) : openedGp1(text, known);
  const entry = authenticated(opened, gate, known.trust);
  let permit: Permit;
  try {
    permit = opened.permit();
    checked(permit, known);
    if (permit.issuer !== entry.issuer) throw new CborError("another issuer than the key's");
  } catch (error) {
    throw new Refused("CLAIMS_INVALID", String(error));
  }
  admitted(permit, entry, gate);
  return permit;
}

interface Opened {
  keyId: string;
  /** Whether some algorithm bears the name in its header. */
  allowed: (algorithm: Algorithm) => boolean;
  holds: (algorithm: Algorithm, key: Buffer) => boolean;
  permit: () => Permit;
}

function openedGp1(text: string, known: Known): Opened {
  const signed = parsed(base45(text.slice(4), "ENCODING_INVALID"), "STRUCTURE_INVALID");
  return {
    keyId: signed.keyId.toString("hex"),
    allowed: (algorithm) => allows(signed, algorithm),
    holds: (algorithm, key) => holds(signed, algorithm, key, ""),
    permit: () => ofClaims(decode(signed.payload), signed.keyId.toString("hex"), known),
  };
}

const NAMES: Record<Algorithm, string[]> = { Ed25519: ["EdDSA", "Ed25519"], ES256: ["ES256"] };

function openedJws(text: string, known: Known): Opened {
  need(
    text.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part),
    "ENCODING_INVALID",
  );
  let jws: Jws;
  try {
    jws = takenApart(text);
  } catch (error) {
    throw new Refused("STRUCTURE_INVALID", String(error));
  }
  const kid = jws.header["kid"];
  need(jws.header["typ"] === "gate-permit+jwt", "STRUCTURE_INVALID");
  need(typeof kid === "string" && /^([0-9a-f]{2}){4,8}$/.test(kid), "STRUCTURE_INVALID");
  const allowed = (algorithm: Algorithm): boolean => NAMES[algorithm].includes(String(jws.header["alg"]));
  return {
    keyId: kid,
    allowed,
    holds: (algorithm, key) => allowed(algorithm) && verifies(algorithm, key, jws.message, jws.signature),
    permit: () => ofJson(strictJson(jws.payload.toString("utf8")), kid, known),
  };
}

function authenticated(opened: Opened, gate: Gate, trust: TrustList): Entry {
  const entry = trust.entries.find((one) => one.key_id === opened.keyId && one.purpose === "permits");
  const some = opened.allowed("Ed25519") || opened.allowed("ES256");
  need(entry === undefined ? some : opened.allowed(algorithmOf(entry)), "ALG_NOT_ALLOWED");
  need(entry !== undefined, "KEY_UNKNOWN");
  const skew = gate.clock_skew_s;
  if (gate.clock_trusted) need(gate.at >= entry.not_before - skew && gate.at <= entry.not_after + skew, "KEY_EXPIRED");
  need(entry.status === "active", "KEY_REVOKED");
  need(opened.holds(algorithmOf(entry), Buffer.from(entry.key, "hex")), "SIGNATURE_INVALID");
  return entry;
}

function ofClaims(item: Cbor, key_id: string, known: Known): Permit {
  const claims = new Fields(item);
  const vehicle = new Fields(claims.take(-65537));
  const optional = <T>(key: number, read: () => T): T | null => (vehicle.has(key) ? read() : null);
  const plate = vehicle.take(4);
  if (plate !== null && (typeof plate !== "string" || [...plate].length < 4 || [...plate].length > 12))
    throw new CborError("plate");
  const permit: Permit = {
    permit_id: claims.bytes(7, 8, 8).toString("hex"),
    issuer: claims.text(1, 1, 64),
    key_id,
    not_before: claims.number(5, EARLIEST, LATEST),
    expires_at: claims.number(4, EARLIEST, LATEST),
    issued_at: claims.number(6, EARLIEST, LATEST),
    declaration: vehicle
      .integer(1, 0, 10n ** 18n - 1n)
      .toString()
      .padStart(18, "0"),
    vin: vehicle.text(3, 17, 17),
    plate,
    plate_kind: optional(5, () => vehicle.number(5, 1, Object.keys(known.kinds).length)),
    energy: optional(6, () => vehicle.number(6, 1, 5)),
    site: vehicle.number(7, 1, 2 ** 32 - 1),
    lane_mask: vehicle.number(8, 0, 2 ** 32 - 1),
    direction: DIRECTIONS[vehicle.number(9, 1, 2) - 1]!,
    max_uses: vehicle.number(10, 1, 1000),
    driver_hmac: optional(11, () => vehicle.bytes(11, 8, 16).toString("hex")),
    form: "signed",
  };
  claims.end();
  vehicle.end();
  return permit;
}

function ofJson(value: Json, key_id: string, known: Known): Permit {
  const claims = exactly(value, ["iss", "exp", "nbf", "iat", "jti", "vehicle"], []);
  const vehicle = exactly(
    claims["vehicle"]!,
    ["decl", "vin", "site", "lanes", "dir", "uses"],
    ["plate", "kind", "energy", "driver"],
  );
  const whole = (one: Json | undefined, least: number, most: number): number => {
    if (!Number.isSafeInteger(one) || (one as number) < least || (one as number) > most)
      throw new CborError("a number");
    return one as number;
  };
  const text = (one: Json | undefined, form: RegExp): string => {
    if (typeof one !== "string" || !form.test(one)) throw new CborError("a text");
    return one;
  };
  const kind = vehicle["kind"];
  const number = Object.entries(known.kinds).find(([, word]) => word === kind)?.[0];
  if (kind !== undefined && number === undefined) throw new CborError("a kind of plate that there is not");
  return {
    permit_id: text(claims["jti"], /^[0-9a-f]{16}$/),
    issuer: text(claims["iss"], /^.{1,64}$/su),
    key_id,
    not_before: whole(claims["nbf"], EARLIEST, LATEST),
    expires_at: whole(claims["exp"], EARLIEST, LATEST),
    issued_at: whole(claims["iat"], EARLIEST, LATEST),
    declaration: text(vehicle["decl"], /^[0-9]{18}$/),
    vin: text(vehicle["vin"], /^.{17}$/su),
    plate: vehicle["plate"] === undefined ? null : text(vehicle["plate"], /^.{4,12}$/su),
    plate_kind: number === undefined ? null : Number(number),
    energy: vehicle["energy"] === undefined ? null : whole(vehicle["energy"], 1, 5),
    site: whole(vehicle["site"], 1, 2 ** 32 - 1),
    lane_mask: whole(vehicle["lanes"], 0, 2 ** 32 - 1),
    direction: text(vehicle["dir"], /^(export|import)$/),
    max_uses: whole(vehicle["uses"], 1, 1000),
    driver_hmac: vehicle["driver"] === undefined ? null : text(vehicle["driver"], /^([0-9a-f]{2}){8,16}$/),
    form: "jws",
  };
}

function exactly(value: Json, required: string[], optional: string[]): { [name: string]: Json } {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new CborError("no object");
  const names = Object.keys(value);
  if (!required.every((name) => names.includes(name))) throw new CborError("a claim is missing");
  if (!names.every((name) => required.includes(name) || optional.includes(name)))
    throw new CborError("an unknown claim");
  return value;
}

/** What the claims say of one another; of a declaration too. */
export function checked(
  said: Pick<Permit, "not_before" | "expires_at" | "declaration" | "direction" | "vin" | "plate" | "plate_kind"> & {
    issued_at?: number;
  },
  known: Pick<Known, "formats">,
): void {
  if (said.not_before >= said.expires_at || (said.issued_at ?? 0) >= said.expires_at)
    throw new CborError("it ends before it begins");
  const year = Number(said.declaration.slice(4, 8));
  if (year < 2000 || year > 2099) throw new CborError("digits 5 to 8 are no year");
  if (said.declaration[8] !== (said.direction === "export" ? "0" : "1"))
    throw new CborError("the ninth digit is of another direction");
  if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(said.vin)) throw new CborError("the VIN");
  if ((said.plate === null) !== (said.plate_kind === null)) throw new CborError("a plate and its kind come together");
  if (said.plate !== null && said.plate_kind !== null && !hasForm(said.plate, said.plate_kind, known.formats))
    throw new CborError("the plate has not the form of its kind");
}

function declared(reference: string, known: Known): Permit {
  const values = [...reference].map((one) => CROCKFORD.indexOf(one));
  need(values.length === 16 && !values.includes(-1), "ENCODING_INVALID");
  const number = values.reduce((sum, value) => (sum << 5n) | BigInt(value), 0n);
  const secret = Buffer.from(number.toString(16).padStart(20, "0"), "hex");
  const permit = known.references[sha256(secret).subarray(0, 16).toString("hex")];
  need(permit !== undefined, "DECLARATION_UNKNOWN");
  return permit;
}

function admitted(permit: Permit, entry: Entry | null, gate: Gate): void {
  need(gate.clock_trusted, "CLOCK_UNTRUSTED");
  need(gate.at >= permit.not_before - gate.clock_skew_s, "NOT_YET_VALID");
  need(gate.at < permit.expires_at + gate.clock_skew_s, "EXPIRED");
  const entitled = entry === null || entry.sites.length === 0 || entry.sites.includes(permit.site);
  need(entitled && permit.site === gate.site, "WRONG_SITE");
  need(permit.lane_mask === 0 || ((permit.lane_mask >>> (gate.lane - 1)) & 1) === 1, "WRONG_LANE");
  need(permit.direction === gate.direction, "WRONG_DIRECTION");
}
