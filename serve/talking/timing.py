"""Where the time of one spoken turn goes, from the end of speech to the first sound of the answer.

The stages follow each other: their sum is the total, but for what lies between them. Does not cover what a turn costs in all.
"""

from __future__ import annotations

from collections.abc import Callable

from schemas.events import ActionDone, AssistEvent, AssistFinished, CallsReady, ReplyDelta, TierAnswered


class Stopwatch:
    """One turn. ``endpoint_ms`` and ``stt_ms`` were spent before it was committed, which is when the watch starts."""

    def __init__(self, now: Callable[[], float], endpoint_ms: float = 0.0, stt_ms: float = 0.0) -> None:
        self._now, self._began = now, now()
        self._before = {"endpoint": endpoint_ms, "stt": stt_ms}
        self._at: dict[str, float] = {}
        self._by_model = False
        self._told: dict[str, float] = {}

    def note(self, event: AssistEvent | CallsReady) -> None:
        if isinstance(event, TierAnswered):
            self._by_model = event.tier == "model"
            self._mark("tier")
        elif isinstance(event, ReplyDelta | CallsReady):
            self._mark("said")
        elif isinstance(event, ActionDone):
            self._mark("said")
            self._at["acted"] = self._ms()
        elif isinstance(event, AssistFinished):
            self._told = event.timings_ms

    def clause(self) -> None:
        """A clause of the reply is there to be spoken."""
        self._mark("clause")

    def sound(self) -> None:
        self._mark("sound")

    def stages_ms(self, cut: bool = False) -> dict[str, float]:
        """By stage, in order, and ``total``: to the first sound, or to now where there was none. ``cut``: the reply was ended
        while it was made; only stages that it came to are told."""
        if cut:
            return self._reached_ms()
        spent = dict(self._before)
        act, intents = self._told.get("act", 0.0), self._told.get("intents", 0.0)
        end = self._at.get("clause", self._at.get("sound", self._ms()))
        tier = self._at.get("tier", end)
        if self._by_model:
            # The model begins once the first tier has passed; its first token is what the turn hears of it first.
            said = self._at.get("said", end)
            first = max(0.0, said - intents - (act if "acted" in self._at else 0.0))
            spent |= {"intents": intents, "llm_first_token": first}
        else:
            said = tier
            if "tier" in self._at:
                spent["intents"] = max(0.0, tier - act)
        if "acted" in self._at or act:
            spent["action"] = act
        if "clause" in self._at:
            spent["first_clause"] = max(0.0, self._at["clause"] - max(said, self._at.get("acted", 0.0)))
        if "sound" in self._at:
            spent["tts_first_audio"] = max(0.0, self._at["sound"] - self._at.get("clause", 0.0))
        spent["total"] = sum(self._before.values()) + self._at.get("sound", end)
        return {stage: round(ms, 3) for stage, ms in spent.items()}

    def _reached_ms(self) -> dict[str, float]:
        """What the first tier and actions took by themselves is not told before the end: it is a part of the stage behind it."""
        spent, at = dict(self._before), 0.0
        stages = {"said": "llm_first_token"} if self._by_model else {"tier": "intents"}
        for mark, stage in {**stages, "clause": "first_clause", "sound": "tts_first_audio"}.items():
            if mark in self._at:
                spent[stage], at = max(0.0, self._at[mark] - at), self._at[mark]
        spent["total"] = sum(self._before.values()) + self._at.get("sound", self._ms())
        return {stage: round(ms, 3) for stage, ms in spent.items()}

    def _mark(self, name: str) -> None:
        self._at.setdefault(name, self._ms())

    def _ms(self) -> float:
        return (self._now() - self._began) * 1000
