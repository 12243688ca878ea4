"""The recogniser and the voice over Serve's handles: a replica that is lost before it said anything is replaced by another.

Does not cover what they do: that is serve/hearing.py and serve/saying.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from grpc.aio import AioRpcError
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError

from schemas.errors import Overloaded, SpeechDown
from serve.engines.faster_whisper import Told
from serve.hearing import Listen, Understood, piece_or_whole, understood
from serve.saying import Say, piece_of

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

# Between replicas messages travel by gRPC or as Ray tasks, by the environment that Ray was started in.
LOST = (RayActorError, ReplicaUnavailableError, AioRpcError)
ATTEMPTS = 4
STATUS_TIMEOUT_S = 5.0
Result = TypeVar("Result")


class HandleEars:
    """``serve.hearing.Hears`` over a handle."""

    def __init__(self, stt: DeploymentHandle) -> None:
        self._stt = stt
        self._streaming = stt.options(stream=True)

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        text = listen.model_dump_json()
        if told is not None:
            return await self._in_pieces(recording, text, told)
        return understood(await _insisted("the recogniser", lambda: self._asked(recording, text)))

    async def _in_pieces(self, recording: bytes, listen: str, told: Told) -> Understood:
        messages = _messages("the recogniser", lambda: self._streaming.hear_in_pieces.remote(recording, listen))
        async with aclosing(messages):
            async for message in messages:
                found = piece_or_whole(message)
                if isinstance(found, Understood):
                    return found
                told(found)
        raise SpeechDown("the recogniser's process ended in the middle of a recording")

    async def statuses(self) -> list[dict[str, Any]]:
        return await told_by_all(self._stt)

    async def _asked(self, recording: bytes, listen: str) -> str:
        response: Any = self._stt.hear.remote(recording, listen)
        try:
            return await response
        except asyncio.CancelledError:
            response.cancel()
            raise


class HandleVoice:
    """``serve.saying.Says`` over a handle."""

    def __init__(self, tts: DeploymentHandle) -> None:
        self._all = tts
        self._tts = tts.options(stream=True)

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        text = say.model_dump_json()
        async with aclosing(_messages("the voice", lambda: self._tts.say.remote(text))) as messages:
            async for message in messages:
                yield piece_of(message)

    async def statuses(self) -> list[dict[str, Any]]:
        return await told_by_all(self._all)


async def told_by_all(handle: DeploymentHandle) -> list[dict[str, Any]]:
    """``status`` of every replica that can be reached; none where all were lost and none has come back yet."""
    response = handle.broadcast("status")
    try:
        found = await response.results_async(timeout_s=STATUS_TIMEOUT_S, return_exceptions=True)
    except (TimeoutError, DeploymentUnavailableError, *LOST):
        return []
    return [state for state in found if isinstance(state, dict)]


async def _messages(what: str, ask: Callable[[], Any]) -> AsyncGenerator[Any, None]:
    """Of a streaming method. A replica that is lost before the first is replaced. Raises Overloaded, SpeechDown."""
    response, message = await _insisted(what, lambda: _begun(ask()))
    try:
        while message is not None:
            yield message
            try:
                message = await anext(response, None)
            except LOST as error:
                raise SpeechDown(f"the process of {what} ended in the middle") from error
    finally:
        response.cancel()


async def _begun(response: Any) -> tuple[Any, Any]:
    try:
        return response, await anext(response, None)
    except BaseException:
        response.cancel()
        raise


async def _insisted(what: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
    for left in reversed(range(ATTEMPTS)):
        try:
            return await attempt()
        except BackPressureError as error:
            raise Overloaded(f"too many requests wait for {what}") from error
        except (DeploymentUnavailableError, RayTaskError) as error:
            raise SpeechDown(f"the process of {what} failed", where=type(error).__name__) from None
        except LOST as error:
            if not left:
                raise SpeechDown(f"the process of {what} ended, again and again") from error
        await asyncio.sleep(random.uniform(0.1, 0.4))  # noqa: S311 - only spreads the retries
    raise AssertionError("the last attempt returns or raises")
