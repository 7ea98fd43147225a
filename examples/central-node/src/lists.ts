// Lists: docs/lists.md, "The bytes".
import { inflateSync } from "node:zlib";
import { CborError, Fields, decode, type Cbor } from "./cbor.js";
import { holds, parsed, type Signed } from "./cose.js";
import { sha256 } from "./keys.js";
import { checked } from "./permits.js";
import { normalForm, type Format } from "./plates.js";
import { Refused, need } from "./refused.js";
import { parentOf } from "./trace.js";
import { algorithmOf, type TrustList } from "./trust.js";

export const KINDS = ["declarations", "revocations", "watch"];
const STATUSES = ["declared", "released", "held", "cancelled"];
const SUBJECTS = ["permit", "vin", "plate", "declaration"];
const [EARLIEST, LATEST] = [1_577_836_800, 4_102_444_799];
const MOST = 2 ** 32 - 1;

export interface Head {
  kind: string;
  site: number;
  version: number;
  issued_at: number;
  expires_at: number;
  snapshot: number;
  chunks: [string, number, number][];
}

export interface Delta {
  kind: string;
  site: number;
  since: number;
  version: number;
  issued_at: number;
  upserts: string[];
  removed: string[];
}

export interface Known {
  trust: TrustList;
  site: number;
  at: number;
  formats: Format[];
  kinds: { [number: string]: string };
}

function opened<T extends { site: number }>(
  data: Buffer,
  context: string,
  most: number,
  known: Known,
  read: (fields: Fields) => T,
): T {
  need(data.length <= most, "too_large");
  const signed = parsed(data, "structure_invalid");
  proved(signed, context, known);
  const said = wellFormed(() => {
    const fields = new Fields(decode(signed.payload));
    const found = read(fields);
    fields.end();
    return found;
  });
  need(said.site === known.site, "wrong_site");
  return said;
}

function proved(signed: Signed, context: string, known: Known): void {
  const id = signed.keyId.toString("hex");
  const entry = known.trust.entries.find((one) => one.key_id === id);
  need(entry !== undefined, "key_unknown");
  need(entry.purpose === "lists", "key_of_other_purpose");
  need(entry.status === "active", "key_revoked");
  need(known.at >= entry.not_before && known.at <= entry.not_after, "key_expired");
  need(entry.sites.length === 0 || entry.sites.includes(known.site), "wrong_site");
  need(holds(signed, algorithmOf(entry), Buffer.from(entry.key, "hex"), context), "signature_invalid");
}

function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Refused("content_invalid", String(error));
  }
}

export function openedHead(data: Buffer, known: Known): Head {
  const head = opened(data, "gate list head 1", 262_144, known, (fields) => {
    const found = {
      kind: KINDS[fields.number(1, 1, 3) - 1]!,
      site: fields.number(2, 1, MOST),
      version: fields.number(3, 1, MOST),
      issued_at: fields.number(4, EARLIEST, LATEST),
      expires_at: fields.number(5, EARLIEST, LATEST),
      snapshot: fields.number(6, 1, MOST),
      chunks: fields.array(7, 4096).map(chunkOf),
    };
    if (found.snapshot > found.version) throw new CborError("a snapshot newer than the list");
    if (found.issued_at >= found.expires_at) throw new CborError("it ends before it begins");
    return found;
  });
  need(known.at < head.expires_at, "expired");
  return head;
}

function chunkOf(item: Cbor): [string, number, number] {
  if (!Array.isArray(item) || item.length !== 3) throw new CborError("a chunk");
  const [digest, rows, size] = item;
  if (!Buffer.isBuffer(digest) || digest.length !== 32 || typeof rows !== "number" || typeof size !== "number")
    throw new CborError("a chunk");
  if (rows < 1 || rows > 20_000 || size < 1 || size > 524_288) throw new CborError("a chunk");
  return [digest.toString("hex"), rows, size];
}

export function openedDelta(data: Buffer, known: Known): Delta {
  return opened(data, "gate list delta 1", 524_288, known, (fields) => {
    const bytes = (item: Cbor): string => {
      if (!Buffer.isBuffer(item)) throw new CborError("no bytes");
      return item.toString("hex");
    };
    const found = {
      kind: KINDS[fields.number(1, 1, 3) - 1]!,
      site: fields.number(2, 1, MOST),
      version: fields.number(3, 1, MOST),
      issued_at: fields.number(4, EARLIEST, LATEST),
      since: fields.number(5, 1, MOST),
      upserts: fields.array(6, 5000).map(bytes),
      removed: fields.array(7, 5000).map(bytes),
    };
    if (found.since >= found.version) throw new CborError("it leads backwards");
    return found;
  });
}

/** The rows of a chunk, as bytes, once it is the one that the head names. */
export function unpacked(data: Buffer, [digest, rows, size]: [string, number, number]): Buffer[] {
  need(data.length === size && sha256(data).toString("hex") === digest, "chunk_wrong");
  return wellFormed(() => {
    const items = decode(inflateSync(data, { maxOutputLength: 1_048_576 }));
    if (!Array.isArray(items) || items.length !== rows || !items.every(Buffer.isBuffer))
      throw new CborError("the rows");
    return items as Buffer[];
  });
}

export interface Row {
  row: { [field: string]: unknown };
  key: Buffer;
}

export function rowOf(kind: string, data: Buffer, known: Pick<Known, "formats" | "kinds">): Row {
  need(data.length <= 1024, "too_large");
  return wellFormed(() => {
    const fields = new Fields(decode(data));
    const found =
      kind === "declarations"
        ? declaration(fields, known)
        : kind === "revocations"
          ? revocation(fields)
          : watched(fields, known);
    fields.end();
    return found;
  });
}

function declaration(fields: Fields, known: Pick<Known, "formats" | "kinds">): Row {
  const optional = <T>(key: number, otherwise: T, read: () => T): T => (fields.has(key) ? read() : otherwise);
  const id = fields.bytes(1, 8, 8);
  const row = {
    permit_id: id.toString("hex"),
    status: STATUSES[fields.number(2, 1, 4) - 1]!,
    issuer: fields.text(3, 1, 64),
    not_before: fields.number(4, EARLIEST, LATEST),
    expires_at: fields.number(5, EARLIEST, LATEST),
    declaration: fields
      .integer(6, 0, 10n ** 18n - 1n)
      .toString()
      .padStart(18, "0"),
    vin: fields.text(7, 17, 17),
    plate: optional<string | null>(8, null, () => fields.text(8, 4, 12)),
    plate_kind: optional<number | null>(9, null, () => fields.number(9, 1, Object.keys(known.kinds).length)),
    energy: optional<number | null>(10, null, () => fields.number(10, 1, 5)),
    site: fields.number(11, 1, MOST),
    lane_mask: optional(12, 0, () => fields.number(12, 1, MOST)),
    direction: ["export", "import"][fields.number(13, 1, 2) - 1]!,
    max_uses: optional(14, 1, () => fields.number(14, 2, 1000)),
    reference: optional<string | null>(15, null, () => fields.bytes(15, 16, 16).toString("hex")),
    exporter: optional(16, "", () => fields.text(16, 1, 64)),
    model: optional(17, "", () => fields.text(17, 1, 64)),
    colour: optional(18, "", () => fields.text(18, 1, 64)),
    traceparent: optional<string | null>(19, null, () => parentOf(fields.take(19))),
  };
  checked(row, known);
  return { row, key: id };
}

function revocation(fields: Fields): Row {
  const id = fields.bytes(1, 8, 8);
  const row = {
    permit_id: id.toString("hex"),
    expires_at: fields.number(2, EARLIEST, LATEST),
    cause: fields.has(3) ? fields.text(3, 1, 200) : "",
  };
  return { row, key: id };
}

function watched(fields: Fields, known: Pick<Known, "formats">): Row {
  const row = {
    subject: SUBJECTS[fields.number(1, 1, 4) - 1]!,
    value: fields.text(2, 1, 32),
    note: fields.has(3) ? fields.text(3, 1, 200) : "",
    expires_at: fields.has(4) ? fields.number(4, EARLIEST, LATEST) : null,
  };
  const forms: { [subject: string]: RegExp } = {
    permit: /^[0-9a-f]{16}$/,
    vin: /^[A-HJ-NPR-Z0-9]{17}$/,
    plate: /^.{4,12}$/su,
    declaration: /^[0-9]{18}$/,
  };
  if (!forms[row.subject]!.test(row.value)) throw new CborError("a value that its subject has not");
  if (row.subject === "plate" && row.value !== normalForm(row.value, known.formats))
    throw new CborError("no normal form");
  return { row, key: Buffer.from(`${row.subject}:${row.value}`) };
}
