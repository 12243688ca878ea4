"""Earlier turns of a conversation, acted out: what the tools answered, what was said, and how the home is afterwards.

Messages are those that serve.conversations gives a model again: the request, the calls, a result each, the reply in words.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

from flows.steps.generator.homes import Place
from schemas.action import ActionResult, Actor
from schemas.conversation import FunctionCall, Message, Tool, ToolCall
from schemas.conversation import call as tool_call
from schemas.errors import ActionError
from schemas.home_lines import NOON, home_lines, state_text
from serve.actions.home import SimulatedHome
from serve.actions.speaking import outcome, told_of
from serve.actions.tools import offered, plan

Call = tuple[str, dict[str, Any]]

ACTOR = Actor(id="generator")
BRIEF = 0.4
"""Share of simple commands that tier one answered, in its own words."""
_BRIEF: dict[str, dict[str, str]] = {
    "HassTurnOn": {
        "light": "Turned on the light", "switch": "Turned on the switch", "fan": "Turned on the fan", "cover": "Opening",
        "lock": "Locking", "valve": "Opening", "scene": "Activated", "script": "Started", "button": "Pressed",
    },
    "HassTurnOff": {
        "light": "Turned off the light", "switch": "Turned off the switch", "fan": "Turned off the fan", "cover": "Closing",
        "lock": "Unlocking", "valve": "Closing",
    },
    "HassLightSet": {"light": "Brightness set"},
    "HassSetPosition": {"cover": "Position set"},
    "HassMediaPause": {"media_player": "Paused"},
    "HassMediaUnpause": {"media_player": "Resumed"},
    "HassMediaNext": {"media_player": "Playing next"},
    "HassSetVolume": {"media_player": "Volume set"},
    "HassSetVolumeRelative": {"media_player": "Volume set"},
    "HassFanSetSpeed": {"fan": "Speed set"},
    "HassVacuumStart": {"vacuum": "Started"},
}  # fmt: skip


class Session:
    """Turns one after the other in the home of ``place``, which stays as it is: a copy is acted in."""

    def __init__(self, place: Place) -> None:
        self.home = copy.copy(_home(place))  # what it holds is never changed, only put in the place of
        self._place = place
        self.messages: list[Message] = []
        self._areas = {area.id: area.name for area in place.inventory.areas}
        self._turns = 0

    def turn(self, rng: Random, request: str, calls: Sequence[Call] = (), reply: str = "") -> bool:
        """Say ``request`` and do ``calls``, or speak ``reply`` where there are none; whether all went well."""
        self._turns += 1
        self.messages.append(Message(role="user", content=request))
        if not calls:
            self.messages.append(Message(role="assistant", content=reply))
            return True
        results = self.do(calls, f"call_{self._turns}_")
        said = self._brief(rng, calls) or " ".join(dict.fromkeys(told_of(result) for result in results))
        self.messages.append(Message(role="assistant", content=said))
        return all(result.ok for result in results)

    def do(self, calls: Sequence[Call], ids: str = "call_") -> list[ActionResult]:
        """Do ``calls`` and note them with their results."""
        made = tuple(tool_call(name, arguments, f"{ids}{i}") for i, (name, arguments) in enumerate(calls))
        self.messages.append(Message(role="assistant", tool_calls=made))
        results = [self._run(one) for one in made]
        for one, result in zip(made, results, strict=True):
            self.messages.append(Message(role="tool", tool_call_id=one.id, name=result.tool, content=result.for_model))
        return results

    def forked(self) -> Session:
        """Another session that begins where this one stands, and leaves it as it is."""
        made = copy.copy(self)
        made.home, made.messages = copy.copy(self.home), list(self.messages)
        return made

    def place_now(self) -> Place:
        """The place as the turns have left it, spoken timers aside."""
        lasting = tuple(entity for entity in self.home.entities() if not entity.attributes.get("spoken"))
        return replace(self._place, inventory=self._place.inventory.model_copy(update={"entities": lasting}))

    def lines(self) -> tuple[str, ...]:
        """The home's lines as it is now: those of the place, with the states that have changed since."""
        lines = list(lines_of(self._place))
        for number, (before, now) in enumerate(zip(_home(self._place).entities(), self.home.entities(), strict=False)):
            if now is not before:
                lines[number] = lines[number].removesuffix(state_text(before)) + state_text(now)
        return tuple(lines)

    def _run(self, call: ToolCall) -> ActionResult:
        function: FunctionCall = call.function
        try:
            made = plan(call, self.home, ACTOR)
            self.home.apply(*made.calls, new=made.new)
        except ActionError as error:
            return ActionResult(
                action_id="", tool=function.name, text=f"Error: {error.message}. {error.hint}", error=error.as_dict()
            )
        there = {entity.id: entity for entity in self.home.entities()}
        spoken = outcome(made, there, self._areas, NOON, "en")
        return ActionResult(
            action_id="", tool=function.name, text=made.say(self.home), spoken=spoken, variables={"targets": list(made.targets)}
        )

    def _brief(self, rng: Random, calls: Sequence[Call]) -> str | None:
        if len(calls) > 1 or rng.random() >= BRIEF:
            return None
        tool, arguments = calls[0]
        if tool in ("HassListAddItem", "HassShoppingListAddItem"):
            return f"Added {arguments['item']}"
        name = arguments.get("name")
        if name:
            domain = next((e.domain for e in self.home.entities() if e.name == name), "")
            return _BRIEF.get(tool, {}).get(domain)
        said = _BRIEF.get(tool, {}).get(arguments.get("domain", ""))
        return f"{said}s" if said and said.startswith("Turned") else said


@lru_cache(maxsize=64)
def lines_of(place: Place) -> tuple[str, ...]:
    """The lines of ``place`` before anything was done."""
    return home_lines(place.inventory)


@lru_cache(maxsize=64)
def tools_of(place: Place) -> tuple[Tool, ...]:
    """What is offered in ``place``."""
    return offered(_home(place))


@lru_cache(maxsize=64)
def _home(place: Place) -> SimulatedHome:
    return SimulatedHome(place.inventory, lambda: NOON)
