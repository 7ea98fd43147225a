// Personal values beside events: docs/events.md, "Personal values". An event holds `sd:` and a digest where a value
// stood; the disclosure, base64url of [salt, pointer, value], comes in the same packet. The chain needs none of them.
import { sha256 } from "./keys.js";
import { type Json } from "./jws.js";
import { need } from "./refused.js";

export interface Erased {
  digest: string;
  /** When, RFC 3339; null: the gate lost it. */
  at: string | null;
  rule: string;
}

export interface Values {
  disclosures: string[];
  erased: Erased[];
}

/** MQTT user properties; a name that comes several times has an array. */
export type Properties = { [name: string]: string | string[] };

interface Hiding {
  sdalg: Json | undefined;
  data: Json;
}

const TOKEN = /^sd:([A-Za-z0-9_-]{43})$/;

/** The digest of a disclosure, as an event holds it behind `sd:`. */
export function digestOf(disclosure: string): string {
  return sha256(Buffer.from(disclosure, "ascii")).toString("base64url");
}

/** What came beside an event. */
export function valuesIn(properties: Properties): Values {
  const all = (name: string): string[] => [properties[name] ?? []].flat();
  return {
    disclosures: all("disclosures").flatMap((one) => one.split("~").filter((text) => text !== "")),
    erased: all("erased").flatMap((one) => JSON.parse(one) as Erased[]),
  };
}

/** The places of the hidden values below `data` (RFC 6901), by their digests. */
export function hiddenPlaces(event: Hiding): Map<string, string> {
  const found = new Map<string, string>();
  if (event.sdalg === undefined) return found;
  need(event.sdalg === "sha-256", "alg_not_known", String(event.sdalg));
  const look = (value: Json, pointer: string): void => {
    const digest = typeof value === "string" ? TOKEN.exec(value)?.[1] : undefined;
    if (digest !== undefined) found.set(digest, pointer);
    else if (value !== null && typeof value === "object")
      for (const [name, inner] of Object.entries(value)) look(inner as Json, `${pointer}/${name}`);
  };
  look(event.data, "");
  return found;
}

/** The values that disclosures prove of an event, by their digests. Throws a Refused for one that proves none of it. */
export function openedValues(event: Hiding, disclosures: string[]): Map<string, string> {
  const places = hiddenPlaces(event);
  const values = new Map<string, string>();
  for (const text of disclosures) {
    const [pointer, value] = read(text);
    const digest = digestOf(text);
    need(places.has(digest), "not_named");
    need(places.get(digest) === pointer, "other_place");
    values.set(digest, value);
  }
  return values;
}

/** The data of an event with its values in place. `erased` stands for those that are not there. */
export function openedData(event: Hiding, values: Map<string, string>, erased: string | null = null): Json {
  if (event.sdalg === undefined) return event.data;
  const put = (value: Json): Json => {
    if (typeof value === "string") {
      const digest = TOKEN.exec(value)?.[1];
      return digest === undefined ? value : (values.get(digest) ?? erased ?? value);
    }
    if (Array.isArray(value)) return value.map(put);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, put(inner as Json)]));
  };
  return put(event.data);
}

/** That each hidden value of an event came with it, or was erased. Throws a Refused: the event is not to be stored. */
export function checked(event: Hiding, values: Values): void {
  const opened = openedValues(event, values.disclosures);
  const gone = new Set(values.erased.map((one) => one.digest));
  for (const digest of hiddenPlaces(event).keys()) need(opened.has(digest) || gone.has(digest), "missing");
}

function read(text: string): [string, string] {
  let said: unknown;
  try {
    said = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    said = null;
  }
  const [salt, pointer, value] = Array.isArray(said) && said.length === 3 ? (said as unknown[]) : [];
  need(typeof salt === "string" && typeof pointer === "string" && typeof value === "string", "form");
  return [pointer, value];
}
