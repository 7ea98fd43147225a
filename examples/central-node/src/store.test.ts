// What the store promises: each event once, proven, and nothing that a crash cut.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { beginning, eventOf } from "./chain.js";
import { digestOf } from "./disclosures.js";
import { Conflict, Store } from "./store.js";

const CONTRACT =
  process.env["CONTRACT"] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../docs/contract");
const chain = JSON.parse(fs.readFileSync(path.join(CONTRACT, "vectors/chain.json"), "utf8"));
const events: Buffer[] = chain.cases[0].events.map((text: string) => Buffer.from(text));
const { gate, stream } = chain as { gate: string; stream: string };
const keys = new Map([[gate, Buffer.from(chain.gate_key.public, "hex")]]);

function folder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "central-node-"));
}

function onlyFile(place: string): string {
  const files = fs.readdirSync(place, { recursive: true }).map((one) => path.join(place, String(one)));
  return files.find((one) => one.endsWith(".events"))!;
}

test("the watermark moves as far as nothing is missing, in whatever order events come", () => {
  const store = new Store(folder(), keys);
  const marks = [1, 0, 3, 2, 4].map((place) => store.put(gate, events[place]!).proof.seq);
  assert.deepEqual(marks, [0, 2, 2, 4, 5]);
  assert.equal(store.proofOf(gate, stream).signed, 3);
  assert.equal(store.proofOf(gate, stream).digest, chain.digests[4]);
});

test("an event that came before is known, and other bytes in its place are a conflict", () => {
  const store = new Store(folder(), keys);
  assert.equal(store.put(gate, events[0]!).fresh, true);
  assert.equal(store.put(gate, events[0]!).fresh, false);
  const other = Buffer.from(events[0]!.toString("utf8").replace("1.0.0", "1.0.1"));
  assert.throws(() => store.put(gate, other), Conflict);
  assert.throws(() => store.put("khorgos-04", events[0]!), Conflict);
});

test("an event that does not follow is refused, and the watermark stays before it", () => {
  const store = new Store(folder(), keys);
  store.put(gate, events[0]!);
  const foreign = Buffer.from(events[1]!.toString("utf8").replace(chain.digests[0], "0".repeat(64)));
  assert.throws(() => store.put(gate, foreign), /does not name the one before it/);
  assert.equal(store.proofOf(gate, stream).seq, 1);
});

test("a restart finds what was stored, without the line that a crash cut", () => {
  const place = folder();
  const before = new Store(place, keys);
  for (const one of events.slice(0, 3)) before.put(gate, one);
  fs.truncateSync(onlyFile(place), fs.statSync(onlyFile(place)).size - 7);
  const after = new Store(place, keys);
  assert.equal(after.proofOf(gate, stream).seq, 2);
  for (const one of events.slice(2)) after.put(gate, one);
  assert.equal(new Store(place, keys).proofOf(gate, stream).seq, 5);
});

test("an event is stored with its values or not at all, and erasing them leaves the proof", () => {
  const personal = JSON.parse(fs.readFileSync(path.join(CONTRACT, "vectors/disclosures.json"), "utf8"));
  const [whole] = personal.cases;
  const texts: Buffer[] = personal.events.map((text: string) => Buffer.from(text));
  const place = folder();
  const store = new Store(place);
  for (const one of texts.slice(0, -1)) store.put(personal.gate, one, personal.beside[String(eventOf(one).seq)]);
  const last = Buffer.from(whole.event);
  assert.throws(() => store.put(personal.gate, last), /missing/);
  assert.equal(store.put(personal.gate, last, whole).proof.seq, texts.length);
  assert.deepEqual(store.valuesOf(personal.gate, personal.stream, texts.length).disclosures, whole.disclosures);
  store.erase(personal.gate, personal.stream, 1, texts.length, "2026-11-24T08:15:16.812Z", digestOf);
  const again = new Store(place);
  assert.equal(again.proofOf(personal.gate, personal.stream).seq, texts.length);
  assert.equal(again.valuesOf(personal.gate, personal.stream, texts.length).erased.length, whole.disclosures.length);
  for (const name of fs.readdirSync(place, { recursive: true }).map(String)) {
    const file = path.join(place, name);
    if (fs.statSync(file).isFile())
      for (const text of whole.disclosures) assert.equal(fs.readFileSync(file).includes(text), false);
  }
});

test("a consumer that comes late begins with the first event that the gate still has", () => {
  const store = new Store(folder(), keys);
  store.put(gate, events[3]!);
  assert.equal(store.proofOf(gate, stream).digest, beginning(stream));
  assert.equal(store.prevOf(gate, stream, 4), eventOf(events[3]!).prev);
  store.begin(gate, stream, 4, store.prevOf(gate, stream, 4)!);
  assert.equal(store.put(gate, events[4]!).proof.seq, 5);
});

test("the signed head in a status is held against what is stored", () => {
  const store = new Store(folder(), keys);
  const text = chain.checkpoints[0].text;
  assert.equal(store.witnessed(gate, text), null, "it is not here yet");
  for (const one of events) store.put(gate, one);
  assert.equal(store.witnessed(gate, text), true);
  assert.throws(() => store.witnessed(gate, chain.checkpoints.find((one: any) => one.name === "of another key").text));
});
