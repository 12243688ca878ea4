from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.augmenting import collect_values, swap_values
from schemas.conversation import Conversation, Message, Tool, call
from tests.flows.training_rows import TOOLS, conversation, conversations

ROWS = conversations(40)
VALUES = collect_values(ROWS)


def row(said: str, arguments: dict, home: tuple[str, ...] = (), tools: tuple[Tool, ...] = TOOLS) -> Conversation:
    answer = Message(role="assistant", tool_calls=(call("PlayMusic", arguments),))
    return Conversation(messages=(Message(role="user", content=said), answer), tools=tools, home=home)


def arguments(item: Conversation) -> dict:
    return item.answer().tool_calls[0].function.parsed()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.integers(0, 1000))
def test_what_stood_in_the_request_still_stands_there(index, seed):
    before = conversation(index)
    after = swap_values(before, VALUES, random.Random(seed))
    assert list(arguments(after)) == list(arguments(before))
    assert all(value in after.messages[0].content for value in arguments(after).values())
    assert after.tools is before.tools
    Conversation.model_validate(after.model_dump())


def test_at_least_one_value_changes_and_the_words_between_stay():
    before = row("play amber by zoe", {"track": "amber", "artist": "zoe"})
    changed = [swap_values(before, VALUES, random.Random(seed)) for seed in range(50)]
    assert sum(arguments(after) != arguments(before) for after in changed) > 40
    for after in changed:
        said, values = after.messages[0].content, arguments(after)
        assert said == f"play {values['track']} by {values['artist']}"


def test_the_same_seed_gives_the_same_row():
    assert swap_values(ROWS[3], VALUES, random.Random(7)) == swap_values(ROWS[3], VALUES, random.Random(7))


def test_values_that_are_not_copied_stay():
    before = row("play something", {"track": "amber", "artist": "zoe"})
    assert swap_values(before, VALUES, random.Random(0)) is before


def test_a_value_said_twice_or_inside_another_stays():
    for said in ("play amber and amber", "play amber isle"):
        before = row(said, {"track": "amber isle", "artist": "amber"} if "isle" in said else {"track": "amber"})
        assert swap_values(before, VALUES, random.Random(0)) is before


def test_part_of_a_word_is_no_copy():
    before = row("play ambergris", {"track": "amber"})
    assert swap_values(before, VALUES, random.Random(0)) is before


def test_names_of_the_home_and_enumerated_values_stay():
    at_home = row("play amber lamp", {"track": "amber lamp"}, home=("Amber lamp: light: on",))
    assert swap_values(at_home, VALUES, random.Random(0)) is at_home
    modes = Tool.model_validate({"function": {"name": "PlayMusic", "parameters": {"properties": {"track": {"enum": ["amber"]}}}}})
    chosen = row("play amber", {"track": "amber"}, tools=(modes,))
    assert swap_values(chosen, VALUES, random.Random(0)) is chosen


def test_rows_without_calls_or_answer_pass_unchanged():
    chat = Conversation(messages=(Message(role="user", content="hi"), Message(role="assistant", content="hello")))
    silent = Conversation(messages=(Message(role="user", content="hi"),))
    assert swap_values(chat, VALUES, random.Random(0)) is chat
    assert swap_values(silent, VALUES, random.Random(0)) is silent
    assert collect_values([chat, silent]).words == ()
