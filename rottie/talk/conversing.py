"""A spoken conversation from the user's side: sound to the assistant, its sound to the loudspeaker, the rest to the screen.

Where somebody speaks into a reply its sound stops at once. Whether that was an interruption is decided by the assistant: then it
is told how much was played, so that it remembers no more of its reply than was heard; otherwise the sound comes again.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Protocol

from rottie.talk.line import Line
from rottie.talk.outlet import Outlet
from rottie.talk.showing import Screen
from rottie.talk.waiting import Gate
from schemas.errors import EngineError, RottieError
from serve.api.faults import error_from
from serve.racing import until_first

QUIET_S = 3.0
"""Without anything happening after a recording has ended: then the conversation has too."""
_HEARD = "conversation.item.input_audio_transcription"


class Ear(Protocol):
    """Where sound comes from. ``over``: nothing but silence will follow."""

    @property
    def over(self) -> bool: ...

    def pieces(self) -> AsyncGenerator[bytes, None]: ...


class Talking:
    """One conversation. ``keys`` yields where a turn begins and where it ends, in turn; without it turns end by themselves."""

    def __init__(
        self,
        line: Line,
        ear: Ear,
        outlet: Outlet,
        screen: Screen,
        keys: AsyncIterator[None] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._line, self._ear, self._outlet, self._screen, self._keys, self._gate = line, ear, outlet, screen, keys, gate
        self._open = keys is None  # whether the microphone is
        self._speaking = False  # the user
        self._answering = False
        self._item = ""  # what is being played
        self._told: set[str] = set()  # items whose played part the assistant knows
        self._stirred = 0.0

    async def run(self, settings: dict[str, Any]) -> None:
        """Until the recording that stands for a microphone has been answered, or for ever. Raises StackDown, EngineError."""
        await self._line.send("session.update", session=settings)
        work = [self._hear(), self._tell(), self._until_quiet(), *([self._push_to_talk(self._keys)] if self._keys else [])]
        try:
            await until_first(*work)
        finally:
            self._screen.replied()

    async def _hear(self) -> None:
        asleep = False
        async with aclosing(self._ear.pieces()) as pieces:
            async for piece in pieces:
                if self._gate is not None:
                    if self._speaking or self._busy:
                        self._gate.stay()
                    asleep = self._shown_asleep(asleep)
                    piece = self._gate.push(piece)
                if self._open and piece:
                    await self._line.hear(piece)

    def _shown_asleep(self, was: bool) -> bool:
        """Tell when the gate has closed or opened since."""
        assert self._gate is not None
        if was == self._gate.awake:
            self._screen.note("I listen." if was else f"Say “{self._gate.phrase}”.")
        return not self._gate.awake

    async def _push_to_talk(self, keys: AsyncIterator[None]) -> None:
        async for _ in keys:
            self._open = not self._open
            if self._open:
                await self._interrupt()
                self._screen.note("Speak, and press Enter.")
            else:
                self._answering = True
                await self._line.send("input_audio_buffer.commit")
                await self._line.send("response.create")
        await asyncio.Event().wait()

    async def _interrupt(self) -> None:
        """The user has the word: the reply ends."""
        if self._answering:
            await self._line.send("response.cancel")
        if self._outlet.waits:
            self._outlet.drop()
            await self._truncate(self._item)

    async def _truncate(self, item: str, most_ms: int | None = None) -> None:
        """Tell how much of ``item`` was played, once."""
        if item and item not in self._told:
            self._told.add(item)
            played_ms = self._outlet.played_ms(item)
            played_ms = played_ms if most_ms is None else min(played_ms, most_ms)
            await self._line.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=played_ms)

    @property
    def _busy(self) -> bool:
        return self._speaking or self._answering or self._outlet.waits

    async def _until_quiet(self) -> None:
        now = asyncio.get_running_loop().time
        self._stirred = now()
        while not self._ear.over or now() - self._stirred < QUIET_S:
            await asyncio.sleep(0.05)
            if self._busy or not self._ear.over:
                self._stirred = now()

    async def _tell(self) -> None:
        async with aclosing(self._line.events()) as events:
            async for event in events:
                self._stirred = asyncio.get_running_loop().time()
                await self._happened(event)

    async def _happened(self, event: dict[str, Any]) -> None:
        screen = self._screen
        match event["type"]:
            case "input_audio_buffer.speech_started":
                self._speaking = True
                self._outlet.drop()
            case "input_audio_buffer.speech_stopped" | "input_audio_buffer.cleared":
                self._speaking = False
            case "rottie.partial_transcript":
                screen.partial(event["stable"], event["rest"])
            case _ if event["type"] == f"{_HEARD}.completed":
                screen.heard(event["transcript"])
            case _ if event["type"] == f"{_HEARD}.failed":
                screen.trouble(_error(event["error"]))
            case "response.created":
                self._answering = True
            case "response.output_audio.delta":
                self._item = event["item_id"]
                self._outlet.push(self._item, base64.b64decode(event["delta"]))
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                screen.said(event["delta"])
            case "response.done":
                await self._answered(event["response"])
            case "conversation.item.truncated":
                self._outlet.drop()
                await self._truncate(event["item_id"], event["audio_end_ms"])
            case "rottie.action":
                screen.action(event["action"])
            case "rottie.waterfall":
                screen.timings(event["stages_ms"])
            case "rottie.stage_down":
                screen.trouble(_error(event["error"]))
            case "error":
                screen.trouble(_error(event["error"]))
            case _:
                return

    async def _answered(self, response: dict[str, Any]) -> None:
        self._answering = False
        self._screen.replied()
        details = response.get("status_details") or {}
        if response["status"] == "cancelled":
            self._outlet.drop()
            await self._truncate(self._item)
        elif response["status"] == "failed" and details.get("error"):
            self._screen.trouble(_error(details["error"]))


def _error(told: dict[str, Any]) -> RottieError:
    """Of Rottie's own kinds, or of OpenAI's."""
    hint = told.get("hint") or "Say it again, or see `rottie status`."
    message = str(told.get("message", "something failed"))
    return error_from({**told, "message": message, "hint": hint}) if told.get("hint") else EngineError(message, hint=hint)
