"""QR symbols that are whole to the error correction and nonsense to a decoder of their bits (ISO/IEC 18004, 7.4)."""

import numpy as np
from segno import consts, encoder

QUIET = 4
LEVEL = consts.ERROR_LEVEL_M
HEADS = {
    "a mode that there is not": "0110",
    "more bytes than there is room for": "0100" + "11111111",
    "digits beyond 999": "0001" + format(9, "010b") + "1111111111" * 3,
    "letters beyond the 45": "0010" + format(4, "09b") + "11111111111" * 2,
    "a character set that there is not": "0111" + "11111111",
    "FNC1 with an indicator of nothing": "1001" + "11111111",
}
"""Bits at the beginning of the stream, by what is wrong with them."""


def broken_symbol(head, version, rng):
    """The modules of a symbol of version 1 to 9, dark is True, with its quiet zone: `head`, then random bits."""
    capacity = consts.SYMBOL_CAPACITY[version][LEVEL]
    bits = encoder.Buffer()
    bits.extend([int(bit) for bit in head])
    bits.extend([int(bit) for bit in rng.integers(0, 2, capacity - len(head))])
    size = encoder.calc_matrix_size(version)
    matrix = encoder.make_matrix(size, size)
    encoder.add_finder_patterns(matrix, size, size)
    encoder.add_alignment_patterns(matrix, size, size)
    encoder.add_codewords(matrix, encoder.make_final_message(version, LEVEL, bits), version)
    mask, matrix = encoder.find_and_apply_best_mask(matrix, size, size, None)
    encoder.add_format_info(matrix, version, LEVEL, mask)
    encoder.add_version_info(matrix, version)
    return np.pad(np.array([list(row) for row in matrix], bool), QUIET)


def broken_picture(head, version, rng, module_px=4):
    """The symbol as a BGR picture."""
    modules = broken_symbol(head, version, rng)
    grey = np.where(modules, 0, 255).astype(np.uint8).repeat(module_px, axis=0).repeat(module_px, axis=1)
    return np.repeat(grey[..., None], 3, axis=2)
