from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.text import block, one_line


@pytest.mark.parametrize(("text", "normal"), [
    ("", ""),
    ("  two\t words\r\n", "two words"),
    ("cafe\u0301", "café"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("bell\x07rings\x95now", "bell rings now"),
    ("non\u00a0breaking\u2003em", "non breaking em"),
    ("نمی\u200cخواهم", "نمی\u200cخواهم"),
    ("👩\u200d🚒", "👩\u200d🚒"),
])  # fmt: skip
def test_one_line(text: str, normal: str) -> None:
    assert one_line(text) == normal


def test_block_keeps_lines() -> None:
    assert block(" a  b \r\n\r\n\r\n\r\n c\u200b ") == "a b\n\nc"


@given(st.text())
def test_normal_form_is_stable_and_clean(text: str) -> None:
    for form in (one_line, block):
        normal = form(text)
        assert form(normal) == normal
        assert normal == unicodedata.normalize("NFC", normal)
        assert normal == normal.strip()
    assert "  " not in one_line(text)
    assert "\n" not in one_line(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8), st.data())
def test_a_run_of_words_stays_a_part_of_its_sentence(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    stop = data.draw(st.integers(start + 1, len(words)))
    assert one_line(" ".join(words[start:stop])) in one_line(" ".join(words))
