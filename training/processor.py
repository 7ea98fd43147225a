"""What this machine's processor can do, as far as a training asks."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

import torch

CPU_INFO: Final = Path("/proc/cpuinfo")
_HALF_WIDTH: Final = re.compile(r"^(?:flags|Features)\s*:.*\b(?:avx512_bf16|amx_bf16|bf16)\b", re.MULTILINE)


def has_bfloat16(cpu_info: str) -> bool:
    """Whether a processor that /proc/cpuinfo describes multiplies bfloat16 numbers itself, x86-64 and arm64."""
    return _HALF_WIDTH.search(cpu_info) is not None


def fast_precision() -> AbstractContextManager[object]:
    """The context to compute in: bfloat16 where the processor has it, else as it is.

    Measured: a step of the detector takes 0.22 s without and 2.0 s with bfloat16 on a processor that must emulate it.
    """
    if CPU_INFO.is_file() and has_bfloat16(CPU_INFO.read_text(encoding="utf-8")):
        half_width: AbstractContextManager[object] = torch.autocast("cpu", torch.bfloat16)
        return half_width
    return nullcontext()
