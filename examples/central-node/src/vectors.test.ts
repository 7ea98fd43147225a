// Checks this consumer with every test vector of the contract.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import * as acknowledgement from "./acknowledgement.js";
import * as chain from "./chain.js";
import * as commands from "./command.js";
import * as disclosures from "./disclosures.js";
import * as fleet from "./fleet.js";
import { fromSeed, hexDigest, keyId, rawPublic } from "./keys.js";
import * as lists from "./lists.js";
import * as permits from "./permits.js";
import { kindsOf, normalForm } from "./plates.js";
import { Refused } from "./refused.js";
import type { Schema } from "./schema.js";
import * as traces from "./trace.js";
import { trustList } from "./trust.js";

const CONTRACT =
  process.env["CONTRACT"] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../docs/contract");

function json(file: string): any {
  return JSON.parse(fs.readFileSync(path.join(CONTRACT, file), "utf8"));
}

function vectors(name: string): any {
  return json(`vectors/${name}.json`);
}

/** What a reader says of a case, in the words of the vectors. */
function verdict(read: () => unknown, word = "holds"): unknown {
  try {
    return { [word]: read() };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { refused: error.code };
  }
}

const keys = vectors("keys");
const plates = vectors("plates");
const trusted = (file: any) => trustList(file.trust_list, Buffer.from(vectors("trust-list").root, "hex"), 1);
const hex = (text: string): Buffer => Buffer.from(text, "hex");

for (const key of keys.keys)
  test(`key ${key.name}`, () => {
    const raw = hex(key.public);
    assert.equal(keyId(raw).toString("hex"), key.key_id);
    assert.equal(keyId(raw, 8).toString("hex"), key.kid);
    assert.equal(hexDigest(raw), key.fingerprint);
    if (key.algorithm === "Ed25519") assert.equal(rawPublic(fromSeed(hex(key.seed))).toString("hex"), key.public);
  });

for (const one of plates.cases)
  test(`plate ${one.text}`, () => {
    assert.equal(normalForm(one.text, plates.formats), one.normal);
    assert.deepEqual(kindsOf(one.text, plates.formats), one.kinds);
  });

const trust = vectors("trust-list");
for (const one of trust.cases)
  test(`trust list: ${one.name}`, () => {
    assert.deepEqual(
      verdict(() => trustList(one.text, hex(trust.root), trust.oldest)),
      one.expect,
    );
  });

const permit = vectors("permits");
for (const one of permit.cases)
  test(`permit: ${one.name}`, () => {
    const known = {
      trust: trusted(permit),
      references: permit.references,
      formats: plates.formats,
      kinds: plates.kinds,
    };
    let said: unknown;
    try {
      said = { reason: "OK", permit: permits.verified(one.text, { ...permit.gate, ...one.gate }, known) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said = { reason: error.code };
    }
    assert.deepEqual(said, one.expect);
  });

const tracing = vectors("trace-contexts");
for (const one of tracing.parents)
  test(`traceparent: ${one.name}`, () => assert.deepEqual(traces.traceOf(one.text), one.expect));
for (const one of tracing.states)
  test(`tracestate: ${one.name}`, () =>
    assert.equal(traces.traceOf(tracing.row.expect, one.text)?.tracestate, one.expect));
for (const one of tracing.spans)
  test(`span of a ${one.of}`, () => {
    const [, , gate, id] = one.hashed;
    assert.equal(traces.parent(traces.spanOf(traces.traceOf(one.parent)!, one.of, gate, id)), one.expect);
  });
test("the trace of a vehicle without one", () =>
  assert.equal(traces.hashed(tracing.own_trace.hashed, 16), tracing.own_trace.expect));

const list = vectors("lists");
const known: lists.Known = {
  trust: trusted(list),
  site: list.site,
  at: list.at,
  formats: plates.formats,
  kinds: plates.kinds,
};
for (const one of list.heads)
  test(`head: ${one.name}`, () =>
    assert.deepEqual(
      verdict(() => lists.openedHead(hex(one.bytes), known)),
      one.expect,
    ));
for (const one of list.deltas)
  test(`delta: ${one.name}`, () =>
    assert.deepEqual(
      verdict(() => lists.openedDelta(hex(one.bytes), known)),
      one.expect,
    ));
for (const one of list.chunks)
  test(`chunk: ${one.name}`, () => {
    const read = () => lists.unpacked(hex(one.bytes), list.chunk_in_head).map((row) => row.toString("hex"));
    assert.deepEqual(verdict(read), one.expect);
  });
for (const [number, one] of list.rows.entries())
  test(`row ${number}: ${one.kind}, ${one.name}`, () => {
    const { key, ...expected } = one.expect;
    const read = () => {
      const found = lists.rowOf(one.kind, hex(one.bytes), known);
      assert.equal(found.key.toString("hex"), key);
      return found.row;
    };
    assert.deepEqual(verdict(read), expected);
  });

const command = vectors("commands");
const bodies = (name: string): Schema | undefined => {
  const file = `v1/command/${name}.json`;
  return fs.existsSync(path.join(CONTRACT, file)) ? json(file) : undefined;
};
for (const one of command.cases)
  test(`command: ${one.name}`, () => {
    let said: unknown;
    try {
      said = {
        accepted: commands.judged(one, command.gate, command.keys, { ...command.situation, ...one.situation }, bodies),
      };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const believed = error instanceof commands.RefusedCommand ? error : { command: null, key: null };
      said = { refused: error.code, command: believed.command, key: believed.key };
    }
    assert.deepEqual(said, one.expect);
  });

for (const name of [command.cases[0].name, "to a group, it is obeyed"])
  test(`a command that is signed here is the one of the vectors, byte for byte: ${name}`, () => {
    const { payload } = command.cases.find((one: any) => one.name === name);
    const { id, ...order } = JSON.parse(Buffer.from(payload.split(".")[1], "base64url").toString("utf8"));
    const key = fromSeed(hex(keys.keys.find((one: any) => one.name === "commands").seed));
    assert.equal(commands.command(order, key, "duty", id).text, payload);
  });

const documents = vectors("fleet-documents");
for (const one of documents.cases)
  test(`fleet document: ${one.name}`, () => {
    let said: unknown;
    try {
      const at = one.at === undefined ? documents.at : one.at;
      const found = fleet.judged(one.text, one.topic, documents, at, one.seen);
      const place = found && `${found.kind}/${found.for}`;
      said = found ? { taken: { place, version: found.version, digest: fleet.digestOf(found) } } : { ignored: true };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said = { refused: error.code };
    }
    assert.deepEqual(said, one.expect);
  });
for (const one of documents.audiences)
  test(`audience: ${one.text}`, () =>
    assert.equal(fleet.isMeant(one.text, documents.gate, documents.groups), one.expect));
for (const one of documents.stages)
  test(`stage: ${one.gate}`, () => {
    assert.equal(fleet.placeOf(documents.stage.seed, one.gate), one.place);
    assert.equal(fleet.isInStage(documents.stage, one.gate, one.groups), one.expect);
  });

test("a fleet document that is signed here is the one of the vectors, byte for byte", () => {
  const [first] = documents.cases;
  const document = JSON.parse(Buffer.from(first.text.split(".")[1], "base64url").toString("utf8"));
  const key = fromSeed(hex(keys.keys.find((one: any) => one.name === "fleet").seed));
  assert.equal(fleet.signedDocument(document, key, "fleet-2027"), first.text);
});

const events = vectors("chain");
const gateKey = hex(events.gate_key.public);
for (const one of events.cases)
  test(`chain: ${one.name}`, () => {
    const payloads = one.events.map((text: string) => Buffer.from(text));
    if (!one.expect.whole) return void assert.throws(() => chain.prove(payloads, gateKey));
    const { seq, digest, signed } = chain.prove(payloads, gateKey);
    assert.deepEqual({ whole: true, last: { seq, digest }, signed }, one.expect);
  });
for (const one of events.checkpoints)
  test(`checkpoint: ${one.name}`, () => {
    assert.deepEqual(
      verdict(() => chain.openedCheckpoint(one.text, gateKey)),
      one.expect,
    );
  });

const personal = vectors("disclosures");
for (const one of personal.disclosures)
  test(`disclosure of ${one.value}`, () => {
    assert.equal(disclosures.digestOf(one.disclosure), one.digest);
    const said = JSON.parse(Buffer.from(one.disclosure, "base64url").toString("utf8"));
    assert.deepEqual(said, [one.salt, one.pointer, one.value]);
  });
for (const one of personal.cases)
  test(`disclosures: ${one.name}`, () => {
    const event = chain.eventOf(Buffer.from(one.event));
    const read = () => {
      disclosures.checked(event, one);
      return disclosures.openedData(event, disclosures.openedValues(event, one.disclosures));
    };
    assert.deepEqual(verdict(read, "data"), one.expect);
  });
test("events prove without one disclosure", () => {
  const { seq } = chain.prove(personal.events.map((text: string) => Buffer.from(text)), null);
  assert.equal(seq, personal.events.length);
});

const acks = vectors("acknowledgements");
for (const one of acks.cases)
  test(`acknowledgement: ${one.name}`, () => {
    const gate = { ...acks.gate, ...one.gate, keys: one.gate?.keys === false ? {} : acks.gate.keys };
    assert.deepEqual(
      verdict(() => acknowledgement.judged(one.payload, gate), "taken"),
      one.expect,
    );
  });

test("an acknowledgement that is signed here is taken", () => {
  const key = fromSeed(hex(keys.keys.find((one: any) => one.name === "acknowledger").seed));
  const said = acknowledgement.acknowledgement(
    acks.gate.gate,
    acks.gate.stream,
    3,
    acks.gate.digests[3],
    key,
    "central",
  );
  assert.equal(acknowledgement.judged(said, acks.gate), 3);
});
