"""What both sides of one Realtime connection share: the session, its settings, the items, and the way to the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serve.api.assist import Desk
from serve.api.realtime.items import Item, Items
from serve.api.realtime.messages import ResponseWish
from serve.api.realtime.replying import Event, event
from serve.api.realtime.settings import Course, Realtime, Shape, course_of, listening, options_of, talk_of
from serve.talking.session import Options

if TYPE_CHECKING:
    from serve.talking.session import Session

Send = Callable[[Sequence[Event]], Awaitable[None]]


@dataclass(eq=False)
class Floor:
    """``audio_ms``: of sound that the client has sent. ``behind_ms``: of it, what an earlier way of listening had heard."""

    desk: Desk
    shape: Shape
    send: Send
    items: Items = field(default_factory=Items)
    audio_ms: float = 0.0
    behind_ms: float = 0.0
    speak: bool | None = None
    _session: Session | None = None

    @property
    def session(self) -> Session:
        assert self._session is not None, "the connection has begun"
        return self._session

    @session.setter
    def session(self, session: Session) -> None:
        self._session = session

    @property
    def voiced(self) -> bool:
        return self.desk.settings.tts is not None and self.desk.speech.voice is not None

    @property
    def manual(self) -> bool:
        return listening(self.shape).turn_detection is None

    def course(self, wish: ResponseWish | None = None) -> Course:
        """How the next response is given. Raises RequestError, Refused."""
        assert isinstance(self.shape, Realtime), "a session that only transcribes gives no responses"
        return course_of(self.shape, wish or ResponseWish(), self.items, self.desk.settings.limits, self.voiced)

    def options(self) -> Options:
        settings = self.desk.settings
        speak = self.speak if self.speak is not None else isinstance(self.shape, Realtime) and self.course().speak
        confidence = settings.stt.confidence if settings.stt else 0.0
        return options_of(self.shape, speak, settings.manner.actor.language, confidence)

    async def configure(self, speak: bool | None = None) -> None:
        """The session as its settings say; ``speak`` for the response that is to come, None: as these say too."""
        self.speak = speak
        session, options = self.session, self.options()
        talk = talk_of(self.shape, self.desk.settings.talk)
        if session.talk != talk or session.options.hearing != options.hearing:
            self.behind_ms = self.audio_ms
        await session.configure(options, talk)

    def wants(self, kind: str) -> bool:
        """Whether the client asked for an event of Rottie's own."""
        return kind in self.shape.rottie.events

    async def tell(self, kind: str, **fields: Any) -> None:
        await self.send([event(kind, **fields)])

    def transcript(self, item: Item, place: int, seconds: float) -> list[Event]:
        """What was heard in a part of ``item``, where the client wants to be told."""
        if listening(self.shape).transcription is None:
            return []
        where, text = {"item_id": item.id, "content_index": place}, item.parts[place].text or ""
        kind = "conversation.item.input_audio_transcription"
        delta = [event(f"{kind}.delta", **where, delta=text)] if text else []
        return [*delta, event(f"{kind}.completed", **where, transcript=text, usage={"type": "duration", "seconds": seconds})]

    def unheard(self, item: Item, place: int, why: Event) -> list[Event]:
        """That a part of ``item`` could not be heard."""
        if listening(self.shape).transcription is None:
            return [event("error", error={**why, "param": None, "event_id": None})]
        where = {"item_id": item.id, "content_index": place}
        return [event("conversation.item.input_audio_transcription.failed", **where, error={**why, "param": None})]
