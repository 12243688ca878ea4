"""The assistant's side of a Realtime connection: responses that are asked for or follow a turn, one at a time, and others apart.

A false interruption resumes a reply whose response may be done already: its sound then goes on under the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from schemas.errors import ConversationBusy, EngineError
from schemas.events import ActionDone, AssistEvent, CallsReady, ReplyDelta, ReplyReady
from schemas.talking import (
    Assisted,
    AudioMade,
    ClauseBegun,
    ReplyInterrupted,
    ReplyMade,
    ReplyPaused,
    ReplyResumed,
    StageDown,
    TalkEvent,
    TurnCommitted,
)
from serve.api.realtime.asking import Answers
from serve.api.realtime.faults import Refused, reason
from serve.api.realtime.floor import Floor
from serve.api.realtime.items import Item, fresh
from serve.api.realtime.line import over
from serve.api.realtime.replying import Event, Reply, event
from serve.api.realtime.settings import Course
from serve.talking.session import Parts, Session

MOST_APART = 4
"""Responses out of band at once."""


@dataclass(eq=False)
class Responses:
    """``reply``: the newest response of the conversation, which may have ended. ``due``: it begins once all is known that was
    said; ``asked``: the session was asked for it. ``turn``: one that is committed and has no response.
    """

    floor: Floor
    answers: Answers
    reply: Reply | None = None
    due: bool = False
    asked: bool = False
    turn: int | None = None
    paused: bool = False
    _apart: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def active(self) -> Reply | None:
        return self.reply if self.reply is not None and self.reply.end is None else None

    def course(self, turn: int) -> Course:
        """How the answer to ``turn`` is given."""
        reply = self.active
        return reply.course if reply is not None and reply.turn in (None, turn) else self.floor.course()

    # What the client wants.

    def create(self, course: Course) -> list[Event]:
        """Raises Refused while there is one."""
        if (active := self.active) is not None:
            raise Refused(
                "conversation_already_has_active_response", f"the conversation has an active response: {active.id}; await its end"
            )
        self.due = True
        return self._begin(course)

    async def proceed(self, waits: bool) -> None:
        """Let the response begin that is due, unless something that was said is still unknown; it fails where that could not be
        heard, once for each time."""
        unanswered = self.floor.items.unanswered()
        if not self.due or waits or self.active is None or any(not item.is_known for item in unanswered):
            return
        self.due = False
        if unheard := [item for item in unanswered if item.error is not None]:
            for item in unheard:
                item.asked = True
            self.active.error = unheard[-1].error
            await self.floor.send(self.active.finish("failed"))
            return
        await self.floor.configure(self.active.course.speak)
        session, turn, self.turn = self.floor.session, self.turn, None
        if turn is not None:
            self.active.turn = turn
            try:
                session.respond()
                return
            except ConversationBusy:  # one that was cancelled is still being ended, which a new turn waits for
                self.active.turn = None
        self.asked = True
        session.ask(" ".join(item.text for item in unanswered if item.text))

    def cancel(self, name: str | None) -> list[Event]:
        """End a response. What it had done stays done. Raises Refused where there is none."""
        if name in self._apart:
            self._apart[name].cancel()
            return []
        active = self.active
        if active is None or name not in (None, active.id):
            raise Refused("response_cancel_not_active", "there is no active response to cancel")
        self.due = self.asked = False
        self.floor.session.cancel()
        return active.finish("cancelled", "client_cancelled")

    def truncate(self, item: Item, played_ms: int) -> list[Event]:
        """The client has played so much of ``item``, and will play no more of it. Raises Refused."""
        part = item.parts[0] if item.parts else None
        if item.role != "assistant" or part is None or not part.sound:
            raise Refused("invalid_value", "only what was said aloud can be truncated", "item_id")
        if played_ms > item.audio_ms + 1:
            told = f"the audio of the item is {item.audio_ms:.0f} ms long, shorter than {played_ms} ms"
            raise Refused("invalid_value", told, "audio_end_ms")
        share = played_ms / item.audio_ms if item.audio_ms else 0.0
        item.audio_ms = min(item.audio_ms, played_ms)
        if self.reply is not None and self.reply.message is item:
            self.floor.session.truncate(played_ms, self.reply.turn)
        elif share < 1:
            words = (part.text or "").split(" ")
            part.text = " ".join(words[: int(len(words) * share)])
        return [event("conversation.item.truncated", item_id=item.id, content_index=0, audio_end_ms=played_ms)]

    def begin_apart(self, course: Course) -> list[Event]:
        """A response that is no part of the conversation. Raises Refused where too many are under way."""
        if len(self._apart) >= MOST_APART:
            raise Refused("rate_limit_exceeded", f"{MOST_APART} responses outside of the conversation are under way")
        reply = Reply(course, self.floor.items, self.answers.conversation)
        task = asyncio.create_task(self._give_apart(reply))
        self._apart[reply.id] = task
        task.add_done_callback(lambda _: self._apart.pop(reply.id, None))
        task.add_done_callback(over)
        return reply.begun()

    async def close(self) -> None:
        apart = list(self._apart.values())
        for task in apart:
            task.cancel()
        await asyncio.gather(*apart, return_exceptions=True)

    # What the session tells.

    async def spoken(self, told: TurnCommitted, item: Item) -> list[Event]:
        """A turn was heard; whether it is answered by itself is as the session is set to."""
        self.answers.spoken = {told.turn: item}
        if not self.floor.session.options.respond:
            self.turn = told.turn
            return []
        item.asked = True
        return self.begin(told.turn)

    def typed(self, told: TurnCommitted) -> None:
        """The turn is there that was asked for."""
        if self.asked and self.active is not None:
            self.active.turn = told.turn
            if not self.floor.session.options.respond:
                self.floor.session.respond()
        self.asked = False

    def begin(self, turn: int) -> list[Event]:
        """The response to ``turn``, which the session gives by itself."""
        if self.due and self.active is not None:
            self.due, self.active.turn = False, turn
            return []
        ended = self.active.finish("cancelled", "turn_detected") if self.active else []
        return [*ended, *self._begin(self.floor.course(), turn)]

    async def told(self, event: TalkEvent) -> list[Event]:
        reply = self.reply
        if isinstance(event, ReplyPaused | ReplyResumed):
            self.paused = isinstance(event, ReplyPaused)
        if reply is None or reply.turn != event.turn:
            return []
        if isinstance(event, ReplyInterrupted):
            return self._interrupted(reply, event)
        return self._written(reply, event)

    def _begin(self, course: Course, turn: int | None = None) -> list[Event]:
        self.reply = Reply(course, self.floor.items, self.answers.conversation, turn)
        return self.reply.begun()

    def _interrupted(self, reply: Reply, told: ReplyInterrupted) -> list[Event]:
        paused, self.paused = self.paused, False
        if reply.end is None:
            return reply.finish("cancelled", "turn_detected" if paused else "client_cancelled")
        item = reply.message
        if reply.end == "cancelled" or item is None or told.played_ms + 1 >= item.audio_ms:
            return []
        item.audio_ms = told.played_ms
        return [event("conversation.item.truncated", item_id=item.id, content_index=0, audio_end_ms=round(told.played_ms))]

    def _written(self, reply: Reply, told: TalkEvent) -> list[Event]:
        """An event of the session as events of ``reply``."""
        if isinstance(told, AudioMade):
            return reply.sound(told.pcm) if reply.end in (None, "completed") else []
        if isinstance(told, ReplyResumed):
            reply.resume(told.played_ms)
        if reply.end is not None:
            return []
        if isinstance(told, Assisted):
            return self._assisted(reply, told.event)
        if isinstance(told, ClauseBegun):
            return reply.say(told.text)
        if isinstance(told, StageDown) and told.stage in ("llm", "home"):
            reply.error = reason(told.error)
        if isinstance(told, ReplyMade):
            return self._made(reply, told)
        return []

    def _assisted(self, reply: Reply, told: AssistEvent | CallsReady) -> list[Event]:
        if not reply.inference_id:
            reply.inference_id, reply.spent = told.inference_id, self.answers.spent_by(told.inference_id)
        if isinstance(told, CallsReady):
            return reply.call(told.calls)
        if not reply.course.speak and isinstance(told, ReplyDelta):
            return reply.say(told.text)
        if not reply.course.speak and isinstance(told, ReplyReady) and not reply.text.strip():
            return reply.say(told.text)
        return []

    def _made(self, reply: Reply, told: ReplyMade) -> list[Event]:
        said, whole = reply.text.strip(), told.text.strip()
        more = reply.say(whole[len(said) :]) if not reply.course.speak and whole.startswith(said) else []
        if reply.error is not None:
            return [*more, *reply.finish("failed")]
        if reply.spent.cut:
            return [*more, *reply.finish("incomplete", "max_output_tokens")]
        return [*more, *reply.finish("completed")]

    # Responses apart.

    async def _give_apart(self, reply: Reply) -> None:
        floor = self.floor

        def answer(_: TurnCommitted) -> AsyncGenerator[AssistEvent | CallsReady, None]:
            return self.answers.alone(reply.course, [])

        async def nobody() -> tuple[str, ...]:
            return ()

        async def forget(*_: str) -> None:
            return

        speech = floor.desk.speech
        parts = Parts(None, speech.voice, answer, nobody, forget, second=speech.second_voice)
        options = floor.options()
        session = Session(
            parts, floor.session.talk, type(options)(language=options.language, speak=reply.course.speak, speed=options.speed)
        )
        try:
            async with session, aclosing(session.events()) as events:
                session.ask(fresh("apart"))
                async for told in events:
                    await floor.send(self._written(reply, told))
                    if reply.end is not None:
                        return
            reply.error = reason(EngineError("the response ended without a reply").as_dict())
            await floor.send(reply.finish("failed"))
        except asyncio.CancelledError:
            await floor.send(reply.finish("cancelled", "client_cancelled"))
            raise


def tells_of_home(event: TalkEvent) -> ActionDone | None:
    """The action that the event tells of, if it does."""
    return event.event if isinstance(event, Assisted) and isinstance(event.event, ActionDone) else None
