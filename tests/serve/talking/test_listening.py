"""When a turn begins and ends, what is asked of the recogniser for it, and that nothing of it depends on how audio comes."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.assistant import Talk
from schemas.errors import AudioUnusable, EngineError, Overloaded, SpeechDown
from serve.hearing import Listen, Understood
from serve.standing_in import TwoEars
from serve.talking import recognising
from serve.talking.listening import Eager, Failed, Listener, Nothing, Partial, Started, Stopped, Utterance
from tests.serve.talking.streams import RATE, Levels, Script, settled, silence, told

TALK = Talk(floor_ms=320, cap_ms=960, start_ms=96, partial_ms=512)


@pytest.fixture
def script() -> Script:
    return Script()


def listener(script: Script, **changed: object) -> Listener:
    return Listener(script, voice=Levels(), **({"talk": TALK} | changed))  # type: ignore[arg-type]


def words(event: object) -> str:
    assert isinstance(event, Utterance)
    return event.text


async def test_a_turn_as_it_is_told(script: Script) -> None:
    audio = np.concatenate((silence(10), script.say("turn on the lamp"), silence(20)))
    events = await told(listener(script), audio)
    assert [each for each in events if not isinstance(each, Utterance)] == [
        Started(320),
        Partial("", "turn on the"),
        Partial("turn on the", "lamp"),
        Eager("turn on the lamp"),
        Stopped(1344),
    ]
    (turn,) = [each for each in events if isinstance(each, Utterance)]
    assert (turn.text, turn.language, turn.confidence) == ("turn on the lamp", "en", 0.9)
    assert (turn.seconds, turn.end_ms, turn.endpoint_ms) == (1.024, 1344, 320)
    assert len(turn.audio) == 300 * 16 + (32 + 4) * 512  # pre-roll, speech, and the silence that was looked at
    assert events[-1] is turn


async def test_the_words_are_known_before_the_turn_is_over(script: Script) -> None:
    await told(listener(script), np.concatenate((script.say("lights off"), silence(20))))
    asked = [length for length, _ in script.asked]
    assert asked == [16 + 4]  # once, at 128 ms of silence, and nothing after
    assert script.asked[0][1].raw


async def test_the_recogniser_is_told_names_and_language(script: Script) -> None:
    one = listener(script, names=("hall lamp",), language="de")
    await told(one, np.concatenate((script.say("lampe an"), silence(20))))
    assert (script.asked[0][1].names, script.asked[0][1].language) == (("hall lamp",), "de")


async def test_a_pause_that_goes_on_is_recognised_anew(script: Script) -> None:
    audio = np.concatenate((script.say("lights"), silence(6), script.say("off"), silence(20)))
    events = await told(listener(script), audio)
    assert settled(events)[1:] == [("Stopped", 704), ("Utterance", "lights off", 320)]
    assert [length for length, _ in script.asked] == [12, 26]


async def test_what_sounds_unfinished_is_waited_for(script: Script) -> None:
    audio = np.concatenate((script.say("turn on the"), silence(28), script.say("lamp"), silence(40)))
    events = await told(listener(script), audio)
    assert [kind for kind, *_ in settled(events)] == ["Started", "Stopped", "Utterance"]
    assert settled(events)[-1] == ("Utterance", "turn on the lamp", 320)


async def test_it_is_judged_in_the_language_that_was_heard(script: Script) -> None:
    audio = np.concatenate((script.say("schalte das licht im"), silence(40)))
    assert settled(await told(listener(script), audio))[-1][2] == 320
    script.language = "de"
    assert settled(await told(listener(script), audio))[-1][2] == 960


async def test_what_stays_unfinished_ends_at_the_cap(script: Script) -> None:
    events = await told(listener(script), np.concatenate((script.say("turn on the"), silence(40))))
    assert settled(events)[-1] == ("Utterance", "turn on the", 960)
    assert not any(isinstance(each, Eager) for each in events)


async def test_what_is_before_a_long_pause_is_never_recognised_again(script: Script) -> None:
    audio = np.concatenate((script.say("turn on the"), silence(24), script.say("hall lamp"), silence(40)))
    events = await told(listener(script), audio)
    assert words(events[-1]) == "turn on the hall lamp"
    assert max(length for length, _ in script.asked) == round(300 / 32 + 16 + 4)  # the second part, from its pre-roll
    assert Partial("turn on the", "hall") in events  # what is frozen is stable


async def test_one_request_at_a_time_however_slow_the_recogniser(script: Script) -> None:
    script.gate.clear()
    one = listener(script)
    audio = np.concatenate((script.say("turn on the hall lamp right now please"), silence(20)))
    task = asyncio.create_task(told(one, audio))
    for _ in range(200):
        await asyncio.sleep(0)
    script.gate.set()
    events = await task
    assert script.most_running == 1
    assert len(script.asked) == 2  # a partial, and all of it
    assert settled(events)[-1][1] == "turn on the hall lamp right now please"


async def test_a_slow_recogniser_is_asked_for_fewer_partials(script: Script) -> None:
    audio = np.concatenate((script.say("turn on the hall lamp and the fan"), silence(20)))
    await told(listener(script), audio)
    swift, script.asked = len(script.asked), []
    script.takes_ms = 500.0
    await told(listener(script), audio)
    assert len(script.asked) < swift


async def test_a_click_is_nothing_and_a_cough_is_no_words(script: Script) -> None:
    click, cough = np.full(512, 0.4, np.float32), script.cough()
    events = await told(listener(script), np.concatenate((silence(4), click, silence(30), cough, silence(30))))
    assert settled(events) == [("Started", 35 * 32), ("Stopped", 40 * 32), ("Nothing", "nothing")]


async def test_two_turns_follow_one_another(script: Script) -> None:
    audio = np.concatenate((script.say("lights off"), silence(11), script.say("lights on"), silence(20)))
    events = await told(listener(script), audio)
    assert [kind for kind, *_ in settled(events)] == ["Started", "Stopped", "Utterance"] * 2
    assert [text for _, text, *_ in settled(events)[2::3]] == ["lights off", "lights on"]


async def test_speech_that_does_not_end_is_ended(script: Script) -> None:
    audio = np.concatenate((script.say(" ".join(f"w{n}" for n in range(20))), silence(20)))
    events = await told(listener(script, talk=TALK.model_copy(update={"longest_s": 2.0})), audio)
    turns = [each for each in events if isinstance(each, Utterance)]
    assert len(turns) == 3
    assert all(turn.seconds <= 2.1 for turn in turns)
    said = [word for turn in turns for word in turn.text.split()]
    assert list(dict.fromkeys(said)) == [f"w{n}" for n in range(20)]  # a word at the cut may be heard on both sides


async def test_audio_that_stops_coming_ends_the_turn(script: Script) -> None:
    one = listener(script, talk=Talk(floor_ms=100, cap_ms=100))
    one.push(script.say("lights off"))
    async for event in one.events():
        if isinstance(event, Utterance):
            assert event.text == "lights off"
            assert event.endpoint_ms >= 600
            break
    await one.close()


class TestManual:
    async def test_a_turn_ends_by_commit_alone(self, script: Script) -> None:
        one = listener(script, manual=True)
        one.push(np.concatenate((script.say("lights off"), silence(60), script.say("in the hall"))))
        one.commit()
        events = await until(one, Utterance)
        assert [type(each) for each in events if not isinstance(each, Partial)] == [Utterance]
        assert words(events[-1]) == "lights off in the hall"
        assert events[-1].seconds == pytest.approx((5 * 8 + 60) * 0.032)  # type: ignore[union-attr]

    async def test_no_voice_is_no_turn(self, script: Script) -> None:
        one = listener(script, manual=True)
        one.push(silence(50))
        one.commit()
        assert await until(one, Nothing) == [Nothing("nothing")]
        assert script.asked == []

    async def test_what_was_cleared_is_forgotten(self, script: Script) -> None:
        one = listener(script, manual=True)
        one.push(script.say("lights off"))
        one.clear()
        one.push(np.concatenate((silence(5), script.say("lights on"))))
        one.commit()
        events = await until(one, Utterance)
        assert Nothing("cleared") in events
        assert words(events[-1]) == "lights on"

    async def test_a_very_long_silence_ends_nothing(self, script: Script) -> None:
        one = listener(script, manual=True, talk=TALK.model_copy(update={"backlog_s": 100.0}))
        for part in (script.say("lights off"), silence(2000), script.say("please"), silence(3)):
            one.push(part)
        one.commit()
        assert words((await until(one, Utterance))[-1]) == "lights off please"


async def until(one: Listener, kind: type) -> list[object]:
    events = list[object]()
    async for event in one.events():
        events.append(event)
        if isinstance(event, kind) and event != Nothing("cleared"):
            break
    await one.close()
    return events


async def test_a_commit_ends_a_turn_in_the_middle_of_a_word(script: Script) -> None:
    one = listener(script)
    one.push(script.say("lights off")[:-100])
    one.commit()
    events = await until(one, Utterance)
    assert [type(each) for each in events] == [Started, Stopped, Utterance]
    assert words(events[-1]) == "lights off"


async def test_clearing_forgets_a_turn(script: Script) -> None:
    one = listener(script)
    one.push(script.say("lights off"))
    one.clear()
    one.push(np.concatenate((silence(30), script.say("lights on"), silence(20))))
    events = await until(one, Utterance)
    assert settled(events)[1] == ("Nothing", "cleared")  # type: ignore[arg-type]
    assert words(events[-1]) == "lights on"


class TestBounds:
    async def test_too_much_that_waits_is_refused_and_the_rest_heard(self, script: Script) -> None:
        one = listener(script, talk=TALK.model_copy(update={"backlog_s": 2.0}))
        one.push(np.concatenate((script.say("lights off"), silence(20))))
        with pytest.raises(Overloaded):
            one.push(np.zeros(2 * RATE, np.float32))
        assert one.waiting_s == pytest.approx(36 * 0.032)
        assert words((await until(one, Utterance))[-1]) == "lights off"

    @pytest.mark.parametrize(
        "audio", [np.full(100, np.nan, np.float32), np.zeros((2, 100), np.float32), np.array(["a"]), np.zeros(61 * RATE)]
    )
    async def test_what_is_no_audio_is_refused(self, script: Script, audio: np.ndarray) -> None:
        with pytest.raises((AudioUnusable, Overloaded)):
            listener(script).push(audio)

    async def test_little_is_kept_while_nobody_speaks(self, script: Script) -> None:
        one = listener(script)
        await told(one, silence(2000))
        assert one._recent.end - one._recent.base < RATE


class TestFaults:
    async def test_a_recogniser_that_fails_once_is_asked_again(self, script: Script) -> None:
        script.errors = [SpeechDown("it ended")]
        events = await told(listener(script), np.concatenate((script.say("lights off"), silence(20))))
        assert settled(events)[-1][1] == "lights off"

    async def test_a_recogniser_that_fails_is_told_and_the_next_turn_heard(self, script: Script) -> None:
        script.errors = [SpeechDown("it ended")] * 2
        audio = np.concatenate((script.say("lights off"), silence(20), script.say("lights on"), silence(20)))
        events = await told(listener(script), audio)
        assert [each for each in settled(events) if each[0] != "Started"] == [
            ("Stopped", 512),
            ("Failed", "speech.down"),
            ("Stopped", 1664),
            ("Utterance", "lights on", 320),
        ]

    async def test_an_unexpected_error_tells_no_words(self, script: Script) -> None:
        script.errors = [ValueError("secret words")] * 2
        events = await told(listener(script), np.concatenate((script.say("lights off"), silence(20))))
        (failed,) = [each for each in events if isinstance(each, Failed)]
        assert type(failed.error) is EngineError
        assert "secret" not in str(failed.error)

    async def test_a_recogniser_that_hangs_is_given_up(self, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recognising, "PATIENCE_S", 0.02)
        script.gate.clear()
        events = await told(listener(script), np.concatenate((script.say("lights off"), silence(20))))
        assert settled(events)[-1] == ("Failed", "speech.down")

    async def test_a_second_one_has_its_time_behind_one_that_hangs(self, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        class Hangs(Script):
            async def hear(self, recording: bytes, listen: Listen, told: Any = None) -> Understood:
                raise await asyncio.Future()

        class Second(Script):
            async def hear(self, recording: bytes, listen: Listen, told: Any = None) -> Understood:
                return await script.hear(recording, listen)

        monkeypatch.setattr(recognising, "PATIENCE_S", 0.3)
        now = itertools.count(0, 100).__next__  # the first is tried again each time
        both = TwoEars(Hangs(), Second(), now, late_s=0.01)  # type: ignore[arg-type] - nobody asks for their status
        one = Listener(both, TALK, (), "en", manual=True, voice=Levels())
        events = await told(one, script.say("lights off", 40))  # of which the first may take a fifth: more than 0.3 s
        assert settled(events)[-1][1] == "lights off"

    @pytest.mark.parametrize("how", ["close", "cancel", "leave"])
    async def test_nothing_is_left_of_a_listener_that_ends_at_work(self, script: Script, how: str) -> None:
        script.gate.clear()
        before, one = asyncio.all_tasks(), listener(script)
        one.push(np.concatenate((script.say("lights off"), silence(20))))

        async def listen() -> None:
            events = one.events()
            try:
                async for _ in events:
                    if how == "leave":
                        break
            finally:
                await events.aclose()

        task = asyncio.create_task(listen())
        while not script.running and not task.done():
            await asyncio.sleep(0)
        if how == "close":
            await one.close()
        elif how == "cancel":
            task.cancel()
        await asyncio.wait([task])
        assert asyncio.all_tasks() == before
        assert script.running == 0
        one.push(silence(1))  # too late, and no error


class TestOwnVoice:
    async def test_it_does_not_count_as_somebody(self, script: Script) -> None:
        one = listener(script, own_voice=lambda _: True)
        assert await told(one, np.concatenate((script.say("it is warm"), silence(20)))) == []
        assert script.asked == []

    async def test_somebody_who_speaks_over_it_is_heard_from_there(self, script: Script) -> None:
        own = script.say("it is warm", 20)
        bound = float(own.max()) + 0.001
        one = listener(script, own_voice=lambda audio: float(np.abs(audio[-512:]).max()) < bound)
        events = await told(one, np.concatenate((own, script.say("stop"), silence(20))))
        assert [kind for kind, *_ in settled(events)] == ["Started", "Stopped", "Utterance"]
        assert words(events[-1]).endswith("stop")
        assert "it" not in words(events[-1]).split()

    async def test_who_comes_after_it_is_heard(self, script: Script) -> None:
        own = script.say("it is warm")
        bound = float(own.max()) + 0.001
        one = listener(script, own_voice=lambda audio: 0.004 < float(np.abs(audio).max()) < bound)
        events = await told(one, np.concatenate((own, silence(40), script.say("lights off"), silence(20))))
        assert settled(events)[-1][1] == "lights off"

    async def test_turns_by_hand_are_the_users(self, script: Script) -> None:
        one = listener(script, manual=True, own_voice=lambda _: True)
        events = await told(one, script.say("lights off"))
        assert [words(event) for event in events if isinstance(event, Utterance)] == ["lights off"]


async def test_clearing_forgets_what_was_too_short_to_be_speech(script: Script) -> None:
    one = listener(script)
    one.push(script.say("old", 2))
    one.clear()
    events = await told(one, np.concatenate((script.say("lights off"), silence(20))))
    assert settled(events)[-1][1] == "lights off"


@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(40, 3000), min_size=1, max_size=8), pauses=st.lists(st.integers(1, 40), min_size=3, max_size=3))
def test_pieces_of_any_size_tell_the_same(sizes: list[int], pauses: list[int]) -> None:
    async def both() -> None:
        script = Script()
        said = [script.say(text) for text in ("turn on the", "hall lamp", "and lights off")]
        audio = np.concatenate([part for pair in zip(said, map(silence, pauses), strict=True) for part in pair])
        audio = np.concatenate((audio, silence(40)))
        whole = settled(await told(listener(script), audio))
        assert settled(await told(listener(script), audio, sizes)) == whole
        assert " ".join(text for kind, text, *_ in whole if kind == "Utterance") == "turn on the hall lamp and lights off"

    asyncio.run(both())
