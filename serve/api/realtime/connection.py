"""One Realtime connection, from its first message to its last event.

A message that cannot be used is answered by an ``error`` event, and the connection goes on. It is closed with: 1000 nothing
came for long, 1001 open for long (connect again), 1003 bytes, 1008 a key that was withdrawn, a client that does not listen or
sends nothing but nonsense, 1009 a message that is too long, 1011 a failure here, 1013 too many.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocketDisconnect

from schemas.errors import Overloaded, RottieError
from schemas.talking import (
    Assisted,
    PartialTranscript,
    ReplyMade,
    SpeechStarted,
    SpeechStopped,
    StageDown,
    TalkEvent,
    TurnCommitted,
    TurnDropped,
    Waterfall,
)
from serve.api.doors import KeyFile
from serve.api.faults import note
from serve.api.keys import Caller
from serve.api.realtime.asking import Answers
from serve.api.realtime.faults import Refused, fault, reason
from serve.api.realtime.floor import Floor
from serve.api.realtime.hearing import Hearing
from serve.api.realtime.items import Item, UserMessage, fresh, item_of
from serve.api.realtime.line import Closing, Line, over
from serve.api.realtime.messages import (
    Append,
    Clear,
    Commit,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    ItemTruncate,
    Message,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
    id_of,
    message_of,
)
from serve.api.realtime.replying import event
from serve.api.realtime.responses import Responses, tells_of_home
from serve.api.realtime.settings import Shape, listening, shown, talk_of, updated
from serve.api.realtime.shapes import Realtime, ServerVad, Transcribing
from serve.api.socket import Patience
from serve.api.talking import Parlour
from serve.racing import until_first
from serve.talking.session import Session

MOST_REFUSED = 100  # one after the other


@dataclass(eq=False)
class Connection:
    """``model``: as turns name it. ``shape``: what the session is set to when it begins."""

    line: Line
    parlour: Parlour
    keys: KeyFile
    key: bytes
    caller: Caller
    model: str
    shape: Shape
    waits: Patience
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _idle: asyncio.Task[None] | None = None
    _asked_after: bool = False  # what the user wants, and they have said nothing since

    def __post_init__(self) -> None:
        self.desk = self.parlour.desk.of(self.caller)
        self._id = fresh("sess")
        self._ends = time.monotonic() + self.waits.life_s
        self._ends_at = int(time.time() + self.waits.life_s)
        self._floor = Floor(self.desk, self.shape, self.line.send)
        self._answers = Answers(self.desk, self._floor.items, self.model, self._course)
        self._hearing = Hearing(self._floor)
        self._responses = Responses(self._floor, self._answers)

    def _course(self, turn: int) -> Any:
        return self._responses.course(turn)

    async def run(self) -> None:
        """Until one side ends it. Nothing of it is left then, and nothing is raised."""
        try:
            talk = talk_of(self._floor.shape, self.desk.settings.talk)
            async with self.parlour.session(self._floor.options(), spoken=self._answers, talk=talk) as session:
                self._floor.session = session
                await self._send_settings("session.created")
                await until_first(self._listen(), self._tell(session))
        except Overloaded as error:
            await self.line.close(1013, error.message)
        except Closing as closing:
            await self.line.close(closing.code, closing.reason)
        except WebSocketDisconnect:
            pass
        except Exception as error:
            note(error)
            await self.line.close(1011, "something failed")
        finally:
            await self._end()

    async def _end(self) -> None:
        await self._responses.close()
        left = [*self._tasks, *([self._idle] if self._idle else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    # What the client says.

    async def _listen(self) -> None:
        refused = 0
        while True:
            raw = await self._next()
            if self.keys.allows(self.key) != self.caller:
                raise Closing(1008, "the key was withdrawn")
            cause: str | None = None
            try:
                message = message_of(raw, self.desk.settings.limits.request_bytes)
                cause = message.event_id
                await self._take(message)
                refused = 0
            except (RottieError, Refused) as error:
                refused += 1
                if refused > MOST_REFUSED:
                    raise Closing(1008, "too many messages that cannot be used") from None
                await self.line.send([event("error", error=fault(error, cause or id_of(raw)))])

    async def _next(self) -> bytes:
        while True:
            left_s = self._ends - time.monotonic()
            if left_s <= 0 and self._responses.active is None:
                told = {"type": "invalid_request_error", "code": "session_expired", "message": "open for long; connect again"}
                await self.line.send([event("error", error={**told, "param": None, "event_id": None})])
                raise Closing(1001, "it was open for long; connect again")
            try:
                async with asyncio.timeout(min(self.waits.idle_s, max(left_s, 0.1))):
                    return await self.line.receive()
            except TimeoutError:
                if left_s > self.waits.idle_s and self._responses.active is None:
                    raise Closing(1000, "nothing came for long") from None

    async def _take(self, message: Message) -> None:
        match message:
            case Append():
                await self._hearing.append(message.audio)
            case Commit():
                await self.line.send(self._hearing.commit())
            case Clear():
                await self.line.send(self._hearing.clear())
            case SessionUpdate():
                await self._update(message)
            case ItemCreate():
                await self._create(message)
            case ItemRetrieve():
                item = self._floor.items.the(message.item_id, "retrieve")
                await self._floor.tell("conversation.item.retrieved", item=item.shown())
            case ItemDelete():
                await self._delete(self._floor.items.the(message.item_id, "delete"))
            case ItemTruncate():
                item = self._floor.items.the(message.item_id, "truncate")
                await self.line.send(self._responses.truncate(item, message.audio_end_ms))
            case ResponseCreate():
                await self._respond(message)
            case ResponseCancel():
                await self.line.send(self._responses.cancel(message.response_id))

    async def _update(self, message: SessionUpdate) -> None:
        floor = self._floor
        floor.shape = updated(floor.shape, message.session, self.desk.settings.limits)
        own = floor.shape.rottie
        self._answers.area = own.area
        self._answers.conversation = own.conversation_id or self._answers.conversation
        active = self._responses.active
        await floor.configure(active.course.speak if active else None)
        await self._send_settings("session.updated")

    async def _create(self, message: ItemCreate) -> None:
        floor, given = self._floor, message.item
        item = item_of(given)
        if item.role == "result" and not any(each.role == "call" and each.call_id == item.call_id for each in floor.items):
            raise Refused("item_create_invalid_call_id", "there is no function call with this call_id", "item.call_id")
        recorded = self._hearing.recorded(given.content) if isinstance(given, UserMessage) else []
        before = floor.items.give(item, message.previous_item_id)
        if recorded:
            self._spawn(self._hear(item, recorded))
        told = {"item": item.shown(), "previous_item_id": before}
        await self.line.send([event("conversation.item.added", **told), event("conversation.item.done", **told)])

    async def _hear(self, item: Item, recorded: list[tuple[int, bytes]]) -> None:
        await self._hearing.hear(item, recorded)
        await self._proceed()

    async def _delete(self, item: Item) -> None:
        self._floor.items.drop(item)
        if item.role == "assistant" and item.inference_id:
            await self._answers.trim(item.inference_id, "")
        await self._floor.tell("conversation.item.deleted", item_id=item.id)

    async def _respond(self, message: ResponseCreate) -> None:
        if isinstance(self._floor.shape, Transcribing):
            raise Refused("invalid_value", "a session that only transcribes gives no responses", "type")
        course = self._floor.course(message.response)
        if not course.kept:
            await self.line.send(self._responses.begin_apart(course))
            return
        await self.line.send(self._responses.create(course))
        await self._proceed()

    async def _proceed(self) -> None:
        await self._responses.proceed(waits=bool(self._hearing.waiting))

    async def _send_settings(self, kind: str) -> None:
        floor = self._floor
        await floor.tell(kind, session=shown(floor.shape, self._id, self._ends_at, floor.voiced, floor.options().language))

    # What the session tells.

    async def _tell(self, session: Session) -> None:
        async with aclosing(session.events()) as events:
            async for told in events:
                await self._told(told)
        raise Closing(1011, "the conversation ended")

    async def _told(self, told: TalkEvent) -> None:
        send, hearing, responses = self.line.send, self._hearing, self._responses
        if isinstance(told, TurnCommitted) and told.text.strip():
            self._asked_after = False
        match told:
            case SpeechStarted():
                self._rest()
                await send(hearing.started(told))
            case SpeechStopped():
                await send(hearing.stopped(told))
            case TurnCommitted() if told.seconds:
                item, events = hearing.understood(told)
                await send([*events, *await responses.spoken(told, item)])
                await self._proceed()
            case TurnCommitted():
                responses.typed(told)
            case TurnDropped():
                await send(hearing.dropped(told))
                await self._proceed() if hearing.deaf is None else None
            case StageDown() if told.stage == "stt" and told.instead == "apology":
                await self._deaf(told)
            case _:
                await send(await responses.told(told))
        await self._extended(told)
        if isinstance(told, ReplyMade):
            await self._made(told)

    async def _deaf(self, told: StageDown) -> None:
        """Nobody can hear: the session says so aloud, if it answers by itself."""
        answers = self._floor.session.options.respond
        events = self._hearing.failed(told.error, answers)
        if answers:
            events += self._responses.begin(told.turn)
            if (active := self._responses.active) is not None:
                active.error = reason(told.error)
        await self.line.send(events)
        await self._proceed()

    async def _extended(self, told: TalkEvent) -> None:
        """Rottie's own events, where the client asked for them."""
        floor = self._floor
        if isinstance(told, PartialTranscript) and floor.wants("rottie.partial_transcript"):
            await floor.tell("rottie.partial_transcript", item_id=self._hearing.promised, stable=told.stable, rest=told.rest)
        elif isinstance(told, Waterfall) and floor.wants("rottie.waterfall"):
            reply = self._responses.reply
            name = reply.id if reply is not None and reply.turn == told.turn else None
            stages, cut = told.stages_ms, told.interrupted
            await floor.tell("rottie.waterfall", response_id=name, stages_ms=stages, interrupted=cut)
        elif isinstance(told, StageDown) and floor.wants("rottie.stage_down"):
            await floor.tell("rottie.stage_down", stage=told.stage, instead=told.instead, error=told.error)
        elif isinstance(told, Assisted) and floor.wants("rottie.action") and (done := tells_of_home(told)) is not None:
            reply = self._responses.reply
            await floor.tell("rottie.action", response_id=reply.id if reply else None, action=done.action.model_dump(mode="json"))

    async def _made(self, told: ReplyMade) -> None:
        """A response has ended: its own settings are over, and the time begins after which the user is asked what they want, once
        until they say something."""
        if self._responses.active is not None:
            return
        await self._floor.configure()
        turns = listening(self._floor.shape).turn_detection
        if isinstance(turns, ServerVad) and turns.idle_timeout_ms is not None and not self._asked_after:
            self._rest()
            self._idle = asyncio.create_task(self._await_speech(told.audio_ms, turns.idle_timeout_ms))
            self._idle.add_done_callback(over)

    def _rest(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None and idle is not asyncio.current_task():
            idle.cancel()

    async def _await_speech(self, playing_ms: float, patience_ms: int) -> None:
        await asyncio.sleep(playing_ms / 1000)
        since = self._floor.audio_ms
        await asyncio.sleep(patience_ms / 1000)
        if self._responses.active is None and self._hearing.promised is None and isinstance(self._floor.shape, Realtime):
            self._asked_after = True
            await self.line.send([*self._hearing.silence(since), *self._responses.create(self._floor.course())])
            await self._proceed()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(over)
