"""A test decode, run as ``python -m serve.trial WEIGHTS SPEC`` in a process of its own, with limits.

Ends with 0 when some tokens were decoded: plain, with a grammar, with every adapter, and about an image where there is a
projector. Otherwise the error is the last line, as JSON; or the process dies, which is what it is for.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from schemas.assistant import LlmEngine as EngineSpec
from schemas.errors import EngineError, ModelUnusable, RottieError
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.pictures import blank
from serve.engines.protocol import Finished, LlmEngine, Placed, Sampling
from serve.models import adapter_file, open_engine

_GRAMMAR = 'root ::= " " [a-z]{2}'


# What a decode of some tokens may take beside the weights, which may be in memory twice: mapped, and rearranged.
_SPARE_BYTES = 6 * 2**30
_CPU_S = 600
_WRITTEN_BYTES = 2**20
_ROOM = 64  # tokens that a question about an image and its answer take at least
_SIDE = 512  # pixels of the image that is looked at


def limit(weights: Path, spec: EngineSpec) -> None:
    """From here on, what a damaged or hostile file can make this process take has an end; and it leaves no core behind."""
    beside = [*spec.adapters.values(), spec.speculation and spec.speculation.draft, spec.projector]
    size = weights.stat().st_size + sum(adapter_file(file).stat().st_size for file in beside if file)
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: _CPU_S, resource.RLIMIT_FSIZE: _WRITTEN_BYTES}
    if not spec.gpu_layers:  # drivers reserve far more addresses than memory
        limits[resource.RLIMIT_AS] = 3 * size + _SPARE_BYTES
    for kind, wanted in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


async def decode(weights: Path, spec: EngineSpec) -> None:
    """Raises a RottieError when the weights cannot be loaded, or a reply does not come to its end."""
    context = spec.context if spec.projector else min(spec.context, 512)
    engine = open_engine(weights, spec.model_copy(update={"slots": 1, "context": context}))
    try:
        tries = [(None, None, ()), (_GRAMMAR, None, ()), *((None, adapter, ()) for adapter in sorted(engine.adapters))]
        if spec.projector:
            tries.append((None, None, (await image(engine),)))
        for grammar, adapter, images in tries:
            prompt = f"{USER} test 1 2 3{END}{ASSISTANT}"
            pieces = [piece async for piece in engine.generate(prompt, Sampling(max_tokens=4), grammar, adapter, images)]
            if not isinstance(pieces[-1], Finished):
                raise ModelUnusable("a test decode did not end", where=str(weights))
    finally:
        engine.close()


async def image(engine: LlmEngine) -> Placed:
    """One to look at. Raises ModelUnusable where the context is too small for any."""
    picture = blank(_SIDE, _SIDE)
    if (tokens := await engine.image_tokens(picture)) >= engine.context - _ROOM:
        hint = "Raise engine.context, or lower engine.projector.tokens, in the assistant's file."
        raise ModelUnusable(f"an image takes {tokens} tokens, and the context has {engine.context}", hint=hint)
    return Placed(picture, len(USER), tokens)


def main() -> int:
    weights, spec = Path(sys.argv[1]), EngineSpec.model_validate_json(sys.argv[2])
    try:
        limit(weights, spec)
        asyncio.run(decode(weights, spec))
    except RottieError as error:
        problem = error
    except Exception as error:
        problem = EngineError(f"a test decode failed with {type(error).__name__}", where=str(weights))
    else:
        return 0
    print(json.dumps(problem.as_dict()))
    return 1


if __name__ == "__main__":
    sys.exit(main())
