"""Pipecat in a process and an environment of its own: its pins are not ours."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import tomllib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from schemas.conversation import call
from schemas.loading import load_assistant
from schemas.settings import Home
from serve.assisting import spoken
from serve.speech_models import STARTER, recogniser_folder, voice_file
from tests.bench.talking import Told
from tests.household import Household
from tests.said import Recording

ROOT = Path(__file__).resolve().parents[2]
ACT = "/bench/act"
_SHARED = ("faster-whisper", "ctranslate2", "onnxruntime", "piper-tts", "av", "numpy")
"""Both sides have the same versions of what does the work."""
PATIENCE_S = 10.0

DECODING = {
    "beam_size": load_assistant("home").stt.beam,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "without_timestamps": True,
    "max_new_tokens": 110,
    "suppress_blank": False,
    "suppress_tokens": [],
    "no_speech_threshold": None,
    "log_prob_threshold": None,
}
"""How serve/engines/faster_whisper.py decodes with the starter recogniser."""


def pipecat_python() -> Path:
    """Of an environment with Pipecat in it, which is made where there is none: some 700 MB below ROTTIE_HOME/bench."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = [*extras["bench"], *(f"{name}=={version(name)}" for name in _SHARED)]
    place = Home.current().root / "bench" / "pipecat"
    python, done = place / "bin" / "python", place / "installed"
    if not done.is_file() or done.read_text() != "\n".join(wanted):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(place)], check=True)
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *wanted], check=True)
        done.write_text("\n".join(wanted))
    return python


def acting(house: Household) -> Starlette:
    """The household's API, and a route that does one call: for function handlers that are not ours."""

    async def act(request: Request) -> JSONResponse:
        asked = await request.json()
        made = call(asked["name"], asked["arguments"], "call_0")
        performed = await house.home.do(made, house.settings.manner.actor, uuid.uuid4().hex)
        return JSONResponse({"reply": spoken([performed])})

    return Starlette(routes=[Route(ACT, act, methods=["POST"]), Mount("/", house.app)])


@asynccontextmanager
async def pipecat(python: Path, house: Household, url: str, best: bool) -> AsyncIterator[Pipecat]:
    """Ready to be told recordings. ``best``: see tests/bench/apart/pipecat_peer.py."""
    present = await house.home.present()
    setting = {
        "url": url,
        "act": ACT,
        "key": house.key,
        "best": best,
        "decoding": DECODING,
        "recogniser": str(recogniser_folder(STARTER)),
        "voice": str(voice_file(STARTER)),
        "tools": [tool.model_dump(mode="json", exclude_none=True) for tool in present.tools],
    }
    script = Path(__file__).with_name("apart") / "pipecat_peer.py"
    # Its own choice of threads, and at its best all cores: we are content with one a model.
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if best:
        environment["OMP_NUM_THREADS"] = str(os.cpu_count())
    process = await asyncio.create_subprocess_exec(
        python, script, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24, env=environment
    )
    peer = Pipecat(process)
    try:
        assert (await peer.ask(setting))["ready"]
        yield peer
    finally:
        await peer.close()


class Pipecat:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        await self._process.stdin.drain()
        answer = await self._process.stdout.readline()
        assert answer, "Pipecat's process has ended"
        return json.loads(answer)

    async def __call__(self, recording: Recording) -> Told:
        pcm = b"".join(recording.frames(PATIENCE_S))
        asked = {"pcm": base64.b64encode(pcm).decode(), "end_ms": recording.end_ms, "patience_s": PATIENCE_S}
        answer = await self.ask(asked)
        late = {name: ms for name, ms in answer["late_ms"].items() if ms is not None}
        reply = " ".join(answer["replies"])
        return Told(recording.text, answer["heard"], reply, tier="model", first_ms=late.get("first_audio"), stages_ms=late)

    async def close(self) -> None:
        if self._process.returncode is None:
            assert self._process.stdin
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
