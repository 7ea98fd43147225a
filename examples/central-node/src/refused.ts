// Why something is refused: one word of the contract.
export class Refused extends Error {
  constructor(
    readonly code: string,
    detail = "",
  ) {
    super(detail === "" ? code : `${code}: ${detail}`);
  }
}

export function need(right: boolean, code: string, detail = ""): asserts right {
  if (!right) throw new Refused(code, detail);
}
