"""GET /v1/models, /v1/models/{id} and /v1/status: what answers now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from fastapi import FastAPI
from pydantic import Field

from schemas.errors import VersionMissing
from serve.api.describing import answers
from serve.api.wire import Body

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns
    from serve.voicing import Speech


class ServedModel(Body):
    """``id`` is what a request may name as its model; with an adapter, ``name:adapter``."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    version: str
    sha256: str
    candidate: str
    alias: str


class ModelList(Body):
    object: Literal["list"]
    data: tuple[ServedModel, ...]


class ReplicaStates(Body):
    replicas: tuple[dict[str, Any], ...] = Field(description="Of the model.")
    speech: dict[str, tuple[dict[str, Any], ...]] = Field(
        description="Of recogniser and voice (stt, tts) and what stands in for them (stt_second, tts_second), if any."
    )
    language: str = Field(description="What the assistant is spoken to in.")


def add_models(app: FastAPI, turns: Turns, speech: Speech, settings: Settings) -> None:
    @app.get("/v1/models", responses=answers(ModelList))
    async def models() -> dict[str, Any]:
        """Versions that answer now: one, but for the moment of a swap over several replicas; then their adapters."""
        return {"object": "list", "data": _served(await turns.statuses())}

    @app.get("/v1/models/{model:path}", responses=answers(ServedModel, 404))
    async def one_model(model: str) -> dict[str, Any]:
        """The model that a request with this name would be answered by."""
        base, _, adapter = model.partition(":")
        for entry in _served(await turns.statuses()):
            named, _, fitted = entry["id"].partition(":")
            if adapter == fitted and base in {entry["alias"], named, f"{named}/{entry['version']}"}:
                return entry
        raise VersionMissing("no such model is served", where="model", hint="GET /v1/models lists what is.")

    @app.get("/v1/status", responses=answers(ReplicaStates))
    async def status() -> dict[str, Any]:
        """What every replica was told to answer with, what it answers with, and what went wrong in between."""
        replicas, stages = await asyncio.gather(turns.statuses(), speech.statuses())
        return {"replicas": replicas, "speech": stages, "language": settings.manner.actor.language}


def _served(states: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for state in states:
        ref = state["model"]
        if not ref:
            continue
        entry = {"object": "model", "created": state["since"], "owned_by": "rottie", "alias": state["alias"]}
        entry |= {key: ref[key] for key in ("version", "sha256", "candidate")}
        for suffix in ("", *(f":{name}" for name in state.get("adapters", ()))):
            found.setdefault(f"{ref['name']}/{ref['version']}{suffix}", {"id": f"{ref['name']}{suffix}", **entry})
    return list(found.values())
