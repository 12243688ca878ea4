"""Whole sessions in a made-up room, in audio time: how many frames it takes until a reply stops that somebody speaks into."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from flows.steps.voice.sentences import sentences
from schemas.assistant import Tts
from serve.saying import Say, Voice
from tests.bench.barge_in import GOAL_MS, INTERRUPTIONS, Conversation, Room, words_of

ROOM = 500
"""The first of those that the published figure is of."""


@pytest.mark.slow
async def test_a_reply_stops_when_somebody_speaks_into_it_and_not_by_itself() -> None:
    voice, rng = Voice(), Random(1 + ROOM)
    voice.want(Tts())
    try:
        async for _ in voice.say(Say(text="Ready.")):
            pass
        conversation = Conversation(voice, Room(np.random.default_rng(ROOM)), sentences("test", 5 + ROOM))
        false, _, took_ms = await conversation.run(0.3, words_of(INTERRUPTIONS, rng), rng)
    finally:
        await voice.close()
    assert false == 0
    assert sum(0 <= ms <= GOAL_MS for ms in took_ms) >= 0.9 * INTERRUPTIONS, took_ms
