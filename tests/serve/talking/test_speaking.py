"""Speaking while it is written: in order, without a gap, and with another voice, or none, where one fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from schemas.assistant import Tts
from schemas.errors import EngineError, SpeechDown, TextUnspeakable
from schemas.talking import OUT_RATE
from serve.saying import Say, Voice
from serve.talking.playback import Playback
from serve.talking.speaking import SENTENCE_S, Begun, Chunk, Down, Speaker


class Scripted:
    """Says ``name`` and the number of the clause in each byte; ``fails``: after so many pieces of a clause."""

    def __init__(self, byte: bytes = b"a", fails: Exception | None = None, after: int = 0, hang: bool = False) -> None:
        self.byte, self.fails, self.after, self.hang = byte, fails, after, hang
        self.asked: list[Say] = []
        self.open = 0

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        self.asked.append(say)
        self.open += 1
        try:
            for number in range(3):
                if self.fails is not None and number == self.after:
                    raise self.fails
                if self.hang:
                    await asyncio.sleep(3600)
                yield self.byte * 3 if number < 2 else self.byte * 2  # odd pieces
        finally:
            self.open -= 1


async def given(*texts: str, then: Exception | None = None) -> AsyncIterator[str]:
    for text in texts:
        yield text
    if then:
        raise then


async def told(speaker: Speaker, *texts: str) -> list[Begun | Chunk | Down]:
    return [event async for event in speaker.run(given(*texts))]


def shape(events: list[Begun | Chunk | Down]) -> list[str]:
    return [
        event.text if isinstance(event, Begun) else event.pcm.strip(b"\0").decode() if isinstance(event, Chunk) else event.instead
        for event in events
    ]


async def test_clauses_and_their_sound_in_order() -> None:
    playback = Playback()
    voice = Scripted()
    events = await told(Speaker(voice, playback, speed=1.5), "One. ", "Two.")
    assert shape(events) == ["One. ", "aa", "aaaa", "aa", "Two.", "aa", "aaaa", "aa"]
    assert [(say.text, say.speed, say.form) for say in voice.asked] == [("One.", 1.5, "pcm"), ("Two.", 1.5, "pcm")]
    assert playback.sent_ms * 48 == sum(len(event.pcm) for event in events if isinstance(event, Chunk))
    assert voice.open == 0


async def test_a_pause_between_sentences_that_follow_without_a_gap() -> None:
    class Long(Scripted):
        async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
            yield b"ab" * OUT_RATE

    chunks = [event for event in await told(Speaker(Long(), Playback()), "One. ", "Two.") if isinstance(event, Chunk)]
    first, second = (len(event.pcm) / 2 / OUT_RATE for event in chunks)
    assert (first, second) == (1, 1 + SENTENCE_S)


async def test_each_clause_is_spoken_while_the_next_is_written() -> None:
    gate = asyncio.Event()

    async def writing() -> AsyncIterator[str]:
        yield "One. "
        await gate.wait()
        yield "Two."

    events = Speaker(Scripted(), Playback()).run(writing())
    assert shape([await anext(events) for _ in range(4)]) == ["One. ", "aa", "aaaa", "aa"]
    gate.set()
    assert shape([event async for event in events])[0] == "Two."


@pytest.mark.parametrize("error", [SpeechDown("gone"), EngineError("broken"), ValueError("secret words")])
async def test_a_second_voice_stands_in_and_that_is_said_once(error: Exception) -> None:
    second = Scripted(b"b")
    events = await told(Speaker(Scripted(fails=error), Playback(), second), "One. ", "Two.")
    assert shape(events) == ["One. ", "second", "bb", "bbbb", "bb", "Two.", "bb", "bbbb", "bb"]
    down = next(event for event in events if isinstance(event, Down))
    assert "secret" not in str(down.error)


async def test_text_alone_stands_in_for_the_last_voice() -> None:
    playback = Playback()
    events = await told(
        Speaker(Scripted(fails=EngineError("broken"), after=1), playback, Scripted(fails=SpeechDown("x"))), "1 ", "2"
    )
    assert shape(events) == ["1 ", "aa", "second", "text", "2"]
    assert shape(await told(Speaker(None, Playback()), "1 ", "2")) == ["1 ", "2"]


async def test_a_voice_that_is_late_is_given_up() -> None:
    slow = Scripted(hang=True)
    events = await told(Speaker(slow, Playback(), Scripted(b"b"), late_s=0.01), "One.")
    assert shape(events) == ["One.", "second", "bb", "bbbb", "bb"]
    assert slow.open == 0


async def test_what_cannot_be_spoken_is_shown() -> None:
    playback = Playback()
    assert shape(await told(Speaker(Scripted(fails=TextUnspeakable("no")), playback), "One. ", "😀")) == ["One. ", "😀"]
    assert playback.heard() == "One. 😀"


async def test_what_is_shown_is_as_written_and_what_is_spoken_is_read_out() -> None:
    voice = Scripted()
    assert shape(await told(Speaker(voice, Playback()), "It is **21 °C**. "))[0] == "It is **21 °C**. "
    await told(Speaker(voice, Playback(), language="de"), "Es sind 21 °C.")
    assert [say.text for say in voice.asked] == ["It is 21 degrees.", "Es sind 21 Grad."]


async def test_leaving_early_stops_the_voice_and_the_writing() -> None:
    closed = asyncio.Event()

    async def writing() -> AsyncIterator[str]:
        try:
            yield "One."
            await asyncio.sleep(3600)
        finally:
            closed.set()

    voice = Scripted()
    events = Speaker(voice, Playback()).run(writing())
    await anext(events)
    await anext(events)
    assert voice.open == 1
    await events.aclose()
    assert voice.open == 0
    assert closed.is_set()


async def test_cancelling_stops_a_voice_that_hangs() -> None:
    voice = Scripted(hang=True)

    async def listening() -> None:
        async for _ in Speaker(voice, Playback()).run(given("One.")):
            pass

    task = asyncio.create_task(listening())
    while not voice.open:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert voice.open == 0


async def test_what_breaks_the_writing_comes_after_what_was_written() -> None:
    events = Speaker(Scripted(), Playback()).run(given("One.", then=EngineError("model")))
    assert shape([await anext(events) for _ in range(4)]) == ["One.", "aa", "aaaa", "aa"]
    with pytest.raises(EngineError, match="model"):
        await anext(events)


async def test_with_a_voice_as_replicas_have_it() -> None:
    voice = Voice()
    voice.want(Tts(kind="scripted"))
    playback = Playback()
    try:
        events = await told(Speaker(voice, playback), "I turned on the lamp. ", "Anything else?")
    finally:
        await voice.close()
    assert [event.text for event in events if isinstance(event, Begun)] == ["I turned on the lamp. ", "Anything else?"]
    assert 700 < playback.sent_ms < 1100
