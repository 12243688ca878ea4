"""Tools and JSON schemas as clients declare them, checked before a prompt or a grammar is made of them.

The same tools come with every request: what was found in order once is not looked at again while it is remembered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from schemas.conversation import FunctionSpec, Tool
from schemas.errors import RequestError
from serve.api.wire import Where
from serve.engines.grammar import ToolChoice

REMEMBERED = 2048


def tool(name: str, description: str | None, parameters: dict[str, Any] | None, strict: bool | None, where: str) -> Tool:
    """RequestError where the name is none or the parameters are no JSON schema of an object."""
    parameters = {"type": "object", "properties": {}} if parameters is None else parameters
    in_order(parameters, f"{where}.parameters")
    if parameters.get("type", "object") != "object":
        raise RequestError("the parameters of a tool are an object", where=f"{where}.parameters.type")
    with Where(where):
        function = FunctionSpec(name=name, description=description or "", parameters=parameters, strict=strict)
    return Tool(function=function)


def all_different(tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """The same tools; RequestError where two have one name."""
    found: dict[str, Tool] = {}
    for number, item in enumerate(tools):
        if item.function.name in found:
            raise RequestError("two tools have the same name", where=f"tools.{number}")
        found[item.function.name] = item
    return tuple(found.values())


def choice(mode: str, named: str | None, only: Sequence[str] | None, several: bool | None, tools: Iterable[Tool]) -> ToolChoice:
    """What a client chose among ``tools``: a ``mode``, or the tool ``named``, or ``only`` some of them. RequestError names one
    that is not there by its place.
    """
    known = {tool.function.name for tool in tools}
    if named is not None and named not in known:
        raise RequestError("tool_choice names a tool that is not in tools", where="tool_choice")
    if only is not None and not known.issuperset(only):
        raise RequestError("tool_choice allows a tool that is not in tools", where="tool_choice")
    kind = cast(Any, mode if named is None else "named")
    return ToolChoice(kind, named, several is not False, None if only is None else tuple(only))


def in_order(schema: dict[str, Any], where: str) -> None:
    """RequestError where ``schema`` does not follow the rules of JSON Schema; names the place, never the value."""
    if fault := _fault(json.dumps(schema, separators=(",", ":"))):
        raise RequestError(f"this is no JSON schema: {fault}", where=where)


@lru_cache(maxsize=REMEMBERED)
def _fault(text: str) -> str | None:
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path)) or "its top"
        return f"{place} breaks the rule `{error.validator}`"
    return None
