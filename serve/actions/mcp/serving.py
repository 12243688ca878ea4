"""The home's tools for any MCP client: the list follows the home, each call goes through its policy and into its log.

Whoever calls is an actor of its own, with the rights of the door that the call came through. What needs a person's yes is
asked through the client, where the protocol lets it (elicitation, from version 2026-07-28 on); the confirmation itself
travels sealed, and no model sees it. From other clients such a call does nothing and says so.
Does not cover resources and prompts: there are none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import mcp_types
from fastmcp import Client, FastMCP
from fastmcp.server.context import Context
from fastmcp.server.dependencies import get_context
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.server.providers.base import Provider
from fastmcp.tools.base import InputRequiredToolResult, Tool, ToolResult
from mcp.server.request_state import RequestStateSecurity
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import PrivateAttr

from schemas.action import Actor
from schemas.conversation import call
from schemas.errors import RottieError
from schemas.hashing import canonical

if TYPE_CHECKING:
    from serve.assisting import LiveHome, Performed

QUESTION, YES = "confirm", "yes"
NOT_ASKED = (
    "Nothing was done: this cannot be taken back, and a person must say yes to it first. This client cannot ask for that;"
    " let the person say it to the assistant itself, with `rottie ask`."
)
DECLINED = "Nothing was done: the person did not say yes."


def home_server(home: LiveHome, actor: Callable[[], Actor], seal: bytes) -> FastMCP[None]:
    """``actor`` is asked for every call. ``seal``: at least 32 secret bytes, the same for all that serve one home."""
    return FastMCP(
        "rottie",
        instructions="Tools of a home and of its assistant. States and names are those of the people who live there.",
        providers=[_HomeProvider(home, actor)],
        request_state_security=RequestStateSecurity(keys=[seal], audience="rottie"),
        mask_error_details=True,
    )


class Asking(Middleware):
    """For a server that passes calls on to ``behind``, which asks in the new way: older clients are asked in theirs.

    A question that a client cannot put to its person at all becomes NOT_ASKED.
    """

    def __init__(self, behind: Callable[[], Client[Any]]) -> None:
        self._behind = behind

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, ToolResult]) -> ToolResult:
        result, front = await call_next(context), get_context()
        if not isinstance(result, InputRequiredToolResult) or can_ask(front):
            return result
        asked = result.input_required
        question = (asked.input_requests or {}).get(QUESTION)
        form = question.params if isinstance(question, mcp_types.ElicitRequest) else None
        if not isinstance(form, mcp_types.ElicitRequestFormParams) or not _has_asking(front):
            return ToolResult(NOT_ASKED, is_error=True)
        answer = await front.session.elicit_form(form.message, form.requested_schema, front.request_id)
        async with self._behind() as client:
            done = await client.session.call_tool(
                *(context.message.name, context.message.arguments),
                input_responses={QUESTION: answer},
                request_state=asked.request_state,
            )
        return ToolResult(done.content, done.structured_content, is_error=bool(done.is_error))


class _HomeProvider(Provider):
    def __init__(self, home: LiveHome, actor: Callable[[], Actor]) -> None:
        super().__init__()
        self._home, self._actor = home, actor

    async def _list_tools(self) -> Sequence[Tool]:
        return [
            _HomeTool(name=each.function.name, description=each.function.description, parameters=each.function.parameters).of(
                self._home, self._actor
            )
            for each in (await self._home.present()).tools
        ]


class _HomeTool(Tool):
    _home: Any = PrivateAttr(default=None)
    _actor: Any = PrivateAttr(default=None)

    def of(self, home: LiveHome, actor: Callable[[], Actor]) -> _HomeTool:
        self._home, self._actor = home, actor
        return self

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        context, actor, key = get_context(), self._actor(), f"mcp:{uuid.uuid4().hex}"
        try:
            if context.request_state is not None:
                if not _said_yes(context):
                    return ToolResult(DECLINED, is_error=True)
                return _result(await self._home.confirm(context.request_state, actor, key))
            done = await self._home.do(call(self.name, arguments), actor, key)
        except RottieError as error:
            return ToolResult(f"Error: {error.message}. {error.hint}", is_error=True)
        except ValueError:
            return ToolResult("Error: these arguments cannot be read.", is_error=True)
        if done.confirmation is None:
            return _result(done)
        return _question(done, done.confirmation) if can_ask(context) else ToolResult(NOT_ASKED, is_error=True)


def _result(done: Performed) -> ToolResult:
    changes = [change.model_dump(mode="json") for change in done.result.changes]
    structured = {"changes": changes} if changes else None
    return ToolResult(done.result.for_model, structured, is_error=done.result.error is not None)


def can_ask(context: Context) -> bool:
    """Whether the client can be told to ask its person and call again, which is how it is done without a connection."""
    request = context.request_context
    if request is None or request.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return False
    return _has_asking(context)


def _has_asking(context: Context) -> bool:
    wanted = mcp_types.ClientCapabilities(elicitation=mcp_types.ElicitationCapability())
    return context.session.check_client_capability(wanted)


def _question(done: Performed, confirmation: str) -> ToolResult:
    """The call itself is shown as it will be done: whoever asked for it may have told the person something else."""
    asked = f"{done.call.function.name} {canonical(done.call.function.parsed())[:1000]}"
    form = mcp_types.ElicitRequestFormParams(
        message=f"This cannot be taken back. Shall it really be done? {asked}",
        requested_schema={"type": "object", "properties": {YES: {"type": "boolean", "title": "Yes, do it"}}, "required": [YES]},
    )
    request = mcp_types.ElicitRequest(params=form)
    return InputRequiredToolResult(mcp_types.InputRequiredResult(input_requests={QUESTION: request}, request_state=confirmation))


def _said_yes(context: Context) -> bool:
    answer = (context.input_responses or {}).get(QUESTION)
    if not isinstance(answer, mcp_types.ElicitResult) or answer.action != "accept":
        return False
    return (answer.content or {}).get(YES) is True
