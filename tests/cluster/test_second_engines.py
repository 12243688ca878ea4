"""Second engines through the real Serve application: firsts that cannot be loaded, and one that is killed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from schemas.assistant import Stt, Tts
from tests.cluster.conftest import RayHead
from tests.cluster.test_speech import Talk, _below, _is
from tests.serve.recordings import tone, wav

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]
SAID = wav(tone(1.5))


def hearing(folder: Path, name: str, text: str) -> dict[str, Any]:
    (folder / name).write_text(text)
    return {"kind": "scripted", "model": str(folder / name)}


def test_seconds_stand_in_and_it_is_told(ray_head: RayHead) -> None:
    first = hearing(ray_head.home, "first.txt", "turn on the hall lamp")
    second = hearing(ray_head.home, "second.txt", "turn off the hall lamp")
    tts = Tts.model_validate({"model": "/nowhere", "second": {"kind": "scripted"}})
    talk = Talk(ray_head, Stt.model_validate({"model": "/nowhere", "second": second}), tts)
    body = talk.say(SAID, speak=True).json()
    assert body["transcript"]["text"] == "turn off the hall lamp"
    assert body["audio"] is not None
    assert {stage: why["code"] for stage, why in body["fell_back"].items()} == {"stt": "speech.missing", "tts": "speech.missing"}
    assert sorted(talk.http.get("/v1/status").json()["speech"]) == ["stt", "stt_second", "tts", "tts_second"]
    talk.roll_out(Stt.model_validate(first | {"second": second}), tts)
    first_again(talk)
    assert talk.state("light.hall_lamp") == "on"
    mine = [p for p in psutil.process_iter(["cmdline"]) if _is(p, "Stt") and not _is(p, "SttSecond") and _below(p, talk.home)]
    assert len(mine) == 1
    mine[0].kill()
    first_again(talk)


def first_again(talk: Talk) -> None:
    """Nobody is refused until the first hears."""
    deadline = time.monotonic() + 90
    while True:
        body = talk.say(SAID).json()
        by_second = "stt" in body["fell_back"]
        assert body["transcript"]["text"] == ("turn off the hall lamp" if by_second else "turn on the hall lamp")
        if not by_second:
            return
        assert time.monotonic() < deadline, "the first hears"
        time.sleep(0.3)
