// Deterministic CBOR (RFC 8949, 4.2.1), the part that the contract uses: integers, byte and text strings, arrays, maps,
// true, false, null. Anything else, and every second spelling of the same value, is refused.
export type Cbor = bigint | number | string | boolean | null | Buffer | Cbor[] | Map<number | string, Cbor>;

export class CborError extends Error {}

const WIDTHS = new Map([
  [24, 1],
  [25, 2],
  [26, 4],
  [27, 8],
]);
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function decode(data: Buffer): Cbor {
  const reader = new Reader(data);
  const value = reader.item(0);
  if (reader.place !== data.length) throw new CborError("bytes follow the item");
  return value;
}

class Reader {
  place = 0;
  constructor(private readonly data: Buffer) {}

  item(depth: number): Cbor {
    if (depth > 8) throw new CborError("too deep");
    const head = this.take(1)[0]!;
    const major = head >> 5;
    if (major === 7) {
      if (head === 0xf4) return false;
      if (head === 0xf5) return true;
      if (head === 0xf6) return null;
      throw new CborError("a float or a simple value");
    }
    const argument = this.argument(head & 31);
    switch (major) {
      case 0:
        return argument <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(argument) : argument;
      case 1:
        return -1 - Number(argument);
      case 2:
        return this.take(Number(argument));
      case 3:
        return UTF8.decode(this.take(Number(argument)));
      case 4:
        return Array.from({ length: this.bounded(argument) }, () => this.item(depth + 1));
      case 5:
        return this.map(this.bounded(argument), depth);
      default:
        throw new CborError("a tag");
    }
  }

  private map(length: number, depth: number): Map<number | string, Cbor> {
    const found = new Map<number | string, Cbor>();
    let before: Buffer | null = null;
    for (let number = 0; number < length; number += 1) {
      const start = this.place;
      const key = this.item(depth + 1);
      if (typeof key !== "number" && typeof key !== "string")
        throw new CborError("a key that is no integer and no text");
      const bytes = this.data.subarray(start, this.place);
      if (before !== null && Buffer.compare(before, bytes) >= 0) throw new CborError("keys do not ascend");
      before = bytes;
      found.set(key, this.item(depth + 1));
    }
    return found;
  }

  private argument(low: number): bigint {
    if (low < 24) return BigInt(low);
    const width = WIDTHS.get(low);
    if (width === undefined) throw new CborError("an indefinite length");
    const value = BigInt(`0x${this.take(width).toString("hex")}`);
    const least = width === 1 ? 24n : 1n << BigInt(4 * width);
    if (value < least) throw new CborError("a head that is not the shortest");
    return value;
  }

  private bounded(length: bigint): number {
    if (length > BigInt(this.data.length)) throw new CborError("cut short");
    return Number(length);
  }

  private take(length: number): Buffer {
    if (this.place + length > this.data.length) throw new CborError("cut short");
    this.place += length;
    return this.data.subarray(this.place - length, this.place);
  }
}

function head(major: number, argument: number | bigint): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | Number(argument)]);
  const width = argument < 256 ? 1 : argument < 65536 ? 2 : argument < 2 ** 32 ? 4 : 8;
  const low = 24 + Math.log2(width);
  return Buffer.from(
    ((major << 5) | low).toString(16).padStart(2, "0") + argument.toString(16).padStart(2 * width, "0"),
    "hex",
  );
}

export function encode(value: Cbor): Buffer {
  if (value === null) return Buffer.from([0xf6]);
  if (typeof value === "boolean") return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === "number" || typeof value === "bigint")
    return value < 0 ? head(1, -1n - BigInt(value)) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  const entries = [...value].map(([key, one]) => [encode(key), encode(one)] as const);
  entries.sort(([one], [other]) => Buffer.compare(one, other));
  return Buffer.concat([head(5, entries.length), ...entries.flat()]);
}

/** The fields of a map, each taken once; what is left over is a fault. */
export class Fields {
  private readonly left: Map<number | string, Cbor>;
  constructor(item: Cbor | undefined) {
    if (!(item instanceof Map)) throw new CborError("no map");
    this.left = new Map(item);
  }

  has(key: number): boolean {
    return this.left.has(key);
  }

  take(key: number): Cbor {
    const value = this.left.get(key);
    if (value === undefined) throw new CborError(`field ${key} is missing`);
    this.left.delete(key);
    return value;
  }

  integer(key: number, least: number | bigint, most: number | bigint): number | bigint {
    const value = this.take(key);
    if ((typeof value !== "number" && typeof value !== "bigint") || value < least || value > most)
      throw new CborError(`field ${key}: no integer from ${least} to ${most}`);
    return value;
  }

  number(key: number, least: number, most: number): number {
    return Number(this.integer(key, least, most));
  }

  text(key: number, least: number, most: number): string {
    const value = this.take(key);
    if (typeof value !== "string" || [...value].length < least || [...value].length > most)
      throw new CborError(`field ${key}: no text of ${least} to ${most} characters`);
    return value;
  }

  bytes(key: number, least: number, most: number): Buffer {
    const value = this.take(key);
    if (!Buffer.isBuffer(value) || value.length < least || value.length > most)
      throw new CborError(`field ${key}: no ${least} to ${most} bytes`);
    return value;
  }

  array(key: number, most: number): Cbor[] {
    const value = this.take(key);
    if (!Array.isArray(value) || value.length > most) throw new CborError(`field ${key}: no array of ${most} at most`);
    return value;
  }

  end(): void {
    if (this.left.size > 0) throw new CborError(`unknown fields: ${[...this.left.keys()].join(", ")}`);
  }
}
