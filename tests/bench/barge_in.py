"""Speaking into a reply: how soon it stops, and whether its own echo ever stops it, in made-up rooms and in audio time.

    python -m tests.bench.barge_in [minutes of echo, 30] [rooms, 4] [first room's number, 0]

Replies by the starter voice sound in rooms of 0.15 to 0.6 s reverberation, 20 to 380 ms late, through a coloured loudspeaker,
with noise 35 dB below speech; whole sessions hear them, with Silero's voice detection. Interruptions are by espeak-ng voices,
0 to 10 dB louder than the echo, their first sample being their first audible one. Writes bench-results/barge_in.json.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from flows.steps.speech.augment import equalise, impulse_response, level, noise, resample
from flows.steps.speech.espeak import Synthesizer, voices
from flows.steps.voice.sentences import sentences
from schemas.assistant import Talk, Tts
from schemas.events import AssistEvent, AssistFinished, CallsReady, ReplyReady
from schemas.talking import OUT_RATE, AudioMade, ReplyMade, ReplyPaused, TalkEvent, TurnCommitted
from serve.engines.faster_whisper import Transcript
from serve.engines.samples import RATE
from serve.hearing import Listen, Understood
from serve.saying import Say, Voice
from serve.talking.session import Options, Parts, Session
from tests.bench.comparing import keep

DEFAULTS = 30.0, 4, 0
INTERRUPTIONS, LOUDER_DB = 12, (10, 5, 0)  # in each room, and how much louder than the echo they are
GOAL_MS = 200
BLOCK = RATE // 50
SAID = (
    *("stop", "wait", "no, turn it off", "turn off the lights", "hold on a second", "what is the temperature", "cancel that"),
    *("please be quiet", "never mind", "turn on the kitchen lamp", "that is enough", "not that one", "open the blinds"),
)


@dataclass
class Room:
    """Its echo of a reply, as a microphone hears it. Each reply is up to 3 dB and 20 ms unlike the others."""

    rng: np.random.Generator
    late_ms: float = 0.0
    later_ms: float = 0.0
    loud: float = 0.0
    gain: float = 0.0
    response: NDArray[np.float32] = field(default_factory=lambda: np.ones(1, np.float32))

    def __post_init__(self) -> None:
        rng = self.rng
        response = impulse_response(rng, RATE, float(rng.uniform(0.15, 0.6)), float(rng.uniform(-4, 8)))
        self.response = equalise(np.pad(response, (0, RATE // 10)), RATE, rng)
        self.late_ms, self.loud = float(rng.uniform(20, 380)), 0.1 * 10 ** (float(rng.choice((0, -10, -20))) / 20)

    def reply(self, pcm: bytes) -> NDArray[np.float32]:
        """The echo of a new one."""
        self.gain, self.later_ms = 1.0, max(0.0, self.late_ms + float(self.rng.uniform(-20, 20)))
        loud = self.loud * 10 ** (float(self.rng.uniform(-3, 3)) / 20)
        self.gain = loud / level(self.echo(pcm), RATE)
        return self.echo(pcm)

    def echo(self, pcm: bytes) -> NDArray[np.float32]:
        """Of as much of the reply as was played."""
        sound = resample(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768, OUT_RATE, RATE)
        wet = fftconvolve(sound, self.response).astype(np.float32) * np.float32(self.gain)
        return np.concatenate((np.zeros(int(self.later_ms * RATE / 1000), np.float32), wet, np.zeros(RATE // 2, np.float32)))

    def noise(self, samples: int) -> NDArray[np.float32]:
        return noise("pink", samples, self.rng) * np.float32(self.loud / 0.1 * 10 ** (-35 / 20))


class Deaf:
    """Hears no words: only who speaks when matters here."""

    async def hear(self, recording: bytes, listen: Listen) -> Understood:
        transcript = Transcript("", (), 1.0, "en", 1.0, len(recording) / 2 / RATE)
        return Understood(transcript=transcript, timings_ms={"stt": 0.0})

    async def statuses(self) -> list[dict[str, Any]]:
        return []


@dataclass
class Conversation:
    """One session in one room, on a clock of its own: as much time has passed as was heard."""

    voice: Voice
    room: Room
    texts: Iterator[str]
    heard: int = 0
    told: list[TalkEvent] = field(default_factory=list)

    def now(self) -> float:
        return self.heard / RATE

    async def run(self, minutes: float, words: list[NDArray[np.float32]], rng: Random) -> tuple[int, float, list[float]]:
        """False interruptions, minutes of replies without an interruption, and how many ms the real ones took."""
        parts = Parts(Deaf(), self.voice, self._answer, self._names, self._trim)
        talk = Talk(ahead=False, backlog_s=600)
        async with Session(parts, talk, Options(rate=RATE), now=self.now) as session:
            reading = asyncio.ensure_future(self._read(session))
            false, spoken, took = 0, 0.0, list[float]()
            while spoken < minutes:
                stopped, seconds = await self._reply(session, np.zeros_like)
                false, spoken = false + (stopped is not None), spoken + seconds / 60
            for number, said in enumerate(words):
                took.append(await self._interrupted(session, said, LOUDER_DB[number % len(LOUDER_DB)], rng))
            reading.cancel()
        return false, spoken, took

    async def _interrupted(self, session: Session, said: NDArray[np.float32], louder_db: float, rng: Random) -> float:
        begins = 0

        def speaking(echo: NDArray[np.float32]) -> NDArray[np.float32]:
            nonlocal begins
            begins = int(rng.uniform(1.2, max(1.3, len(echo) / RATE - 2)) * RATE)
            over = said[: len(echo) - begins] * np.float32(level(echo, RATE) * 10 ** (louder_db / 20) / level(said, RATE))
            return np.pad(over, (begins, len(echo) - begins - len(over)))

        stopped, _ = await self._reply(session, speaking)
        return float("inf") if stopped is None else (stopped - begins) / RATE * 1000

    async def _reply(self, session: Session, speaking: Any) -> tuple[int | None, float]:
        """One reply is made, then heard: after how many samples it was stopped, and its length in seconds."""
        self.told.clear()
        session.ask("say something")
        while not self._told(ReplyMade):
            await asyncio.sleep(0.001)
        pcm, stopped = b"".join(event.pcm for event in self.told if isinstance(event, AudioMade)), None
        echo = self.room.reply(pcm)
        over, noisy = speaking(echo), self.room.noise(len(echo) + 2 * RATE)
        heard = echo + over
        for at in range(0, len(echo) - BLOCK + 1, BLOCK):
            await self._push(session, heard[at : at + BLOCK] + noisy[at : at + BLOCK])
            if stopped is None and self._told(ReplyPaused):
                stopped = at + BLOCK
                left = self.room.echo(pcm[: 2 * (stopped * OUT_RATE // RATE)])[: len(echo)]
                echo = np.pad(left, (0, len(echo) - len(left)))
                break
        session.cancel()
        rest = np.pad(echo + over, (0, 2 * RATE))[stopped or len(echo) :][: 2 * RATE] + noisy[: 2 * RATE]
        for at in range(0, len(rest) - BLOCK + 1, BLOCK):
            await self._push(session, rest[at : at + BLOCK])
        return stopped, len(pcm) / 2 / OUT_RATE

    def _told(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.told)

    async def _push(self, session: Session, samples: NDArray[np.float32]) -> None:
        self.heard += len(samples)
        session.push((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
        for _ in range(6):
            await asyncio.sleep(0)

    async def _read(self, session: Session) -> None:
        async with aclosing(session.events()) as events:
            async for event in events:
                self.told.append(event)

    async def _answer(self, committed: TurnCommitted) -> AsyncGenerator[AssistEvent | CallsReady, None]:
        text = ""
        while len(text) < 300:
            text += f"{next(self.texts)} "
        yield ReplyReady(inference_id="i", at_ms=0, text=text)
        yield AssistFinished(inference_id="i", at_ms=0, timings_ms={})

    async def _names(self) -> tuple[str, ...]:
        return ()

    async def _trim(self, inference_id: str, heard: str) -> None:
        return None


def words_of(count: int, rng: Random) -> list[NDArray[np.float32]]:
    """From their first audible sample on, at 16 kHz."""
    found, strangers = list[NDArray[np.float32]](), voices("test")
    with Synthesizer() as synthesizer:
        for number in range(count):
            spoken = synthesizer.say(SAID[number % len(SAID)], rng.choice(strangers), rng.randint(140, 210), rng.randint(30, 70))
            audio = resample(spoken.audio, spoken.rate, RATE)
            found.append(audio[int(np.argmax(np.abs(audio) > 0.02 * np.abs(audio).max())) :])
    return found


async def measured(minutes: float, rooms: int, first: int) -> dict[str, Any]:
    voice, texts, rng = Voice(), sentences("test", 5 + first), Random(1 + first)
    voice.want(Tts())
    words = words_of(rooms * INTERRUPTIONS, rng)
    false, spoken, took = 0, 0.0, list[float]()
    try:
        async for _ in voice.say(Say(text="Ready.")):
            pass
        for number in range(rooms):
            conversation = Conversation(voice, Room(np.random.default_rng(first + number)), texts)
            mine = words[number::rooms]
            stops, lasted, times = await conversation.run(minutes / rooms, mine, rng)
            false, spoken, took = false + stops, spoken + lasted, took + times
            print(f"room {first + number}: {false} false in {spoken:.1f} min; {[round(ms) for ms in times]} ms", flush=True)
    finally:
        await voice.close()
    return {
        "echo_minutes": round(spoken, 1),
        "false_interruptions": false,
        "interruptions": len(took),
        f"stopped_within_{GOAL_MS}_ms": round(sum(ms <= GOAL_MS for ms in took) / len(took), 3),
        "by_db_above_the_echo": {
            str(db): round(float(np.mean([ms <= GOAL_MS for ms in _of(took, at)])), 3) for at, db in enumerate(LOUDER_DB)
        },
        "ms_p50": round(float(np.median(took)), 1),
        "ms_p95": round(float(np.quantile(took, 0.95, method="higher")), 1),
        "stopped_before_they_began": sum(ms < 0 for ms in took),
    }


def _of(took: list[float], at: int) -> list[float]:
    """Those of one loudness: each session goes through all of them in turn."""
    return [ms for number, ms in enumerate(took) if number % INTERRUPTIONS % len(LOUDER_DB) == at]


def main() -> None:
    began = time.process_time()
    given = [*sys.argv[1:], *DEFAULTS[len(sys.argv) - 1 :]]
    result = asyncio.run(measured(float(given[0]), int(given[1]), int(given[2])))
    print(keep("barge_in", result | {"cpu_s": round(time.process_time() - began, 1)}))


if __name__ == "__main__":
    main()
