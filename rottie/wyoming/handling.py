"""Texts to the assistant, and what it did and says to the client; each client goes on with its own conversation."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from wyoming.event import Eventable
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled

from rottie.wyoming.asking import Api
from rottie.wyoming.messages import Said
from schemas.errors import ConversationMissing, EngineError, HomeDown
from schemas.talking import CANNOT_ANSWER

REMEMBERED = 1000
log = logging.getLogger("rottie.wyoming")
ID = "conversation_id"  # in an event's context


class Known:
    """Which of the assistant's conversations stands for one that a client named; the oldest give way."""

    def __init__(self) -> None:
        self._ours: OrderedDict[str, str] = OrderedDict()

    def ours(self, theirs: str) -> str:
        """The assistant's own id for it. A client may have it from here, so an unknown one is its own."""
        return self._ours.get(theirs, theirs)

    def note(self, theirs: str, ours: str) -> None:
        self._ours[theirs] = ours
        self._ours.move_to_end(theirs)
        while len(self._ours) > REMEMBERED:
            self._ours.popitem(last=False)


class Handling:
    """One connection. Texts without a context go on with what was said on it before."""

    def __init__(self, api: Api, known: Known) -> None:
        self._api, self._known = api, known
        self._own: str | None = None

    async def handle(self, said: Said) -> AsyncGenerator[Eventable, None]:
        """``handled`` with the reply, in parts before it where it comes so; ``not-handled`` where nobody knew what was meant.

        So it is, too, where an engine failed: what a client makes of an error is nothing to tell a person. Raises what the API
        refuses.
        """
        theirs = _named(said.context)
        begun = False
        tier, reply, conversation = "none", "", None
        try:
            async with aclosing(self._events(said.text, theirs)) as events:
                async for event in events:
                    kind = event["type"]
                    if kind == "tier.answered":
                        tier = event["tier"]
                    elif kind == "reply.delta":
                        if not begun:
                            begun = True
                            yield HandledStart(context=said.context)
                        yield HandledChunk(text=event["text"])
                    elif kind == "reply.ready":
                        reply = event["text"]
                    elif kind == "assist.finished":
                        conversation = event[ID]
        except (EngineError, HomeDown) as error:
            log.warning("a turn failed: %s", error.code)
            tier, reply = "none", CANNOT_ANSWER
        context = self._kept(said.context, theirs, conversation)
        yield NotHandled(text=reply, context=context) if tier == "none" else Handled(text=reply, context=context)
        if begun:
            yield HandledStop()

    async def _events(self, text: str, theirs: str | None) -> AsyncGenerator[dict[str, Any], None]:
        """A conversation that is not there is begun: clients make up ids, and old ones are deleted."""
        ours = self._known.ours(theirs) if theirs else self._own
        try:
            async with aclosing(self._api.ask(text, ours)) as events:
                async for event in events:
                    yield event
            return
        except ConversationMissing:
            if ours is None:
                raise
        async with aclosing(self._api.ask(text, None)) as events:
            async for event in events:
                yield event

    def _kept(self, context: dict[str, Any] | None, theirs: str | None, ours: str | None) -> dict[str, Any] | None:
        """The context for what is said next. ``ours`` is None where nothing is kept."""
        if ours is None:
            return context
        if theirs:
            self._known.note(theirs, ours)
        else:
            self._own = ours
        return {**(context or {}), ID: theirs or ours}


def _named(context: dict[str, Any] | None) -> str | None:
    found = (context or {}).get(ID)
    return found if isinstance(found, str) and 0 < len(found) <= 64 else None
