"""How large a picture may be."""

import pytest

from drivers.camera.picture_limits import is_too_large


@pytest.mark.parametrize(
    ("width_px", "height_px", "refused"),
    [(10_000, 5_000, False), (10_001, 5_000, True), (1, 50_000_000, False), (1, 50_000_001, True)],
)
def test_fifty_megapixels_are_taken_and_no_more(width_px, height_px, refused):
    assert is_too_large(width_px, height_px) is refused
