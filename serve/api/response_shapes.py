"""What /v1/responses takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.conversation import Tool, ToolName
from serve.api import declared
from serve.api.chat import MOST_ALLOWED, STRICT, Choice, JsonObjectFormat, TextFormat
from serve.api.response_items import InputItem, OutputItem
from serve.api.wire import TOP_LOGPROBS, Body, Sampling
from serve.engines.grammar import ToolChoice


class FunctionTool(Body):
    type: Literal["function"]
    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = Field(default=None, description=STRICT)


class NamedTool(Body):
    type: Literal["function"]
    name: str


class AllowedTools(Body):
    """Some of the declared tools; the prompt shows all of them, so that it stays the same from request to request."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"] = "auto"
    tools: tuple[NamedTool, ...] = Field(min_length=1, max_length=MOST_ALLOWED)


class JsonSchemaFormat(Body):
    type: Literal["json_schema"]
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


Format = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class TextSettings(Body):
    format: Format | None = None
    verbosity: Literal["medium"] | None = None


class Reasoning(Body):
    """No engine here has a setting for it."""

    effort: Literal["none"] | None = None
    summary: None = None


class EventOptions(Body):
    include_obfuscation: bool | None = None


class ResponseRequest(Sampling):
    model: str = Field(default="champion", description="See /v1/chat/completions.")
    input: str | Annotated[tuple[InputItem, ...], Field(min_length=1)]
    instructions: str | None = Field(default=None, description="A system text for this response only.")
    tools: tuple[FunctionTool, ...] | None = Field(default=None, description="Absent: the tools the model was trained with.")
    tool_choice: Choice | NamedTool | AllowedTools | None = None
    parallel_tool_calls: bool | None = Field(default=None, description="False: one call at most.")
    text: TextSettings | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    previous_response_id: str | None = Field(default=None, description="Goes on from that response, where it is remembered.")
    store: bool | None = Field(default=None, description="False: not remembered. Memory is bounded and ends with the process.")
    stream: bool | None = False
    stream_options: EventOptions | None = None
    include: tuple[Literal["message.output_text.logprobs", "reasoning.encrypted_content"], ...] | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=TOP_LOGPROBS)
    truncation: Literal["auto", "disabled"] | None = Field(
        default=None,
        description="Where the conversation does not fit, disabled: it is refused; auto, or absent: the oldest turns give way.",
    )
    # Accepted at their neutral value only.
    reasoning: Reasoning | None = None
    background: Literal[False] | None = None
    # About the caller: accepted and dropped.
    metadata: dict[str, str] | None = None
    user: str | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None

    @property
    def logprobs(self) -> int | None:
        wanted = "message.output_text.logprobs" in (self.include or ()) or bool(self.top_logprobs)
        return (self.top_logprobs or 0) if wanted else None

    def choice(self, tools: tuple[Tool, ...]) -> ToolChoice:
        """Raises RequestError for a tool that is not among ``tools``."""
        asked, several = self.tool_choice, self.parallel_tool_calls
        if isinstance(asked, NamedTool):
            return declared.choice("named", asked.name, None, several, tools)
        if isinstance(asked, AllowedTools):
            return declared.choice(asked.mode, None, [tool.name for tool in asked.tools], several, tools)
        return declared.choice(asked or "auto", None, None, several, tools)

    def schema_of_reply(self) -> dict[str, Any] | None:
        wanted = self.text.format if self.text else None
        if isinstance(wanted, JsonObjectFormat):
            return {"type": "object"}
        return wanted.schema_ if isinstance(wanted, JsonSchemaFormat) else None


class CachedTokens(Body):
    cached_tokens: int
    cache_write_tokens: int


class ReasoningTokens(Body):
    reasoning_tokens: int


class ResponseUsage(Body):
    input_tokens: int
    input_tokens_details: CachedTokens
    output_tokens: int
    output_tokens_details: ReasoningTokens
    total_tokens: int


class ResponseFault(Body):
    code: str
    message: str


class WhyIncomplete(Body):
    reason: Literal["max_output_tokens"]


class ResponseBody(Body):
    id: str
    object: Literal["response"]
    created_at: int
    completed_at: int | None
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    error: ResponseFault | None
    incomplete_details: WhyIncomplete | None
    instructions: str | None
    max_output_tokens: int | None
    model: str
    output: tuple[OutputItem, ...]
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: Reasoning
    store: bool
    temperature: float
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: tuple[dict[str, Any], ...]
    top_logprobs: int
    top_p: float
    truncation: Literal["auto", "disabled"]
    usage: ResponseUsage | None
    user: str | None
    metadata: dict[str, str]
    background: Literal[False]


class Forgotten(Body):
    id: str
    object: Literal["response"]
    deleted: Literal[True]
