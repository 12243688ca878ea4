"""A tool call, resolved: which services on which entities, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.action import Actor, Risk, ServiceCall
from schemas.conversation import FunctionSpec, Tool
from schemas.inventory import Entity
from serve.actions.arguments import Arguments, parameters
from serve.actions.describing import describe
from serve.actions.home import SimulatedHome
from serve.engines.spans import DOMAINS, ENTITY


@dataclass(frozen=True)
class Plan:
    """``calls`` are done together or not at all. ``say`` makes the text for the model once they are done.

    ``targets`` are the ids of what is meant, ``slots`` what reply templates may say; ``facts`` are theirs alone.
    """

    calls: tuple[ServiceCall, ...] = ()
    new: Entity | None = None
    targets: tuple[str, ...] = ()
    text: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def say(self, home: SimulatedHome) -> str:
        if self.text is not None:
            return self.text
        there = {entity.id: entity for entity in home.entities()}
        return "Done. " + "\n".join(describe(there[target]) for target in self.targets if target in there)


@dataclass(frozen=True)
class HomeTool:
    """``risk`` is what the tool can do at most by itself; what a call really does is judged by its preview.

    ``domains``: offered only in a home that has one of them. ``hidden``: for tier one, not offered to models (as Home
    Assistant keeps them from language models: GetLiveContext and GetDateTime answer the same questions).
    """

    name: str
    description: str
    arguments: type[Arguments]
    plan: Callable[[SimulatedHome, Any, Actor], Plan]
    risk: Risk = "write"
    domains: tuple[str, ...] = ()
    hidden: bool = False

    def declared(self) -> Tool:
        schema = parameters(self.arguments)
        named = schema["properties"].get("name", {})
        if self.domains and named.get("format") == ENTITY:
            named[DOMAINS] = list(self.domains)  # decoding then names nothing that this tool has no use for
        return Tool(function=FunctionSpec(name=self.name, description=self.description, parameters=schema))


def on_each(entities: Sequence[Entity], service: str, /, **data: Any) -> Plan:
    """The same service on each of ``entities``."""
    calls = tuple(ServiceCall(service=service, entity_id=entity.id, data=data) for entity in entities)
    return Plan(calls, targets=tuple(entity.id for entity in entities))
