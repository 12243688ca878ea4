"""The OpenAPI document against what is served: requests made from it, wrong ones among them, and replies held against it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from tests.seeing import data_url, image
from tests.serve.live import LIMITS, Live, live, until
from tests.serve.recordings import tone, wav

EXAMPLES = 25
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]


@pytest.fixture(scope="module")
def server(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One of its own, whose replies are short."""
    with live(tiny_export, tmp_path_factory.mktemp("openapi"), LIMITS.model_copy(update={"max_tokens": 6})) as running:
        yield running
        until(running.at_rest, "every turn and request has ended")


@pytest.fixture(scope="module")
def session(server: Live) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {server.key}"
        yield session


@pytest.fixture(scope="module")
def document(server: Live) -> Any:
    config = SchemathesisConfig.from_dict({"seed": 11, "generation": {"deterministic": True, "allow-x00": True}})
    headers = {"Authorization": f"Bearer {server.key}"}
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json", config=config, headers=headers)


ASK = [{"role": "user", "content": "hello"}]
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"enum": ["x"]}}, "required": ["a"]}}
CALL = {"tools": [{"type": "function", "function": FUNCTION}], "tool_choice": "required", "max_tokens": 60}
GOOD: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/chat/completions", {"messages": ASK, "n": 2, "logprobs": True, "top_logprobs": 2, "tool_choice": "none"}),
    ("POST", "/v1/chat/completions", {"messages": ASK, **CALL}),
    ("POST", "/v1/chat/completions", {"messages": ASK, "stream": True, "stream_options": {"include_usage": True}}),
    ("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}),
    ("POST", "/v1/completions", {"prompt": ["a", "b"], "logprobs": 2}),
    ("POST", "/v1/completions", {"prompt": "a", "stream": True}),
    ("POST", "/v1/embeddings", {"input": ["a", "b"]}),
    ("POST", "/v1/embeddings", {"input": "a", "encoding_format": "base64"}),
    ("POST", "/v1/responses", {"input": "a", "include": ["message.output_text.logprobs"], "tool_choice": "none"}),
    ("POST", "/v1/responses", {"input": ASK, "tools": [{"type": "function", **FUNCTION}], "tool_choice": "required"}),
    ("POST", "/v1/responses", {"input": "a", "stream": True}),
    ("POST", "/v1/responses", {"input": "a", "truncation": "disabled"}),
    ("POST", "/v1/assist", {"text": "turn on the hall lamp"}),
    ("POST", "/v1/assist", {"text": "turn off the hall lamp", "stream": True}),
    ("POST", "/v1/assist", {"audio": {"data": base64.b64encode(wav(tone())).decode()}, "speak": True}),
    ("POST", "/v1/audio/speech", {"model": "rottie-tts", "input": "Hello."}),
    ("PATCH", "/v1/home/entities/{entity_id}", {"state": "on"}),
]
PATHS = {"entity_id": "light.hall_lamp", "model": "champion"}


SHOWN = data_url(image())
LOOKING: list[tuple[str, dict[str, Any]]] = [
    (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": SHOWN, "detail": "low"}}]}]},
    ),
    ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": SHOWN, "detail": "auto"}]}]}),
]


@pytest.mark.parametrize(("path", "body"), LOOKING)
def test_images_are_refused_as_described_where_the_model_has_no_projector(
    document: Any, session: requests.Session, path: str, body: dict[str, Any]
) -> None:
    case = document[path]["POST"].Case(body=body, media_type="application/json")
    reply = case.call_and_validate(session=session, headers=dict(session.headers), checks=CHECKS)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "request.no_projector")


@pytest.mark.parametrize(("method", "path", "body"), GOOD)
def test_good_requests_are_answered_as_described(
    document: Any, session: requests.Session, method: str, path: str, body: dict[str, Any]
) -> None:
    places = {name: value for name, value in PATHS.items() if f"{{{name}}}" in path}
    case = document[path][method].Case(body=body, media_type="application/json", path_parameters=places)
    reply = case.call_and_validate(session=session, headers=dict(session.headers), checks=CHECKS)
    assert reply.status_code == 200, reply.text


def test_a_recording_is_heard_as_described(document: Any, session: requests.Session) -> None:
    for more in ({}, {"response_format": "verbose_json"}, {"response_format": "srt"}, {"stream": "true"}):
        body = {"model": "rottie-stt", "file": wav(tone()), **more}
        case = document["/v1/audio/transcriptions"]["POST"].Case(body=body, media_type="multipart/form-data")
        reply = case.call_and_validate(session=session, headers=dict(session.headers), checks=CHECKS)
        assert reply.status_code == 200, reply.text


def test_a_remembered_response_and_a_served_model_are_as_described(
    document: Any, session: requests.Session, server: Live
) -> None:
    made = session.post(f"{server.url}/v1/responses", json={"input": "hello"}).json()
    for method, path, places in (
        ("GET", "/v1/responses/{response_id}", {"response_id": made["id"]}),
        ("GET", "/v1/responses/{response_id}/input_items", {"response_id": made["id"]}),
        ("DELETE", "/v1/responses/{response_id}", {"response_id": made["id"]}),
        ("GET", "/v1/models/{model}", PATHS),
    ):
        case = document[path][method].Case(path_parameters=places)
        reply = case.call_and_validate(session=session, headers=dict(session.headers), checks=CHECKS)
        assert reply.status_code == 200, reply.text


# Last: among what it sends are other homes.
@pytest.mark.slow
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_what_is_served_is_what_is_described(
    document: Any, session: requests.Session, mode: schemathesis.GenerationMode, subtests: pytest.Subtests
) -> None:
    for found in document.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            _hold(operation, session, mode)


def _hold(operation: Any, session: requests.Session, mode: schemathesis.GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def hold(case: Any) -> None:
        case.call_and_validate(session=session, headers=dict(session.headers), checks=CHECKS)

    try:
        hold()
    except Unsatisfiable:  # nothing about this operation can be wrong
        assert mode is schemathesis.GenerationMode.NEGATIVE
