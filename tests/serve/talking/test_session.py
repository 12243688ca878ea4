"""Whole spoken turns by their events: real speech, Silero's voice detection and a real home; words are scripted.

The golden lists below are what a client sees. Times are left out: they are the machine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.assistant import Talk
from schemas.errors import AudioUnusable, ConversationBusy, EngineError, NoRecogniser, Overloaded, SpeechDown
from schemas.events import ActionDone, AssistEvent, AssistFinished, CallsReady, ReplyDelta, ReplyReady, TierAnswered
from schemas.loading import load_inventory
from schemas.settings import Home
from schemas.talking import CANNOT_ANSWER, OUT_RATE, TalkEvent, TurnCommitted, Waterfall
from serve.actions.speaking import NOT_UNDERSTOOD
from serve.assisting import Asked, Manner, assist
from serve.engines.faster_whisper import Piece, Transcript
from serve.engines.samples import RATE
from serve.hearing import Listen, Understood
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.saying import Say
from serve.talking.heard import Partial, Started
from serve.talking.session import CANNOT_HEAR, Options, Parts, Session

Sentences = dict[str, NDArray[np.float32]]
TALK = Talk(ahead=False)
LONG = "It is warm today. Tomorrow it will rain in the morning, and the sun comes out later."


class Words:
    """Hears one text after another: whoever is recognised at the same place of the talk hears the same."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.at, self.error = list(texts), 0, None
        self.fell_back: dict[str, Any] | None = None

    async def hear(self, recording: bytes, listen: Listen) -> Understood:
        assert listen.raw
        if self.error is not None:
            raise self.error
        text, seconds = self.texts[self.at], len(recording) / 2 / RATE
        pieces = (Piece(text, 0, seconds, 0.0, 0.9),) if text else ()
        found = Transcript(text, pieces, 0.0 if text else 1.0, "en", 1.0, seconds)
        return Understood(transcript=found, timings_ms={"stt": 1.0}, fell_back=self.fell_back)


@dataclass
class Hum:
    """Sound of a known length: 50 ms a character. ``error`` in place of it."""

    error: Exception | None = None
    said: list[str] = field(default_factory=list)
    spoken: set[str | None] = field(default_factory=set)
    """Languages that were asked for."""

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        assert say.form == "pcm"
        if self.error is not None:
            raise self.error
        self.said.append(say.text)
        self.spoken.add(say.language)
        for _ in say.text.strip():
            yield bytes(2 * OUT_RATE // 20)
            await asyncio.sleep(0)


def pcm(audio: NDArray[np.float32]) -> bytes:
    return (audio.clip(-1, 1) * 32767).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * RATE))


async def says(committed: TurnCommitted) -> AsyncGenerator[AssistEvent | CallsReady, None]:
    """A model that speaks, word by word."""
    stamp: dict[str, Any] = {"inference_id": f"i{committed.turn}", "at_ms": 0.0}
    yield TierAnswered(**stamp, tier="model", model="m")
    for word in LONG.split(" "):
        yield ReplyDelta(**stamp, text=f"{word} ")
        await asyncio.sleep(0.005)
    yield ReplyReady(**stamp, text=LONG)
    yield AssistFinished(**stamp, timings_ms={"intents": 0.5, "model": 2.0, "total": 3.0})


@dataclass
class Talked:
    """A session under test: what was trimmed, and what it told."""

    session: Session
    words: Words
    voice: Hum
    trimmed: list[tuple[str, str]]
    told: list[TalkEvent] = field(default_factory=list)
    _reader: asyncio.Task[None] | None = None

    async def until(self, kind: str, count: int = 1, seconds: float = 20) -> TalkEvent:
        async with asyncio.timeout(seconds):
            while sum(event.type == kind for event in self.told) < count:
                await asyncio.sleep(0.002)
        return [event for event in self.told if event.type == kind][-1]

    def kinds(self) -> list[str]:
        """Event types in order; audio of one clause once, and what Assisted carries by its own type."""
        found: list[str] = []
        for event in self.told:
            kind = event.event.type if event.type == "assisted" else event.type
            if not (kind == "audio.made" and found[-1:] == ["audio.made"]):
                found.append(kind)
        return found

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.told if event.type == kind]


Begin = Callable[..., Any]


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """Starts sessions, reads their events, and sees that nothing of them is left."""
    before, open_ = asyncio.all_tasks(), list[Talked]()

    async def make(
        *texts: str,
        answer: Any = says,
        options: Options = Options(rate=RATE),  # noqa: B008 - frozen
        talk: Talk = TALK,
        voice: Hum | None = None,
        second: Hum | None = None,
        **parts: Any,
    ) -> Talked:
        words, hum, trimmed = Words(*texts), voice or Hum(), list[tuple[str, str]]()

        async def names() -> tuple[str, ...]:
            return ("hall lamp",)

        async def trim(inference_id: str, heard: str) -> None:
            trimmed.append((inference_id, heard))

        given: dict[str, Any] = {"ears": words, "voice": hum, "second": second, **parts}
        session = Session(Parts(answer=answer, names=names, trim=trim, **given), talk, options)
        talked = Talked(session, words, hum, trimmed)
        await session.__aenter__()

        async def read() -> None:
            async for event in session.events():
                talked.told.append(event)

        talked._reader = asyncio.create_task(read())
        open_.append(talked)
        return talked

    yield make
    for talked in open_:
        await talked.session.close()
        assert talked._reader is not None
        await talked._reader
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


async def test_a_request_is_heard_done_and_answered(begin: Begin, sentences: Sentences, tmp_path: Path) -> None:
    keeper = Keeper(Home(tmp_path))
    await keeper.want(HomeWish(inventory=load_inventory("home")))
    home = AskedHome(lambda request: answered(keeper, request))

    def act(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        return assist(Asked(committed.text), home, None, Manner())  # type: ignore[arg-type] - the first tier knows it

    talked = await begin("turn on the hall lamp", answer=act)
    talked.session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
    await talked.until("turn.waterfall")
    assert [kind for kind in talked.kinds() if kind != "transcript.partial"] == [
        "speech.started",
        "speech.stopped",
        "turn.committed",
        "tier.answered",
        "action.done",
        "reply.ready",
        "assist.finished",
        "clause.begun",
        "audio.made",
        "reply.made",
        "turn.waterfall",
    ]
    committed, made = talked.of("turn.committed")[0], talked.of("reply.made")[0]
    assert (committed.text, committed.turn, committed.language) == ("turn on the hall lamp", 1, "en")
    assert made.audio_ms == 50 * len(made.text)
    done = next(event.event for event in talked.of("assisted") if isinstance(event.event, ActionDone))
    assert done.action.error is None
    assert done.action.changes
    stages = talked.of("turn.waterfall")[0].stages_ms
    assert list(stages) == ["endpoint", "stt", "intents", "action", "first_clause", "tts_first_audio", "total"]
    assert stages["endpoint"] >= TALK.floor_ms
    assert sum(stages.values()) - stages["total"] == pytest.approx(stages["total"], rel=0.2)
    assert next(event for event in (await home.read()).entities if event.name == "hall lamp").state == "on"
    await keeper.close()


async def test_a_reply_is_spoken_while_it_is_written(begin: Begin) -> None:
    talked = await begin()
    talked.session.ask("how is the weather")
    await talked.until("turn.waterfall")
    kinds = talked.kinds()
    assert kinds[:3] == ["turn.committed", "tier.answered", "reply.delta"]
    assert kinds[-2:] == ["reply.made", "turn.waterfall"]
    assert kinds.index("audio.made") < kinds.index("reply.ready")  # the first clause sounds before the last is written
    assert "".join(event.text for event in talked.of("clause.begun")).strip() == LONG
    assert " ".join(text.strip() for text in talked.voice.said) == LONG
    stages = talked.of("turn.waterfall")[0].stages_ms
    assert {"intents", "llm_first_token", "first_clause", "tts_first_audio", "total"} <= set(stages)


async def test_somebody_speaks_into_a_reply(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("what time is it now")
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    await asyncio.sleep(0.3)
    talked.session.push(pcm(sentences["What time is it now?"]) + silence(1.5))
    await talked.until("reply.made", 2)
    kinds = [kind for kind in talked.kinds() if kind != "transcript.partial"]
    paused = kinds.index("reply.paused")
    assert kinds[paused - 1] == "speech.started"
    assert kinds[paused + 1 :][:3] in (
        ["speech.stopped", "reply.interrupted", "turn.committed"],
        ["reply.interrupted", "speech.stopped", "turn.committed"],
    )
    interrupted, made = talked.of("reply.interrupted")[0], talked.of("reply.made")[0]
    assert 0 < interrupted.played_ms < made.audio_ms
    assert interrupted.heard
    assert LONG.startswith(interrupted.heard)
    assert interrupted.heard != LONG
    assert talked.trimmed == [("i1", interrupted.heard)]
    assert talked.of("turn.committed")[-1].text == "what time is it now"


async def test_an_uh_huh_does_not_end_a_reply(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("uh-huh")
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    await asyncio.sleep(0.1)
    before = len(talked.told)
    talked.session.push(pcm(sentences["Uh-huh."]) + silence(1.5))
    resumed = await talked.until("reply.resumed")
    await asyncio.sleep(0.02)
    kinds = [event.type for event in talked.told[before:] if event.type not in ("transcript.partial", "audio.made")]
    assert kinds == ["speech.started", "reply.paused", "speech.stopped", "turn.dropped", "reply.resumed"]
    assert talked.of("turn.dropped")[0].reason == "backchannel"
    made = talked.of("reply.made")[0]
    again = sum(len(event.pcm) for event in talked.told[before:] if event.type == "audio.made") / 2 / OUT_RATE * 1000
    assert again == pytest.approx(made.audio_ms - resumed.played_ms, abs=50)  # what was not played comes again
    assert talked.trimmed == []


async def test_a_reply_that_is_still_written_ends_at_once(begin: Begin, sentences: Sentences) -> None:
    closed = asyncio.Event()

    async def endless(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        stamp: dict[str, Any] = {"inference_id": "i", "at_ms": 0.0}
        try:
            yield TierAnswered(**stamp, tier="model", model="m")
            while True:
                yield ReplyDelta(**stamp, text="And one more thing, ")
                await asyncio.sleep(0.05)
        finally:
            closed.set()

    talked = await begin(answer=endless)
    talked.session.ask("talk")
    await talked.until("audio.made")
    talked.session.cancel()
    await talked.until("reply.interrupted")
    assert closed.is_set()
    assert talked.kinds()[-2:] == ["turn.waterfall", "reply.interrupted"]
    (fall,) = talked.of("turn.waterfall")
    assert fall.interrupted
    assert list(fall.stages_ms) == ["endpoint", "stt", "llm_first_token", "first_clause", "tts_first_audio", "total"]
    count = len(talked.told)
    await asyncio.sleep(0.2)
    assert len(talked.told) == count


async def test_of_a_reply_that_hardly_began_the_time_is_told_too(begin: Begin) -> None:
    begun = asyncio.Event()

    async def thinks(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        begun.set()
        await asyncio.sleep(3600)
        yield TierAnswered(inference_id="i", at_ms=0.0, tier="none")

    timed = list[Waterfall]()
    talked = await begin(answer=thinks, timed=timed.append)
    talked.session.ask("one")
    await asyncio.wait_for(begun.wait(), 20)
    talked.session.ask("two")  # it ends the first
    talked.session.ask("three")
    await talked.until("turn.committed", 3)
    await talked.session.close()
    assert [fall.turn for fall in timed] == [1, 2, 3]
    assert all(fall.interrupted and list(fall.stages_ms) == ["endpoint", "stt", "total"] for fall in timed)
    assert talked.of("turn.waterfall") == timed


async def test_what_has_no_words_is_no_turn(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("")
    talked.session.push(pcm(sentences["Uh-huh."]) + silence(1.5))
    await talked.until("turn.dropped")
    assert talked.of("turn.dropped")[0].reason == "nothing"
    assert not talked.of("turn.committed")


async def test_what_was_hardly_understood_is_not_acted_on(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("turn on the hall lamp", options=Options(rate=RATE, confidence=0.95))
    talked.session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
    await talked.until("reply.made")
    assert not talked.of("assisted")
    assert talked.voice.said
    assert talked.of("reply.made")[0].text == NOT_UNDERSTOOD


async def test_turns_by_hand(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("what time is it now", options=Options(rate=RATE, manual=True, respond=False))
    talked.session.push(pcm(sentences["What time is it now?"]))
    talked.session.commit()
    await talked.until("turn.committed")
    assert not talked.of("speech.started")
    assert not talked.of("assisted")
    talked.session.respond()
    await talked.until("reply.made")
    talked.session.respond()  # nothing waits for an answer
    await asyncio.sleep(0.05)
    assert len(talked.of("reply.made")) == 1


async def test_a_client_says_how_much_was_played(begin: Begin) -> None:
    talked = await begin()
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    talked.session.truncate(50 * len("It is warm today."))
    interrupted = await talked.until("reply.interrupted")
    assert interrupted.heard == "It is warm today."
    assert talked.trimmed == [("i1", "It is warm today.")]


async def test_text_alone_has_no_sound(begin: Begin) -> None:
    talked = await begin(options=Options(rate=RATE, speak=False))
    talked.session.ask("how is the weather")
    await talked.until("turn.waterfall")
    assert not talked.of("audio.made")
    assert talked.of("reply.made")[0].text == LONG


async def test_a_stage_that_is_down_says_so(begin: Begin, sentences: Sentences) -> None:
    async def broken(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        raise EngineError("lost")
        yield

    talked = await begin("turn on the hall lamp", answer=broken)
    talked.session.ask("anything")
    await talked.until("reply.made")
    down = talked.of("stage.down")[0]
    assert (down.stage, down.instead, down.error["code"]) == ("llm", "apology", "engine")
    assert talked.of("reply.made")[0].text == CANNOT_ANSWER
    talked.words.error = SpeechDown("lost")
    talked.session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
    await talked.until("reply.made", 2)
    assert talked.of("stage.down")[-1].stage == "stt"
    assert talked.of("reply.made")[-1].text == CANNOT_HEAR
    apology = await talked.until("turn.waterfall", 2)
    assert (apology.turn, list(apology.stages_ms)) == (2, ["endpoint", "stt", "first_clause", "tts_first_audio", "total"])
    talked.words.error = None  # and it goes on
    talked.session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
    await talked.until("turn.committed", 2)


async def test_a_voice_that_is_down_is_replaced_and_then_left_out(begin: Begin) -> None:
    second = Hum()
    talked = await begin(voice=Hum(SpeechDown("gone")), second=second)
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    assert [(event.stage, event.instead) for event in talked.of("stage.down")] == [("tts", "second")]
    assert talked.of("audio.made")
    assert second.said
    talked = await begin(voice=Hum(SpeechDown("gone")))
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    assert [(event.stage, event.instead) for event in talked.of("stage.down")] == [("tts", "text")]
    assert not talked.of("audio.made")
    assert talked.of("reply.made")[0].text == LONG


async def test_a_recogniser_that_is_down_is_replaced_and_said_so_once(begin: Begin, sentences: Sentences) -> None:
    second = Hum()
    talked = await begin("turn on the hall lamp", voice=Hum(SpeechDown("gone")), second=second, options=Options(rate=RATE))
    talked.words.fell_back = SpeechDown("gone").as_dict()
    for number in (1, 2):
        talked.session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
        await talked.until("reply.made", number)
    down = [(event.stage, event.instead, event.turn) for event in talked.of("stage.down")]
    assert down[0] == ("stt", "second", 1)
    assert [stage for stage, _, _ in down].count("stt") == 1
    assert [event.text for event in talked.of("turn.committed")] == ["turn on the hall lamp"] * 2
    assert second.spoken == {"en"}  # what was heard chooses the voice


async def test_bad_audio_and_wrong_moments(begin: Begin) -> None:
    talked = await begin("x", talk=TALK.model_copy(update={"backlog_s": 2.0}))
    talked.session.push(silence(1.5))
    with pytest.raises(Overloaded):
        talked.session.push(silence(1.0))
    talked.session.ask("how is the weather")
    await talked.until("clause.begun")
    if talked.session._reply is not None and talked.session._reply.making:
        with pytest.raises(ConversationBusy):
            talked.session.respond()
    deaf = await begin(ears=None)
    with pytest.raises(NoRecogniser):
        deaf.session.push(silence(0.1))
    with pytest.raises(AudioUnusable):
        await deaf.session.configure(replace(deaf.session.options, rate=3))


async def test_a_session_that_is_left_in_the_middle_leaves_nothing(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("turn on the hall lamp")
    talked.session.ask("how is the weather")
    talked.session.push(pcm(sentences["Turn on the hall lamp."]))
    await talked.until("clause.begun")
    await talked.session.close()
    await talked.session.close()


async def test_what_fails_in_the_middle_of_a_reply_is_told_behind_what_was_said(begin: Begin) -> None:
    async def breaks(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        stamp: dict[str, Any] = {"inference_id": "i", "at_ms": 0.0}
        yield TierAnswered(**stamp, tier="model", model="m")
        yield ReplyDelta(**stamp, text="It is warm today. Tomorrow it")
        await asyncio.sleep(0.05)
        raise EngineError("lost")

    talked = await begin(answer=breaks)
    talked.session.ask("how is the weather")
    made = await talked.until("reply.made")
    clauses = talked.of("clause.begun")
    assert [event.clause for event in clauses] == list(range(len(clauses)))
    assert "".join(event.text for event in clauses) == f"It is warm today. {CANNOT_ANSWER}"
    talked.session.truncate(made.audio_ms)
    async with asyncio.timeout(5):
        while not talked.trimmed:
            await asyncio.sleep(0.002)
    assert talked.trimmed == [("i", f"It is warm today. {CANNOT_ANSWER}")]


async def test_what_came_of_calls_is_said_behind_the_models_own_words(begin: Begin) -> None:
    async def acts(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        stamp: dict[str, Any] = {"inference_id": "i", "at_ms": 0.0}
        yield TierAnswered(**stamp, tier="model", model="m")
        yield ReplyDelta(**stamp, text="One moment.")
        yield ReplyReady(**stamp, text="The hall lamp does not answer.")
        yield AssistFinished(**stamp, timings_ms={})

    talked = await begin(answer=acts)
    talked.session.ask("turn on the hall lamp")
    made = await talked.until("reply.made")
    whole = "One moment. The hall lamp does not answer."
    assert made.text == whole
    assert "".join(event.text for event in talked.of("clause.begun")) == whole


async def test_another_way_of_hearing_forgets_who_spoke_into_a_reply(begin: Begin, sentences: Sentences) -> None:
    talked = await begin("uh-huh")
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    await asyncio.sleep(0.1)
    talked.session.push(pcm(sentences["What time is it now?"]))
    await talked.until("reply.paused")
    await talked.session.configure(replace(talked.session.options, language="de"))
    await talked.until("reply.resumed", seconds=5)
    assert [event.reason for event in talked.of("turn.dropped")] == ["cleared"]
    await talked.session.configure(replace(talked.session.options, language="en"))
    await asyncio.sleep(0.05)
    assert len(talked.of("turn.dropped")) == 1


async def test_audio_that_cannot_be_kept_costs_nothing_else(begin: Begin, sentences: Sentences) -> None:
    async def full(turn: int, audio: NDArray[np.float32]) -> None:
        raise OSError("no space left")

    talked = await begin("what time is it now", keep=full, talk=TALK.model_copy(update={"keep_audio": True}))
    talked.session.push(pcm(sentences["What time is it now?"]) + silence(1.5))
    await talked.until("reply.made", seconds=5)


async def test_one_turn_after_the_other(begin: Begin, sentences: Sentences) -> None:
    """Neither a slow answer nor slow keeping of what was said holds up whoever asks next."""
    kept = list[int]()

    async def slow(turn: int, audio: NDArray[np.float32]) -> None:
        kept.append(turn)
        await asyncio.Event().wait()

    async def answer(committed: TurnCommitted) -> AsyncGenerator[AssistEvent | CallsReady, None]:
        if committed.turn == 1:
            await asyncio.Event().wait()
        async for event in says(committed):
            yield event

    keeping = TALK.model_copy(update={"keep_audio": True})
    talked = await begin("what time is it now", answer=answer, keep=slow, talk=keeping)
    talked.session.push(pcm(sentences["What time is it now?"]) + silence(1.5))
    await talked.until("turn.committed")
    talked.session.ask("how is the weather")
    await talked.until("turn.committed", 2)
    await talked.until("reply.made")
    assert kept == [1]
    assert [event.turn for event in talked.of("reply.made")] == [2]  # never two at once
    assert [event.turn for event in talked.of("reply.interrupted")] == [1]


async def test_each_response_that_is_asked_for_is_given(begin: Begin) -> None:
    talked = await begin(options=Options(rate=RATE, respond=False))
    talked.session.ask("how is the weather")
    talked.session.respond()
    talked.session.ask("and tomorrow")
    talked.session.respond()
    await talked.until("reply.made", seconds=5)
    assert [event.turn for event in talked.of("turn.committed")] == [1, 2]
    assert [event.turn for event in talked.of("reply.made")] == [2]


async def test_what_was_heard_is_told_by_how_the_reply_was_given(begin: Begin) -> None:
    talked = await begin()
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    await talked.session.configure(replace(talked.session.options, speak=False))
    talked.session.ask("and tomorrow")
    interrupted = await talked.until("reply.interrupted")
    assert interrupted.heard.strip() != LONG  # which was made, and not played


async def test_whoever_closes_finds_everything_ended(begin: Begin) -> None:
    ended: list[int] = []

    async def slow(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        try:
            yield TierAnswered(inference_id="i", at_ms=0.0, tier="model", model="m")
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ended.append(committed.turn)

    talked = await begin(answer=slow)
    talked.session.ask("anything")
    await talked.until("assisted")
    first = asyncio.create_task(talked.session.close())
    await asyncio.sleep(0)
    await talked.session.close()
    assert ended == [1]
    await first


async def test_who_agrees_in_a_language_that_is_not_known_yet_does_not_end_a_reply(begin: Begin) -> None:
    talked = await begin()
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    await talked.session._heard(Started(0.0))
    await talked.session._heard(Partial("ja genau", ""))
    await asyncio.sleep(0.05)
    assert not talked.of("reply.interrupted")
    await talked.session._heard(Partial("nein halt", ""))
    await talked.until("reply.interrupted")


async def test_a_reply_in_text_is_remembered_whole(begin: Begin) -> None:
    talked = await begin(options=Options(rate=RATE, speak=False))
    talked.session.ask("how is the weather")
    await talked.until("turn.waterfall")
    talked.session.truncate(10)
    await asyncio.sleep(0.05)
    assert talked.trimmed == [("i1", LONG)]


async def test_a_turn_that_was_ended_by_hand_is_heard_before_the_way_of_hearing_changes(
    begin: Begin, sentences: Sentences
) -> None:
    talked = await begin("what time is it now", options=Options(rate=RATE, manual=True))
    talked.session.push(pcm(sentences["What time is it now?"]))
    talked.session.commit()
    await talked.session.configure(replace(talked.session.options, manual=False))
    committed = await talked.until("turn.committed", seconds=5)
    assert committed.text == "what time is it now"


async def test_an_okay_answers_a_question(begin: Begin, sentences: Sentences) -> None:
    async def asks(committed: TurnCommitted) -> AsyncGenerator[AssistEvent, None]:
        stamp: dict[str, Any] = {"inference_id": f"i{committed.turn}", "at_ms": 0.0}
        yield ReplyReady(**stamp, text="It is dark in here. Shall I turn on the hall lamp, and the one in the study too?")
        yield AssistFinished(**stamp, timings_ms={})

    talked = await begin("okay", answer=asks)
    talked.session.ask("it is dark")
    await talked.until("reply.made")
    await asyncio.sleep(0.1)
    talked.session.push(pcm(sentences["What time is it now?"]) + silence(1.5))
    await talked.until("turn.committed", 2)
    assert not talked.of("turn.dropped")


async def test_who_speaks_into_a_reply_that_nobody_may_interrupt_is_answered_after_it(begin: Begin, sentences: Sentences) -> None:
    talk = TALK.model_copy(update={"barge_in": False, "backlog_s": 6.0})
    talked = await begin("what time is it now", talk=talk)
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    for number in (1, 2):  # more than may wait, were it not heard while the reply plays
        talked.session.push(pcm(sentences["What time is it now?"]) + silence(1.5))
        await talked.until("speech.stopped", number)
        talked.session.push(silence(2))
        await asyncio.sleep(0.05)
    assert len(talked.of("turn.committed")) == 1
    await talked.until("turn.committed", 3)
    assert [event.turn for event in talked.of("reply.made")] == [1, 2]
    assert not talked.of("reply.interrupted")


async def test_a_reply_that_is_over_is_not_cut_for_the_newest_one(begin: Begin) -> None:
    talked = await begin()
    talked.session.ask("how is the weather")
    await talked.until("reply.made")
    talked.session.ask("and tomorrow")
    await talked.until("reply.made", 2)
    talked.session.truncate(50, 1)
    await asyncio.sleep(0.05)
    assert [event.turn for event in talked.of("reply.interrupted")] == [1]  # by the second question
    talked.session.truncate(50, 2)
    await talked.until("reply.interrupted", 2)
