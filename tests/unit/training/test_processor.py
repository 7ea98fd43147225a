"""Whether a processor has bfloat16, by what the kernel says of it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from training.processor import has_bfloat16


@pytest.mark.parametrize(
    ("cpu_info", "has"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512_bf16 clflush\n", True),
        ("flags\t\t: fpu amx_tile amx_bf16 amx_int8\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags\t\t: fpu avx2 avx512f avx512_fp16\n", False),
        ("processor\t: 0\nmodel name\t: bf16 lookalike\nflags\t\t: fpu avx2\n", False),
        ("", False),
    ],
)
def test_the_processor_says_whether_it_has_bfloat16(cpu_info: str, has: bool) -> None:
    assert has_bfloat16(cpu_info) is has
