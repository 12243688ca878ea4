"""A spoken conversation joined to the assistant: its home, its model, and what is remembered. Recogniser, voice and model are
scripted; the home, the conversations and the listening are real.
"""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from schemas.assistant import Talk
from schemas.errors import Overloaded
from schemas.loading import load_inventory
from schemas.settings import Home
from schemas.talking import TalkEvent, Waterfall
from serve.answering import LocalTurns
from serve.api.assist import Desk
from serve.api.gateway import Settings
from serve.api.metrics import Metrics
from serve.api.talking import Parlour, Spoken
from serve.api.wire import Turn
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.engines.samples import RATE
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.talking.session import Options, Session
from tests.serve.recordings import Scripted, scripted_speech
from tests.serve.talking.test_session import Sentences, pcm, silence
from tests.serve.test_assisting import manifest, turns_of

ME = "api"


class Counting:
    """Turns that count what the model was asked."""

    def __init__(self, turns: LocalTurns) -> None:
        self._turns, self.asked = turns, list[str]()

    def stream(self, turn: Turn) -> Any:
        self.asked.append(turn.messages[-1].content or "")
        return self._turns.stream(turn)


@dataclass
class House:
    parlour: Parlour
    settings: Settings
    turns: Counting
    talks: Talks
    home: AskedHome
    speech: Scripted
    told: list[TalkEvent] = field(default_factory=list)

    def spoken(self) -> Spoken:
        return Spoken(self.parlour.desk, "c1")

    async def read(self, session: Session, kind: str, count: int = 1) -> list[Any]:
        """Events up to the ``count``-th of ``kind``."""
        async with asyncio.timeout(20):
            async for event in session.events():
                self.told.append(event)
                if sum(one.type == kind for one in self.told) >= count:
                    break
        return [one for one in self.told if one.type == kind]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path))
    root = Home(tmp_path)
    keeper, talks, speech = Keeper(root), Talks(Conversations(root.database)), scripted_speech(tmp_path)
    await keeper.want(HomeWish(inventory=load_inventory("home")))
    home = AskedHome(lambda request: answered(keeper, request))
    settings = Settings(stt=speech.stt, tts=speech.tts)
    turns = Counting(await turns_of(manifest()))
    desk = Desk(turns, home, settings, Metrics(), talks, speech.both)
    yield House(Parlour(desk), settings, turns, talks, home, speech)
    await talks.close()
    await keeper.close()
    await speech.close()


async def state(house: House, name: str) -> str:
    return next(entity.state for entity in (await house.home.read()).entities if entity.name == name)


async def test_what_is_said_is_done_and_remembered(house: House, sentences: Sentences) -> None:
    async with house.parlour.session(Options(rate=RATE), house.spoken()) as session:
        session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
        await house.read(session, "turn.waterfall")
        assert await state(house, "hall lamp") == "on"
    counted = house.parlour.desk.metrics.text().decode()
    stages = re.findall(r'rottie_turn_stage_seconds_count{stage="(\w+)"} 1.0', counted)
    assert sorted(stages) == sorted(["endpoint", "stt", "intents", "action", "first_clause", "tts_first_audio", "total"])
    kept = house.talks.store.read(ME, "c1").exchanges
    assert [(turn.text, turn.tier, turn.heard_out) for turn in kept] == [("turn on the hall lamp", "intents", True)]
    assert len(house.parlour) == 0


def test_what_was_interrupted_has_no_total() -> None:
    metrics = Metrics()
    metrics.spoken(Waterfall(at_ms=0.0, turn=1, stages_ms={"endpoint": 300.0, "total": 9000.0}, interrupted=True))
    assert re.findall(r'rottie_turn_stage_seconds_sum{stage="(\w+)"} (.*)', metrics.text().decode()) == [("endpoint", "0.3")]


async def test_the_model_is_asked_before_the_turn_is_over_and_only_once(
    house: House,
    sentences: Sentences,
) -> None:
    house.speech.script.write_text("two things")
    house.speech.ears.want(house.speech.stt.model_copy(update={"beam": 2}))  # reads its script again
    async with house.parlour.session(Options(rate=RATE), house.spoken()) as session:
        session.push(pcm(sentences["What time is it now?"]))
        begun: Callable[[], bool] = lambda: bool(house.turns.asked)  # noqa: E731
        for _ in range(9):  # 180 ms of silence: the end is not certain yet
            session.push(silence(0.02))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(10):
            while not begun():
                await asyncio.sleep(0.01)
        assert await state(house, "hall lamp") == "off"  # nothing is done before the turn is committed
        session.push(silence(1.5))
        await house.read(session, "reply.made")
    assert house.turns.asked == ["two things"]
    assert await state(house, "hall lamp") == "on"


async def test_of_an_interrupted_reply_what_was_heard_is_remembered(house: House) -> None:
    async with house.parlour.session(Options(rate=RATE), house.spoken()) as session:
        session.ask("two things")
        await house.read(session, "reply.made")
        await asyncio.sleep(0.3)
        session.cancel()
        interrupted = (await house.read(session, "reply.interrupted"))[0]
        session.ask("hello")
        await house.read(session, "reply.made", 2)
    kept = house.talks.store.read(ME, "c1").exchanges
    assert [turn.heard_out for turn in kept] == [False, True]
    assert kept[0].reply == interrupted.heard
    assert len(kept[0].actions) == 2  # what was done stays done, and known


async def test_there_is_a_bound_on_conversations(house: House) -> None:
    house.settings.talk = Talk(sessions=1)
    async with house.parlour.session(Options(rate=RATE)):
        with pytest.raises(Overloaded):
            async with house.parlour.session(Options(rate=RATE)):
                pass
    async with house.parlour.session(Options(rate=RATE)):
        pass


async def test_audio_is_kept_only_where_that_is_wanted(house: House, sentences: Sentences, tmp_path: Path) -> None:
    async with house.parlour.session(Options(rate=RATE), house.spoken()) as session:
        session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
        await house.read(session, "reply.made")
    assert not (tmp_path / "recordings").exists()
    house.settings.talk = Talk(keep_audio=True)
    house.told.clear()
    async with house.parlour.session(Options(rate=RATE), house.spoken()) as session:
        session.push(pcm(sentences["Turn on the hall lamp."]) + silence(1.5))
        await house.read(session, "reply.made")
    (file,) = (tmp_path / "recordings" / "c1").glob("*.wav")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size > RATE
