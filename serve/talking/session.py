"""One spoken conversation, whichever door it comes through: audio and texts in, events out.

    audio -> Listener -> a turn is committed -> answer -> clauses -> Speaker -> audio
                 |                                                     |
                 `-- somebody speaks into the reply: paused, then resumed or interrupted

Nothing is acted on before its turn is committed. A reply that is interrupted is remembered as far as it was heard. Does not
cover any wire format, nor what an answer is: that is ``Parts.answer``. No word of anybody's is logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.assistant import Talk
from schemas.errors import ConversationBusy, HomeDown, NoRecogniser, NoVoice, RottieError
from schemas.events import AssistEvent, CallsReady, ReplyDelta, ReplyReady
from schemas.talking import (
    CANNOT_ANSWER,
    OUT_RATE,
    Assisted,
    AudioMade,
    ClauseBegun,
    PartialTranscript,
    ReplyInterrupted,
    ReplyMade,
    ReplyPaused,
    ReplyResumed,
    SpeechStarted,
    SpeechStopped,
    Stage,
    StageDown,
    TalkEvent,
    TurnCommitted,
    TurnDropped,
    Waterfall,
)
from serve.actions.speaking import NOT_UNDERSTOOD
from serve.api.bodies import close_all
from serve.api.faults import note
from serve.hearing import Hears
from serve.saying import Says
from serve.talking.barging import OwnVoice, is_backchannel
from serve.talking.clauses import Clauses
from serve.talking.heard import Eager, Failed, FellBack, Heard, Nothing, Partial, Started, Stopped, Utterance
from serve.talking.intake import Coding, Intake
from serve.talking.listening import Listener
from serve.talking.playback import Playback
from serve.talking.speaking import Begun, Chunk, Down, Speaker
from serve.talking.timing import Stopwatch

WAITING = 1024  # events that a door may leave lying before the session stops to wait for it
AFTER_REPLY = 16  # turns that wait until a reply was heard out
SETTLE_S = 30.0  # for turns that were ended by hand, before the way of hearing changes
CANNOT_HEAR = "Sorry, I cannot hear right now."

Answer = Callable[[TurnCommitted], AsyncGenerator[AssistEvent | CallsReady, None]]


@dataclass(frozen=True)
class Parts:
    """What a session stands on. ``answer`` gives the events of an answer to a committed turn, ending in ReplyReady and
    AssistFinished; closing it early ends the work. ``names`` are the home's. ``trim`` shortens the reply that is remembered of
    an inference to what was heard of it. ``begin`` is told early what a turn will probably say; ``keep`` is given what was said,
    ``timed`` where the time of a turn went.
    """

    ears: Hears | None
    voice: Says | None
    answer: Answer
    names: Callable[[], Awaitable[tuple[str, ...]]]
    trim: Callable[[str, str], Awaitable[None]]
    second: Says | None = None
    begin: Callable[[str], None] | None = None
    keep: Callable[[int, NDArray[np.float32]], Awaitable[None]] | None = None
    timed: Callable[[Waterfall], None] | None = None


@dataclass(frozen=True)
class Options:
    """``manual``: turns end by ``commit`` alone. ``respond``: each committed turn is answered by itself, else by ``respond``.
    ``names``: those that may be said beside the home's. ``confidence``: below it nothing is done; the user is asked to say it
    again."""

    language: str | None = None
    speak: bool = True
    speed: float = 1.0
    manual: bool = False
    respond: bool = True
    rate: int = OUT_RATE
    channels: int = 1
    coding: Coding = "pcm16"
    confidence: float = 0.0
    names: tuple[str, ...] = ()

    @property
    def hearing(self) -> tuple[object, ...]:
        """What a change of which begins listening anew."""
        return self.language, self.manual, self.names


@dataclass
class _Reply:
    """The answer to one turn. ``paused``: somebody speaks into it."""

    turn: int
    playback: Playback
    watch: Stopwatch
    aloud: bool
    language: str | None = None  # what was spoken, where that is known
    task: asyncio.Task[None] | None = None
    inference_id: str = ""
    text: str = ""
    paused: bool = False
    over: bool = False

    @property
    def making(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def alive(self) -> bool:
        """Being made, or still to be heard."""
        return not self.over and (self.making or self.playback.playing or self.paused)

    @property
    def heard(self) -> str:
        return self.playback.heard() if self.aloud else self.text.strip()


@dataclass(eq=False)
class Session:
    """One conversation. Use it as a context, iterate ``events`` in one task, and call the rest from any task of the same loop."""

    parts: Parts
    talk: Talk
    options: Options = field(default_factory=Options)
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._began = self.now()
        self._events: asyncio.Queue[TalkEvent | None] = asyncio.Queue(WAITING)
        self._turn = 0
        self._committed: TurnCommitted | None = None  # not answered yet
        self._spent = (0.0, 0.0)
        self._reply: _Reply | None = None
        self._own_voice = OwnVoice()
        self._listener: Listener | None = None
        self._intake = self._fresh_intake()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changing = asyncio.Lock()  # one thing at a time changes what is answered
        self._one_by_one, self._waiting = asyncio.Lock(), 0  # of what is said into a reply that nobody may interrupt
        self._hearing = False  # of somebody who speaks it is not known yet what they said
        self._owed = 0  # turns that were ended by hand, of which that is not known yet
        self._settled = asyncio.Event()
        self._closed = False
        self._closing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Session:
        await self._listen_anew()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def events(self) -> AsyncGenerator[TalkEvent, None]:
        """What happens, until the session is closed."""
        while not self._closed or not self._events.empty():
            event = await self._events.get()
            if event is None:
                return
            yield event

    # What a door tells.

    def push(self, data: bytes) -> None:
        """Audio as ``options`` says, of any length. Raises AudioUnusable, Overloaded where too much waits, NoRecogniser."""
        if self._listener is None:
            raise NoRecogniser("audio cannot be understood here", where="audio")
        if len(samples := self._intake.push(data)):
            self._own_voice.hear(samples)
            self._listener.push(samples)

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that were pushed and not heard yet."""
        return self._listener.waiting_s if self._listener is not None else 0.0

    def commit(self) -> None:
        """The turn ends here."""
        if self._listener is not None:
            self._owed += 1
            self._settled.clear()
            self._listener.commit()

    def clear(self) -> None:
        """Forget what was heard since the last turn."""
        if self._listener is not None:
            self._listener.clear()

    def ask(self, text: str) -> None:
        """A turn that was typed. It interrupts a reply, as a spoken one does."""
        self._spawn(self._typed(text))

    def respond(self) -> None:
        """Answer the turn that was committed last. Raises ConversationBusy while a reply is being made."""
        if self._reply is not None and self._reply.making:
            raise ConversationBusy("a reply is being made", where="response")
        self._spawn(self._respond())

    def cancel(self) -> None:
        """End the reply. What it had done stays done."""
        self._spawn(self._interrupt())

    def truncate(self, played_ms: float, turn: int | None = None) -> None:
        """The client has played so much of the reply to ``turn``, if that is the newest one, and plays no more of it."""
        self._spawn(self._truncated(played_ms, turn))

    async def configure(self, options: Options, talk: Talk | None = None) -> None:
        """From here on. Where the way of hearing changes, turns that ``commit`` ended are awaited, and an unfinished one is
        forgotten."""
        before, self.options = self.options, options
        otherwise = talk is not None and talk != self.talk
        self.talk = talk or self.talk
        if (before.rate, before.channels, before.coding) != (options.rate, options.channels, options.coding):
            self._intake = self._fresh_intake()
        if otherwise or before.hearing != options.hearing:
            await self._listen_anew()

    async def close(self) -> None:
        """End everything; no task is left when it returns."""
        self._closed = True
        self._closing = self._closing or asyncio.create_task(self._end_all())
        await asyncio.shield(self._closing)

    async def _end_all(self) -> None:
        self._settled.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listener is not None:
            await self._listener.close()
        with contextlib.suppress(asyncio.QueueFull):
            self._events.put_nowait(None)

    # Listening.

    def _fresh_intake(self) -> Intake:
        return Intake(self.options.rate, self.options.channels, self.options.coding)

    async def _listen_anew(self) -> None:
        if self.parts.ears is None:
            return
        if self._owed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_S):
                    await self._settled.wait()
        if self._listener is not None:
            await self._listener.close()
        self._owed = 0
        names = (*self.options.names, *await self.parts.names())
        listener = Listener(
            self.parts.ears,
            self.talk,
            names,
            self.options.language,
            manual=self.options.manual,
            own_voice=self._own_voice,
        )
        self._listener = listener
        self._spawn(self._listen(listener))

    async def _listen(self, listener: Listener) -> None:
        if self._hearing:  # by the listener before, which forgot it
            await self._heard(Nothing("cleared"))
        async with aclosing(listener.events()) as heard:
            async for event in heard:
                await self._heard(event)

    async def _heard(self, heard: Heard) -> None:
        coming = self._turn + 1
        if isinstance(heard, Utterance | Failed) or heard == Nothing("nothing"):
            self._known()
        if isinstance(heard, Started):
            self._hearing = True
            await self._tell(SpeechStarted(**self._stamp(coming), audio_ms=heard.audio_ms))
            await self._pause()
        elif isinstance(heard, Stopped):
            await self._tell(SpeechStopped(**self._stamp(coming), audio_ms=heard.audio_ms))
        elif isinstance(heard, Partial):
            await self._tell(PartialTranscript(**self._stamp(coming), stable=heard.stable, rest=heard.rest))
            if heard.stable and not self._only_agrees(heard.stable, self.options.language):
                await self._interrupt(paused=True)
        elif isinstance(heard, Eager):
            if self.parts.begin is not None and self.talk.ahead and self.options.respond:
                self.parts.begin(heard.text)
        elif isinstance(heard, FellBack):
            await self._tell(StageDown(**self._stamp(coming), stage="stt", instead="second", error=heard.error))
        elif isinstance(heard, Utterance):
            await self._uttered(heard)
        elif isinstance(heard, Nothing):
            self._hearing = False
            await self._tell(TurnDropped(**self._stamp(coming), reason=heard.reason))
            if self._reply is not None and self._reply.paused:
                self._own_voice.learn_anew()
            await self._resume()
        else:
            await self._deaf(heard)

    def _known(self) -> None:
        """What was said, if anything."""
        self._hearing, self._owed = False, max(0, self._owed - 1)
        if not self._owed:
            self._settled.set()

    def _only_agrees(self, text: str, language: str | None) -> bool:
        """Whether somebody only says that they listen; to a question, an "okay" is an answer."""
        asks = self._reply is not None and self._reply.text.rstrip().endswith("?")
        return is_backchannel(text, language) and not (asks and any(map(str.isalnum, text)))

    async def _uttered(self, heard: Utterance) -> None:
        reply = self._reply
        if reply is not None and reply.paused and self._only_agrees(heard.text, heard.language):
            await self._tell(TurnDropped(**self._stamp(self._turn + 1), reason="backchannel"))
            await self._resume()
            return
        if self.talk.barge_in or self.options.manual:
            await self._spoke(heard)
            return
        self._waiting += 1
        kept = heard if self.talk.keep_audio else replace(heard, audio=np.zeros(0, np.float32))  # a view would hold all of it
        waiting = self._spawn(self._after_reply(kept))
        if self._waiting >= AFTER_REPLY and waiting is not None:
            await asyncio.wait([waiting])

    async def _after_reply(self, heard: Utterance) -> None:
        """What is said into a reply that nobody may interrupt is answered after it, one after the other."""
        try:
            async with self._one_by_one:
                if self._reply is not None:
                    await self._heard_out(self._reply)
                await self._spoke(heard)
        finally:
            self._waiting -= 1

    async def _spoke(self, heard: Utterance) -> None:
        told = heard.text, heard.language, heard.seconds, heard.confidence
        turn = await self._take(*told, (heard.endpoint_ms, heard.stt_ms))
        if self.parts.keep is not None and self.talk.keep_audio:
            try:
                await self.parts.keep(turn, heard.audio)
            except Exception as error:
                note(error)

    async def _deaf(self, heard: Failed) -> None:
        async with self._changing:
            self._turn += 1
            await self._tell(TurnDropped(**self._stamp(self._turn), reason="failed"))
            await self._tell(StageDown(**self._stamp(self._turn), stage="stt", instead="apology", error=heard.error.as_dict()))
            await self._end()
            if self.options.respond:
                self._reply = reply = self._fresh_reply()
                self._make(reply, self._regret(reply))

    # Turns.

    async def _typed(self, text: str) -> None:
        await self._take(text, self.options.language or "en", 0.0, 1.0)

    async def _take(
        self, text: str, language: str, seconds: float, confidence: float, spent: tuple[float, float] = (0.0, 0.0)
    ) -> int:
        """What was said is a turn: it ends the reply before it. Returns its number."""
        async with self._changing:
            await self._end()
            self._turn += 1
            told = {"text": text, "language": language, "seconds": round(seconds, 3), "confidence": round(confidence, 4)}
            self._spent, self._committed = spent, TurnCommitted(**self._stamp(self._turn), **told)
            await self._tell(self._committed)
            if self.options.respond:
                self._begin()
            return self._turn

    async def _respond(self) -> None:
        async with self._changing:
            self._begin()

    def _begin(self) -> None:
        """The reply to the turn that was committed last, unless that has one."""
        committed, self._committed = self._committed, None
        if committed is None:
            return
        self._reply = reply = self._fresh_reply(*self._spent)
        reply.language = committed.language if committed.seconds else None
        self._make(reply, self._answer(reply, committed))

    def _fresh_reply(self, endpoint_ms: float = 0.0, stt_ms: float = 0.0) -> _Reply:
        playback = Playback(self.now)
        self._own_voice.follow(playback)
        return _Reply(self._turn, playback, Stopwatch(self.now, endpoint_ms, stt_ms), self.options.speak)

    async def _answer(self, reply: _Reply, committed: TurnCommitted) -> None:
        """One turn from its words to its last sound; what goes wrong is told and apologised for, never raised."""
        try:
            if committed.confidence < self.options.confidence:
                reply.text = NOT_UNDERSTOOD
                await self._speak(reply, _only(NOT_UNDERSTOOD))
            else:
                await self._speak(reply, self._written(reply, committed))
        except RottieError as error:
            await self._failed(reply, error)
        except Exception as error:
            await self._failed(reply, note(error))
        await self._tell(self._waterfall(reply))

    async def _regret(self, reply: _Reply) -> None:
        await self._apologise(reply, CANNOT_HEAR)
        await self._tell(self._waterfall(reply))

    def _make(self, reply: _Reply, making: Coroutine[Any, Any, None]) -> None:
        """``making`` tells where its time went; where it is cancelled, even before it began, that is told without waiting."""
        reply.task = task = self._spawn(making)
        if task is not None:
            task.add_done_callback(lambda task: self._ended_making(reply, task.cancelled()))

    def _ended_making(self, reply: _Reply, cut: bool) -> None:
        fall = self._waterfall(reply, cut)
        if self.parts.timed is not None:
            self.parts.timed(fall)
        if cut:
            with contextlib.suppress(asyncio.QueueFull):
                self._events.put_nowait(fall)

    def _waterfall(self, reply: _Reply, cut: bool = False) -> Waterfall:
        return Waterfall(**self._stamp(reply.turn), stages_ms=reply.watch.stages_ms(cut), interrupted=cut)

    async def _written(self, reply: _Reply, committed: TurnCommitted) -> AsyncGenerator[str, None]:
        """The reply as it is written, while what happens on the way is told."""
        async with aclosing(self.parts.answer(committed)) as events:
            async for event in events:
                reply.inference_id = event.inference_id
                reply.watch.note(event)
                await self._tell(Assisted(**self._stamp(reply.turn), event=event))
                if isinstance(event, ReplyDelta):
                    reply.text += event.text
                    yield event.text
                elif isinstance(event, ReplyReady) and (rest := _unsaid(event.text, reply.text)):
                    reply.text += rest
                    yield rest

    async def _speak(self, reply: _Reply, written: AsyncGenerator[str, None]) -> None:
        """What is written, in clauses, as sound, and told as it comes."""
        if not reply.aloud:
            async with aclosing(written):
                async for _ in written:
                    pass
        else:
            language = self.options.language or reply.language
            speaker = Speaker(self.parts.voice, reply.playback, self.parts.second, language=language, speed=self.options.speed)
            async with aclosing(speaker.run(_clauses(written, reply.watch, language or "en"))) as spoken:
                async for part in spoken:
                    await self._spoken(reply, part)
        text, length = reply.text.strip(), reply.playback.sent_ms
        await self._tell(ReplyMade(**self._stamp(reply.turn), text=text, audio_ms=round(length, 3)))

    async def _spoken(self, reply: _Reply, part: Begun | Chunk | Down) -> None:
        stamp = self._stamp(reply.turn)
        if isinstance(part, Begun):
            await self._tell(ClauseBegun(**stamp, clause=part.clause, text=part.text))
        elif isinstance(part, Chunk):
            reply.watch.sound()
            if not reply.paused:  # what is made meanwhile is given when it goes on
                await self._tell(AudioMade(**stamp, clause=part.clause, pcm=part.pcm))
        elif not isinstance(part.error, NoVoice):
            await self._tell(StageDown(**stamp, stage="tts", instead=part.instead, error=part.error.as_dict()))

    async def _failed(self, reply: _Reply, error: RottieError) -> None:
        stage: Stage = "home" if isinstance(error, HomeDown) else "llm"
        await self._tell(StageDown(**self._stamp(reply.turn), stage=stage, instead="apology", error=error.as_dict()))
        await self._apologise(reply, CANNOT_ANSWER)

    async def _apologise(self, reply: _Reply, words: str) -> None:
        reply.text = f"{reply.text} {words}".strip()
        await self._speak(reply, _only(words))

    # Speaking into a reply.

    async def _pause(self) -> None:
        reply = self._reply
        if reply is None or not reply.alive or reply.paused or not self.talk.barge_in:
            return
        reply.paused = True
        reply.playback.pause()
        await self._tell(ReplyPaused(**self._stamp(reply.turn), played_ms=round(reply.playback.played_ms, 3)))

    async def _resume(self) -> None:
        async with self._changing:
            reply = self._reply
            if reply is None or not reply.paused:
                return
            await self._tell(ReplyResumed(**self._stamp(reply.turn), played_ms=round(reply.playback.played_ms, 3)))
            reply.paused = False
            for clause, pcm in reply.playback.resume():
                await self._tell(AudioMade(**self._stamp(reply.turn), clause=clause, pcm=pcm))

    async def _interrupt(self, paused: bool = False) -> None:
        """End the reply, if there is one to end; with ``paused`` only one that somebody is speaking into."""
        async with self._changing:
            if not paused or (self._reply is not None and self._reply.paused):
                await self._end()

    async def _end(self) -> None:
        """End the reply, if it has not ended; by whoever has the lock."""
        reply = self._reply
        if reply is None or not reply.alive:
            return
        reply.playback.pause()
        reply.over, reply.paused = True, False
        if reply.making and reply.task is not None:
            reply.task.cancel()
            await asyncio.gather(reply.task, return_exceptions=True)
        heard, played_ms = reply.heard, round(reply.playback.played_ms, 3)
        await self._tell(ReplyInterrupted(**self._stamp(reply.turn), played_ms=played_ms, heard=heard))
        if reply.inference_id:
            await self.parts.trim(reply.inference_id, heard)

    async def _heard_out(self, reply: _Reply) -> None:
        while reply.alive:
            if reply.making and reply.task is not None:
                await asyncio.wait([reply.task])
            else:
                await asyncio.sleep(0.05)

    async def _truncated(self, played_ms: float, turn: int | None) -> None:
        async with self._changing:
            if (reply := self._reply) is None or turn not in (None, reply.turn):
                return
            reply.playback.told(played_ms)
            if reply.alive:
                await self._end()
            elif reply.inference_id:
                await self.parts.trim(reply.inference_id, reply.heard)

    # Odds and ends.

    def _stamp(self, turn: int) -> dict[str, Any]:
        return {"at_ms": round((self.now() - self._began) * 1000, 3), "turn": max(1, turn)}

    async def _tell(self, event: TalkEvent) -> None:
        await self._events.put(event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """None where the session is closed."""
        if self._closed:
            work.close()
            return None
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception) and not self._closed:
            note(error)
            # A session that cannot hear or answer any more must not look as though it listened.
            self._closed = True
            self._closing = asyncio.create_task(self._end_all())


def _unsaid(reply: str, said: str) -> str:
    """What is to be said behind ``said`` so that it ends with ``reply``: what came of calls follows the model's own words."""
    if " ".join(said.split()).endswith(" ".join(reply.split())):
        return ""
    return f" {reply}" if said.strip() and not said[-1].isspace() else reply


async def _only(words: str) -> AsyncGenerator[str, None]:
    yield words


async def _clauses(written: AsyncIterator[str], watch: Stopwatch, language: str) -> AsyncGenerator[str, None]:
    """Clauses as soon as each is sure to be over; closing it closes what it reads."""
    clauses = Clauses(language)
    try:
        async for text in written:
            for clause in clauses.add(text):
                watch.clause()
                yield clause
        for clause in clauses.finish():
            watch.clause()
            yield clause
    finally:
        await close_all(written)
