"""Requests said aloud to homes that nothing is trained on, through a whole conversation with the shipped models; the home judges.

The bars are below what tests/bench/aloud.py measures with a hundred requests: what they catch is a way that is broken.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.inventory import Entity, Inventory
from serve import speech_models
from serve.speech_models import STARTER
from tests.bench.aloud import STRANGERS, TYPED, Judged, is_sounding, measured, states_of

SHIPPED = (speech_models.STARTERS / "stt" / "model.bin").is_file() and any((speech_models.STARTERS / "tts").glob("*.onnx"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not SHIPPED, reason="no recogniser and voice are shipped with this version"),
]

REQUESTS = 16
SERVED = {STARTER: 4, STRANGERS: 3, TYPED: 6}


def count(found: list[Judged]) -> int:
    """Of those that wanted something."""
    return sum(one.served and one.wants for one in found)


async def test_homes_do_what_is_said_aloud_and_answer_aloud(tmp_path: Path) -> None:
    found = await measured(REQUESTS, tmp_path, ("tools.reminders=false", "tools.notes=false", "tools.calculator=false"))
    for kind, least in SERVED.items():
        turns = found[kind]
        assert len(turns) >= REQUESTS - 2
        assert count(turns) >= least, kind
        assert not any(one.told.failed for one in turns)
        assert sum(is_sounding(one.told) for one in turns) >= len(turns) - 2, kind
        assert sum(one.wrong for one in turns) <= len(turns) // 4, kind


def test_a_scene_that_two_homes_begin_one_after_the_other_is_the_same_in_both() -> None:
    def home(begun: datetime | None) -> Inventory:
        state = begun.isoformat() if begun else "unknown"
        return Inventory(entities=(Entity(id="scene.film", name="film", state=state),))

    now = datetime.now(UTC)
    assert states_of(home(now)) == states_of(home(now - timedelta(seconds=40)))
    assert states_of(home(now)) != states_of(home(None))
    assert states_of(home(now)) != states_of(home(now - timedelta(days=1)))
