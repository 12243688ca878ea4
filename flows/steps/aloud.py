"""Spoken requests from end to end: the voice says what is asked, the recogniser hears it, both tiers act, the home judges.

The home's names are given to the recogniser, as serving does. Does not cover microphones, rooms and people's voices.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flows.steps.acting import act
from flows.steps.held_out import Found, Rows, answered, held_out, told
from flows.steps.recogniser.scoring import word_error_rate
from flows.steps.recogniser.texts import LONGEST, names_in
from flows.steps.scoring import Outcome, Scored, percentile, run_alone, summarise
from flows.steps.speech.augment import resample
from flows.steps.voice.exporting import MODEL
from schemas.conversation import Conversation, Message, call
from schemas.errors import EvaluationError
from schemas.home_lines import inventory_of
from serve.actions.tools import TOOLS
from serve.engines.faster_whisper import FasterWhisperEngine
from serve.engines.piper import PiperEngine
from serve.engines.samples import RATE
from serve.engines.spans import AREA, ENTITY
from serve.spelling import written

UNHEARD = "unheard"
_DRAWN = 3  # times as many rows are drawn as are said: some cannot be


@dataclass(frozen=True)
class Spoken:
    """A row with its request as it was heard; times in seconds of a clock."""

    row_id: str
    row: Conversation
    said: str
    heard: str
    speaking_s: float
    hearing_s: float


def measure_speech(voice: Path, recogniser: Path, llm: Path, limit: int, seed: int) -> Found:
    """``limit`` requests that can be said in English letters. Raises ModelUnusable, SpeechMissing, EvaluationError."""
    rows = list(sayable(held_out(_DRAWN * limit, seed)))[:limit]
    if not rows:
        raise EvaluationError("no request can be said", where="speech")
    spoken = run_alone(_all(rows, voice, recogniser))
    heard = [(one.row_id, one.row) for one in spoken if one.heard]
    scored = answered(llm, heard) if heard else Scored()
    scored.outcomes += [_unheard(one) for one in spoken if not one.heard]
    result = summarise("speech", scored)
    times = sorted(one.hearing_s * 1000 for one in spoken)
    figures = {
        "wer": word_error_rate([one.said for one in spoken], [one.heard for one in spoken]),
        "heard_exactly": sum(one.said == one.heard for one in spoken) / len(spoken),
        "unheard": sum(not one.heard for one in spoken) / len(spoken),
        "hearing_p50_ms": percentile(times, 0.5),
        "speaking_p50_ms": percentile(sorted(one.speaking_s * 1000 for one in spoken), 0.5),
    }
    return Found(told(result) | {name: round(value, 5) for name, value in figures.items()}, result, scored)


def sayable(rows: Rows) -> Iterator[tuple[str, Conversation]]:
    """Those with the home's tools whose request is written in letters that a voice of English says, and spelled right."""
    for row_id, row in rows:
        *_, newest = row.request()
        text = newest.content or ""
        ours = all(tool.function.name in TOOLS for tool in row.tools)
        if ours and newest.role == "user" and "ref_misspelled" not in row.tags and len(text) <= LONGEST and written(text):
            yield row_id, row


async def _all(rows: Rows, voice: Path, recogniser: Path) -> list[Spoken]:
    speaker, listener = PiperEngine(voice / MODEL), FasterWhisperEngine(recogniser)
    try:
        return [await _spoken(row_id, row, speaker, listener) for row_id, row in rows]
    finally:
        speaker.close()
        listener.close()


async def _spoken(row_id: str, row: Conversation, speaker: PiperEngine, listener: FasterWhisperEngine) -> Spoken:
    *earlier, newest = row.request()
    home = inventory_of(row.home)
    begun = time.monotonic()
    audio = np.concatenate([piece async for piece in speaker.speak(newest.content or "")])
    said = time.monotonic()
    found = await listener.transcribe(resample(audio, speaker.rate, RATE), names=names_in(home) if home else ())
    heard = written(found.text)
    ended = time.monotonic()
    asked = Message(role="user", content=heard)
    answer = as_written(row)
    as_heard = row.model_copy(update={"messages": (*earlier, asked, answer)})
    return Spoken(row_id, as_heard, written(newest.content or ""), heard, said - begun, ended - said)


def as_written(row: Conversation) -> Message:
    """The right answer with the words of the request in the form that a recogniser writes; names stay the home's."""
    named = {
        (tool.function.name, key)
        for tool in row.tools
        for key, schema in tool.function.properties().items()
        if schema.get("format") in (ENTITY, AREA) or "enum" in schema
    }

    def form(tool: str, key: str, value: Any) -> Any:
        return (written(value) or value) if isinstance(value, str) and (tool, key) not in named else value

    answer = row.answer()
    calls = tuple(
        call(each.function.name, {k: form(each.function.name, k, v) for k, v in each.function.parsed().items()}, each.id)
        for each in answer.tool_calls
    )
    return answer.model_copy(update={"tool_calls": calls})


def _unheard(one: Spoken) -> Outcome:
    """Nothing was asked, so nothing is done."""
    outcome = Outcome(one.row_id, one.row.tags, "", one.row.answer().tool_calls, one.row.tools, error=UNHEARD)
    outcome.acted = act(outcome, one.row.home, one.row.request())
    return outcome
