"""Drawn labels: the code holds the VIN, in its quiet zone; print holds no code."""

import numpy as np
import pytest
import zxingcpp
from pydantic import ValidationError

from drivers.camera.simulated_yard.scene import VinLabel
from drivers.camera.simulated_yard.vin_label import draw_label

VIN = "LSGJA52U1RH123456"
FORMATS = {
    "code_39": zxingcpp.BarcodeFormat.Code39,
    "code_128": zxingcpp.BarcodeFormat.Code128,
    "data_matrix": zxingcpp.BarcodeFormat.DataMatrix,
    "qr": zxingcpp.BarcodeFormat.QRCode,
}


@pytest.mark.parametrize("code", FORMATS)
def test_a_label_bears_its_vin_in_a_code_of_its_kind(code):
    (found,) = zxingcpp.read_barcodes(draw_label(VIN, code), formats=zxingcpp.BarcodeFormats(FORMATS[code]))
    assert found.text == VIN


def test_the_data_matrix_of_a_label_is_square():
    height, width = draw_label(VIN, "data_matrix").shape[:2]
    assert height == width


def test_a_label_in_print_bears_no_code_and_another_text_for_another_vin():
    label = draw_label(VIN, "print")
    assert not zxingcpp.read_barcodes(label)
    assert not np.array_equal(label, draw_label(VIN[:-1] + "7", "print"))


@pytest.mark.parametrize("vin", ["LSGJA52U1RH12345", "lsgja52u1rh123456", "LSGJA52U1RH123456789", "新SGJA52U1RH123456"])
def test_a_scene_with_a_label_that_no_maker_prints_is_refused(vin):
    with pytest.raises(ValidationError, match="vin"):
        VinLabel(vin=vin)


def test_a_leading_i_of_imports_is_drawn():
    (found,) = zxingcpp.read_barcodes(draw_label(f"I{VIN}", "code_39"))
    assert found.text == f"I{VIN}"
