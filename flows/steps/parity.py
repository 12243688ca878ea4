"""Whether each export computes what the trained model does: tokens, the next token, and its log-probability.

Compared on real prompts, half of them with the answer already written, against Transformers in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from flows.steps.reading import read_rows
from flows.steps.scoring import engine_for, run_alone
from schemas.artifacts import Candidate, Dataset, Exported
from schemas.assistant import LlmEngine
from schemas.errors import ParityError
from schemas.prompt import render_body, render_prompt
from serve.models import open_engine, try_decode

PROMPTS = 64
TOP = 20
# Differences are taken where the trained model gives a token at least this probability: below, they decide nothing.
FLOOR = 1e-3


@dataclass(frozen=True)
class Tolerance:
    """How far an export may be off. Differences in natural-log probability; ``tie``: first tokens this close are equal."""

    mean: float
    largest: float
    agreement: float
    tie: float


# float16 rounds weights and, in llama.cpp, activations; the quantised kinds round both to blocks of integers.
TOLERANCES = {
    "f16": Tolerance(mean=0.02, largest=0.3, agreement=0.98, tie=0.05),
    "q8_0": Tolerance(mean=0.1, largest=1.5, agreement=0.95, tie=0.2),
    "q6_k": Tolerance(mean=0.2, largest=3.0, agreement=0.9, tie=0.3),
    "q5_k_m": Tolerance(mean=0.3, largest=4.0, agreement=0.85, tie=0.5),
    "q4_k_m": Tolerance(mean=0.5, largest=5.0, agreement=0.8, tie=0.7),
}


@dataclass(frozen=True)
class Expected:
    """What Transformers says about one text: its token ids, and the log-probability of every next token."""

    text: str
    tokens: tuple[int, ...]
    scores: Any  # numpy array, one float a token of the vocabulary


def check_parity(candidate: Candidate, exported: Exported, dataset: Dataset) -> dict[str, Any]:
    """Figures for each file. Raises ParityError, with the figure, for the first that is out of tolerance."""
    texts = _texts(dataset)
    spec = engine_for(exported, slots=1)
    expected = _expected(candidate.folder, texts, spec.context)
    report: dict[str, Any] = {"prompts": len(expected)}
    for file in sorted(exported.manifest.files):
        kind = file.removeprefix("model-").removesuffix(".gguf")
        weights = exported.folder / file
        try_decode(weights, exported.manifest.files[file], spec)
        report[kind] = run_alone(_compare(weights, spec, expected, TOLERANCES[kind].tie))
        _judge(kind, report[kind], weights)
    return report


def _texts(dataset: Dataset) -> list[str]:
    """Prompts of the test split; every second one goes on with its answer, to the token that ends it."""
    texts = []
    for index, row in enumerate(read_rows(dataset, "test")):
        if index == PROMPTS:
            break
        prompt = render_prompt(row.request(), row.tools, row.home)
        texts.append(prompt + (render_body(row.answer()) if index % 2 else ""))
    return texts


def _expected(folder: Path, texts: Sequence[str], context: int) -> list[Expected]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    found = []
    with torch.inference_mode():
        for text in texts:
            tokens = tokenizer.encode(text, add_special_tokens=False)
            if not 0 < len(tokens) < context:
                continue
            logits = model(torch.tensor([tokens]), logits_to_keep=1).logits[0, -1]
            found.append(Expected(text, tuple(tokens), torch.log_softmax(logits.float(), -1).numpy()))
    return found


async def _compare(weights: Path, spec: LlmEngine, expected: Sequence[Expected], tie: float) -> dict[str, float]:
    engine = open_engine(weights, spec)
    tokens_equal = agreeing = 0
    differences: list[float] = []
    try:
        for item in expected:
            scores = await engine.score_next(item.text, TOP)
            tokens_equal += scores.prompt_tokens == item.tokens
            first = next(iter(scores.next_tokens))
            agreeing += float(item.scores.max() - item.scores[first]) <= tie
            likely = {token: value for token, value in scores.next_tokens.items() if item.scores[token] > log(FLOOR)}
            differences += [abs(float(item.scores[token]) - value) for token, value in likely.items()]
    finally:
        engine.close()
    count = max(1, len(expected))
    return {
        "tokens_equal": tokens_equal / count,
        "top1_agreement": agreeing / count,
        "logprob_mean_difference": sum(differences) / max(1, len(differences)),
        "logprob_max_difference": max(differences, default=0.0),
    }


def _judge(kind: str, figures: dict[str, float], weights: Path) -> None:
    bar = TOLERANCES[kind]
    broken = {
        "tokens_equal": figures["tokens_equal"] < 1,
        "top1_agreement": figures["top1_agreement"] < bar.agreement,
        "logprob_mean_difference": not figures["logprob_mean_difference"] <= bar.mean,
        "logprob_max_difference": not figures["logprob_max_difference"] <= bar.largest,
    }
    for name, out in broken.items():
        if out:
            raise ParityError(f"{kind} differs from the trained model: {name} is {figures[name]:.4g}", where=str(weights))
