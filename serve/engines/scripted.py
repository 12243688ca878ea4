"""Fixed replies in place of a model: for tests of everything around the engine.

Reads ``script.json`` beside the weights file: a list of ``{"when": text, "reply": text}``; the first entry whose ``when``
occurs in the last user message answers, an entry without ``when`` always does. A token is a word.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from schemas.errors import ModelUnusable, NoProjector, PromptTooLong, RequestError
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.protocol import Delta, Embedding, Finished, Picture, Placed, Sampling, TokenScores

FILE = "script.json"
_TOKEN = re.compile(r"<\|\w+\|>|\s?[^\s<]+|\s|<")


class ScriptedEngine:
    def __init__(self, replies: Sequence[tuple[str, str]], *, context: int = 1024, delay_s: float = 0.0) -> None:
        """``replies`` are (when, reply); ``delay_s`` passes before every token."""
        self.context = context
        self.adapters: frozenset[str] = frozenset()
        self._replies = list(replies)
        self._delay = delay_s

    @classmethod
    def read(cls, weights: Path, *, context: int) -> ScriptedEngine:
        path = weights.parent / FILE
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            replies = [(str(entry.get("when", "")), str(entry["reply"])) for entry in entries]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelUnusable("the script of the scripted engine cannot be read", where=str(path)) from error
        return cls(replies, context=context)

    async def generate(
        self,
        prompt: str,
        sampling: Sampling,
        grammar: str | None = None,
        adapter: str | None = None,
        images: Sequence[Placed] = (),
    ) -> AsyncIterator[Delta | Finished]:
        """The scripted reply, word by word; ``grammar`` is not enforced."""
        if images:
            raise NoProjector("a script sees no images", where="messages")
        size = len(_TOKEN.findall(prompt))
        if size >= self.context:
            raise PromptTooLong(f"the conversation has {size} tokens; this model takes {self.context}", where="messages")
        asked = prompt.rpartition(USER)[2].partition(END)[0]
        reply = next((reply for when, reply in self._replies if when in asked), "")
        tokens = _TOKEN.findall(reply)
        limit = min(sampling.max_tokens, self.context - size)
        for token in tokens[:limit]:
            await asyncio.sleep(self._delay)
            yield Delta(token)
        yield Finished("length" if len(tokens) > limit else "stop", size, 0, min(len(tokens), limit), 0.0, 0.0)

    async def image_tokens(self, picture: Picture) -> int:
        raise NoProjector("a script sees no images", where="messages")

    async def tokenize(self, text: str) -> list[int]:
        """Positions in the text, not a vocabulary: only their number means something."""
        return list(range(len(_TOKEN.findall(text))))

    async def detokenize(self, tokens: Sequence[int]) -> str:
        raise RequestError("this engine has no vocabulary", hint="Send the text.")

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        return TokenScores(tuple(await self.tokenize(prompt)), {0: 0.0} if prompt.endswith(ASSISTANT) else {})

    async def embed(self, texts: Sequence[str]) -> list[Embedding]:
        """Letter frequencies: equal texts are equal, similar ones near."""
        return [_letters(text) for text in texts]

    def close(self) -> None:
        return


def _letters(text: str) -> Embedding:
    counts = [float(text.lower().count(chr(code))) + 0.01 for code in range(ord("a"), ord("z") + 1)]
    length = math.sqrt(math.fsum(count * count for count in counts))
    return Embedding(tuple(count / length for count in counts), len(_TOKEN.findall(text)))
