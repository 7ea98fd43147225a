// What the schemas of commands say, held against a body: the words of JSON Schema that they use, and no others.
import type { Json } from "./jws.js";

export type Schema = { [word: string]: Json };

/** The first fault of a value; null: it is as the schema says. */
export function fault(schema: Schema, value: Json, root: Schema = schema, place = "$"): string | null {
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const named = (root["$defs"] as { [name: string]: Schema })[reference.replace("#/$defs/", "")];
    return named === undefined ? `${place}: no ${reference}` : fault(named, value, root, place);
  }
  const alternatives = schema["anyOf"] as Schema[] | undefined;
  if (alternatives !== undefined && alternatives.every((one) => fault(one, value, root, place) !== null))
    return `${place}: none of them`;
  if ("const" in schema && schema["const"] !== value) return `${place}: not ${JSON.stringify(schema["const"])}`;
  if ("enum" in schema && !(schema["enum"] as Json[]).includes(value)) return `${place}: not in the list`;
  if ("type" in schema && !isA(schema["type"] as string, value)) return `${place}: no ${String(schema["type"])}`;
  if (typeof value === "string") return ofText(schema, value, place);
  if (typeof value === "number") {
    const [least, most] = [schema["minimum"] ?? -Infinity, schema["maximum"] ?? Infinity] as number[];
    return value < least! || value > most! ? `${place}: out of range` : null;
  }
  if (Array.isArray(value)) {
    if (value.length < Number(schema["minItems"] ?? 0) || value.length > Number(schema["maxItems"] ?? Infinity))
      return `${place}: its length`;
    return first(value.map((one, number) => fault(schema["items"] as Schema, one, root, `${place}[${number}]`)));
  }
  return value === null || typeof value !== "object" ? null : ofObject(schema, value, root, place);
}

function isA(type: string, value: Json): boolean {
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return value !== null && typeof value === "object" && !Array.isArray(value);
  return typeof value === type;
}

function ofText(schema: Schema, value: string, place: string): string | null {
  const length = [...value].length;
  if (length < Number(schema["minLength"] ?? 0) || length > Number(schema["maxLength"] ?? Infinity))
    return `${place}: its length`;
  const pattern = schema["pattern"];
  return typeof pattern === "string" && !new RegExp(pattern, "u").test(value) ? `${place}: its form` : null;
}

function ofObject(schema: Schema, value: { [name: string]: Json }, root: Schema, place: string): string | null {
  const fields = (schema["properties"] ?? {}) as { [name: string]: Schema };
  for (const name of (schema["required"] ?? []) as string[]) if (!(name in value)) return `${place}.${name}: missing`;
  const more = schema["additionalProperties"];
  return first(
    Object.entries(value).map(([name, one]) => {
      const inner = `${place}.${name}`;
      if (name in fields) return fault(fields[name]!, one, root, inner);
      if (more === false) return `${inner}: there is no such field`;
      const named =
        schema["propertyNames"] === undefined ? null : fault(schema["propertyNames"] as Schema, name, root, inner);
      return named ?? (more !== null && typeof more === "object" ? fault(more as Schema, one, root, inner) : null);
    }),
  );
}

function first(faults: (string | null)[]): string | null {
  return faults.find((one) => one !== null) ?? null;
}
