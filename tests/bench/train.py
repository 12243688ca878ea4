"""Training speed against the usual way: rows padded to one length, the prompt repeated before each, logits for every token.

``python -m tests.bench.train [--rows N] [--steps N]``. Both sides train the same model on the same rows with the same
optimizer, in turns; the ratio's interval comes from its rounds. Conversation tokens alone count: the repeated prompt is
no work that anyone asked for.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from flows.steps import attending, ingesting
from flows.steps.modelling import scratch_model
from flows.steps.optimising import adamw
from flows.steps.packing import Encoded, Encoder, collate, pack
from flows.steps.reading import read_rows
from flows.steps.stepping import Loss
from flows.steps.tokenizing import train_tokenizer
from schemas.conversation import Conversation
from schemas.loading import load_pipeline
from schemas.pipeline import ScratchBase
from schemas.settings import Home
from tests.bench.comparing import keep
from tests.bench.fine_tuning import SCRATCH

ROUNDS = 7


def packed_side(model: torch.nn.Module, rows: Sequence[Encoded], encoder: Encoder, sequence: int, batch: int) -> list[Callable]:
    """One function a step, each doing the same share of the rows as its peer of the other side."""
    packs, _ = pack(rows, [len(prefix) for prefix in encoder.prefixes], sequence, random.Random(0))
    loss = Loss(model, "float32")

    def step(start: int) -> float:
        some = collate(packs[start : start + batch], rows, encoder)
        (loss(some) / some.weights.sum()).backward()
        return float(sum(len(rows[index].tokens) for item in packs[start : start + batch] for index in item.rows))

    return [lambda start=start: step(start) for start in range(0, len(packs) - batch, batch)]


def padded_side(model: torch.nn.Module, rows: Sequence[Encoded], encoder: Encoder, batch: int) -> list[Callable]:
    """What a padding collator and a causal model's own loss do."""

    def step(some: Sequence[Encoded]) -> float:
        whole = [torch.cat((torch.from_numpy(encoder.prefixes[row.prefix]), torch.from_numpy(row.tokens))) for row in some]
        weights = [torch.cat((torch.zeros(len(encoder.prefixes[r.prefix])), torch.from_numpy(r.weights))) for r in some]
        tokens = torch.nn.utils.rnn.pad_sequence(whole, batch_first=True)
        labels = torch.nn.utils.rnn.pad_sequence(
            [torch.where(w > 0, t, -100) for t, w in zip(whole, weights, strict=True)], batch_first=True, padding_value=-100
        )
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(t) for t in whole], batch_first=True)
        model(input_ids=tokens, attention_mask=mask, labels=labels, use_cache=False).loss.backward()
        return float(sum(len(row.tokens) for row in some))

    return [lambda at=at: step(rows[at : at + batch]) for at in range(0, len(rows) - batch, batch)]


def speed(side: Sequence[Callable], optimizer: torch.optim.Optimizer, steps: int, first: int) -> float:
    """Conversation tokens a second of this process's own CPU time: other programs on the machine do not count."""
    start, tokens = time.process_time(), 0.0
    for step in range(first, first + steps):
        optimizer.zero_grad()
        tokens += side[step % len(side)]()
        optimizer.step()
    return tokens / (time.process_time() - start)


def measure(conversations: list[Conversation], pipeline: str, steps: int) -> dict[str, float]:
    spec = load_pipeline(pipeline)
    base = spec.training.base if isinstance(spec.training.base, ScratchBase) else SCRATCH
    tokenizer = train_tokenizer(conversations, base.vocabulary, base.context)
    encoder = Encoder(tokenizer)
    rows = encoder.encode(conversations)
    attending.register()
    sides = []
    for attention in (attending.NAME, "sdpa"):
        model = scratch_model(base, tokenizer)
        model.set_attn_implementation(attention)
        sides.append((model, adamw(list(model.parameters()), spec.training)))
    ours = packed_side(sides[0][0], rows, encoder, spec.training.sequence, spec.training.batch)
    average = max(1, len(rows) // max(1, len(ours)))
    theirs = padded_side(sides[1][0], rows, encoder, min(average, 32))
    speed(ours, sides[0][1], 1, 0), speed(theirs, sides[1][1], 1, 0)
    pairs = [(speed(ours, sides[0][1], steps, n * steps), speed(theirs, sides[1][1], steps, n * steps)) for n in range(ROUNDS)]
    ratios = sorted(mine / other for mine, other in pairs)
    return {
        "tokens_per_cpu_s": statistics.median(mine for mine, _ in pairs),
        "padded_tokens_per_cpu_s": statistics.median(other for _, other in pairs),
        "ratio": statistics.median(ratios),
        "ratio_low": ratios[0],
        "ratio_high": ratios[-1],
        "rounds": ROUNDS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", default="starter")
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--steps", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    spec = load_pipeline(options.pipeline)
    with tempfile.TemporaryDirectory() as folder:
        dataset = ingesting.ingest(spec.sources, spec.split, Home(Path(folder)))
        rows = list(read_rows(dataset, "train"))[: options.rows]
    result = {"pipeline": options.pipeline, **measure(rows, options.pipeline, options.steps)}
    print(keep("train", result))


if __name__ == "__main__":
    main()
