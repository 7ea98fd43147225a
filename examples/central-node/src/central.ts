// A central consumer: stores the events of all gates, acknowledges them signed, and gives one order if it is asked to.
//
//   node dist/central.js --broker mqtts://broker.example:8884 --ca ca.crt --certificate central.crt
//       --certificate-key central.key --store events --ack-key ack.pem --gate-key khorgos-03=<64 hex digits>
//       [--order NAME --gate khorgos-03 --lane in-1 --key duty.pem --kid duty --argument level=debug]
import { createPrivateKey, type KeyObject } from "node:crypto";
import fs from "node:fs";
import { parseArgs } from "node:util";
import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";
import { acknowledgement } from "./acknowledgement.js";
import { eventOf } from "./chain.js";
import { command, type Order } from "./command.js";
import { valuesIn, type Properties } from "./disclosures.js";
import { strictJson, type Json } from "./jws.js";
import { Store } from "./store.js";

const SESSION_S = 7 * 86_400;
const LIFE_S = 20;
const WAIT_MS = 60_000;

const { values } = parseArgs({
  options: {
    broker: { type: "string" },
    ca: { type: "string" },
    certificate: { type: "string" },
    "certificate-key": { type: "string" },
    name: { type: "string", default: "central-node" }, // at RabbitMQ the client ids of central begin with `central`
    store: { type: "string", default: "events" },
    "ack-key": { type: "string" },
    "ack-kid": { type: "string", default: "central" },
    "gate-key": { type: "string", multiple: true, default: [] },
    order: { type: "string" },
    gate: { type: "string" },
    lane: { type: "string" },
    key: { type: "string" },
    kid: { type: "string", default: "duty" },
    operator: { type: "string", default: "central" },
    cause: { type: "string", default: "by order" },
    argument: { type: "string", multiple: true, default: [] },
  },
});

function say(what: { [name: string]: unknown }): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function file(name: string | undefined): Buffer | undefined {
  return name === undefined ? undefined : fs.readFileSync(name);
}

function keyIn(name: string | undefined): KeyObject | null {
  return name === undefined ? null : createPrivateKey(fs.readFileSync(name));
}

const gateKeys = new Map(
  values["gate-key"].map((one) => [
    one.slice(0, one.indexOf("=")),
    Buffer.from(one.slice(one.indexOf("=") + 1), "hex"),
  ]),
);
const store = new Store(values.store, gateKeys);
const ackKey = keyIn(values["ack-key"]);
/** `first_kept` of each gate's birth, with its stream: a consumer that comes late begins there. */
const births = new Map<string, { stream: string; firstKept: number }>();
let waitingFor: { id: string; order: Order; key: KeyObject } | null = null;
let patience: NodeJS.Timeout | null = null;

if (values.broker === undefined) throw new Error("--broker mqtt://HOST:PORT, or mqtts://");
const { ca, certificate } = values;
const certificateKey = values["certificate-key"];
const client: MqttClient = mqtt.connect(values.broker, {
  protocolVersion: 5,
  clientId: values.name,
  clean: false,
  properties: { sessionExpiryInterval: SESSION_S, receiveMaximum: 100 },
  reconnectPeriod: 1000,
  ...(ca === undefined ? {} : { ca: file(ca)! }),
  ...(certificate === undefined ? {} : { cert: file(certificate)! }),
  ...(certificateKey === undefined ? {} : { key: file(certificateKey)! }),
});

client.on("connect", () => {
  // `event/#`, not `event/+`: RabbitMQ makes levels of the dots in a type. Type and gate are taken from the event.
  const topics = ["event/#", "status", "birth", "res/#"].map((path) => `gate/v1/+/${path}`);
  client.subscribe(topics, { qos: 1 }, (error) => {
    if (error) say({ trouble: String(error) });
    else say({ connected: values.name });
  });
});
client.on("error", (error) => say({ trouble: String(error) }));

// The broker gets its PUBACK when `done` is called, and not before: what is not stored yet comes again after a crash.
client.handleMessage = (packet: IPublishPacket, done: (error?: Error) => void): void => {
  try {
    taken(packet);
  } catch (error) {
    // A disk that does not work ends this program: nothing may be answered for that is not stored. What is no event, or
    // does not follow, must not: it would come again at the next start.
    if (error instanceof Error && "syscall" in error) throw error;
    say({ refused: packet.topic, cause: String(error) });
  }
  done();
};

function taken(packet: IPublishPacket): void {
  const [, , gate, kind] = packet.topic.split("/");
  const payload = Buffer.from(packet.payload);
  if (gate === undefined || payload.length === 0) return;
  if (kind === "event") stored(gate, payload, packet.properties?.userProperties ?? {});
  else if (kind === "birth") born(gate, strictJson(payload.toString("utf8")));
  else if (kind === "status") heard(gate, strictJson(payload.toString("utf8")));
  else if (kind === "res") answered(strictJson(payload.toString("utf8")));
}

function stored(gate: string, payload: Buffer, properties: Properties): void {
  const { stream, type } = eventOf(payload);
  const { fresh } = store.put(gate, payload, valuesIn(properties));
  begunLate(gate, stream);
  const { seq, digest, signed } = store.proofOf(gate, stream);
  if (fresh) say({ stored: type, gate, seq, signed });
  // After every event, also one that was known: the gate sends again what it has no acknowledgement of.
  const said = acknowledgement(gate, stream, seq, digest, ackKey, values["ack-kid"]);
  client.publish(`gate/v1/${gate}/ack`, said, { qos: 1, retain: true });
}

function begunLate(gate: string, stream: string): void {
  const birth = births.get(gate);
  if (birth === undefined || birth.stream !== stream || birth.firstKept <= 1) return;
  if (store.proofOf(gate, stream).seq >= birth.firstKept - 1) return;
  const prev = store.prevOf(gate, stream, birth.firstKept);
  if (prev !== null) store.begin(gate, stream, birth.firstKept, prev);
}

function object(value: Json): { [name: string]: Json } {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new TypeError("no object");
  return value;
}

function born(gate: string, value: Json): void {
  const said = object(value);
  births.set(gate, { stream: String(said["stream"]), firstKept: Number(said["first_kept"] ?? 1) });
  say({ birth: gate, first_kept: births.get(gate)?.firstKept });
}

function heard(gate: string, value: Json): void {
  const said = object(value);
  const { checkpoint, challenge } = said;
  if (typeof checkpoint === "string") {
    const witnessed = store.witnessed(gate, checkpoint);
    if (witnessed !== null) say({ head: gate, witnessed });
  }
  // The challenge is taken from `status`: that of `birth` is of the connect, and changes every ten minutes.
  if (said["state"] === "online" && typeof challenge === "string" && gate === values.gate) ordered(gate, challenge);
}

function ordered(gate: string, challenge: string): void {
  const key = keyIn(values.key);
  if (values.order === undefined || key === null || waitingFor !== null) return;
  const now = Date.now();
  const order: Order = {
    gate,
    name: values.order,
    lane: values.lane ?? null,
    operator: values.operator,
    cause: values.cause,
    challenge,
    counter: now,
    iat: Math.floor(now / 1000),
    exp: Math.floor(now / 1000) + LIFE_S,
    ...(values.argument.length === 0 ? {} : { arguments: Object.fromEntries(values.argument.map(argument)) }),
  };
  sent(order, key);
  patience = setTimeout(() => {
    say({ result: "none", command: waitingFor?.id ?? null });
    process.exit(1);
  }, WAIT_MS);
}

function argument(text: string): [string, Json] {
  const [name, value] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
  try {
    return [name, JSON.parse(value) as Json];
  } catch {
    return [name, value];
  }
}

function sent(order: Order, key: KeyObject, before?: string): void {
  const { id, text } = command(order, key, values.kid, before);
  waitingFor = { id, order, key };
  client.publish(`gate/v1/${order.gate}/cmd/${order.name}`, text, {
    qos: 1,
    properties: { messageExpiryInterval: LIFE_S, correlationData: Buffer.from(id) },
  });
  say({ ordered: order.name, command: id });
}

function answered(value: Json): void {
  const said = object(value);
  if (waitingFor === null || said["command"] !== waitingFor.id) return;
  const { order, key, id } = waitingFor;
  if (said["code"] === "CHALLENGE_WRONG" && typeof said["challenge"] === "string") {
    const now = Date.now();
    const [iat, exp] = [Math.floor(now / 1000), Math.floor(now / 1000) + LIFE_S];
    return sent({ ...order, challenge: said["challenge"], counter: now, iat, exp }, key, id);
  }
  if (patience !== null) clearTimeout(patience);
  say({ result: said["result"], command: id, code: said["code"], detail: said["detail"], data: said["data"] });
}

process.on("SIGTERM", () => client.end(false, {}, () => process.exit(0)));
