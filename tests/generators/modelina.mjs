// Makes TypeScript and Java of the AsyncAPI document: node modelina.mjs DOCUMENT FOLDER
// The document is 3.1.0, and @asyncapi/parser reads it so. This modelina knows 3.0.0 and older; nothing that the
// document uses is newer.
import fs from "node:fs";
import path from "node:path";
import { JavaFileGenerator, TypeScriptGenerator } from "@asyncapi/modelina";
import { Parser } from "@asyncapi/parser";

const [file, folder] = process.argv.slice(2);
const text = fs.readFileSync(file, "utf8");
const errors = [];
const { document, diagnostics } = await new Parser().parse(text);
if (document === undefined) errors.push("the parser takes it for no document");
for (const found of diagnostics.filter((one) => one.severity <= 1))
  errors.push(`${found.path.join(".")}: ${found.message}`);
console.log(JSON.stringify({ tool: "asyncapi parser", made: `version ${document?.version()}`, errors }));

const asked = JSON.parse(text);
asked.asyncapi = "3.0.0";
const invented = /Anonymous|Reserved|Dot[A-Z]|^Root$|Minus/;

async function judged(tool, generate) {
  const found = [];
  let models = [];
  try {
    models = await generate();
  } catch (error) {
    found.push(String(error));
  }
  const names = models.map((model) => model.modelName);
  found.push(...names.filter((name) => invented.test(name)).map((name) => `a name that nobody gave: ${name}`));
  // Two names that differ by what is between their letters are one thing that was named twice.
  const plain = new Map();
  for (const name of names) {
    const bare = name.toLowerCase().replace(/[^a-z0-9]|dot/g, "");
    if (plain.has(bare)) found.push(`twins: ${plain.get(bare)} and ${name}`);
    plain.set(bare, name);
  }
  if (models.length < 100) found.push(`${models.length} models`);
  console.log(JSON.stringify({ tool, made: `${models.length} models`, errors: found }));
  return models;
}

const typescript = await judged("modelina TypeScript", () =>
  new TypeScriptGenerator({ modelType: "interface" }).generate(asked),
);
fs.mkdirSync(path.join(folder, "modelina"), { recursive: true });
const known = typescript.map((model) => model.result.replace(/^(interface|enum|type) /, "export $1 "));
fs.writeFileSync(path.join(folder, "modelina", "models.ts"), `${known.join("\n\n")}\n`);
const java = path.join(folder, "java", "gate");
await judged("modelina Java", () => new JavaFileGenerator().generateToFiles(asked, java, { packageName: "gate" }));
