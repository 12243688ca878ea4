"""The Ray Serve classes, thin: each puts something that runs without Ray behind a handle or a port."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter
from ray import serve as ray_serve
from ray.exceptions import RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from schemas.errors import EngineError, HomeDown, Overloaded, RottieError
from schemas.events import TurnEvent
from schemas.settings import Home
from serve.answering import bundled, embedded, events_of, open_wish, whole_of
from serve.api.faults import error_from, note
from serve.api.metrics import Metrics
from serve.api.wire import Passages, Turn, Vectors
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome
from serve.narrowing import narrow
from serve.speech_handles import ATTEMPTS, LOST, told_by_all

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

_EVENTS: TypeAdapter[list[Any]] = TypeAdapter(list[TurnEvent])
Result = TypeVar("Result")


@ray_serve.deployment(name="Llm")
class Llm:
    """The language model. Events travel as JSON text: cheaper than pickled models, and the same for every version."""

    def __init__(self) -> None:
        narrow()
        self._holder = Holder(open_wish)

    async def reconfigure(self, config: dict[str, Any]) -> None:
        await self._holder.want(Wish.model_validate(config))

    async def check_health(self) -> None:
        """An empty place is healthy: it says so. A failed load is tried again, since its cause may have passed."""
        self._holder.retry()

    async def __del__(self) -> None:
        """Serve awaits this when the replica is stopped, after its last turn."""
        await self._holder.close()

    async def status(self) -> dict[str, Any]:
        return self._holder.status()

    async def whole(self, turn: str) -> str:
        events = await whole_of(self._holder, Turn.model_validate_json(turn))
        return _EVENTS.dump_json(events).decode()

    async def embed(self, passages: str) -> str:
        """Vectors, or what went wrong, as JSON: Serve would log the words of an error."""
        try:
            found = await embedded(self._holder, Passages.model_validate_json(passages))
        except RottieError as error:
            return json.dumps({"error": error.as_dict()})
        except Exception as error:
            return json.dumps({"error": note(error).as_dict()})
        return found.model_dump_json()

    async def stream(self, turn: str) -> AsyncIterator[str]:
        """Each item is a JSON list of events that came close together."""
        async with aclosing(bundled(events_of(self._holder, Turn.model_validate_json(turn)))) as bundles:
            async for bundle in bundles:
                yield _EVENTS.dump_json(bundle).decode()


@ray_serve.deployment(name="Home")
class OneHome:
    """The home, kept in one place. Calls and answers travel as JSON text, errors as data: Serve would log their words."""

    def __init__(self) -> None:
        from serve.keeping import Keeper

        narrow()
        self._keeper = Keeper(Home.current())

    async def reconfigure(self, config: dict[str, Any]) -> None:
        from serve.keeping import HomeWish

        await self._keeper.want(HomeWish.model_validate(config))

    async def check_health(self) -> None:
        self._keeper.keep_time()

    async def __del__(self) -> None:
        await self._keeper.close()

    async def ask(self, request: str) -> str:
        from serve.home_wire import answered

        return await answered(self._keeper, request)


@ray_serve.deployment(name="Stt")
class Stt:
    """The recogniser. Recordings travel as bytes, what was heard as JSON text."""

    def __init__(self) -> None:
        from serve.hearing import Ears

        narrow()
        self._ears = Ears()

    async def reconfigure(self, config: dict[str, Any]) -> None:
        from schemas.assistant import Stt as Section

        self._ears.want(Section.model_validate(config))

    async def check_health(self) -> None:
        """One that cannot be loaded says so to whoever asks; its cause may have passed."""
        self._ears.retry()

    async def __del__(self) -> None:
        await self._ears.close()

    async def status(self) -> dict[str, Any]:
        return self._ears.status()

    async def hear(self, recording: bytes, listen: str) -> str:
        from serve.hearing import heard

        return await heard(self._ears, recording, listen)

    async def hear_in_pieces(self, recording: bytes, listen: str) -> AsyncGenerator[str, None]:
        from serve.hearing import heard_in_pieces

        async with aclosing(heard_in_pieces(self._ears, recording, listen)) as messages:
            async for message in messages:
                yield message


@ray_serve.deployment(name="Tts")
class Tts:
    """The voice. What is said travels as bytes, in the form that the client wants, while it is made."""

    def __init__(self) -> None:
        from serve.saying import Voice

        narrow()
        self._voice = Voice()

    async def reconfigure(self, config: dict[str, Any]) -> None:
        from schemas.assistant import Tts as Section

        self._voice.want(Section.model_validate(config))

    async def check_health(self) -> None:
        """As for the recogniser."""
        self._voice.retry()

    async def __del__(self) -> None:
        await self._voice.close()

    async def status(self) -> dict[str, Any]:
        return self._voice.status()

    async def say(self, say: str) -> AsyncIterator[bytes]:
        from serve.saying import said

        async with aclosing(said(self._voice, say)) as messages:
            async for message in messages:
                yield message


@ray_serve.deployment(name="Gateway")
@ray_serve.ingress()
class Gateway:
    """The API's front: built from serve.api, asking the model, the home, the recogniser and the voice through their handles."""

    def __init__(
        self,
        llm: DeploymentHandle,
        home: DeploymentHandle,
        stt: DeploymentHandle | None = None,
        tts: DeploymentHandle | None = None,
        stt_second: DeploymentHandle | None = None,
        tts_second: DeploymentHandle | None = None,
    ) -> None:
        from serve.api.gateway import Settings
        from serve.conversations import Conversations
        from serve.conversing import Talks
        from serve.speech_handles import HandleEars, HandleVoice
        from serve.voicing import Speech

        narrow()
        self._settings = Settings()
        self._metrics = Metrics()
        self._turns = HandleTurns(llm, self._metrics)
        self._home = AskedHome(HandleHome(home))
        self._talks = Talks(Conversations(Home.current().database))
        ears = [HandleEars(handle) if handle else None for handle in (stt, stt_second)]
        voices = [HandleVoice(handle) if handle else None for handle in (tts, tts_second)]
        self._speech = Speech.joined(ears[0], voices[0], ears[1], voices[1])

    async def check_health(self) -> None:
        """Nothing that could be ill; a time to put things in order."""
        await self._talks.sweep()

    def __serve_build_asgi_app__(self) -> Any:
        from serve.api.gateway import create_app

        key = Home.current().api_key
        return create_app(self._turns, self._settings, key, self._metrics, self._home, self._talks, self._speech)

    def reconfigure(self, config: dict[str, Any]) -> None:
        from schemas.action import Actor
        from schemas.assistant import Conversations, Limits, Talk, Tiers
        from schemas.assistant import Stt as SttSection
        from schemas.assistant import Tts as TtsSection
        from serve.assisting import Manner

        self._settings.limits = Limits.model_validate(config["limits"])
        self._settings.host = config["host"]
        self._settings.origins = tuple(config.get("origins", ()))
        self._talks.bounds = kept = Conversations.model_validate(config.get("conversations", {}))
        # A config that was kept before there was speech, or a home, has none of these.
        self._settings.stt = SttSection.model_validate(config["stt"]) if config.get("stt") else None
        self._settings.tts = TtsSection.model_validate(config["tts"]) if config.get("tts") else None
        self._settings.talk = Talk.model_validate(config.get("talk", {}))
        self._settings.manner = Manner(
            model=config.get("alias", "champion"),
            tiers=Tiers.model_validate(config.get("tiers", {})),
            rounds=config.get("rounds", 1),
            ask_again=config.get("ask_again", "failed"),
            sure=config.get("sure", 0.0),
            max_tokens=self._settings.limits.max_tokens,
            actor=Actor.model_validate(config.get("actor", {"id": "api"})),
            earlier=kept.turns,
        )


class HandleTurns:
    """``serve.api.gateway.Turns`` over a Serve handle.

    A turn whose replica dies before anything reached the client is begun again elsewhere, or on the replica that
    Serve starts in its place: nobody has seen a word, so nothing is said twice.
    """

    def __init__(self, llm: DeploymentHandle, metrics: Metrics) -> None:
        self._llm = llm
        self._streaming = llm.options(stream=True)
        self._metrics = metrics

    async def whole(self, turn: Turn) -> list[Any]:
        text = turn.model_dump_json()
        reply = await self._insist(lambda: self._await(self._llm.whole.remote(text)))
        return _EVENTS.validate_json(reply)

    async def embed(self, passages: Passages) -> Vectors:
        text = passages.model_dump_json()
        reply = await self._insist(lambda: self._await(self._llm.embed.remote(text)))
        if reply.startswith('{"error"'):
            raise error_from(json.loads(reply)["error"])
        return Vectors.model_validate_json(reply)

    @staticmethod
    async def _await(response: Any) -> str:
        try:
            return await response
        except asyncio.CancelledError:
            response.cancel()
            raise

    async def stream(self, turn: Turn) -> AsyncIterator[list[Any]]:
        text = turn.model_dump_json()
        response, first = await self._insist(lambda: self._begin(text))
        try:
            yield _EVENTS.validate_json(first)
            while True:
                try:
                    item = await anext(response)
                except StopAsyncIteration:
                    return
                except LOST as error:
                    raise EngineError("the model's process ended in the middle of a reply", hint="Ask again.") from error
                yield _EVENTS.validate_json(item)
        finally:
            response.cancel()

    async def _begin(self, text: str) -> tuple[Any, str]:
        response: Any = self._streaming.stream.remote(text)
        try:
            return response, await anext(response)
        except BaseException:
            response.cancel()
            raise

    async def _insist(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        for left in reversed(range(ATTEMPTS)):
            try:
                return await attempt()
            except BackPressureError as error:
                raise Overloaded("too many requests are waiting") from error
            except DeploymentUnavailableError as error:
                raise EngineError("the model's deployment did not start", hint="See the serve logs.") from error
            except RayTaskError as error:
                cause = error.as_instanceof_cause()
                if isinstance(cause, RottieError):
                    raise cause from error
                raise EngineError("the model's process failed", where=type(error.cause).__name__) from None
            except LOST as error:
                if not left:
                    raise EngineError("the model's process ended, again and again", hint="See the serve logs.") from error
            self._metrics.retries.inc()
            await asyncio.sleep(random.uniform(0.1, 0.4))  # noqa: S311 - only spreads the retries
        raise AssertionError("the last attempt returns or raises")

    async def statuses(self) -> list[dict[str, Any]]:
        return await told_by_all(self._llm)


class HandleHome:
    """Asks the home's process. A request is sent again when that process was lost: each call names itself by a key."""

    def __init__(self, home: DeploymentHandle) -> None:
        self._home = home

    async def __call__(self, request: str) -> str:
        for left in reversed(range(ATTEMPTS)):
            try:
                return await self._home.ask.remote(request)
            except BackPressureError as error:
                raise Overloaded("too many requests wait for the home") from error
            except (DeploymentUnavailableError, RayTaskError) as error:
                raise HomeDown("the home's process failed", where=type(error).__name__) from None
            except LOST as error:
                if not left:
                    raise HomeDown("the home's process ended, again and again") from error
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - only spreads the retries
        raise AssertionError("the last attempt returns or raises")
