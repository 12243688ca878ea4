"""How a LiveHome is asked across processes: one JSON request, one JSON answer, errors as data."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from pydantic import TypeAdapter

from schemas.action import Actor, Change, Logged
from schemas.conversation import ToolCall
from schemas.errors import RottieError
from schemas.inventory import Inventory
from schemas.notices import Notice
from serve.api.faults import error_from, note
from serve.assisting import Heard, LiveHome, Performed, Present

_CHANGES: TypeAdapter[tuple[Change, ...]] = TypeAdapter(tuple[Change, ...])
# What each method takes and returns.
_ARGUMENTS: dict[str, dict[str, TypeAdapter[Any]]] = {
    "hear": {"text": TypeAdapter(str), "actor": TypeAdapter(Actor), "key": TypeAdapter(str)},
    "do": {
        "call": TypeAdapter(ToolCall),
        "actor": TypeAdapter(Actor),
        "key": TypeAdapter(str),
        "unsure": TypeAdapter(bool),
    },
    "confirm": {"confirmation": TypeAdapter(str), "actor": TypeAdapter(Actor), "key": TypeAdapter(str)},
    "present": {},
    "read": {},
    "status": {},
    "notices": {"after": TypeAdapter(int), "limit": TypeAdapter(int), "wait_s": TypeAdapter(float)},
    "log": {"after": TypeAdapter(int | None), "limit": TypeAdapter(int), "actor": TypeAdapter(str | None)},
    "load": {"inventory": TypeAdapter(Inventory)},
    "patch": {
        "entity_id": TypeAdapter(str),
        "state": TypeAdapter(str | None),
        "attributes": TypeAdapter(dict[str, Any]),
        "actor": TypeAdapter(Actor),
    },
}
_ANSWERS: dict[str, TypeAdapter[Any]] = {
    "hear": TypeAdapter(Heard | None),
    "do": TypeAdapter(Performed),
    "confirm": TypeAdapter(Performed),
    "present": TypeAdapter(Present),
    "read": TypeAdapter(Inventory),
    "status": TypeAdapter(dict[str, Any]),
    "notices": TypeAdapter(tuple[Notice, ...]),
    "log": TypeAdapter(tuple[Logged, ...]),
    "load": TypeAdapter(Inventory),
    "patch": _CHANGES,
}


class Ask(Protocol):
    def __call__(self, request: str) -> Awaitable[str]: ...


async def answered(home: LiveHome, request: str) -> str:
    """The answer of ``home`` to a request that an AskedHome made. Never raises an Exception."""
    try:
        asked = json.loads(request)
        method = asked["method"]
        takes = _ARGUMENTS[method]
        arguments = {name: takes[name].validate_python(value) for name, value in asked["arguments"].items()}
        does: Callable[..., Awaitable[Any]] = getattr(home, method)
        found = await does(**arguments)
        return json.dumps({"answer": _ANSWERS[method].dump_python(found, mode="json")})
    except RottieError as error:
        return json.dumps({"error": error.as_dict()})
    except Exception as error:
        return json.dumps({"error": note(error).as_dict()})


class AskedHome:
    """A LiveHome that is somewhere else: ``ask`` carries one request there and brings the answer."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def _of(self, method: str, **arguments: Any) -> Any:
        takes = _ARGUMENTS[method]
        sent = {name: takes[name].dump_python(value, mode="json") for name, value in arguments.items()}
        answer = json.loads(await self._ask(json.dumps({"method": method, "arguments": sent})))
        if "error" in answer:
            raise error_from(answer["error"])
        return _ANSWERS[method].validate_python(answer["answer"])

    async def hear(self, text: str, actor: Actor, key: str) -> Heard | None:
        return await self._of("hear", text=text, actor=actor, key=key)

    async def do(self, call: ToolCall, actor: Actor, key: str, unsure: bool = False) -> Performed:
        return await self._of("do", call=call, actor=actor, key=key, unsure=unsure)

    async def confirm(self, confirmation: str, actor: Actor, key: str) -> Performed:
        return await self._of("confirm", confirmation=confirmation, actor=actor, key=key)

    async def present(self) -> Present:
        return await self._of("present")

    async def read(self) -> Inventory:
        return await self._of("read")

    async def status(self) -> dict[str, Any]:
        return await self._of("status")

    async def notices(self, after: int, limit: int, wait_s: float) -> tuple[Notice, ...]:
        return await self._of("notices", after=after, limit=limit, wait_s=wait_s)

    async def log(self, after: int | None, limit: int, actor: str | None) -> tuple[Logged, ...]:
        return await self._of("log", after=after, limit=limit, actor=actor)

    async def load(self, inventory: Inventory) -> Inventory:
        return await self._of("load", inventory=inventory)

    async def patch(self, entity_id: str, state: str | None, attributes: Mapping[str, Any], actor: Actor) -> tuple[Change, ...]:
        return await self._of("patch", entity_id=entity_id, state=state, attributes=dict(attributes), actor=actor)
