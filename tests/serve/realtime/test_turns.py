"""Whole turns by the official client's Realtime connection; the golden lists are what it sees."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from serve.api.realtime.messages import MOST_AUDIO
from tests.serve.realtime.served import LAMP, Served, pcm, quiet, texts, tool

Sentences = dict[str, NDArray[np.float32]]
HEARD = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
TRANSCRIBED = [
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
]
BEGUN = ["response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added"]
ENDED = ["response.content_part.done", "conversation.item.done", "response.output_item.done", "response.done"]
SPOKEN = [
    *BEGUN,
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    *ENDED,
]
WRITTEN = [*BEGUN, "response.output_text.delta", "response.output_text.done", *ENDED]
CALLED = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "conversation.item.done",
    "response.output_item.done",
]
TRANSCRIBE: dict[str, Any] = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}
MANUAL: dict[str, Any] = {"audio": {"input": {"turn_detection": None}}}
TEXT: dict[str, Any] = {"output_modalities": ["text"]}
ALONE: dict[str, Any] = {**TEXT, "tool_choice": "none"}
TOOLS: dict[str, Any] = {**TEXT, "tools": [tool("HassTurnOn"), tool("HassTurnOff")]}


async def test_what_is_said_is_done_and_answered_aloud(served: Served, sentences: Sentences) -> None:
    async with served.client(TRANSCRIBE) as client:
        await client.append(pcm(sentences[LAMP]) + quiet(1.5))
        done = (await client.until("response.done"))["response"]
        golden = ["session.created", "session.updated", *HEARD, *TRANSCRIBED, *SPOKEN]
        assert client.kinds() == golden
    assert await served.lamp() == "on"
    assert client.of("conversation.item.input_audio_transcription.completed")[0]["transcript"] == "turn on the hall lamp"
    assert (done["status"], done["output_modalities"], texts(done["output"])) == ("completed", ["audio"], ["Turned on the light"])
    assert done["usage"]["total_tokens"] == 0  # no model was needed
    started = client.of("input_audio_buffer.speech_started")[0]
    assert started["item_id"] == client.of("input_audio_buffer.committed")[0]["item_id"]
    ms = len(client.sound()) / 48
    item = done["output"][0]["id"]
    assert 200 < ms < 2000
    assert {event["item_id"] for event in client.of("response.output_audio.delta")} == {item}
    kept = served.talks.store.read("api", done["conversation_id"]).exchanges
    assert [turn.text for turn in kept] == ["turn on the hall lamp"]


async def test_what_is_typed_is_answered_in_writing(served: Served) -> None:
    async with served.client(TEXT) as client:
        done = await client.ask("turn on the hall lamp")
        assert client.kinds()[2:] == ["conversation.item.added", "conversation.item.done", *WRITTEN]
        assert (await served.lamp(), texts(done["output"])) == ("on", ["Turned on the light"])
        done = await client.ask("tell me more")  # which the model is asked for, with what was said before
    assert done["usage"] == {
        "total_tokens": 13,
        "input_tokens": 10,
        "output_tokens": 3,
        "input_token_details": {
            "text_tokens": 10,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": 4,
            "cached_tokens_details": {"text_tokens": 4, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": 3, "audio_tokens": 0},
    }
    roles = [message.role for message in served.speaker.turns[-1].messages]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


async def test_a_turn_that_the_client_ends(served: Served, sentences: Sentences) -> None:
    async with served.client(MANUAL) as client:
        await client.append(pcm(sentences[LAMP]) + quiet(3.0) + pcm(sentences[LAMP]))  # no silence ends it
        await client.tell("input_audio_buffer.commit")
        await client.tell("response.create")
        done = (await client.until("response.done"))["response"]
        assert client.kinds()[2:6] == [*HEARD[2:], "response.created"]
        assert not client.of("input_audio_buffer.speech_started")
        item = client.of("input_audio_buffer.committed")[0]["item_id"]
        await client.tell("conversation.item.retrieve", item_id=item)
        assert texts([(await client.until("conversation.item.retrieved"))["item"]]) == [
            "turn on the hall lamp turn on the hall lamp"
        ]
        assert done["status"] == "completed"
        await client.append(quiet(1.0))
        await client.tell("input_audio_buffer.commit")
        await client.tell("response.create")
        done = (await client.until("response.done"))["response"]
        assert texts(done["output"]) == ["I heard nothing."]


async def test_the_client_may_end_or_forget_what_voice_detection_has_begun(served: Served, sentences: Sentences) -> None:
    async with served.client(TEXT) as client:
        await client.append(pcm(sentences[LAMP]))
        begun = await client.until("input_audio_buffer.speech_started")
        await client.tell("input_audio_buffer.commit")
        done = (await client.until("response.done"))["response"]
        assert client.of("input_audio_buffer.committed")[0]["item_id"] == begun["item_id"]
        assert (done["status"], await served.lamp()) == ("completed", "on")
        client.seen.clear()
        await client.append(pcm(sentences[LAMP]))
        await client.until("input_audio_buffer.speech_started")
        await client.tell("input_audio_buffer.clear")
        await client.append(quiet(2.0))
        done = await client.ask("turn off the hall lamp")
        assert (done["status"], await served.lamp()) == ("completed", "off")
        assert len(client.of("input_audio_buffer.cleared")) == 1
        assert not client.of("input_audio_buffer.committed")


async def test_turns_are_heard_without_being_answered(served: Served, sentences: Sentences) -> None:
    detection = {"type": "server_vad", "create_response": False, "silence_duration_ms": 300, "prefix_padding_ms": 0}
    async with served.client({"audio": {"input": {"turn_detection": detection}}}) as client:
        await client.append(pcm(sentences[LAMP]) + quiet(1.0))
        await client.until("conversation.item.done")
        assert client.kinds()[2:] == HEARD
        assert await served.lamp() == "off"
        await client.tell("response.create", response=TEXT)
        await client.until("response.done")
    assert await served.lamp() == "on"


async def test_functions_of_the_client_are_called_and_their_results_read(served: Served) -> None:
    async with served.client({**TOOLS, "instructions": "Be brief."}) as client:
        done = await client.ask("!call")
        both = CALLED[1:]
        assert client.kinds()[4:] == ["response.created", *both, *both, "response.done"]
        assert [item["type"] for item in done["output"]] == ["function_call"] * 2
        first, second = done["output"]
        assert (first["name"], first["arguments"], first["call_id"]) == ("HassTurnOn", '{"name": "hall lamp"}', "call_0")
        for call, output in ((first, "it is on"), (second, "it is off")):
            item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
            await client.tell("conversation.item.create", item=item)
        await client.tell("response.create")
        done = (await client.until("response.done"))["response"]
    assert texts(done["output"]) == ["it is off "]
    turn = served.speaker.turns[-1]
    assert [message.role for message in turn.messages] == ["system", "user", "assistant", "tool", "tool"]
    assert turn.messages[0].content == "Be brief."
    assert [call.id for call in turn.messages[2].tool_calls] == ["call_0", "call_1"]
    assert [tool.function.name for tool in turn.tools or ()] == ["HassTurnOn", "HassTurnOff"]
    assert await served.lamp() == "off"  # the client's calls are the client's to do


async def test_the_model_alone_hears_what_is_said(served: Served, sentences: Sentences) -> None:
    await served.hears("what time is it")
    async with served.client(ALONE) as client:
        await client.append(pcm(sentences["What time is it now?"]) + quiet(1.5))
        done = (await client.until("response.done"))["response"]
    assert texts(done["output"]) == ["what time is it "]
    assert [message.content for message in served.speaker.turns[-1].messages] == ["what time is it"]


@pytest.mark.parametrize("aloud", [False, True])
async def test_items_are_put_in_order_read_deleted_and_given_to_the_model(served: Served, aloud: bool) -> None:
    def made(name: str, role: str, text: str) -> dict[str, Any]:
        part = {"type": "input_text", "text": text}
        if role == "assistant":
            part = {"type": "output_audio", "transcript": text} if aloud else {"type": "output_text", "text": text}
        return {"id": name, "type": "message", "role": role, "content": [part]}

    async with served.client(ALONE) as client:
        await client.tell("conversation.item.create", item=made("b", "assistant", "two"))
        await client.tell("conversation.item.create", item=made("a", "user", "one"), previous_item_id="root")
        await client.tell("conversation.item.create", item=made("x", "user", "never"), previous_item_id="b")
        await client.tell("conversation.item.create", item=made("s", "system", "rules"), previous_item_id="a")
        await client.tell("conversation.item.delete", item_id="x")
        await client.until("conversation.item.deleted")
        places = [(event["item"]["id"], event["previous_item_id"]) for event in client.of("conversation.item.added")]
        assert places == [("b", None), ("a", None), ("x", "b"), ("s", "a")]
        assert texts([client.of("conversation.item.added")[0]["item"]]) == ["two"]
        await client.tell("conversation.item.retrieve", item_id="x")
        assert (await client.until("error"))["error"]["code"] == "item_retrieve_invalid_item_id"
        await client.ask("three")
    said = [(message.role, message.content) for message in served.speaker.turns[-1].messages]
    assert said == [("user", "one"), ("system", "rules"), ("assistant", "two"), ("user", "three")]


async def test_sound_that_comes_as_an_item(served: Served, sentences: Sentences) -> None:
    async with served.client({**TEXT, **TRANSCRIBE}) as client:
        content = [{"type": "input_audio", "audio": base64.b64encode(pcm(sentences[LAMP])).decode()}]
        await client.tell("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await client.tell("response.create")  # it waits until all is heard
        done = (await client.until("response.done"))["response"]
    assert (await served.lamp(), done["status"]) == ("on", "completed")
    assert client.of("conversation.item.input_audio_transcription.completed")[0]["transcript"] == "turn on the hall lamp"


async def test_responses_outside_of_the_conversation(served: Served) -> None:
    async with served.client(TEXT) as client:
        await client.ask("turn on the hall lamp")
        wanted = {"conversation": "none", "metadata": {"topic": "a"}, "instructions": "sort this"}
        await client.tell("response.create", response={**wanted, "input": []})
        done = (await client.until("response.done"))["response"]
        assert (done["conversation_id"], done["metadata"], done["status"]) == (None, {"topic": "a"}, "completed")
        assert texts(done["output"]) == ["sort this "]
        item = client.of("conversation.item.added")[0]["item"]["id"]
        given = [{"type": "item_reference", "id": item}]
        await client.tell("response.create", response={"conversation": "none", "input": given, "output_modalities": ["audio"]})
        done = (await client.until("response.done"))["response"]
        assert texts(done["output"]) == ["turn on the hall lamp "]
        assert len(client.sound()) > 4800
        assert len(client.of("conversation.item.added")) == 2  # of the first turn
    assert len(served.talks.store.read("api", client.of("response.done")[0]["response"]["conversation_id"]).exchanges) == 1


async def test_a_session_that_only_writes_down(served: Served, sentences: Sentences) -> None:
    async with served.client(intent="transcription") as client:
        session = {"type": "transcription", "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}}
        await client.tell("session.update", session=session)
        updated = await client.until("session.updated")
        assert (updated["session"]["type"], updated["session"]["object"]) == ("transcription", "realtime.transcription_session")
        await client.append(pcm(sentences[LAMP]) + quiet(1.5))
        await client.until("conversation.item.input_audio_transcription.completed")
        await client.tell("response.create")
        assert (await client.until("error"))["error"]["code"] == "invalid_value"
        assert client.kinds()[2:] == [*HEARD, *TRANSCRIBED, "error"]
    assert await served.lamp() == "off"


async def test_telephones_hear_and_speak_g711(served: Served, sentences: Sentences) -> None:
    from tests.serve.realtime.telephone import to_ulaw

    form = {"type": "audio/pcmu"}
    async with served.client({"audio": {"input": {"format": form}, "output": {"format": form}}}) as client:
        await client.append(to_ulaw(pcm(sentences[LAMP], 8000) + quiet(1.5, 8000)), size=160)
        done = (await client.until("response.done"))["response"]
        assert done["audio"]["output"]["format"] == form
    assert await served.lamp() == "on"
    assert 200 < len(client.sound()) / 8 < 2000


@pytest.mark.parametrize("size", [1, 3, 977, 100_000])
async def test_chunks_of_any_size(served: Served, sentences: Sentences, size: int) -> None:
    data = pcm(sentences[LAMP])
    head = min(len(data), 300 * size)  # bytes one by one would take a while
    async with served.client() as client:
        await client.append(data[:head], size)
        await client.append(data[head:] + quiet(1.5), 48_001)
        assert (await client.until("response.done"))["response"]["status"] == "completed"
    assert await served.lamp() == "on"


async def test_a_client_that_sends_faster_than_it_speaks(served: Served, sentences: Sentences) -> None:
    async with served.client({"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}) as client:
        whole = quiet(200) + pcm(sentences[LAMP]) + quiet(1.0)
        assert len(whole) * 4 / 3 < MOST_AUDIO
        await client.append(whole, len(whole))
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        assert client.of("input_audio_buffer.speech_started")[0]["audio_start_ms"] > 199_000
    assert await served.lamp() == "on"


async def test_own_events_are_told_to_those_who_ask(served: Served, sentences: Sentences) -> None:
    wanted = ["rottie.waterfall", "rottie.action", "rottie.partial_transcript", "rottie.stage_down"]
    async with served.client({"rottie": {"events": wanted}}) as client:
        assert client.seen[-1]["session"]["rottie"]["events"] == wanted
        await client.append(pcm(sentences[LAMP]) + quiet(1.5))
        fall = await client.until("rottie.waterfall")
    assert {"endpoint", "stt", "total"} <= set(fall["stages_ms"])
    assert client.of("rottie.action")[0]["action"]["name"] == "HassTurnOn"
    assert client.of("rottie.partial_transcript")[0]["rest"] == "turn on the hall lamp"


async def test_silence_is_asked_after(served: Served) -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 1000}
    async with served.client({**TEXT, "audio": {"input": {"turn_detection": detection}}}) as client:
        await client.ask("turn on the hall lamp")
        await client.append(quiet(1.2))
        gone = await client.until("input_audio_buffer.timeout_triggered")
        assert gone["audio_end_ms"] >= gone["audio_start_ms"]
        assert texts((await client.until("response.done"))["response"]["output"]) == ["I heard nothing."]
        assert client.of("input_audio_buffer.committed")[-1]["item_id"] == gone["item_id"]
        await asyncio.sleep(2.5)  # nobody says anything, and nobody asks again
        await client.ask("turn off the hall lamp")
        assert len(client.of("input_audio_buffer.timeout_triggered")) == 1
        await client.until("input_audio_buffer.timeout_triggered")


async def test_two_conversations_do_not_mix(served: Served) -> None:
    async def one(number: int) -> list[str]:
        async with served.client(ALONE) as client:
            return [texts((await client.ask(f"say {number} {turn}"))["output"])[0] for turn in range(3)]

    said = await asyncio.gather(*(one(number) for number in range(4)))
    assert said == [[f"say {number} {turn} " for turn in range(3)] for number in range(4)]
