"""Training rows made over, so that the model learns to copy values instead of knowing them by heart.

``swap_values`` replaces argument values that stand word for word in the request by other values, in request and answer
alike: values of the same argument from other rows, or runs of words drawn from all of them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.conversation import Conversation, FunctionCall, Message, ToolCall

_SAME_ARGUMENT = 0.6  # share of swaps that take another row's value; the rest are made of words of any value


@dataclass(frozen=True)
class Values:
    """What rows' arguments hold: by tool and argument, and the single words of all of them."""

    by_argument: dict[tuple[str, str], tuple[str, ...]]
    words: tuple[str, ...]


def collect_values(conversations: Sequence[Conversation]) -> Values:
    """String values that stand word for word in their row's request, each as often as it occurs."""
    by_argument: dict[tuple[str, str], list[str]] = {}
    words: set[str] = set()
    for conversation in conversations:
        text = _request_text(conversation)
        for call in _calls(conversation):
            for name, value in call.function.parsed().items():
                if isinstance(value, str) and _find(text, value):
                    by_argument.setdefault((call.function.name, name), []).append(value)
                    words.update(value.split())
    return Values({key: tuple(values) for key, values in by_argument.items()}, tuple(sorted(words)))


def swap_values(conversation: Conversation, values: Values, rng: random.Random) -> Conversation:
    """The row with each copied value swapped with even chance, at least one of them; the row itself where nothing is copied.

    Only the last user message and the answer change. A value that an entity of the home's lines names is kept, since the
    home is not rewritten; so is one that another argument shares words with.
    """
    if not _calls(conversation):
        return conversation
    answer = conversation.answer()
    text = _request_text(conversation)
    spans = _copied_spans(conversation, answer, text)
    if not spans:
        return conversation
    chosen = [span for span in spans if rng.random() < 0.5] or [rng.choice(spans)]
    swaps: dict[tuple[int, str], str] = {}
    for start, end, index, name in sorted(chosen, reverse=True):
        tool = answer.tool_calls[index].function.name
        new = _drawn(values, tool, name, text[start:end], rng)
        text = text[:start] + new + text[end:]
        swaps[index, name] = new
    return _rebuilt(conversation, answer, text, swaps)


def _copied_spans(conversation: Conversation, answer: Message, text: str) -> list[tuple[int, int, int, str]]:
    """(start, end, call, argument) of values that stand exactly once in ``text`` and overlap no other value."""
    found: list[tuple[int, int, int, str]] = []
    fixed: list[tuple[int, int]] = []
    home = "\n".join(conversation.home).lower()
    for index, call in enumerate(answer.tool_calls):
        for name, value in call.function.parsed().items():
            places = _find(text, value) if isinstance(value, str) and value else []
            enumerated = _is_enumerated(conversation, call.function.name, name)
            if len(places) == 1 and not enumerated and not (home and value.lower() in home):
                found.append((*places[0], index, name))
            else:
                fixed += places
    spans = [(start, end) for start, end, _, _ in found] + fixed
    return [
        span
        for span in found
        if sum(span[0] < end and start < span[1] for start, end in spans) == 1  # only itself
    ]


def _is_enumerated(conversation: Conversation, tool: str, argument: str) -> bool:
    for item in conversation.tools:
        if item.function.name == tool:
            return "enum" in item.function.properties().get(argument, {})
    return False


def _drawn(values: Values, tool: str, argument: str, old: str, rng: random.Random) -> str:
    same = values.by_argument.get((tool, argument), ())
    if same and (rng.random() < _SAME_ARGUMENT or not values.words):
        return rng.choice(same)
    count = max(1, len(old.split()) + rng.choice((-1, 0, 0, 1)))
    return " ".join(rng.choice(values.words) for _ in range(count)) if values.words else old


def _rebuilt(conversation: Conversation, answer: Message, text: str, swaps: dict[tuple[int, str], str]) -> Conversation:
    calls = []
    for index, call in enumerate(answer.tool_calls):
        arguments: dict[str, Any] = {name: swaps.get((index, name), value) for name, value in call.function.parsed().items()}
        body = FunctionCall.model_construct(name=call.function.name, arguments=json.dumps(arguments, ensure_ascii=False))
        calls.append(ToolCall.model_construct(id=call.id, type="function", function=body))
    messages = list(conversation.messages)
    messages[_last(messages, "user")] = messages[_last(messages, "user")].model_copy(update={"content": text})
    messages[_last(messages, "assistant")] = answer.model_copy(update={"tool_calls": tuple(calls)})
    return conversation.model_copy(update={"messages": tuple(messages)})


def _calls(conversation: Conversation) -> Sequence[ToolCall]:
    """Of the last assistant message; none where there is no such message."""
    return next((message.tool_calls for message in reversed(conversation.messages) if message.role == "assistant"), ())


def _request_text(conversation: Conversation) -> str:
    users = [message.content for message in conversation.messages if message.role == "user"]
    return (users[-1] if users else None) or ""


def _last(messages: Sequence[Message], role: str) -> int:
    return max(index for index, message in enumerate(messages) if message.role == role)


def _find(text: str, value: str) -> list[tuple[int, int]]:
    """Where ``value`` stands in ``text`` as whole words."""
    return [match.span() for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
