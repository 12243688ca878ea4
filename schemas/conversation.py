"""Conversation rows: OpenAI chat messages with tools and tool calls, the one shape that trains and serves."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.nesting import DEEPEST, too_deep

Role = Literal["system", "user", "assistant", "tool"]
IMAGE = "\ufffc"  # Unicode's object replacement character
ToolName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FunctionCall(_Strict):
    name: ToolName
    arguments: str = Field(description="A JSON object as text, as OpenAI sends it.")

    @field_validator("arguments")
    @classmethod
    def _object(cls, value: str) -> str:
        try:
            found = json.loads(value)
        except RecursionError as error:
            raise ValueError("arguments are too deep") from error
        if not isinstance(found, dict):
            raise ValueError("arguments must be a JSON object")
        if too_deep(found):
            raise ValueError(f"arguments are over {DEEPEST} deep")
        return value

    def parsed(self) -> dict[str, Any]:
        return json.loads(self.arguments)


class ToolCall(_Strict):
    id: str = ""
    type: Literal["function"] = "function"
    function: FunctionCall


class Message(_Strict):
    role: Role
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    images: tuple[str, ...] = Field(
        default=(), description="PNG, JPEG or WebP in base64, one for each IMAGE in the content. Only in requests, never in rows."
    )

    @field_validator("tool_calls", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @model_validator(mode="after")
    def _something_said(self) -> Message:
        if self.content is None and not self.tool_calls:
            raise ValueError(f"a {self.role} message needs content or tool_calls")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only the assistant calls tools")
        if self.images and (self.role != "user" or (self.content or "").count(IMAGE) != len(self.images)):
            raise ValueError("images stand in messages of the user, each in its place")
        return self


class FunctionSpec(_Strict):
    name: ToolName
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None

    def properties(self) -> dict[str, dict[str, Any]]:
        """A schema that is just true, or false, is as good as an empty one here."""
        return {
            name: schema if isinstance(schema, dict) else {} for name, schema in self.parameters.get("properties", {}).items()
        }

    def required(self) -> list[str]:
        return self.parameters.get("required", [])


class Tool(_Strict):
    type: Literal["function"] = "function"
    function: FunctionSpec


class Conversation(_Strict):
    """One training row. ``home`` is the state block that the assistant saw, one line an entity (see schemas.home_lines)."""

    messages: tuple[Message, ...] = Field(min_length=1)
    tools: tuple[Tool, ...] = ()
    home: tuple[str, ...] = ()
    tags: tuple[str, ...] = Field(default=(), description="Free labels that reports group by, such as a category.")

    @model_validator(mode="after")
    def _calls_are_declared(self) -> Conversation:
        declared = {tool.function.name for tool in self.tools}
        for call in (call for message in self.messages for call in message.tool_calls):
            if declared and call.function.name not in declared:
                raise ValueError(f"undeclared tool {call.function.name!r}")
        return self

    def answer(self) -> Message:
        """The last assistant message: what training predicts and evaluation compares with."""
        for message in reversed(self.messages):
            if message.role == "assistant":
                return message
        raise ValueError("the conversation has no assistant message")

    def request(self) -> tuple[Message, ...]:
        """Everything before the last assistant message."""
        last = max(i for i, message in enumerate(self.messages) if message.role == "assistant")
        return self.messages[:last]


def call(name: str, arguments: dict[str, Any], call_id: str = "") -> ToolCall:
    return ToolCall(id=call_id, function=FunctionCall(name=name, arguments=json.dumps(arguments, ensure_ascii=False)))
