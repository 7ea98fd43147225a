// What central keeps: the bytes of every event as they came, once, on the disk before anything is acknowledged.
// One folder a gate, one file a stream: `<length> <payload>` lines. Replace it by your database, and keep its promise.
// Beside it lie the personal values of the events, which can be erased: the chain is over the events alone.
import fs from "node:fs";
import path from "node:path";
import { beginning, eventOf, following, openedCheckpoint, type Proof } from "./chain.js";
import { checked, type Values } from "./disclosures.js";
import { hexDigest } from "./keys.js";

export interface Stored {
  /** What may be acknowledged: all up to here is stored and names the one before it. */
  proof: Proof;
  /** Whether the event was new. */
  fresh: boolean;
}

interface Stream {
  file: number;
  proof: Proof;
  /** Payloads above the proof, by seq: a gap is below them. */
  waiting: Map<number, Buffer>;
  /** The hash of each event that is stored, by its seq. */
  digests: Map<number, string>;
}

export class Conflict extends Error {}

export class Store {
  private readonly streams = new Map<string, Stream>();

  /** `keys`: the gates' public keys by their ids, noted over a safe way: `gate-agent events key` at the gate. */
  constructor(
    private readonly folder: string,
    private readonly keys: Map<string, Buffer> = new Map(),
  ) {}

  /**
   * Store an event with its values. Throws Conflict where other bytes have its place, and where it does not follow; a
   * Refused where a value of it is missing, for nothing may be acknowledged then.
   */
  put(gate: string, payload: Buffer, values: Values = { disclosures: [], erased: [] }): Stored {
    const event = eventOf(payload);
    if (event.source !== `/gate/${gate}`) throw new Conflict(`an event of ${event.source} on a topic of ${gate}`);
    const stream = this.stream(gate, event.stream);
    const digest = hexDigest(payload);
    const known = stream.digests.get(event.seq);
    if (known !== undefined && known !== digest) throw new Conflict(`${gate} ${event.seq}: other bytes are stored`);
    if (known === undefined) {
      checked(event, values);
      // The values first: after a crash between the two the event comes again, and with it its values.
      if (values.disclosures.length + values.erased.length > 0) this.keep(gate, event.stream, event.seq, values);
      fs.writeSync(stream.file, Buffer.concat([Buffer.from(`${payload.length} `), payload, Buffer.from("\n")]));
      fs.fdatasyncSync(stream.file);
      stream.digests.set(event.seq, digest);
      if (event.seq > stream.proof.seq) stream.waiting.set(event.seq, payload);
    }
    this.advance(gate, stream);
    return { proof: stream.proof, fresh: known === undefined };
  }

  /** The values of an event that are kept, and what was erased of them. */
  valuesOf(gate: string, name: string, seq: number): Values {
    return this.values(gate, name).get(seq) ?? { disclosures: [], erased: [] };
  }

  /** Erase all values of the events from `first` to `last`. The file is written anew: nothing of them stays in it. */
  erase(gate: string, name: string, first: number, last: number, at: string, digestOf: (text: string) => string): void {
    const kept = this.values(gate, name);
    for (const [seq, one] of kept) {
      if (seq < first || seq > last) continue;
      const gone = one.disclosures.map((text) => ({ digest: digestOf(text), at, rule: "request" }));
      kept.set(seq, { disclosures: [], erased: [...one.erased, ...gone] });
    }
    const place = this.place(gate, name, "values");
    const fresh = fs.openSync(`${place}.new`, "w");
    for (const [seq, one] of kept) fs.writeSync(fresh, `${JSON.stringify({ seq, ...one })}\n`);
    fs.fsyncSync(fresh);
    fs.closeSync(fresh);
    fs.renameSync(`${place}.new`, place);
  }

  private keep(gate: string, name: string, seq: number, values: Values): void {
    const file = fs.openSync(this.place(gate, name, "values"), "a");
    fs.writeSync(file, `${JSON.stringify({ seq, ...values })}\n`);
    fs.fdatasyncSync(file);
    fs.closeSync(file);
  }

  /** The values of a stream by seq. A line that a crash cut belongs to an event that comes again. */
  private values(gate: string, name: string): Map<number, Values> {
    const place = this.place(gate, name, "values");
    const found = new Map<number, Values>();
    for (const line of fs.existsSync(place) ? fs.readFileSync(place, "utf8").split("\n") : []) {
      try {
        const { seq, disclosures, erased } = JSON.parse(line) as Values & { seq: number };
        found.set(seq, { disclosures, erased });
      } catch {
        continue;
      }
    }
    return found;
  }

  private place(gate: string, name: string, kind: string): string {
    // Names of gates and streams come from outside: no name of a file is made of them.
    const folder = path.join(this.folder, hexDigest(gate).slice(0, 16));
    fs.mkdirSync(folder, { recursive: true });
    return path.join(folder, `${hexDigest(name).slice(0, 16)}.${kind}`);
  }

  /** Begin a stream above what the gate does not keep any more: `first_kept` of its birth. `prev`: of that event. */
  begin(gate: string, name: string, firstKept: number, prev: string): void {
    const stream = this.stream(gate, name);
    if (stream.proof.seq < firstKept - 1) stream.proof = { seq: firstKept - 1, digest: prev, signed: null };
    this.advance(gate, stream);
  }

  /** The event `first_kept` of a stream, where it has come: it says which hash is before it. */
  prevOf(gate: string, name: string, seq: number): string | null {
    const payload = this.stream(gate, name).waiting.get(seq);
    return payload === undefined ? null : eventOf(payload).prev;
  }

  proofOf(gate: string, name: string): Proof {
    return this.stream(gate, name).proof;
  }

  /** Whether the signed head in a `status` is that of the event which is stored at its place; null: it is not here. */
  witnessed(gate: string, checkpoint: string): boolean | null {
    const key = this.keys.get(gate);
    if (key === undefined) return null;
    const said = openedCheckpoint(checkpoint, key);
    const digest = said.gate === gate ? this.stream(gate, said.stream).digests.get(said.seq) : undefined;
    return digest === undefined ? null : digest === said.digest;
  }

  private advance(gate: string, stream: Stream): void {
    for (let payload = stream.waiting.get(stream.proof.seq + 1); payload !== undefined;) {
      stream.proof = following(stream.proof, payload, this.keys.get(gate) ?? null);
      stream.waiting.delete(stream.proof.seq);
      payload = stream.waiting.get(stream.proof.seq + 1);
    }
    for (const seq of stream.waiting.keys()) if (seq <= stream.proof.seq) stream.waiting.delete(seq);
  }

  private stream(gate: string, name: string): Stream {
    const id = JSON.stringify([gate, name]);
    const found = this.streams.get(id);
    if (found !== undefined) return found;
    const file = this.place(gate, name, "events");
    const made: Stream = {
      file: fs.openSync(file, "a+"),
      proof: { seq: 0, digest: beginning(name), signed: null },
      waiting: new Map(),
      digests: new Map(),
    };
    this.streams.set(id, made);
    for (const payload of storedIn(file)) {
      const { seq } = eventOf(payload);
      made.digests.set(seq, hexDigest(payload));
      made.waiting.set(seq, payload);
    }
    this.advance(gate, made);
    return made;
  }
}

/** The payloads in a file. A last line that was cut by a crash was never acknowledged: it is taken off. */
function storedIn(file: string): Buffer[] {
  const data = fs.readFileSync(file);
  const found: Buffer[] = [];
  let place = 0;
  for (;;) {
    const space = data.indexOf(" ", place);
    const length = space < 0 ? NaN : Number(data.toString("ascii", place, space));
    const end = space + 1 + length;
    if (!Number.isSafeInteger(length) || data[end] !== 0x0a) break;
    found.push(data.subarray(space + 1, end));
    place = end + 1;
  }
  if (place < data.length) fs.truncateSync(file, place);
  return found;
}
