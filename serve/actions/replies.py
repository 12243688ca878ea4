"""What is said after tier one: the response templates of home-assistant-intents, filled from what happened.

Templates come with the package and are rendered in Jinja's sandbox. One that cannot be rendered gives way to the plain
text of the result, so that an action is never left unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from home_assistant_intents import get_intents
from jinja2 import Template, TemplateError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schemas.action import ActionResult
from schemas.inventory import Entity
from serve.actions.beside import sayings
from serve.actions.home import SimulatedHome
from serve.actions.intents import Recognised
from serve.actions.sentences import language as known_of


@dataclass(frozen=True)
class State:
    """An entity as the templates see it, in Home Assistant's words."""

    entity_id: str
    name: str
    domain: str
    state: str
    attributes: Mapping[str, Any]

    @property
    def state_with_unit(self) -> str:
        unit = self.attributes.get("unit_of_measurement")
        return f"{self.state} {unit}" if unit else self.state


def reply(recognised: Recognised, results: Sequence[ActionResult], home: SimulatedHome) -> str | None:
    """The sentence to speak; None when an action was refused or failed, which is for the turn to explain."""
    if not results or not all(result.ok for result in results):
        return None
    if recognised.parts:
        told = [reply(part, [result], home) for part, result in zip(recognised.parts, results, strict=True)]
        return ". ".join(one for one in told if one)
    result = results[-1]
    template = _template(recognised.language, recognised.intent, recognised.response)
    if template is None:
        return result.spoken or result.text
    there = {entity.id: state_of(entity) for entity in home.entities()}
    try:
        text = template.render(**_context(recognised, result, there))
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError, ArithmeticError):
        return result.spoken or result.text
    return " ".join(text.split()) or result.spoken or result.text


def state_of(entity: Entity) -> State:
    return State(entity.id, entity.name, entity.domain, entity.state, entity.attributes)


def _context(recognised: Recognised, result: ActionResult, there: Mapping[str, State]) -> dict[str, Any]:
    facts = result.variables
    targets = [there[name] for name in facts.get("targets", ()) if name in there]
    slots = {**recognised.slots, **{key: facts[key] for key in ("canceled", "timers", "media") if key in facts}}
    if "now" in facts:
        now = datetime.fromisoformat(facts["now"])
        slots.update(date=now.date(), time=now.time())
    if "name" not in slots and len(targets) == 1 and targets[0].domain != "timer":
        slots["name"] = targets[0].name
    query = {key: [there[name] for name in facts.get(key, ()) if name in there] for key in ("matched", "unmatched")}
    return {
        "slots": slots,
        "state": targets[0] if targets else None,
        "query": query,
        "state_attr": lambda name, key: there[name].attributes.get(key) if name in there else None,
    }


class _Silent(Undefined):
    """What a template asks of a slot that was not spoken is nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=_Silent)


@lru_cache(maxsize=4)
def _responses(language: str) -> dict[str, dict[str, str]]:
    document = get_intents(language) or {}
    return document.get("responses", {}).get("intents", {})


@lru_cache(maxsize=512)
def _template(language: str, intent: str, key: str) -> Template | None:
    ours = {**sayings.RESPONSES.get(language, {}), **known_of(language).responses}
    texts = {**_responses(language).get(intent, {}), **ours.get(intent, {})}
    source = texts.get(key) or texts.get("default")
    if not source:
        return None
    try:
        return _environment().from_string(source)
    except TemplateError:
        return None
