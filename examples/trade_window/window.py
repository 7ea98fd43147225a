"""A trade window that hands an exporter his permits: what it takes to call the gate agent's issuing API.

    python window.py issuer.pem KHE 9411 exports.json out/

`exports.json` is an array of what the window knows of each vehicle, with the names of
`central.issuing.PermitOrder`. Each permit becomes a picture named after its VIN; its declaration goes into
out/declarations.csv, for `gate-agent lists publish`.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from central.issuing import OrderError, PermitIssuer, PermitOrder, picture, write_declarations


def issue_all(permit_issuer: PermitIssuer, exports: list[dict], folder: Path, now: int) -> list[str]:
    """Issue a permit for each export that is in order. Return the problems of the others, for their author."""
    refused, declarations = [], []
    for number, export in enumerate(exports, start=1):
        try:
            issued = permit_issuer.issue(PermitOrder(**export), now)
        except OrderError as error:
            refused += [f"export {number}: {problem}" for problem in error.problems]
            continue
        (folder / f"{issued.permit.vin}.png").write_bytes(picture(issued.text, "png"))
        declarations.append(issued.declaration)
    write_declarations(folder / "declarations.csv", declarations)
    return refused


def main() -> int:
    key_file, issuer, site, source, folder = sys.argv[1:]
    permit_issuer = PermitIssuer.open(Path(key_file), issuer, int(site))
    Path(folder).mkdir(parents=True, exist_ok=True)
    exports = json.loads(Path(source).read_text("utf-8"))
    now = int(datetime.now(UTC).timestamp())
    refused = issue_all(permit_issuer, exports, Path(folder), now)
    print(*refused, f"{len(exports) - len({line.split(':')[0] for line in refused})} permits in {folder}", sep="\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
