"""Clients that ask without a pause and look closely at every reply: whole, told that it broke off, or lost."""

from __future__ import annotations

import collections
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

MESSAGES = [{"role": "user", "content": "turn on the hall lamp"}]
TOLD = "told: "
NOBODY = "HTTP 503"


@dataclass(frozen=True)
class Reply:
    """``end`` is the finish reason, or the error that the stream told of before its end mark; empty for neither."""

    model: str
    text: str
    end: str


def streamed(http: httpx.Client, body: Mapping[str, object]) -> Reply:
    """One streamed chat. Raises httpx.HTTPError where the connection breaks, AssertionError where the end mark is missing."""
    model, text, end, last = "", [], "", ""
    with http.stream("POST", "/v1/chat/completions", json={**body, "stream": True}) as reply:
        if reply.status_code != 200:
            reply.read()
            return Reply("", reply.text, f"HTTP {reply.status_code}")
        for line in reply.iter_lines():
            if not line:
                continue
            last = line
            if line == "data: [DONE]":
                continue
            chunk = json.loads(line.removeprefix("data: "))
            if "error" in chunk:
                end = TOLD + chunk["error"]["message"]
                continue
            model = chunk["model"]
            for choice in chunk["choices"]:
                text.append(choice["delta"].get("content") or "")
                end = choice["finish_reason"] or end
    assert last == "data: [DONE]", f"no end mark after {len(text)} pieces"
    return Reply(model, "".join(text), end)


def plain(http: httpx.Client, body: Mapping[str, object]) -> Reply:
    reply = http.post("/v1/chat/completions", json=dict(body))
    if reply.status_code != 200:
        return Reply("", reply.text, f"HTTP {reply.status_code}")
    document = reply.json()
    choice = document["choices"][0]
    return Reply(document["model"], choice["message"]["content"] or "", choice["finish_reason"])


class Load:
    """``outcomes`` counts the models of whole replies, and what went wrong with the others.

    ``expected`` are the whole replies by model and way; a stream that ends well and says something else counts as wrong.
    """

    def __init__(
        self, url: str, key: str, expected: Mapping[str, Mapping[str, str]], threads: int = 8, tokens: int = 200
    ) -> None:
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.streams: collections.Counter[str] = collections.Counter()
        self._expected, self._tokens = expected, tokens
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, key, bool(i % 2))) for i in range(threads)]

    def _ask(self, url: str, key: str, stream: bool) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        way = "stream" if stream else "plain"
        body = {"model": "champion", "messages": MESSAGES, "max_tokens": self._tokens if stream else 8}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=90) as http:
            while not self._stop.is_set():
                try:
                    reply = (streamed if stream else plain)(http, body)
                except (httpx.HTTPError, AssertionError) as error:
                    self.outcomes[f"{way}: {type(error).__name__}: {error}"[:300]] += 1
                    continue
                self.outcomes[self._judged(reply, way)] += 1
                if reply.end == NOBODY:
                    time.sleep(1)  # as Retry-After says
                if stream:
                    self.streams[reply.model] += 1

    def _judged(self, reply: Reply, way: str) -> str:
        if reply.end.startswith(TOLD):
            return reply.end
        if reply.end not in {"stop", "length"}:
            return f"{way}: {reply.end or 'no finish reason'}: {reply.text}"[:300]
        whole = self._expected.get(reply.model, {}).get(way)
        return reply.model if reply.text == whole else f"{way}: other words of {reply.model}: {len(reply.text)} characters"

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def wait(self, model: str, count: int = 20) -> None:
        """Until ``count`` more whole replies of ``model`` came."""
        goal = self.outcomes[model] + count
        until(lambda: self.outcomes[model] >= goal, f"{goal} answers of {model}: {self.outcomes}")

    @property
    def failures(self) -> dict[str, int]:
        return {text: count for text, count in self.outcomes.items() if not text.startswith("rottie-llm/")}


def until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.1)
