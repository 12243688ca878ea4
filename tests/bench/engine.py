"""Tokens a second of the serving engine, alone and with four conversations, against Transformers' generate.

    python -m tests.bench.engine [rounds]

Both run the same random Llama (256 wide, 6 layers) on one thread, greedy, the peer in float32 with a key-value cache and,
for four conversations, one batch of four. Rounds alternate, so that a busy machine slows both; the ratio is of neighbours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.comparing import interval, keep

NEW_TOKENS = 128
PROMPT = (
    "<|system|> You are the voice of a home.<|end|><|user|> turn on the hall lamp and play Rough Diamonds{}<|end|><|assistant|>"
)
CONCURRENCIES = (1, 4)


def ours(weights: Path) -> tuple[Callable[[int], float], Callable[[], None]]:
    from serve.engines.protocol import Finished, Sampling
    from serve.engines.xllamacpp import XllamacppEngine

    engine = XllamacppEngine(weights, context=512, slots=max(CONCURRENCIES), threads=1)

    async def one(number: int) -> int:
        pieces = [p async for p in engine.generate(PROMPT.format(number), Sampling(max_tokens=NEW_TOKENS))]
        assert isinstance(pieces[-1], Finished)
        return pieces[-1].completion_tokens

    async def together(count: int) -> float:
        start = time.perf_counter()
        tokens = await asyncio.gather(*(one(number) for number in range(count)))
        return sum(tokens) / (time.perf_counter() - start)

    return lambda count: asyncio.run(together(count)), engine.close


def peer(folder: Path) -> Callable[[int], float]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "left"
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def together(count: int) -> float:
        start = time.perf_counter()
        texts = [PROMPT.format(number) for number in range(count)]
        batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            made = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=NEW_TOKENS,
                min_new_tokens=NEW_TOKENS,
                do_sample=False,
            )
        tokens = count * (made.shape[1] - batch["input_ids"].shape[1])
        return tokens / (time.perf_counter() - start)

    return together


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from flows.steps.converting import convert
    from tests.tiny import write_model

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    results: dict[str, Any] = {"rounds": rounds, "new_tokens": NEW_TOKENS, "cpus": os.cpu_count()}
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "model"
        write_model(folder, layers=6, hidden=256, spread=0.05)
        other = peer(folder)
        for kind in ("q8_0", "f16"):
            weights = folder / f"{kind}.gguf"
            convert(folder, weights, kind, "bench")
            run, close = ours(weights)
            for count in CONCURRENCIES:
                run(count), other(count)  # warm
                pairs = [(run(count), other(count)) for _ in range(rounds)]
                ratios = [mine / theirs for mine, theirs in pairs]
                low, high = interval(ratios, draws=4000)
                results[f"{kind}_x{count}"] = {
                    "tokens_per_s": median(mine for mine, _ in pairs),
                    "transformers_tokens_per_s": median(theirs for _, theirs in pairs),
                    "ratio": median(ratios),
                    "ratio_95": [low, high],
                }
                print(f"{kind}, {count} at once:", json.dumps(results[f"{kind}_x{count}"]))
            close()
    keep("engine", results)


if __name__ == "__main__":
    main()
