"""Listening to one conversation: who speaks is heard while they speak, and is understood the moment they have ended.

    audio -> windows of 32 ms -> voice? -> silence 128 ms -> recognised, while more is awaited -> silence 300 ms, and it sounds
                                           finished (or 1200 ms) -> the turn ends with a transcript that is there already

Time is the audio's own: what is told depends on the samples alone, not on their pieces nor on how fast they come; only partial
transcripts come when the recogniser has time for them. Does not cover other rates and widths (serve/talking/intake.py), nor
what is done about a turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.assistant import Talk
from schemas.errors import RottieError
from serve.engines.faster_whisper import Transcript
from serve.engines.samples import RATE, checked
from serve.engines.voice_activity import WINDOW, WINDOW_S, Endpointer, Endpointing, VoiceActivity
from serve.hearing import Hears, Listen
from serve.talking.finishing import finished
from serve.talking.heard import Eager, Failed, FellBack, Heard, Nothing, Partial, Started, Stopped, Utterance
from serve.talking.inbox import Audio, Inbox, Mark, Recent
from serve.talking.recognising import Agreement, Recognised, Recognition

OwnVoice = Callable[[Audio], bool]

EAGER = 4
"""Windows of silence after which all up to there is recognised, while the end is still awaited."""
FREEZE = 16  # windows: so long a pause, and what is before it is never recognised again
PRE_ROLL = int(0.3 * RATE)  # kept before speech: its first sound may be too weak to count
OWN = int(0.3 * RATE)  # what the predicate of one's own voice is given
_SLACK_MS = 500  # by which silence that does not come as audio is longer
_WINDOW_MS = round(1000 * WINDOW_S)
_WHOLE_MS = 60_000  # in manual turns no shorter silence ends anything
_REST = 3  # times what a request takes: a busy recogniser is left to those whose turn is ending
_BREATH = 16  # windows between two chances for other tasks


@dataclass
class _Turn:
    """Places are samples since the stream began. ``phrase``: where what is not frozen begins, None in a pause behind what is;
    ``until``: where it ends, in a silence long enough to look at it; ``eager``: what was recognised from there to there.
    """

    began: int
    phrase: int | None
    frozen: list[tuple[Transcript, Audio]] = field(default_factory=list)
    until: int | None = None
    eager: Recognised | None = None
    asked: int = 0  # where the last partial was asked for
    waited_s: float = 0.0  # for the recogniser, in this silence

    @property
    def words(self) -> list[str]:
        """Of what is frozen."""
        return [word for found, _ in self.frozen for word in found.text.split()]

    def samples(self, at: int) -> int:
        """Of speech, the place being ``at``."""
        return sum(len(audio) for _, audio in self.frozen) + (at - self.phrase if self.phrase is not None else 0)


@dataclass(frozen=True)
class _Ending:
    """The turn is over: speech ended at ``end``, and silence of ``silent_ms`` told so."""

    end: int
    silent_ms: float


class Listener:
    """One microphone. ``push``, ``commit`` and ``clear`` never block; ``events`` is iterated by one task of the same loop."""

    def __init__(
        self,
        ears: Hears,
        talk: Talk,
        names: tuple[str, ...] = (),
        language: str | None = None,
        manual: bool = False,
        voice: VoiceActivity | None = None,
        own_voice: OwnVoice | None = None,
    ) -> None:
        """``manual``: turns end by ``commit`` alone, no start or stop is told, and whoever speaks is the user. ``own_voice``:
        whether audio at 16 kHz is the assistant's own, which is asked before somebody counts as having begun to speak.
        """
        self._wanted = Listen(names=names, language=language, raw=True)
        self._talk, self._manual = talk, manual
        self._own_voice = own_voice if own_voice is not None and not manual else (lambda _: False)
        self._endpointer = Endpointer(_endpointing(talk, manual), voice, self._finished)
        self._eager = max(1, min(EAGER, -(-talk.floor_ms // _WINDOW_MS) - 1))
        self._room = PRE_ROLL + OWN + (talk.start_ms // _WINDOW_MS + 2) * WINDOW  # samples kept while nobody speaks
        self._inbox = Inbox(talk.backlog_s)
        self._fed = 0.0  # when audio came last, by the loop's clock
        self._woken = asyncio.Event()
        self._recognition = Recognition(ears, self._woken.set)
        self._closed = False
        self._recent = Recent()
        self._over = 0  # what is before belongs to turns that are over, or is frozen
        self._turn: _Turn | None = None
        self._ending: _Ending | None = None
        self._own = False  # who speaks is the assistant itself
        self._agreement = Agreement()
        self._told: list[Heard] = []
        self._fell_back = False  # the second recogniser hears

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that were not heard yet."""
        return self._inbox.samples / RATE

    def push(self, audio: NDArray[Any]) -> None:
        """Mono samples at 16 kHz, any number of them. Raises AudioUnusable, and Overloaded where too much waits."""
        samples = checked(audio, self._talk.backlog_s)
        if len(samples) and not self._closed:
            self._put(samples)
            self._fed = asyncio.get_running_loop().time()

    def commit(self) -> None:
        """The turn ends here: Utterance, Nothing or Failed will tell."""
        self._put("commit")

    def clear(self) -> None:
        """Forget what was heard since the last turn."""
        self._put("clear")

    async def close(self) -> None:
        """``events`` ends, and no request is left."""
        self._closed = True
        self._inbox.clear()
        self._woken.set()
        await self._recognition.close()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was heard, in order, until the listener is closed. Once only."""
        try:
            while not self._closed:
                await self._step()
                told, self._told = self._told, []
                for heard in told:
                    yield heard
        finally:
            await self.close()

    # What comes next.

    def _put(self, item: Audio | Mark) -> None:
        self._inbox.put(item)
        self._woken.set()

    async def _step(self) -> None:
        if self._ending is not None:
            await self._settle(self._ending)
        elif self._recognition.done:
            self._recognised(await self._recognition.answer())
        elif (item := self._inbox.take()) is None:
            await self._wait()
        elif isinstance(item, str):
            self._marked(item)
        else:
            await self._ready_to_end()
            self._hear(item)
            if self._recent.end // WINDOW % _BREATH == 0:
                await asyncio.sleep(0)

    async def _wait(self) -> None:
        """For audio or the recogniser. Where audio stops coming in the middle of a turn, silence is taken for granted."""
        until = None
        if self._turn is not None and not self._manual:
            left_ms = max(0, self._talk.cap_ms - self._endpointer.silence * _WINDOW_MS) + _SLACK_MS
            until = self._fed + left_ms / 1000
        self._woken.clear()
        try:
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        except TimeoutError:
            self._end((asyncio.get_running_loop().time() - self._fed) * 1000)

    def _marked(self, mark: Mark) -> None:
        if self._turn is None:
            if mark == "commit":
                self._told.append(Nothing("nothing"))
            else:
                self._over = self._recent.end
            return
        if mark == "commit":
            self._end()
            return
        if self._endpointer.speaking:
            self._endpointer.end()
        self._told.append(Nothing("cleared"))
        self._forget(self._recent.end)

    # Who speaks.

    def _hear(self, window: Audio) -> None:
        self._recent.add(window)
        for event in self._endpointer.push(window):
            place = round(event.at_s * RATE)
            if event.kind == "started":
                self._began(place)
            else:
                self._stopped(place)
        if self._turn is not None and self._ending is None:
            self._follow(self._turn)
        elif self._own and self._endpointer.silence == 0 and not self._sounds_own():
            self._begin(self._recent.end - OWN)
        self._trim()

    def _began(self, place: int) -> None:
        if self._turn is not None:  # a manual one, after a very long silence
            self._turn.phrase = self._before(place)
        elif self._sounds_own():
            self._own = True
        else:
            self._begin(place)

    def _stopped(self, place: int) -> None:
        self._own = False
        if self._turn is not None and not self._manual:
            self._over_at(place, (self._recent.end - place) / RATE * 1000)

    def _begin(self, place: int) -> None:
        self._own = False
        self._turn = _Turn(place, self._before(place), asked=self._recent.end)
        if not self._manual:
            self._told.append(Started(_ms(place)))

    def _before(self, place: int) -> int:
        """Where a phrase begins whose speech begins at ``place``."""
        return max(self._recent.base, self._over, place - PRE_ROLL)

    def _sounds_own(self) -> bool:
        return self._own_voice(self._recent.between(max(self._recent.base, self._recent.end - OWN), self._recent.end))

    def _follow(self, turn: _Turn) -> None:
        """After each window of a turn: ask the recogniser for what it is time to know."""
        silence = self._endpointer.silence
        if turn.samples(self._recent.end) >= self._talk.longest_s * RATE:
            self._end()
        elif not self._endpointer.speaking:
            return
        elif silence == 0:
            if turn.phrase is None:
                turn.phrase = self._before(self._recent.end - WINDOW)
            turn.until, turn.eager, turn.waited_s = None, None, 0.0
            pause_s = max(self._talk.partial_ms / 1000, _REST * self._recognition.took_s)
            if self._recent.end - turn.asked >= pause_s * RATE and self._recognition.idle:
                turn.asked = self._recent.end
                self._ask(turn.phrase, self._recent.end)
        elif silence >= self._eager and turn.phrase is not None:
            turn.until = turn.until or self._recent.end
            if turn.eager is None and self._recognition.idle:
                self._ask(turn.phrase, turn.until)
            elif silence >= FREEZE and turn.eager is not None:
                self._freeze(turn, turn.eager)

    # What is said.

    def _ask(self, start: int, end: int) -> None:
        self._recognition.ask(self._recent.between(start, end), start, self._wanted)

    def _recognised(self, result: Recognised | None) -> None:
        turn = self._turn
        if result is not None:
            self._fallen(result)
        if result is None or turn is None or result.start != turn.phrase:
            return
        if result.end == turn.until:
            turn.eager = result
        if isinstance(result.found, RottieError) or self._ending is not None:
            return
        words = turn.words + result.text.split()
        partial: Partial | None = self._agreement.next(words, len(turn.words)) if words else None
        self._told += [partial] if partial is not None else []
        if turn.eager is result and words and not self._manual and self._finished():
            self._told.append(Eager(" ".join(words)))

    def _fallen(self, result: Recognised) -> None:
        if result.fell_back is not None and not self._fell_back:
            self._told.append(FellBack(result.fell_back))
        self._fell_back = result.fell_back is not None

    def _finished(self) -> bool:
        """Whether what was said up to this silence sounds finished."""
        if (turn := self._turn) is None:
            return True
        words, language = turn.words, turn.frozen[-1][0].language if turn.frozen else "en"
        if turn.eager is not None and isinstance(turn.eager.found, Transcript):
            words, language = [*words, turn.eager.text], turn.eager.found.language
        return finished(" ".join(words), self._wanted.language or language, self._wanted.names)

    async def _ready_to_end(self) -> None:
        """The next window of silence may end the turn or freeze it: what was said must be known by then."""
        turn = self._turn
        if turn is None or turn.until is None or turn.eager is not None:
            return
        silence = self._endpointer.silence + 1
        if silence >= FREEZE or (not self._manual and silence * _WINDOW_MS >= self._talk.floor_ms):
            began = time.monotonic()
            await self._know(turn)
            turn.waited_s += time.monotonic() - began

    async def _know(self, turn: _Turn) -> None:
        """Until ``turn.eager`` is there, or the listener is closed."""
        while turn.eager is None and not self._closed and turn.phrase is not None and turn.until is not None:
            if self._recognition.idle:
                self._ask(turn.phrase, turn.until)
            self._recognised(await self._recognition.answer())

    def _freeze(self, turn: _Turn, eager: Recognised) -> None:
        if isinstance(eager.found, Transcript):  # else all is asked again with what follows
            turn.frozen.append((eager.found, self._recent.between(eager.start, eager.end)))
            turn.phrase, turn.until, turn.eager = None, None, None
            self._over = eager.end

    # The end.

    def _end(self, quiet_ms: float = 0.0) -> None:
        """Now, whatever is heard."""
        place = round(self._endpointer.end().at_s * RATE) if self._endpointer.speaking else self._recent.end
        self._over_at(place, (self._recent.end - place) / RATE * 1000 + quiet_ms)

    def _over_at(self, place: int, silent_ms: float) -> None:
        self._ending = _Ending(place, silent_ms)
        if not self._manual:
            self._told.append(Stopped(_ms(place)))

    async def _settle(self, ending: _Ending) -> None:
        """Recognise what is left, and tell what came of the turn."""
        turn, began, error = self._turn, time.monotonic(), None
        assert turn is not None
        if turn.phrase is not None:
            if turn.until is None or (turn.eager is not None and isinstance(turn.eager.found, RottieError)):
                turn.until, turn.eager = turn.until or self._recent.end, None
            await self._know(turn)
            if turn.eager is None:
                return
            error = turn.eager.found if isinstance(turn.eager.found, RottieError) else None
            self._freeze(turn, turn.eager)
        stt_ms = (turn.waited_s + time.monotonic() - began) * 1000
        self._told.append(Failed(error) if error is not None else _outcome(turn, ending, stt_ms))
        self._forget(turn.until or self._over)

    def _forget(self, over: int) -> None:
        self._turn, self._ending, self._own, self._over = None, None, False, over
        self._agreement = Agreement()
        self._trim()

    def _trim(self) -> None:
        phrase = self._turn.phrase if self._turn is not None else None
        start = self._recent.end - self._room
        self._recent.forget(start if phrase is None else min(start, phrase))


def _outcome(turn: _Turn, ending: _Ending, stt_ms: float) -> Utterance | Nothing:
    heard = [found for found, _ in turn.frozen if found.text.strip()]
    if not heard:
        return Nothing("nothing")
    return Utterance(
        " ".join(found.text.strip() for found in heard),
        heard[0].language,
        (ending.end - turn.began) / RATE,
        min((piece.confidence for found in heard for piece in found.pieces), default=0.0),
        _ms(ending.end),
        stt_ms,
        ending.silent_ms,
        np.concatenate([audio for _, audio in turn.frozen]),
    )


def _ms(place: int) -> float:
    return place / RATE * 1000


def _endpointing(talk: Talk, manual: bool) -> Endpointing:
    floor, cap = (_WHOLE_MS, _WHOLE_MS) if manual else (talk.floor_ms, talk.cap_ms)
    return Endpointing(floor, cap, talk.start_ms, talk.threshold, min(Endpointing.release, talk.threshold))
