"""How large the QR codes of permits are, in each form: `python -m bench.codes`.

The fewer modules, the further away a camera reads them: 2 pixels a module when sharp, 3 with a little blur.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from agent.core.crypto import SigningKey
from agent.core.permit import SECRET_BYTES, Permit, issue_jws, reference_of
from agent.core.permit.issue import issue
from bench.figures import Figure
from central.issuing import Level, Symbol

GOAL_MODULES = 57
"""Modules of one side of a permit with all that it can say, at level M."""

_KEY = SigningKey.from_seed(b"e" * 32)
MINIMAL = Permit(
    permit_id=bytes(range(240, 248)),
    issuer="KHE",
    key_id=_KEY.public.key_id,
    not_before=1_795_000_000,
    expires_at=1_795_259_200,
    issued_at=1_794_990_000,
    declaration=941120260000012345,
    vin="LSVAA49J132047371",
    plate=None,
    plate_kind=None,
    energy=None,
    site=9411,
    lane_mask=0,
    direction="export",
    max_uses=1,
)
FULL = replace(
    MINIMAL,
    issuer="KHORGOS-E1",
    plate="新AD12345",
    plate_kind="new_energy_small",
    energy=2,
    lane_mask=0xFFFF_FFFF,
    max_uses=1000,
    driver_hmac=bytes(range(200, 212)),
)
"""Every optional claim, the longest plate of China, all numbers in their longest form, a driver's hash of 12 bytes."""

TEXTS = {
    "GP1 minimal": issue(MINIMAL, _KEY),
    "GP1 full": issue(FULL, _KEY),
    "JWS minimal": issue_jws(MINIMAL, _KEY),
    "JWS full": issue_jws(FULL, _KEY),
    "GPR": reference_of(bytes(range(SECRET_BYTES))),
}


def figures() -> list[Figure]:
    """The modules of one side at level M, for the table of all benchmarks."""
    return [
        Figure(
            f"QR code of a permit, {name}, level M",
            Symbol.of(text, Level.M).modules,
            "modules",
            GOAL_MODULES if name.startswith("GP") else None,
            note=f"{len(text)} characters",
        )
        for name, text in TEXTS.items()
    ]


def main() -> int:
    """Print characters, and version and modules at each level. The exit code is 1 when the goal is missed."""
    print(f"{'form':<14}{'characters':>11}" + "".join(f"{f'level {level}':>12}" for level in Level))
    for name, text in TEXTS.items():
        sizes = [Symbol.of(text, level) for level in Level]
        print(f"{name:<14}{len(text):>11}" + "".join(f"{f'v{each.version} / {each.modules}':>12}" for each in sizes))
    return 0 if all(figure.kept in {True, None} for figure in figures()) else 1


if __name__ == "__main__":
    sys.exit(main())
