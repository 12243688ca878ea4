"""From one parsed JSON row to a Conversation in normal form, or a reason why not.

Only what makes a row unreadable as a conversation is refused here. Whether a readable row is any good (empty request,
undeclared argument, too long) is for the checks, which keep the row in quarantine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.conversation import Conversation, FunctionCall, Message, Tool, ToolCall
from schemas.hashing import canonical
from schemas.text import block, one_line

_MESSAGES = TypeAdapter(tuple[Message, ...])
_TOOLS = TypeAdapter(tuple[Tool, ...])
_KEYS = {"messages", "tools", "home", "tags"}
_DETAIL = 160  # characters: a detail names keys and places, it does not carry the row


class Rejected(Exception):
    """A row that is dropped: ``reason`` is a stable code, ``detail`` says where without quoting what the user said."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail[:_DETAIL]


def parse(text: str) -> Any:
    """Strict JSON: repeated keys, NaN and infinities, and unpaired surrogates are refused."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Rejected("malformed_json", f"{error.msg} at character {error.pos}") from error
    except (ValueError, RecursionError) as error:
        raise Rejected("malformed_json", "a number or a nesting beyond what can be read") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise Rejected("duplicate_key", ", ".join(twice[:3]))
    return found


def _no_constant(name: str) -> Any:
    raise Rejected("malformed_json", f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


class Normaliser:
    """Turns rows of one source into conversations. Tool sets are parsed once and shared between rows."""

    def __init__(self, tools: tuple[Tool, ...] = ()) -> None:
        self._default = tools
        self._seen: dict[str, tuple[Tool, ...]] = {}

    def conversation(self, row: Any) -> Conversation:
        """The row in normal form; raises Rejected."""
        if not isinstance(row, Mapping):
            raise Rejected("not_an_object", f"a JSON {type(row).__name__}")
        unknown = sorted(set(row) - _KEYS)
        if unknown:
            raise Rejected("schema", f"unknown keys: {', '.join(unknown[:3])}")
        try:
            return self._build(row)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise Rejected("schema", f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
        except RecursionError as error:
            raise Rejected("malformed_json", "nested too deeply") from error

    def _build(self, row: Mapping[str, Any]) -> Conversation:
        given = _MESSAGES.validate_python(row.get("messages"))
        if any(message.images for message in given):
            raise Rejected("schema", "messages: images are not trained on")
        _check_order(given)
        tools = self._tools(row.get("tools")) or self._default
        _check_tools(given, tools)
        conversation = Conversation(
            messages=_messages(given),
            tools=tools,
            home=tuple(line for line in map(one_line, row.get("home") or ()) if line) if _texts(row, "home") else (),
            tags=tuple(row.get("tags") or ()) if _texts(row, "tags") else (),
        )
        _encodable(conversation)
        return conversation

    def _tools(self, given: Any) -> tuple[Tool, ...]:
        if not given:
            return ()
        key = canonical(given)
        if key not in self._seen:
            self._seen[key] = _TOOLS.validate_python(given)
        return self._seen[key]


def _texts(row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key)
    if value is None:
        return False
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Rejected("schema", f"{key}: must be a list of strings")
    return True


def _check_order(messages: tuple[Message, ...]) -> None:
    roles = [message.role for message in messages]
    if "assistant" not in roles:
        raise Rejected("no_answer", "no assistant message")
    if roles[-1] != "assistant":
        raise Rejected("answer_not_last", f"ends with a {roles[-1]} message")
    if "user" not in roles:
        raise Rejected("no_request", "no user message")


def _check_tools(messages: tuple[Message, ...], tools: tuple[Tool, ...]) -> None:
    declared = {tool.function.name for tool in tools}
    if len(declared) != len(tools):
        raise Rejected("duplicate_tool", "two tools have the same name")
    for message in messages:
        for call in message.tool_calls:
            if call.function.name not in declared:
                raise Rejected("undeclared_tool", call.function.name)


def _encodable(conversation: Conversation) -> None:
    texts = [message.content or "" for message in conversation.messages]
    texts += [call.function.arguments for message in conversation.messages for call in message.tool_calls]
    try:
        "\n".join([*texts, *conversation.home, *conversation.tags]).encode()
    except UnicodeEncodeError as error:
        raise Rejected("lone_surrogate", "an unpaired surrogate (\\ud800 to \\udfff)") from error


def _messages(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Texts in normal form and call ids counted from call_0, so that rows that say the same are the same."""
    names: dict[str, str] = {}
    return tuple(_message(message, names) for message in messages)


def _message(message: Message, names: dict[str, str]) -> Message:
    calls = tuple(_call(call, names) for call in message.tool_calls)
    tidy = one_line if message.role == "user" else block
    content = tidy(message.content) if message.content is not None else None
    given = message.tool_call_id
    return Message(
        role=message.role,
        content=None if calls and not content else content,
        tool_calls=calls,
        tool_call_id=names.get(given, given) if given is not None else None,
        name=message.name,
    )


def _call(call: ToolCall, names: dict[str, str]) -> ToolCall:
    number = f"call_{len(names)}"
    # A call without an id, or with one used before, still counts; only its id cannot be referred to.
    names[call.id if call.id and call.id not in names else f"\0{number}"] = number
    arguments = parse(call.function.arguments)
    kept = {key: value for key, value in ((k, _value(v)) for k, v in arguments.items()) if value not in ("", None)}
    try:
        text = json.dumps(kept, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise Rejected("malformed_json", "an argument is not a finite number") from error
    return ToolCall(id=number, function=FunctionCall(name=call.function.name, arguments=text))


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return value
