// Reads every schema in ajv's strict mode and holds the samples against them: node ajv.mjs SCHEMAS SAMPLES
// A sample is {"schema": its path, "value": what was recorded}.
import fs from "node:fs";
import path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

const [schemas, samples] = process.argv.slice(2);
const errors = [];
const ajv = new Ajv2020({
  strict: true,
  strictRequired: true,
  allErrors: true,
  logger: { log() {}, warn: say, error: say },
});
formats.default(ajv);

function say(...words) {
  errors.push(words.join(" "));
}

const validators = new Map();
for (const file of fs.readdirSync(schemas, { recursive: true })) {
  const name = file.replace(/\.json$/, "");
  if (!file.endsWith(".json") || name === "asyncapi") continue;
  try {
    validators.set(name, ajv.compile(JSON.parse(fs.readFileSync(path.join(schemas, file), "utf8"))));
  } catch (error) {
    say(`${name}: ${error.message}`);
  }
}

let held = 0;
let refused = 0;
for (const { schema, value } of JSON.parse(fs.readFileSync(samples, "utf8"))) {
  const validate = validators.get(schema);
  if (validate === undefined) {
    say(`${schema}: no schema`);
    continue;
  }
  if (validate(value)) held += 1;
  else say(`${schema}: ${ajv.errorsText(validate.errors)}`);
  // A validator that takes everything would pass too: without its first required field none may.
  const [first] = validate.schema.required ?? [];
  const { [first]: _gone, ...rest } = value;
  if (validate(rest)) say(`${schema}: it is taken without ${first}`);
  else refused += 1;
}
if (held === 0 || held !== validators.size) say(`${validators.size} schemas and ${held} samples that hold`);
console.log(
  JSON.stringify({ made: `${validators.size} schemas, ${held} samples hold, ${refused} spoilt ones do not`, errors }),
);
