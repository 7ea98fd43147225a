// Parse an AsyncAPI document with the parser of the AsyncAPI initiative: node parse.mjs FILE. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const names = (things) => things.map((thing) => thing.id());
process.stdout.write(
  JSON.stringify({
    errors: diagnostics.filter((one) => one.severity === 0).map((one) => `${one.path.join('.')}: ${one.message}`),
    warnings: diagnostics.filter((one) => one.severity === 1).map((one) => `${one.path.join('.')}: ${one.message}`),
    channels: document ? names(document.channels().all()) : null,
    operations: document ? names(document.operations().all()) : null,
  }),
);
