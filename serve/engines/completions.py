"""A reply as llama.cpp's server speaks of it, to and from our words. Pure functions."""

from __future__ import annotations

from typing import Any

from schemas.errors import EngineError, GrammarUnusable, Overloaded, PromptTooLong
from schemas.events import TokenLogprob, TopLogprob
from serve.engines.protocol import Finished, Sampling

_BAD_REQUEST = 400


def request_of(sampling: Sampling) -> dict[str, Any]:
    """Every knob is named, since llama.cpp's defaults (top_k 40, min_p 0.05) are not neutral. Stop strings are not its work."""
    request: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "cache_prompt": True,
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed
    if sampling.logit_bias:
        request["logit_bias"] = [list(pair) for pair in sampling.logit_bias]
    if sampling.logprobs is not None:
        request["logprobs"] = max(1, sampling.logprobs)  # 0 would mean none at all
    if sampling.stop:
        request["timings_per_token"] = True  # what a reply that is stopped by us has cost
    return request


def tokens_of(choice: dict[str, Any], alternatives: int | None) -> tuple[TokenLogprob, ...]:
    """The tokens of a chunk's text. A character that takes several tokens comes as one, with the last one's probability:
    llama.cpp reports no others.
    """
    if alternatives is None or not choice["logprobs"]:
        return ()
    return tuple(
        TokenLogprob(
            **_token(item), top_logprobs=tuple(TopLogprob(**_token(other)) for other in item["top_logprobs"][:alternatives])
        )
        for item in choice["logprobs"]["content"]
    )


def _token(item: dict[str, Any]) -> dict[str, Any]:
    data = tuple(item["bytes"])
    return {"token": bytes(data).decode("utf-8", "replace"), "logprob": item["logprob"], "bytes": data}


def finished(chunk: dict[str, Any], *, stopped: bool = False) -> Finished:
    """From a reply's last chunk; ``stopped``: from the last that was wanted."""
    timings = chunk["timings"]
    return Finished(
        finish_reason="length" if chunk["choices"][0]["finish_reason"] == "length" and not stopped else "stop",
        prompt_tokens=timings["cache_n"] + timings["prompt_n"],
        cached_tokens=timings["cache_n"],
        completion_tokens=timings["predicted_n"],
        prompt_ms=timings["prompt_ms"],
        completion_ms=timings["predicted_ms"],
    )


def as_direct(chunk: dict[str, Any]) -> dict[str, Any]:
    """A chunk of llama.cpp's own route in the shape that the direct call gives."""
    if "error" in chunk:
        return chunk
    tokens = chunk.get("completion_probabilities")
    reason = ("length" if chunk.get("stop_type") == "limit" else "stop") if chunk["stop"] else None
    choice = {"text": chunk["content"], "logprobs": {"content": tokens} if tokens else None, "finish_reason": reason}
    return {"choices": [choice], "timings": chunk.get("timings")}


def too_long(tokens: int, context: int, where: str = "messages") -> PromptTooLong:
    what = "conversation" if where == "messages" else "text"
    return PromptTooLong(f"the {what} has {tokens} tokens; this model takes {context}", where=where)


def error_of(error: dict[str, Any], context: int) -> Exception:
    """llama.cpp's error, typed. Its message is passed on only where it cannot quote the prompt."""
    if error.get("type") == "exceed_context_size_error":
        return too_long(error.get("n_prompt_tokens", 0), min(context, error.get("n_ctx", context)))
    if error.get("type") == "unavailable_error":
        return Overloaded("the engine takes no more requests now")
    if error.get("code") == _BAD_REQUEST and "grammar" in str(error.get("message")):
        return GrammarUnusable("llama.cpp cannot use this grammar", where="grammar")
    return EngineError(f"llama.cpp refused a request ({error.get('type', 'unknown')}, code {error.get('code', 0)})")
