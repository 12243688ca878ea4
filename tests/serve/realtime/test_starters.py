"""The official client and everything that comes with Rottie: its recogniser, its model, its voice."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from serve.speech_models import STARTERS
from tests.household import door, household
from tests.serve.realtime.served import LAMP, Client, pcm, quiet
from tests.serve.realtime.test_turns import HEARD, SPOKEN, TRANSCRIBE, TRANSCRIBED, Sentences

SHIPPED = (STARTERS / "stt" / "model.bin").is_file() and any((STARTERS / "tts").glob("*.onnx"))


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED, reason="no recogniser and voice are shipped with this version")
async def test_a_conversation_with_the_shipped_assistant(tmp_path: Path, sentences: Sentences) -> None:
    said = pcm(sentences[LAMP]) + quiet(1.5)
    async with household(tmp_path) as house, door(house.app) as url:
        official = openai.AsyncOpenAI(api_key=house.key, base_url=f"{url}/v1", max_retries=0)
        async with official.realtime.connect(model="gpt-realtime") as connection:
            client = Client(connection)
            await client.until("session.created")
            await client.update(**TRANSCRIBE)
            for intents in (True, False):  # the first tier, then the model
                client.seen.clear()
                house.only(intents=intents)
                await client.append(said, 960)
                done = (await client.until("response.done"))["response"]
                assert client.kinds() == [*HEARD, *TRANSCRIBED, *SPOKEN]
                transcript = client.of("conversation.item.input_audio_transcription.completed")[0]["transcript"]
                assert transcript.lower().strip(".") == "turn on the hall lamp"
                assert done["status"] == "completed"
                assert bool(done["usage"]["output_tokens"]) != intents
                assert len(client.sound()) > 10_000
                lamp = next(one for one in (await house.home.read()).entities if one.id == "light.hall_lamp")
                assert lamp.state == "on"
                await client.tell("input_audio_buffer.clear")
                await client.until("input_audio_buffer.cleared")
                item = done["output"][0]["id"]  # all of it was played: what comes next is no interruption
                await client.tell("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=0)
                await client.until("conversation.item.truncated")
