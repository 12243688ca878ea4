"""Pipecat with the same three models and recordings, in an environment of its own: started by tests/bench/peers.py, not by hand.

The first line on stdin sets it up, each further one names a recording, fed in frames of 20 ms in real time; each is answered
with a line on stdout. No transport is in between: what counts as its first audio is what its Piper service gives, which is
earlier than any loudspeaker would have it. Its function handlers act in the home of the benchmark and have the reply spoken at
once, without asking the model again. ``best``: the quickest that it can be set to, and Whisper decoding as Rottie has it, which
its service has no settings for. Imports nothing of Rottie's.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    FunctionCallResultProperties,
    InputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    UserStoppedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

RATE, FRAME_S = 16_000, 0.02
FRAME = int(RATE * FRAME_S) * 2
SETTLE_S = 30.0


class Tap(FrameProcessor):
    """Notes when frames of some kinds come by, and lets everything pass."""

    def __init__(self, kinds: tuple[type[Frame], ...]) -> None:
        super().__init__()
        self._kinds = kinds
        self.seen: list[tuple[float, Frame]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, self._kinds):
            self.seen.append((time.monotonic(), frame))
        await self.push_frame(frame, direction)

    def first(self, kind: type[Frame]) -> float | None:
        return next((at for at, frame in self.seen if isinstance(frame, kind)), None)


class Peer:
    def __init__(self, given: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self._given, self._http = given, http
        self.context = LLMContext(tools=ToolsSchema(standard_tools=[_schema(tool) for tool in given["tools"]]))
        self.heard = Tap((TranscriptionFrame, VADUserStoppedSpeakingFrame, UserStoppedSpeakingFrame))
        self.spoken = Tap((TTSAudioRawFrame, TTSStoppedFrame))
        self.replies: list[str] = []
        user, assistant = LLMContextAggregatorPair(self.context, user_params=_listening(given["best"]))
        pipeline = [self._ears(), self.heard, user, self._model(), self._voice(), self.spoken, assistant]
        params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=24_000)
        self.worker = PipelineWorker(Pipeline(pipeline), params=params, idle_timeout_secs=None, enable_rtvi=False)

    def _ears(self) -> WhisperSTTService:
        settings = WhisperSTTService.Settings(model=self._given["recogniser"])
        if not self._given["best"]:
            return WhisperSTTService(settings=settings, device="cpu")
        ears = WhisperSTTService(settings=settings, device="cpu", trailing_silence_secs=0.0)
        assert ears._model is not None
        ears._model.transcribe = functools.partial(ears._model.transcribe, **self._given["decoding"])
        return ears

    def _model(self) -> OpenAILLMService:
        llm = OpenAILLMService(
            api_key=self._given["key"],
            base_url=f"{self._given['url']}/v1",
            settings=OpenAILLMService.Settings(model="champion"),
        )
        llm.register_function(None, self._act)
        return llm

    def _voice(self) -> PiperTTSService:
        voice = Path(self._given["voice"])
        return PiperTTSService(download_dir=voice.parent, settings=PiperTTSService.Settings(voice=voice.stem))

    async def _act(self, params: Any) -> None:
        asked = {"name": params.function_name, "arguments": dict(params.arguments)}
        async with self._http.post(f"{self._given['url']}{self._given['act']}", json=asked) as answer:
            reply = (await answer.json())["reply"]
        self.replies.append(reply)
        await params.llm.push_frame(TTSSpeakFrame(reply))
        await params.result_callback({"result": reply}, properties=FunctionCallResultProperties(run_llm=False))

    async def hear(self, pcm: bytes, end_ms: float, patience_s: float) -> dict[str, Any]:
        """One recording with the quiet behind it, from its first frame until all of the reply is made or patience ends."""
        await self._settled()
        self.context.set_messages([])
        self.heard.seen, self.spoken.seen, self.replies = [], [], []
        began = time.monotonic()
        ends = began + end_ms / 1000
        for number, at in enumerate(range(0, len(pcm), FRAME)):
            await asyncio.sleep(max(0.0, began + FRAME_S * (number + 1) - time.monotonic()))
            await self.worker.queue_frame(InputAudioRawFrame(pcm[at : at + FRAME], RATE, 1))
            if self.spoken.first(TTSStoppedFrame) or time.monotonic() > ends + patience_s:
                break
        late_ms = {
            name: (at - ends) * 1000 if (at := tap.first(kind)) else None
            for name, tap, kind in (
                ("vad", self.heard, VADUserStoppedSpeakingFrame),
                ("transcript", self.heard, TranscriptionFrame),
                ("first_audio", self.spoken, TTSAudioRawFrame),
            )
        }
        heard = " ".join(frame.text.strip() for _, frame in self.heard.seen if isinstance(frame, TranscriptionFrame))
        return {"late_ms": late_ms, "heard": heard, "replies": self.replies}

    async def _settled(self) -> None:
        """What is still being done for the recording before must not meet this one's."""
        deadline = time.monotonic() + SETTLE_S
        while self.heard.seen and not self.spoken.first(TTSStoppedFrame) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)


def _listening(best: bool) -> LLMUserAggregatorParams:
    """Its defaults: Silero with 0.2 s of silence, then its Smart Turn model. Best: 0.2 s of silence and nothing more.
    Nothing is answered where nothing was heard."""
    if not best:
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), empty_user_turn=None)
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)
    return LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=0.2)),
        user_turn_strategies=UserTurnStrategies(stop=[stop]),
        empty_user_turn=None,
    )


def _schema(tool: dict[str, Any]) -> FunctionSchema:
    function = tool["function"]
    parameters = function.get("parameters") or {}
    return FunctionSchema(
        name=function["name"],
        description=function.get("description") or "",
        properties=parameters.get("properties", {}),
        required=parameters.get("required", []),
    )


async def main() -> None:
    given = json.loads(sys.stdin.readline())
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {given['key']}"}) as http:
        peer = Peer(given, http)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(peer.worker)
        running = asyncio.create_task(runner.run())
        started = asyncio.Event()
        peer.worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
        await asyncio.wait_for(started.wait(), 60)
        print(json.dumps({"ready": True}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            told = await peer.hear(base64.b64decode(asked["pcm"]), asked["end_ms"], asked["patience_s"])
            print(json.dumps(told), flush=True)
        await peer.worker.cancel()
        await running


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(main())
