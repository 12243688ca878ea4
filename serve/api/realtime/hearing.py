"""The user's side of a Realtime connection: the input audio buffer, turns that are heard, and sound that comes as an item."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.errors import AudioUnusable, NoRecogniser, RequestError, RottieError, SpeechDown
from schemas.talking import SpeechStarted, SpeechStopped, TurnCommitted, TurnDropped
from serve.api.faults import note
from serve.api.realtime.faults import Refused, reason
from serve.api.realtime.floor import Floor
from serve.api.realtime.items import InputAudio, Item, Part, fresh
from serve.api.realtime.replying import Event, event
from serve.api.realtime.settings import listening
from serve.api.realtime.shapes import Pcm, ServerVad
from serve.engines.faster_whisper import Transcript
from serve.engines.samples import RATE
from serve.hearing import Listen
from serve.talking.intake import Intake
from serve.voicing import names_of

LEAST_MS = 100  # of sound that can be committed
STEP_S = 5  # of sound that is heard at once
PATIENCE_S = 10


@dataclass(eq=False)
class Hearing:
    """``waiting``: items that the client has committed and whose words are not known yet. ``promised``: the id that the item of
    the turn will have which is being spoken. ``deaf``: an item that could not be heard; why is told next.
    """

    floor: Floor
    waiting: deque[Item] = field(default_factory=deque)
    promised: str | None = None
    deaf: Item | None = None
    fresh_ms: float = 0.0

    async def append(self, audio: str) -> None:
        """Waits while much of what came before was not heard yet.

        Raises RequestError, AudioUnusable, Overloaded, NoRecogniser.
        """
        data, each = _decoded(audio), self._bytes_per_ms()
        most_s = self.floor.session.talk.backlog_s
        step = int(min(STEP_S, most_s / 4) * 1000 * each)
        for start in range(0, len(data), step):
            await self._room(most_s / 2)
            piece = data[start : start + step]
            self.floor.session.push(piece)
            self.floor.audio_ms += len(piece) / each
            self.fresh_ms += len(piece) / each

    async def _room(self, most_s: float) -> None:
        """A client that sends faster than is heard waits here, and through its connection; for a while, then it is refused."""
        until = time.monotonic() + PATIENCE_S
        while self.floor.session.waiting_s > most_s and time.monotonic() < until:  # noqa: ASYNC110 - hearing has no event for it
            await asyncio.sleep(0.02)

    def commit(self) -> list[Event]:
        """The sound so far becomes an item, whose words come later. Raises Refused where there is none."""
        if self.fresh_ms < LEAST_MS:
            told = f"the buffer has {self.fresh_ms:.2f} ms of audio; at least {LEAST_MS} ms can be committed"
            raise Refused("input_audio_buffer_commit_empty", told)
        item = Item(role="user", id=self.promised or fresh("item"), parts=[Part(True, None)])
        self.waiting.append(item)
        self._begin_anew()
        self.floor.session.commit()
        return self.committed(item)

    def clear(self) -> list[Event]:
        self.floor.session.clear()
        return self._forgotten()

    def committed(self, item: Item) -> list[Event]:
        before = self.floor.items.add(item)
        return [
            event("input_audio_buffer.committed", item_id=item.id, previous_item_id=before),
            event("conversation.item.added", item=item.shown(), previous_item_id=before),
            event("conversation.item.done", item=item.shown(), previous_item_id=before),
        ]

    # What the session tells.

    def started(self, told: SpeechStarted) -> list[Event]:
        self.promised = fresh("item")
        turns = listening(self.floor.shape).turn_detection
        padding = turns.prefix_padding_ms if isinstance(turns, ServerVad) else 300
        at = max(0, round(self.floor.behind_ms + told.audio_ms - padding))
        return [event("input_audio_buffer.speech_started", item_id=self.promised, audio_start_ms=at)]

    def stopped(self, told: SpeechStopped) -> list[Event]:
        if self.promised is None:
            return []
        at = round(self.floor.behind_ms + told.audio_ms)
        return [event("input_audio_buffer.speech_stopped", item_id=self.promised, audio_end_ms=at)]

    def understood(self, told: TurnCommitted) -> tuple[Item, list[Event]]:
        item, events = self._item(told.text)
        return item, [*events, *self.floor.transcript(item, 0, told.seconds)]

    def dropped(self, told: TurnDropped) -> list[Event]:
        """What was heard is no turn. A client that committed it has its item; one that did not hears that the buffer is empty."""
        if told.reason == "cleared":  # by the client, which was told, or by another way of hearing in the middle of a turn
            return [] if self.promised is None else self._forgotten()
        if told.reason == "failed":
            self.deaf, events = self._item("")
            return events
        if self.waiting:
            item = self.waiting.popleft()
            item.parts[0].text = ""
            return self.floor.transcript(item, 0, 0.0)
        return [] if self.promised is None else self._forgotten()

    def failed(self, error: dict[str, str], answered: bool) -> list[Event]:
        """Why the item could not be heard that was dropped last. ``answered``: the session says so by itself."""
        item, self.deaf = self.deaf, None
        if item is None:
            return []
        item.error, item.asked = reason(error), answered
        return self.floor.unheard(item, 0, item.error)

    def silence(self, since_ms: float) -> list[Event]:
        """Nobody has spoken since ``since_ms``: an item without words."""
        item = Item(role="user", parts=[Part(True, "")])
        at = {"audio_start_ms": round(since_ms), "audio_end_ms": round(max(since_ms, self.floor.audio_ms))}
        return [event("input_audio_buffer.timeout_triggered", item_id=item.id, **at), *self.committed(item)]

    # Sound that comes as an item.

    def recorded(self, given: Sequence[object]) -> list[tuple[int, bytes]]:
        """The sound of every part that has some, as the recogniser takes it. Raises RequestError, AudioUnusable, NoRecogniser."""
        settings = self.floor.desk.settings
        found = []
        for place, part in enumerate(given):
            if not isinstance(part, InputAudio):
                continue
            if settings.stt is None or self.floor.desk.speech.ears is None:
                raise NoRecogniser("audio cannot be understood here", where="item.content")
            samples = self._intake().push(_decoded(part.audio))
            if len(samples) > settings.stt.longest_s * RATE:
                raise AudioUnusable(f"the recording is longer than {settings.stt.longest_s:g} s", where="item.content")
            found.append((place, (samples.clip(-1.0, 1.0) * 32767).astype("<i2").tobytes()))
        return found

    async def hear(self, item: Item, recorded: list[tuple[int, bytes]]) -> None:
        """Each recording of ``item`` becomes words, all within the time of a request; one that cannot be heard has none, and
        ``item.error`` tells why. Raises nothing of theirs."""
        floor = self.floor
        until = asyncio.get_running_loop().time() + floor.desk.settings.limits.timeout_s
        options = floor.options()
        names = (*options.names, *await names_of(floor.desk.home))
        wanted = Listen(names=names, language=options.language, raw=True)
        for place, recording in recorded:
            found = await self._heard(recording, wanted, until)
            if isinstance(found, RottieError):
                item.parts[place].text, item.error = "", reason(found.as_dict())
                await floor.send(floor.unheard(item, place, item.error))
            else:
                item.parts[place].text = found.text
                await floor.send(floor.transcript(item, place, round(found.seconds, 3)))

    async def _heard(self, recording: bytes, wanted: Listen, until: float) -> Transcript | RottieError:
        """``until``: of the loop's clock."""
        ears = self.floor.desk.speech.ears
        assert ears is not None
        try:
            async with asyncio.timeout_at(until):
                return (await ears.hear(recording, wanted)).transcript
        except TimeoutError:
            limit_s = self.floor.desk.settings.limits.timeout_s
            return SpeechDown(f"the recogniser did not answer within {limit_s:g} s", where="stt")
        except RottieError as error:
            return error
        except Exception as error:
            return note(error)

    def _item(self, text: str) -> tuple[Item, list[Event]]:
        """The item of the turn that is over, which may be there already."""
        if self.waiting:
            item = self.waiting.popleft()
            item.parts[0].text = text
            return item, []
        item = Item(role="user", id=self.promised or fresh("item"), parts=[Part(True, text)])
        self._begin_anew()
        return item, self.committed(item)

    def _forgotten(self) -> list[Event]:
        self._begin_anew()
        return [event("input_audio_buffer.cleared")]

    def _begin_anew(self) -> None:
        self.promised, self.fresh_ms = None, 0.0

    def _intake(self) -> Intake:
        options = self.floor.options()
        return Intake(options.rate, options.channels, options.coding)

    def _bytes_per_ms(self) -> float:
        form = listening(self.floor.shape).format
        return 2 * form.rate / 1000 if isinstance(form, Pcm) else 8.0


def _decoded(audio: str) -> bytes:
    try:
        return base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError("the audio is not base64", where="audio") from None
