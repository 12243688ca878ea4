"""The recogniser and the voice over Serve's handles: a replica that is lost before it said anything is replaced by another.

Does not cover what they do: that is serve/hearing.py and serve/saying.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from grpc.aio import AioRpcError
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError

from schemas.errors import Overloaded, SpeechDown
from serve.hearing import Listen, Understood, understood
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

    async def hear(self, recording: bytes, listen: Listen) -> Understood:
        text = listen.model_dump_json()
        return understood(await _insisted("the recogniser", lambda: self._asked(recording, text)))

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
        response, message = await _insisted("the voice", lambda: self._begun(text))
        try:
            while message is not None:
                yield piece_of(message)
                try:
                    message = await anext(response, None)
                except LOST as error:
                    raise SpeechDown("the voice's process ended in the middle of a reply") from error
        finally:
            response.cancel()

    async def statuses(self) -> list[dict[str, Any]]:
        return await told_by_all(self._all)

    async def _begun(self, say: str) -> tuple[Any, bytes | None]:
        response: Any = self._tts.say.remote(say)
        try:
            return response, await anext(response, None)
        except BaseException:
            response.cancel()
            raise


async def told_by_all(handle: DeploymentHandle) -> list[dict[str, Any]]:
    """``status`` of every replica that can be reached."""
    response = handle.broadcast("status")
    try:
        found = await response.results_async(timeout_s=STATUS_TIMEOUT_S, return_exceptions=True)
    except TimeoutError:
        return []
    return [state for state in found if isinstance(state, dict)]


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
