"""A test decode, run as ``python -m serve.trial WEIGHTS SPEC`` in a process of its own.

Ends with 0 when some tokens were decoded: plain, with a grammar, and with every adapter. Otherwise the error is the last
line, as JSON; or the process dies, which is what it is for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from schemas.assistant import LlmEngine as EngineSpec
from schemas.errors import EngineError, ModelUnusable, RottieError
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.protocol import Finished, Sampling
from serve.models import open_engine

_GRAMMAR = 'root ::= " " [a-z]{2}'


async def decode(weights: Path, spec: EngineSpec) -> None:
    """Raises a RottieError when the weights cannot be loaded, or a reply does not come to its end."""
    engine = open_engine(weights, spec.model_copy(update={"slots": 1, "context": min(spec.context, 512)}))
    try:
        tries = [(None, None), (_GRAMMAR, None), *((None, adapter) for adapter in sorted(engine.adapters))]
        for grammar, adapter in tries:
            prompt = f"{USER} test 1 2 3{END}{ASSISTANT}"
            pieces = [piece async for piece in engine.generate(prompt, Sampling(max_tokens=4), grammar, adapter)]
            if not isinstance(pieces[-1], Finished):
                raise ModelUnusable("a test decode did not end", where=str(weights))
    finally:
        engine.close()


def main() -> int:
    weights, spec = Path(sys.argv[1]), EngineSpec.model_validate_json(sys.argv[2])
    try:
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
