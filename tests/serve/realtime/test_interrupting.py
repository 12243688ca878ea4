"""Speaking into a reply, cancelling and truncating it, clients that leave, and stages that fail."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.assistant import Talk
from schemas.errors import SpeechDown
from serve.hearing import Listen, Understood
from serve.saying import Say
from serve.voicing import Speech
from tests.serve.realtime.served import LAMP, Client, Served, pcm, quiet, serving, texts
from tests.serve.realtime.test_turns import ALONE, HEARD, MANUAL, SPOKEN, TEXT, TRANSCRIBE

Sentences = dict[str, NDArray[np.float32]]
STORY = """It was a dark night in the hall. Nobody had turned on the lamp, and nobody wanted to. Then there was a sound,
but it was the wind. The lamp stayed as it was, and so did the door. In the morning the sun came up over the garden, and
all that had been dark was bright again.""".replace("\n", " ")
DELTAS = ("response.output_audio.delta", "response.output_audio_transcript.delta")
ALOUD: dict[str, Any] = {"tool_choice": "none"}


async def in_real_time(client: Client, data: bytes) -> None:
    for start in range(0, len(data), 4800):
        await client.append(data[start : start + 4800])
        await asyncio.sleep(0.05)


async def test_speaking_into_a_reply_ends_it(served: Served, sentences: Sentences) -> None:
    async with served.client(ALOUD) as client:
        await client.say(f"!tell {STORY}")
        await client.tell("response.create")
        await client.until("response.output_audio.delta")
        served.speaker.turns.clear()
        await in_real_time(client, quiet(2.2) + pcm(sentences[LAMP]) + quiet(1.0))
        done = (await client.until("response.done"))["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
        assert done["output"][0]["status"] == "incomplete"
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        # When words make sure that it is an interruption, and when the speech ends, is a matter of milliseconds.
        without = (*DELTAS, "input_audio_buffer.speech_stopped")
        spoken = [kind for kind in SPOKEN if kind not in DELTAS]
        assert client.kinds(*without)[4:] == [*spoken[:4], HEARD[0], *spoken[4:], *HEARD[2:], *spoken]
        assert texts(client.of("response.done")[-1]["response"]["output"]) == ["turn on the hall lamp "]
    said = served.speaker.turns[-1].messages
    assert [message.role for message in said[-2:]] == ["assistant", "user"] or said[-1].content == "turn on the hall lamp"
    heard = "".join(message.content or "" for message in said if message.role == "assistant")
    assert len(heard) < len(STORY)  # no more is remembered than was heard


async def test_a_reply_is_heard_out_where_nothing_may_interrupt_it(served: Served, sentences: Sentences) -> None:
    detection = {"type": "server_vad", "interrupt_response": False, "silence_duration_ms": 200}
    async with served.client({**ALOUD, "audio": {"input": {"turn_detection": detection}}}) as client:
        await client.say(STORY)
        await client.tell("response.create")
        await client.until("response.output_audio.delta")
        await in_real_time(client, quiet(2.2) + pcm(sentences[LAMP]) + quiet(1.0))
        first = (await client.until("response.done"))["response"]
        assert (first["status"], texts(first["output"])) == ("completed", [f"{STORY} "])
        second = (await client.until("response.done"))["response"]
        assert texts(second["output"]) == ["turn on the hall lamp "]


async def test_a_reply_that_is_interrupted_after_its_end_is_truncated(served: Served, sentences: Sentences) -> None:
    async with served.client(ALOUD) as client:
        await client.ask(STORY)
        await in_real_time(client, quiet(2.2) + pcm(sentences[LAMP]) + quiet(1.0))
        gone = await client.until("conversation.item.truncated")
        assert 0 < gone["audio_end_ms"] < len(client.sound()) / 48
        await client.until("response.done")
    (story,) = [message.content for message in served.speaker.turns[-1].messages if message.role == "assistant"]
    assert story
    assert STORY.startswith(story.strip())
    assert len(story.strip()) < len(STORY)


async def test_agreement_does_not_end_a_reply(served: Served, sentences: Sentences) -> None:
    await served.hears("uh-huh")
    async with served.client(ALOUD) as client:
        await client.say(f"!tell {STORY}")
        await client.tell("response.create")
        await client.until("response.output_audio.delta")
        await in_real_time(client, quiet(2.2) + pcm(sentences["Uh-huh."]) + quiet(1.0))
        await client.until("input_audio_buffer.cleared")  # it was no turn
        await client.until("response.output_audio.delta")  # what was not played yet
        assert not client.of("response.done")
        assert not client.of("input_audio_buffer.committed")


@pytest.mark.parametrize("how", [TEXT, {}])
async def test_a_response_is_cancelled(served: Served, how: dict[str, Any]) -> None:
    async with served.client({**ALOUD, **how}) as client:
        await client.say("!tell One moment, please. I am thinking.")
        await client.tell("response.create")
        await client.until("response.output_text.delta", "response.output_audio_transcript.delta")
        await client.tell("response.create")
        assert (await client.until("error"))["error"]["code"] == "conversation_already_has_active_response"
        await client.tell("response.cancel", response_id="resp_other")
        assert (await client.until("error"))["error"]["code"] == "response_cancel_not_active"
        await client.tell("response.cancel")
        done = (await client.until("response.done"))["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
        await client.tell("response.cancel")
        assert (await client.until("error"))["error"]["code"] == "response_cancel_not_active"
        assert texts((await client.ask("again"))["output"]) == ["again "]
        assert served.speaker.running == 0


async def test_a_response_is_cancelled_before_it_has_begun(served: Served, sentences: Sentences) -> None:
    async with served.client({**MANUAL, **TEXT}) as client:
        await client.append(pcm(sentences[LAMP]))
        await client.tell("input_audio_buffer.commit")
        await client.tell("response.create")
        await client.tell("response.cancel")
        assert (await client.until("response.done"))["response"]["status"] == "cancelled"
        assert await served.lamp() == "off"
        assert (await client.ask("turn on the kitchen lights"))["status"] == "completed"


async def test_a_response_apart_is_cancelled(served: Served) -> None:
    async with served.client() as client:
        given = [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "!tell One moment, please. I am thinking."}],
            }
        ]
        await client.tell("response.create", response={"conversation": "none", "input": given})
        begun = (await client.until("response.created"))["response"]
        await client.until("response.output_audio_transcript.delta")
        await client.tell("response.cancel", response_id=begun["id"])
        assert (await client.until("response.done"))["response"]["status"] == "cancelled"
    assert served.speaker.running == 0


async def test_the_client_says_how_much_was_played(served: Served) -> None:
    async with served.client(ALOUD) as client:
        done = await client.ask(STORY)
        item, length = done["output"][0]["id"], len(client.sound()) / 48
        await client.tell("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=round(length) + 500)
        assert (await client.until("error"))["error"]["param"] == "audio_end_ms"
        await client.tell("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=round(length / 2))
        assert (await client.until("conversation.item.truncated"))["audio_end_ms"] == round(length / 2)
        await client.ask("and then?")
        first = client.of("conversation.item.added")[0]["item"]["id"]
        await client.tell("conversation.item.truncate", item_id=first, content_index=0, audio_end_ms=0)
        assert (await client.until("error"))["error"]["param"] == "item_id"
    (story,) = [message.content for message in served.speaker.turns[-1].messages if message.role == "assistant"]
    assert 0.3 * len(STORY) < len(story or "") < 0.7 * len(STORY)


async def test_of_the_assistants_own_memory_what_was_not_heard_is_taken(served: Served) -> None:
    async with served.client() as client:
        done = await client.ask(STORY)
        item = done["output"][0]["id"]
        await client.tell("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=0)
        await client.until("conversation.item.truncated")
        await client.ask("and then?")
    (first, _) = served.talks.store.read("api", done["conversation_id"]).exchanges
    assert (first.reply, first.heard_out) == ("", False)


class Deaf:
    """Hears or speaks as ``real`` does until it is told to fail, or to hear for ever."""

    def __init__(self, real: Speech) -> None:
        self.real, self.error, self.stuck = real, None, False
        self.asked: list[Listen] = []

    async def hear(self, recording: bytes, listen: Listen) -> Understood:
        self.asked.append(listen)
        if self.stuck:
            await asyncio.sleep(3600)
        if self.error is not None:
            raise self.error
        assert self.real.ears is not None
        return await self.real.ears.hear(recording, listen)

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        if self.error is not None:
            raise self.error
        assert self.real.voice is not None
        async for piece in self.real.voice.say(say):
            yield piece


@pytest.mark.parametrize(
    "session", [TRANSCRIBE, {}, {"audio": {"input": {**TRANSCRIBE["audio"]["input"], "turn_detection": None}}}]
)
async def test_a_recogniser_that_is_down(tmp_path: Path, sentences: Sentences, session: dict[str, Any]) -> None:
    async with serving(tmp_path) as first:
        deaf = Deaf(first.engines)
        deaf.error = SpeechDown("the recogniser is down", where="stt")
        async with (
            serving(tmp_path / "other", speech=Speech(deaf, first.engines.voice)) as served,
            served.client(session) as client,
        ):
            await client.append(pcm(sentences[LAMP]) + quiet(1.5))
            if client.seen[-1]["session"]["audio"]["input"]["turn_detection"] is None:
                await client.tell("input_audio_buffer.commit")
                await client.tell("response.create")
            done = (await client.until("response.done"))["response"]
            assert done["status"] == "failed"
            assert done["status_details"]["error"]["code"] == "speech.down"
            if done["output"] == []:  # it is not answered later as though it had been silence
                await client.append(pcm(sentences[LAMP]))
                await client.tell("input_audio_buffer.commit")
                await client.until("conversation.item.input_audio_transcription.failed")
                await client.tell("response.create")
                assert (await client.until("response.done"))["response"]["status"] == "failed"
            if "transcription" in str(session):
                failed = client.of("conversation.item.input_audio_transcription.failed")[0]
                assert failed["item_id"] == client.of("input_audio_buffer.committed")[0]["item_id"]
            else:
                assert client.of("error")[0]["error"]["code"] == "speech.down"
            deaf.error = None
            await asyncio.sleep(len(client.sound()) / 48_000 + 2)  # until the apology was played, and its echo is over
            await client.append(pcm(sentences[LAMP]) + quiet(1.5))
            if done["output"] == []:
                await client.tell("input_audio_buffer.commit")
                await client.tell("response.create")
            assert (await client.until("response.done"))["response"]["status"] in ("completed", "cancelled")


async def test_names_that_a_client_expects_are_told_to_the_recogniser(tmp_path: Path, sentences: Sentences) -> None:
    said, expected = pcm(sentences[LAMP]), {"prompt": "Zanzibar, Timbuktu; Ouagadougou", "keywords": ["Kathmandu"]}
    async with serving(tmp_path) as first:
        ears = Deaf(first.engines)
        async with (
            serving(tmp_path / "other", speech=Speech(ears, first.engines.voice)) as served,
            served.client(TEXT) as client,
        ):
            await client.update(audio={"input": {"transcription": expected}})
            await client.append(said + quiet(1.5))
            assert (await client.until("response.done"))["response"]["status"] == "completed"
            content = [{"type": "input_audio", "audio": base64.b64encode(said).decode()}]
            await client.tell("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            await client.until("conversation.item.input_audio_transcription.completed")
    assert {listen.names[:4] for listen in ears.asked} == {("Kathmandu", "Zanzibar", "Timbuktu", "Ouagadougou")}
    assert all("hall lamp" in map(str.lower, listen.names) for listen in ears.asked)  # the home's too


@pytest.mark.parametrize("stuck", [False, True])
@pytest.mark.parametrize("session", [TEXT, {**ALONE, **TRANSCRIBE}])
async def test_sound_as_an_item_that_nobody_can_hear(
    tmp_path: Path, sentences: Sentences, session: dict[str, Any], stuck: bool
) -> None:
    content = [{"type": "input_audio", "audio": base64.b64encode(pcm(sentences[LAMP])).decode()}] * 2
    item = {"type": "message", "role": "user", "content": content}
    async with serving(tmp_path) as first:
        deaf = Deaf(first.engines)
        deaf.stuck, deaf.error = stuck, SpeechDown("the recogniser is down", where="stt")
        async with serving(tmp_path / "other", speech=Speech(deaf, first.engines.voice)) as served:
            limits = served.settings.limits
            served.settings.limits = limits.model_copy(update={"timeout_s": 0.3})
            async with served.client(session) as client:
                for early in (True, False):  # the response is asked for before it is known, and after
                    client.seen.clear()
                    await client.tell("conversation.item.create", item=item)
                    if not early:
                        for _ in content:
                            await client.until("error", "conversation.item.input_audio_transcription.failed")
                    await client.tell("response.create")
                    done = (await client.until("response.done"))["response"]
                    assert (done["status"], done["output"]) == ("failed", [])
                    assert done["status_details"]["error"]["code"] == "speech.down"
                    told = "conversation.item.input_audio_transcription.failed" if "audio" in session else "error"
                    assert [event["error"]["code"] for event in client.of(told)] == ["speech.down"] * 2
                deaf.stuck, deaf.error, served.settings.limits = False, None, limits
                await client.tell("conversation.item.create", item=item)
                await client.tell("response.create")
                assert (await client.until("response.done"))["response"]["status"] == "completed"
        assert len(served.speaker.turns) <= 1  # what was not heard was never asked


async def test_a_voice_that_is_down_leaves_the_words(tmp_path: Path) -> None:
    async with serving(tmp_path) as first:
        mute = Deaf(first.engines)
        mute.error = SpeechDown("the voice is down", where="tts")
        async with serving(tmp_path / "other", speech=Speech(first.engines.ears, mute)) as served:
            async with served.client({"rottie": {"events": ["rottie.stage_down"]}}) as client:
                done = await client.ask("turn on the hall lamp")
                assert (done["status"], texts(done["output"])) == ("completed", ["Turned on the light"])
                assert client.of("rottie.stage_down")[0]["instead"] == "text"
                assert not client.sound()
            served.settings.tts = None
            async with served.client() as client:
                assert client.seen[0]["session"]["output_modalities"] == ["text"]
                done = await client.ask("turn off the hall lamp")
                assert (done["output_modalities"], texts(done["output"])) == (["text"], ["Turned off the light"])
            served.settings.stt = None
            async with served.client() as client:
                await client.append(bytes(4800))
                assert (await client.until("error"))["error"]["code"] == "request.no_recogniser"


async def test_a_model_that_fails(served: Served) -> None:
    async with served.client(ALONE) as client:
        for said, code in (("!crash", "engine"), ("!long", "request.too_long"), ("!break it", "engine")):
            done = await client.ask(said)
            assert (done["status"], done["status_details"]["error"]["type"]) == ("failed", "server_error")
            assert done["status_details"]["error"]["code"] == code
            assert "secret" not in str(done)
        done = await client.ask("one two three four", max_output_tokens=2)
        assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
        assert (await client.ask("fine"))["status"] == "completed"


async def test_clients_that_leave_at_any_moment(served: Served, sentences: Sentences) -> None:
    said = pcm(sentences[LAMP])
    before = asyncio.all_tasks()
    for moment in range(6):
        async with served.client(ALOUD) as client:
            if moment == 0:
                await client.tell("input_audio_buffer.append", audio=base64.b64encode(said[: len(said) // 2]).decode())
            elif moment == 1:
                await client.append(said[: len(said) // 2])
                await client.until("input_audio_buffer.speech_started")
            elif moment == 2:
                await client.append(said + quiet(1.0))
                await client.until("response.created")
            else:
                await client.say("!tell One moment, please. I am thinking.")
                await client.tell("response.create", response={"conversation": "none"} if moment == 5 else {})
                await client.until("response.created" if moment == 3 else "response.output_audio_transcript.delta")
        await served.deserted()
    assert served.speaker.running == 0
    await asyncio.sleep(0.1)
    left = {task for task in asyncio.all_tasks() - before if "realtime" in str(task) or "talking" in str(task)}
    assert not left


async def test_two_hundred_connections_opened_and_abandoned(served: Served) -> None:
    from websockets.asyncio.client import connect

    before = len(asyncio.all_tasks())
    served.settings.talk = Talk(ahead=False, sessions=200)
    headers = {"Authorization": f"Bearer {served.key}"}
    lines = []
    for _ in range(200):
        line = await connect(served.url, additional_headers=headers, proxy=None)
        await line.recv()
        await line.send('{"type": "input_audio_buffer.append", "audio": "AAAA"}')
        lines.append(line)
    assert served.open() == 200
    for number, line in enumerate(lines):
        if number % 2:
            line.transport.abort()
        else:
            await line.close()
    await served.deserted()
    async with asyncio.timeout(10):
        while len(asyncio.all_tasks()) > before + 2:
            await asyncio.sleep(0.05)
    async with served.client(TEXT) as client:
        assert (await client.ask("turn on the hall lamp"))["status"] == "completed"
