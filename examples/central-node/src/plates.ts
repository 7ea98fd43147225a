// The normal form of a plate: docs/permits.md, "Plates". The formats come from the vectors' `plates.json`.
export interface Format {
  kind: number;
  places: string[];
  mark: string;
  strict: boolean;
}

const MARKS = "临试超";
const CYRILLIC = new Map([..."АВЕКМНОРСТУХІ"].map((letter, place) => [letter, "ABEKMHOPCTYXI"[place]!]));
const TO_DIGIT = new Map([
  ["O", "0"],
  ["I", "1"],
]);
const TO_LETTER = new Map([
  ["0", "O"],
  ["1", "I"],
]);

function fits(number: string[], format: Format): boolean {
  return number.length === format.places.length && number.every((one, place) => format.places[place]!.includes(one));
}

function cleaned(text: string): { number: string[]; marks: string } {
  const upper = [...text.normalize("NFKC").toUpperCase().normalize("NFKC")].map((one) => CYRILLIC.get(one) ?? one);
  const bare = upper.filter((one) => /[\p{L}\p{N}]/u.test(one));
  let [start, end] = [0, bare.length];
  while (start < end && MARKS.includes(bare[start]!)) start += 1;
  while (end > start && MARKS.includes(bare[end - 1]!)) end -= 1;
  return { number: bare.slice(start, end), marks: [...bare.slice(0, start), ...bare.slice(end)].join("") };
}

function foldedInto(number: string[], format: Format): string[] | null {
  const found = number.map((one, place) => (format.places[place]!.includes(one) ? one : (TO_DIGIT.get(one) ?? one)));
  const wrong = found.flatMap((one, place) => (format.places[place]!.includes(one) ? [] : [place]));
  const [place] = wrong;
  if (wrong.length === 1 && place !== undefined && place > 0)
    found[place] = TO_LETTER.get(found[place]!) ?? found[place]!;
  return fits(found, format) ? found : null;
}

function folded(number: string[], formats: Format[]): string[] {
  const possible = formats.filter((one) => one.strict && one.places.length === number.length);
  if (possible.some((one) => fits(number, one))) return number;
  let best: { text: string[]; changed: number } | null = null;
  for (const format of possible) {
    const text = foldedInto(number, format);
    if (text === null) continue;
    const changed = text.filter((one, place) => one !== number[place]).length;
    if (best === null || changed < best.changed) best = { text, changed };
  }
  return best?.text ?? number;
}

export function normalForm(text: string, formats: Format[]): string {
  return folded(cleaned(text).number, formats).join("");
}

/** The numbers of the kinds whose form the text has, likeliest first. */
export function kindsOf(text: string, formats: Format[]): number[] {
  const { number, marks } = cleaned(text);
  const plain = folded(number, formats);
  const strict = formats.filter(
    (one) => one.strict && fits(plain, one) && (one.mark === "" ? marks === "" : marks.includes(one.mark)),
  );
  const found = strict.length > 0 ? strict : formats.filter((one) => !one.strict && fits(plain, one));
  return [...new Set(found.map((one) => one.kind))];
}

/** Blue and yellow are no part of a number: 2 and 3 have the form of 1. */
export function hasForm(plate: string, kind: number, formats: Format[]): boolean {
  const form = kind === 2 || kind === 3 ? 1 : kind;
  return plate === normalForm(plate, formats) && formats.some((one) => one.kind === form && fits([...plate], one));
}
