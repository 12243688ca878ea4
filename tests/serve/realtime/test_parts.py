"""What a session is set to, what stands in a conversation, and how sound goes out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.realtime import SessionUpdatedEvent
from pydantic import TypeAdapter, ValidationError

from schemas.assistant import Limits, Talk
from schemas.errors import RequestError, RequestTooLarge
from schemas.talking import OUT_RATE
from serve.api.realtime.faults import Refused
from serve.api.realtime.items import MOST_ITEMS, Item, Items, Part, messages_of
from serve.api.realtime.messages import ResponseWish, id_of, message_of
from serve.api.realtime.outgoing import Outgoing
from serve.api.realtime.settings import Shape, course_of, options_of, own_default, shown, talk_of, updated
from serve.api.realtime.shapes import Alaw, Realtime, SessionShape, Ulaw
from tests.serve.realtime.served import Served, tool
from tests.serve.realtime.telephone import to_ulaw

FIELDS = ("session", "audio", "item", "item_id", "content_index", "audio_end_ms", "response", "event_id", "previous_item_id")
TALK, LIMITS = Talk(floor_ms=300, cap_ms=1200), Limits(max_tokens=100, tools=2)
_SHAPE: TypeAdapter[Any] = TypeAdapter(SessionShape)


def session(**fields: Any) -> Shape:
    new = _SHAPE.validate_json(json.dumps({"type": "realtime", **fields}))
    return updated(own_default(False, "champion"), new, LIMITS)


def turns(**detection: Any) -> Shape:
    return session(audio={"input": {"turn_detection": detection or None}})


def user(text: str, name: str) -> Item:
    return Item(role="user", id=name, parts=[Part(False, text)])


@pytest.mark.parametrize(
    ("detection", "floor", "cap"),
    [
        ({"type": "semantic_vad"}, 300, 1200),  # as in the assistant's file
        ({"type": "semantic_vad", "eagerness": "low"}, 600, 3600),
        ({"type": "semantic_vad", "eagerness": "high"}, 210, 600),
        ({"type": "server_vad"}, 500, 500),  # OpenAI's own
        ({"type": "server_vad", "silence_duration_ms": 900}, 900, 900),
    ],
)
def test_how_long_a_silence_ends_a_turn(detection: dict[str, Any], floor: int, cap: int) -> None:
    talk = talk_of(turns(**detection), TALK)
    assert (talk.floor_ms, talk.cap_ms, talk.barge_in) == (floor, cap, True)


def test_who_may_interrupt_and_who_is_answered() -> None:
    detection = {"type": "server_vad", "interrupt_response": False, "create_response": False, "threshold": 1.0}
    quiet = turns(**detection)
    talk = talk_of(quiet, TALK)
    assert (talk.barge_in, talk.threshold) == (False, 0.99)
    options = options_of(quiet, speak=True, language="de", confidence=0.1)
    assert (options.respond, options.manual, options.language) == (False, False, "de")
    manual = options_of(turns(), speak=False, language="en", confidence=0.0)
    assert (manual.respond, manual.manual, manual.speak) == (False, True, False)
    assert talk_of(turns(**{"type": "server_vad"}), TALK.model_copy(update={"barge_in": False})).barge_in is False
    spoken = session(
        audio={"input": {"format": {"type": "audio/pcma"}, "transcription": {"language": "fr"}}, "output": {"speed": 0.5}}
    )
    options = options_of(spoken, speak=True, language="en", confidence=0.0)
    assert (options.rate, options.coding, options.language, options.speed) == (8000, "g711_alaw", "fr", 0.5)


def test_an_update_changes_what_it_names() -> None:
    first = session(instructions="one", tools=[tool("f")], audio={"output": {"voice": "alloy"}})
    second = updated(first, _SHAPE.validate_json('{"type":"realtime","audio":{"output":{"speed":1.5}}}'), LIMITS)
    assert isinstance(second, Realtime)
    assert (second.instructions, second.audio.output.voice, second.audio.output.speed) == ("one", "alloy", 1.5)
    with pytest.raises(RequestError):
        updated(second, _SHAPE.validate_json(json.dumps({"type": "realtime", "tools": [tool(name) for name in "abc"]})), LIMITS)
    told = shown(second, "sess_1", 5, voiced=False, language="en")
    assert (told["output_modalities"], told["expires_at"], "rottie" in told) == (["text"], 5, False)


def test_only_what_is_in_force_is_shown() -> None:
    heard = {"model": "gpt-4o-transcribe", "language": "fr", "languages": ["fr"], "prompt": "Zanzibar", "delay": "low"}
    given: dict[str, Any] = {
        "model": "gpt-realtime",
        "instructions": "Be brief.",
        "reasoning": {"effort": "high"},
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.5},
        "audio": {"input": {"transcription": heard, "noise_reduction": {"type": "near_field"}}, "output": {"voice": "alloy"}},
    }

    def told(shape: Shape) -> dict[str, Any]:
        found = shown(shape, "sess_1", 5, voiced=True, language="fr")
        SessionUpdatedEvent.model_validate({"type": "session.updated", "event_id": "e", "session": found}, strict=True)
        return found

    seen = told(session(**given))
    assert (seen["model"], seen["instructions"], seen["reasoning"], seen["truncation"]) == ("champion", "", None, "auto")
    assert (seen["audio"]["output"]["voice"], seen["audio"]["input"]["noise_reduction"]) == ("default", None)
    transcription = {"model": "rottie-stt", "language": "fr", "prompt": "Zanzibar"}
    assert seen["audio"]["input"]["transcription"] == {**transcription, "languages": None, "keywords": None, "delay": None}
    for asks in ({"tools": [tool("f")]}, {"tool_choice": "none"}):  # the model has them
        assert told(session(**given, **asks))["instructions"] == "Be brief."
    assert told(session())["audio"]["input"]["transcription"] is None


def test_what_changes_nothing_here_is_taken() -> None:
    session(truncation="disabled")
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh"):
        session(reasoning={"effort": effort})
        ResponseWish.model_validate_json(json.dumps({"reasoning": {"effort": effort}}))


@pytest.mark.parametrize(("tag", "language"), [("fr", "fr"), ("en-US", "en"), ("zh-Hant-TW", "zh"), ("DE", "de")])
def test_of_a_language_tag_the_language_counts(tag: str, language: str) -> None:
    spoken = session(audio={"input": {"transcription": {"language": tag}}})
    assert options_of(spoken, speak=True, language="it", confidence=0.0).language == language
    for wrong in ("english", "e", "en_US", "en-", "-us", "en us"):
        with pytest.raises(ValidationError):
            session(audio={"input": {"transcription": {"language": wrong}}})


def test_who_answers() -> None:
    items = Items()

    def course(shape: Shape, **wish: Any) -> Any:
        assert isinstance(shape, Realtime)
        return course_of(shape, ResponseWish.model_validate_json(json.dumps(wish)), items, LIMITS, voiced=True)

    assert course(session()).acts
    assert course(session(instructions="Be brief.")).acts  # the assistant has its own
    assert not course(session(tools=[tool("f")])).acts
    assert not course(session(tool_choice="none")).acts
    assert not course(session(), conversation="none").acts
    assert not course(session(), input=[]).acts
    assert course(session(tools=[tool("f")]), tools=[]).acts
    named = course(session(), tools=[tool("f")], tool_choice={"type": "function", "name": "f"}, max_output_tokens=7)
    assert (named.choice.name, named.most_tokens, named.speak) == ("f", 7, True)
    with pytest.raises(RequestError):
        course(session(), tool_choice={"type": "function", "name": "f"})


def test_items_have_bounds_and_an_order() -> None:
    items = Items()
    assert items.give(user("one", "a")) is None
    assert items.give(user("two", "b")) == "a"
    assert items.give(user("zero", "c"), "root") is None
    with pytest.raises(Refused) as refused:
        items.give(user("again", "a"))
    assert refused.value.code == "item_create_duplicate_item_id"
    with pytest.raises(Refused):
        items.give(user("late", "d"), "nobody")
    with pytest.raises(RequestError):
        items.give(user("x" * 2_000_000, "e"))
    assert [message.content for message in messages_of(items, 2)] == ["one", "two"]
    for number in range(MOST_ITEMS):
        items.add(user("more", f"m{number}"))
    assert items.find("a") is None
    with pytest.raises(RequestError):
        items.give(user("too many", "f"))


def test_only_sound_may_be_long() -> None:
    assert message_of(json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 4000}).encode(), 1000)
    with pytest.raises(RequestTooLarge):
        message_of(
            json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 4000}}).encode(), 1000
        )
    assert id_of(b'{"event_id": "e1", "type": 5}') == "e1"
    assert [id_of(raw) for raw in (b"no json", b"[]", b'{"event_id": 5}', b"[" * 100_000)] == [None] * 4


def test_sound_goes_out_as_a_telephone_hears_it() -> None:
    at = np.arange(OUT_RATE) / OUT_RATE
    tone = (8000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()
    for form in (Ulaw(type="audio/pcmu"), Alaw(type="audio/pcma")):
        outgoing = Outgoing(form)
        coded = (
            b"".join(outgoing.push(tone[start : start + 961 * 2]) for start in range(0, len(tone), 961 * 2)) + outgoing.finish()
        )
        assert len(coded) == 8000
        if isinstance(form, Ulaw):
            wanted = np.frombuffer(
                to_ulaw((8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype("<i2").tobytes()), np.uint8
            )
            steps = np.abs(np.frombuffer(coded, np.uint8)[200:-200].astype(int) - wanted[200:-200].astype(int))
            assert (steps <= 2).mean() > 0.97  # neighbours; the sign changes the rest


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KINDS = (
    "session.update",
    "input_audio_buffer.append",
    "conversation.item.create",
    "conversation.item.truncate",
    "response.create",
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), fields=st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=5))
def test_any_message_is_taken_or_refused(kind: str, fields: dict[str, Any]) -> None:
    raw = json.dumps({**fields, "type": kind}).encode("utf-8", "surrogatepass")
    with suppress(RequestError):
        message_of(raw, 65_536)
    id_of(raw)


async def test_a_plain_request_is_told_what_is_here(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.key}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{served.port}", headers=headers, trust_env=False, timeout=60
    ) as http:
        reply = await http.get("/v1/realtime")
        assert (reply.status_code, reply.json()["error"]["code"]) == (426, "request.upgrade")
        document = (await http.get("/openapi.json")).json()
    place = document["paths"]["/v1/realtime"]["get"]["x-messages"]["$ref"].removeprefix("#/").split("/")
    message = document[place[0]][place[1]][place[2]]
    assert set(message["discriminator"]["mapping"]) >= {"session.update", "response.create", "input_audio_buffer.append"}
    for reference in message["discriminator"]["mapping"].values():
        assert reference.startswith("#/components/schemas/RealtimeMessage/$defs/")
        assert reference.rsplit("/", 1)[1] in message["$defs"]
