// A central system on the npm client "mqtt": prints what it hears, one JSON object a line, acknowledges, publishes on request.
//
//   node central.mjs PORT GATE [3.1.1 [ACK_KEY]]
//
// ACK_KEY: a PEM file; the key by which the acknowledgements are signed, "central" to the gate.
// Standard input: one JSON object a line, {topic, payload, retain, properties}; its end is the end of the program.
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';

const [port, gate, version, keyFile] = process.argv.slice(2);
const key = keyFile && createPrivateKey(readFileSync(keyFile));
const protocolVersion = version === '3.1.1' ? 4 : 5;
const root = `gate/v1/${gate}`;
const client = mqtt.connect({ host: '127.0.0.1', port: Number(port), protocolVersion, clientId: `npm-${process.pid}` });
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const stored = new Map();
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
let stream = '';
let watermark = 0;

client.on('connect', () => {
  client.subscribe([`${root}/event/#`, `${root}/status`, `${root}/birth`, `${root}/res/#`], { qos: 1 }, (error) => {
    if (error) throw error;
    say({ ready: true });
  });
});

client.on('message', (topic, payload, packet) => {
  const { contentType, messageExpiryInterval, userProperties, correlationData } = packet.properties ?? {};
  say({
    topic,
    payload: payload.toString('base64'),
    qos: packet.qos,
    retain: packet.retain,
    contentType,
    expiry: messageExpiryInterval,
    userProperties,
    correlation: correlationData?.toString(),
  });
  if (topic.startsWith(`${root}/event/`)) acknowledge(JSON.parse(payload), payload);
});

function acknowledge(event, payload) {
  stream = event.stream;
  stored.set(event.seq, sha256(payload));
  while (stored.has(watermark + 1)) watermark += 1;
  const said = { stream, seq: watermark };
  if (key) {
    const digest = watermark ? stored.get(watermark) : sha256(stream);
    const header = { alg: 'EdDSA', kid: 'central', typ: 'gate-acknowledgement+jwt' };
    const message = `${part(header)}.${part({ gate, ...said, digest })}`;
    said.signature = `${message}.${sign(null, message, key).toString('base64url')}`;
  }
  client.publish(`${root}/ack`, JSON.stringify(said), { qos: 1, retain: true });
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const { topic, payload, retain, properties } = JSON.parse(line);
  if (properties?.correlationData) properties.correlationData = Buffer.from(properties.correlationData);
  client.publish(topic, payload, { qos: 1, retain: Boolean(retain), properties }, (error) => {
    say({ published: topic, error: error ? String(error) : null });
  });
});
input.on('close', () => client.end(false, {}, () => process.exit(0)));
