"""Rows: what is refused at the door."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.conversation import Conversation, FunctionCall

USER = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "Known"}}


def calling(name: str = "Known", arguments: str = "{}") -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}],
    }


@pytest.mark.parametrize(
    "row",
    [
        {"messages": []},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [USER, calling(arguments="[1]")]},
        {"messages": [USER, calling(arguments="{")]},
        {"messages": [USER, calling("Unknown")], "tools": [TOOL]},
        {"messages": [USER, calling("bad name!")]},
        {"messages": [{"role": "user", "content": "x", "tool_calls": calling()["tool_calls"]}]},
        {"messages": [USER], "extra": 1},
    ],
)
def test_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Conversation.model_validate(row)


def test_request_and_answer() -> None:
    row = Conversation.model_validate(
        {
            "messages": [USER, calling(), {"role": "tool", "content": "ok"}, {"role": "assistant", "content": "Done."}],
            "tools": [TOOL],
        }
    )
    assert row.answer().content == "Done."
    assert len(row.request()) == 3


@pytest.mark.parametrize("deep", ["[" * 10_000 + "]" * 10_000, '{"a":' * 80 + "1" + "}" * 80])
def test_arguments_that_are_too_deep_are_a_refusal_not_a_crash(deep: str) -> None:
    with pytest.raises(ValidationError, match="deep"):
        FunctionCall(name="f", arguments=f'{{"a":{deep}}}')
