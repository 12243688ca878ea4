"""Clauses of a reply that streams: soon, sure, and the same however it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engines.spoken_pieces import cleaned, pieces
from serve.talking.clauses import LONGEST, UNBROKEN, Clauses

TEXTS = (
    "Okay. I turned on the kitchen light, the hall lamp and the fan; it is 21.5 degrees now. Anything else?",
    "Dr. Smith arrives at 7:30 p.m. in St. James. He will, e.g., take 3.5 kg of No. 5. No. The lamp is off! (Really?) Yes…",
    "- **Kitchen**: on, 3,5 W\n- Hall: off\n1. Buy milk\n2. Sleep.\n\n```python\nprint('a. b, c')\nx = 1\n```\nThat is all 😀",
    "Am 3. Mai um 7:30 Uhr sind es ca. 3,5 °C. Dr. Müller kommt z. B. mit der Bahn, Nr. 4. Es sind 12. Danach ist Schluss.",
    "电灯已经打开。现在是二十一度，外面下雨。还有什么吗？",
)


def cut(parts: list[str], language: str = "en") -> list[str]:
    clauses = Clauses(language)
    return [clause for part in parts for clause in clauses.add(part)] + clauses.finish()


def chunked(text: str, at: list[int]) -> list[str]:
    places = sorted({min(place, len(text)) for place in at})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


written = st.one_of(
    st.sampled_from(TEXTS),
    st.text(alphabet="aB1.,:;!?\n\"')`*-–。， ", max_size=300),
    st.lists(
        st.sampled_from(["Dr.", "No.", "5", "3.", "Mai", "and", "lamp", "p.m.", "```", "\n", "x" * 80, "a,", "I.", "…", "😀"]),
        max_size=60,
    ).map(" ".join),
    st.text(max_size=200),
)


@given(written, st.lists(st.integers(0, 400), max_size=20), st.sampled_from(["en", "de", "xx"]))
def test_the_same_clauses_however_it_is_chunked_and_nothing_lost(text: str, at: list[int], language: str) -> None:
    whole = cut([text], language)
    assert "".join(whole) == text
    assert cut(chunked(text, at), language) == whole
    assert cut(list(text), language) == whole
    assert all(whole)


@given(written)
def test_clauses_are_bounded_and_say_something(text: str) -> None:
    whole = cut([text])
    for clause in whole[:-1]:
        assert "```" in clause or len(clause.rstrip()) <= (LONGEST if " " in clause.strip() else UNBROKEN)
        assert any(map(str.isalnum, clause))


def test_a_clause_is_told_as_soon_as_it_is_sure() -> None:
    clauses = Clauses()
    assert clauses.add("I turned on the lamp") == []
    assert clauses.add(".") == []
    assert clauses.add(" It") == ["I turned on the lamp. "]
    assert clauses.add(" is 21") == []
    assert clauses.add(".5 degrees. ") == []
    assert clauses.finish() == ["It is 21.5 degrees. "]


def test_the_first_clause_is_short() -> None:
    text = (
        "In the living room, the lamp is on, the fan is off, and nothing else of what you have there is on, as far as I can see."
    )
    first, second, *rest = [clause.strip() for clause in cut([text])]
    assert first == "In the living room,"
    assert second == "the lamp is on, the fan is off, and nothing else of what you have there is on,"
    assert rest == ["as far as I can see."]
    assert cut(["I have set the temperature of the bedroom to 20 degrees and the fan to low"])[0].endswith("20 degrees ")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Dr. Smith is here. Let him in.", "en", ["Dr. Smith is here.", "Let him in."]),
        ("It is 7:30 p.m. now. It is 7 p.m. Good night.", "en", ["It is 7:30 p.m. now.", "It is 7 p.m.", "Good night."]),
        ("No. It is No. 5. Yes.", "en", ["No.", "It is No. 5.", "Yes."]),
        ("Its light.lamp_1 is on, v1.2.3 runs. J. R. Smith", "en", ["Its light.lamp_1 is on,", "v1.2.3 runs.", "J. R. Smith"]),
        ("Am 3. Mai. Es sind 12. Danach am 4. oder 5. Juni.", "de", ["Am 3. Mai.", "Es sind 12.", "Danach am 4. oder 5. Juni."]),
        ("1. Buy milk\n2. Call Ann.\n", "en", ["1. Buy milk", "2. Call Ann."]),
        ('He said "stop." Then (it was late.) "Go!" now', "en", ['He said "stop."', "Then (it was late.)", '"Go!"', "now"]),
        ("😀 Done. 😀", "en", ["😀 Done.", "😀"]),
        ("", "en", []),
    ],
)  # fmt: skip
def test_where_it_is_cut(text: str, language: str, expected: list[str]) -> None:
    assert [clause.strip() for clause in cut([text], language)] == expected


@pytest.mark.parametrize(
    "text", ["I turned on the kitchen light. It is 21 degrees outside, and sunny.", "Hello! How are you? Fine."]
)
def test_short_sentences_are_those_of_a_text_that_is_there_as_a_whole(text: str) -> None:
    assert next(clause.strip() for clause in cut([text])) == next(pieces(cleaned(text)))
    assert " ".join(clause.strip() for clause in cut([text])) == " ".join(pieces(cleaned(text)))
