"""How text is laid out on an LED sign."""

# ruff: noqa: RUF001 - these letters are meant

import pytest

from agent.i18n.sign_columns import columns, fits_gbk, laid_out


@pytest.mark.parametrize(
    ("text", "wide"), [("", 0), ("STOP", 4), ("请通行", 6), ("СТОП", 8), ("QR-код", 9), ("ҚОШ", 6), ("，", 2)]
)
def test_a_latin_character_takes_one_column_and_any_other_two(text, wide):
    assert columns(text) == wide
    if fits_gbk(text):
        assert len(text.encode("gbk")) == wide


@pytest.mark.parametrize(
    ("text", "fits"),
    [("Stop! 3", True), ("请出示二维码", True), ("Ёлка", True), ("Қош", False), ("әіңғүұқөһ", False), ("😀", False)],
)
def test_gbk_has_chinese_and_russian_but_no_kazakh_letters(text, fits):
    assert fits_gbk(text) is fits


@pytest.mark.parametrize(
    ("text", "width", "lines", "laid"),
    [
        ("drive on", 8, 1, ("drive on",)),
        ("drive on", 7, 1, None),
        ("drive on", 7, 2, ("drive", "on")),
        ("a\nb c", 8, 2, ("a b c",)),
        ("", 8, 1, ()),
        ("  drive   on ", 8, 1, ("drive on",)),
        ("请出示二维码", 8, 2, ("请出示二", "维码")),
        ("请出示二维码", 7, 2, ("请出示", "二维码")),
        ("停车，等待工作人员", 4, 5, ("停", "车，", "等待", "工作", "人员")),
        ("停车，等待工作人员", 4, 4, None),
        ("停车，等待", 6, 2, ("停车，", "等待")),
        ("请到3号窗口", 8, 2, ("请到3号", "窗口")),
        ("请走A12通道", 6, 3, ("请走", "A12通", "道")),
        ("Вам к окну 3", 12, 2, ("Вам к", "окну 3")),
        ("Проезжайте", 8, 4, None),
        ("x" * 9, 8, 9, None),
    ],
)
def test_text_is_broken_between_words_and_ideographs_and_never_within_a_word(text, width, lines, laid):
    assert laid_out(text, width, lines) == laid
