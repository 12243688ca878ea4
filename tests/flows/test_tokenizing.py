from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.tokenizing import rendered_texts, train_tokenizer
from schemas.prompt import END, PAD, SPECIALS, render_prompt
from tests.flows.training_rows import conversation, conversations


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(conversations(50), 400, 512)


def test_the_same_rows_give_the_same_tokenizer(tokenizer):
    again = train_tokenizer(conversations(50), 400, 512)
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


def test_special_tokens_come_first_and_stay_whole(tokenizer):
    assert [tokenizer.convert_ids_to_tokens(index) for index in range(len(SPECIALS))] == list(SPECIALS)
    assert (tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token) == (END, PAD, None)
    assert tokenizer("".join(SPECIALS))["input_ids"] == list(range(len(SPECIALS)))


def test_special_tokens_are_no_training_text():
    assert not any(special in text for text in rendered_texts(conversations(5)) for special in SPECIALS)


def test_a_shared_prefix_is_learned_from_once():
    texts = list(rendered_texts(conversations(20)))
    assert sum("PlayMusic(" in text for text in texts) == 1


def test_a_word_has_the_same_tokens_in_request_and_answer(tokenizer):
    item = conversation(1)
    value = " " + item.answer().tool_calls[0].function.parsed()["artist"]
    inside = tokenizer.tokenize(value)
    tokens = tokenizer.tokenize(render_prompt(item.messages))
    found = [at for at in range(len(tokens)) if tokens[at : at + len(inside)] == inside]
    assert len(found) == 2


def test_digits_stand_alone(tokenizer):
    assert [token.strip("Ġ") for token in tokenizer.tokenize(" 2026")] in (["2", "0", "2", "6"], ["", "2", "0", "2", "6"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_survives_the_round_trip(tokenizer, text):
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_saved_and_loaded_it_cuts_the_same(tokenizer, tmp_path):
    from flows.steps.modelling import load_tokenizer

    tokenizer.save_pretrained(tmp_path)
    text = render_prompt(conversation(3).messages, conversation(3).tools) + " café 猫 12"
    assert load_tokenizer(tmp_path)(text)["input_ids"] == tokenizer(text)["input_ids"]
