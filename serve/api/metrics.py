"""What Prometheus sees: counts, times and the version that answers. Never a word of what was said."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from schemas.events import ActionDone, AssistEvent, TierAnswered, TurnFinished
from schemas.talking import Waterfall

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One gateway's numbers, in a registry of their own so that several applications fit in a process."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        self.requests = Counter("rottie_requests", "Requests answered.", ["route", "status"], registry=own)
        self.seconds = Histogram(
            "rottie_request_seconds", "From request to last byte.", ["route"], buckets=_SECONDS, registry=own
        )
        self.first = Histogram(
            "rottie_first_token_seconds", "From request to the first piece of a reply.", buckets=_SECONDS, registry=own
        )
        self.in_flight = Gauge("rottie_in_flight_requests", "Requests being answered now.", registry=own)
        self.sockets = Gauge("rottie_open_websockets", "WebSockets that are open now.", registry=own)
        self.tokens = Counter("rottie_tokens", "Tokens: prompt, cached (a part of prompt), completion.", ["kind"], registry=own)
        self.retries = Counter("rottie_retries", "Turns begun again after a lost replica.", registry=own)
        self.model = Gauge("rottie_model_info", "1 for the version that answered last.", ["model"], registry=own)

        self.assists = Counter("rottie_assists", "Requests to act, by the tier that answered.", ["tier"], registry=own)
        self.stages = Histogram(
            "rottie_turn_stage_seconds",
            "Of turns of spoken conversations, from the end of speech to the first sound, by stage; total only of those that were"
            " not interrupted.",
            ["stage"],
            buckets=_SECONDS,
            registry=own,
        )
        self.actions = Counter("rottie_actions", "Actions, by what came of them.", ["outcome"], registry=own)
        self._kinds = [self.tokens.labels(kind) for kind in ("prompt", "cached", "completion")]
        self._model = ""

    def answered_by(self, model: str) -> None:
        if model != self._model:
            self._model = model
            self.model.clear()
            self.model.labels(model).set(1)

    def finished(self, event: TurnFinished) -> None:
        spent = (event.prompt_tokens, event.cached_tokens, event.completion_tokens)
        for kind, tokens in zip(self._kinds, spent, strict=True):
            kind.inc(tokens)

    def assisted(self, event: AssistEvent) -> None:
        if isinstance(event, TierAnswered):
            self.assists.labels(event.tier).inc()
        elif isinstance(event, ActionDone):
            self.actions.labels(event.action.error["code"] if event.action.error else "done").inc()

    def spoken(self, event: Waterfall) -> None:
        for stage, ms in event.stages_ms.items():
            if not (event.interrupted and stage == "total"):
                self.stages.labels(stage).observe(ms / 1000)

    def text(self) -> bytes:
        return generate_latest(self._registry)
