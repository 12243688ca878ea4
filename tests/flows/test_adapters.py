"""LoRA adapters: what is converted computes what PEFT does, in llama.cpp; no reply starts from another's prefix."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.steps.converting import convert, convert_adapter
from schemas.assistant import Adapter
from schemas.assistant import LlmEngine as Spec
from schemas.errors import EngineError, EvaluationError, ModelUnusable
from schemas.hashing import file_sha256
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.protocol import Delta, Sampling
from serve.models import open_engine, try_decode
from tests.tiny import write_model

PROMPT = f"{USER} turn on the hall lamp{END}{ASSISTANT}"
WIDTHS = {
    "self_attn.q_proj": (64, 64),
    "self_attn.k_proj": (64, 32),
    "self_attn.v_proj": (64, 32),
    "self_attn.o_proj": (64, 64),
    "mlp.gate_proj": (64, 96),
    "mlp.up_proj": (64, 96),
    "mlp.down_proj": (96, 64),
}


def write_adapter(folder: Path, *, seed: int, rank: int = 4, **changes: Any) -> None:
    """A PEFT folder with random matrices for every layer of the tiny model."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    tensors = {}
    for layer in range(2):
        for name, (inputs, outputs) in WIDTHS.items():
            prefix = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{prefix}.lora_A.weight"] = random.normal(0, 0.15, (rank, inputs)).astype(np.float32)
            tensors[f"{prefix}.lora_B.weight"] = random.normal(0, 0.15, (outputs, rank)).astype(np.float32)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    modules = [name.split(".")[1] for name in WIDTHS]
    settings = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 8, "target_modules": modules}
    (folder / "adapter_config.json").write_text(json.dumps({**settings, "bias": "none", **changes}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters")
    write_model(folder / "base")
    convert(folder / "base", folder / "base.gguf", "f32", "tiny")
    for seed, (name, changes) in enumerate({"kind": {}, "terse": {"use_rslora": True}}.items()):
        write_adapter(folder / name, seed=seed, **changes)
        convert_adapter(folder / name, folder / "base", folder / f"{name}.gguf", name)
    return folder


def spec(folder: Path, kind: str, *names: str) -> Spec:
    adapters = {name: Adapter(path=str(folder / f"{name}.gguf"), sha256=file_sha256(folder / f"{name}.gguf")) for name in names}
    return Spec.model_validate({"kind": kind, "context": 512, "slots": 1, "adapters": adapters})


@pytest.fixture(scope="module", params=["xllamacpp", "llama_cpp"])
def engine(request: pytest.FixtureRequest, folder: Path) -> Iterator[Any]:
    if request.param == "llama_cpp":
        pytest.importorskip("llama_cpp", reason="the extra llama-cpp is not installed: it compiles for minutes")
    engine = open_engine(folder / "base.gguf", spec(folder, request.param, "kind", "terse"))
    yield engine
    engine.close()


async def reply(engine: Any, adapter: str | None, *, most: int = 12) -> tuple[str, dict[tuple[int, ...], float]]:
    """The text, and the twenty most likely first tokens."""
    text, first = "", {}
    grammar = "root ::= [a-z ]{40}"  # xllamacpp reports no probabilities of half a character
    async for piece in engine.generate(PROMPT, Sampling(max_tokens=most, logprobs=20), grammar, adapter):
        if isinstance(piece, Delta):
            first = first or {token.bytes: token.logprob for token in piece.logprobs[0].top_logprobs}
            text += piece.text
    return text, first


@pytest.mark.parametrize("adapter", [None, "kind", "terse"])
async def test_logits_are_those_of_peft(engine: Any, folder: Path, adapter: str | None) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder / "base")
    model: Any = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, folder / adapter)
    ids = torch.tensor([tokenizer.encode(PROMPT, add_special_tokens=False)])
    with torch.inference_mode():
        wanted = torch.log_softmax(model.eval()(ids).logits[0, -1].double(), -1)
    _, found = await reply(engine, adapter)
    best = torch.topk(wanted, 20).values.tolist()
    assert sorted(found.values(), reverse=True) == pytest.approx(best, abs=2e-3)


async def test_no_reply_starts_from_a_prefix_of_other_weights(engine: Any, folder: Path) -> None:
    kind = "llama_cpp" if "LlamaCpp" in type(engine).__name__ else "xllamacpp"
    alone = {}
    for name in (None, "kind", "terse"):
        fresh = open_engine(folder / "base.gguf", spec(folder, kind, "kind", "terse"))
        try:
            alone[name] = await reply(fresh, name)
        finally:
            fresh.close()
    assert len({text for text, _ in alone.values()}) == 3
    for name in (None, "kind", None, "terse", "kind", "kind", "terse", None):
        text, first = await reply(engine, name)
        assert text == alone[name][0]
        assert list(first.values()) == pytest.approx(list(alone[name][1].values()), abs=1e-4)


async def test_replies_with_different_weights_at_once(folder: Path) -> None:
    several = open_engine(folder / "base.gguf", spec(folder, "xllamacpp", "kind", "terse").model_copy(update={"slots": 3}))
    names = [None, "kind", "terse"] * 3
    try:
        alone = {name: await reply(several, name) for name in (None, "kind", "terse")}
        for name, (text, _) in zip(names, await asyncio.gather(*(reply(several, name) for name in names)), strict=True):
            assert text == alone[name][0]
    finally:
        several.close()


async def test_an_adapter_that_is_not_there(engine: Any) -> None:
    assert engine.adapters == {"kind", "terse"}
    with pytest.raises(EngineError, match="no adapter"):
        await reply(engine, "other")


def test_files_are_checked(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path))
    wanted = spec(folder, "xllamacpp", "kind")
    changed = wanted.model_copy(update={"adapters": {"kind": Adapter(path=str(folder / "kind.gguf"), sha256="0" * 64)}})
    with pytest.raises(ModelUnusable, match="SHA-256"):
        open_engine(folder / "base.gguf", changed)
    (tmp_path / "own.gguf").write_bytes((folder / "kind.gguf").read_bytes()[:3000])
    cut = Adapter(path="own.gguf", sha256=file_sha256(tmp_path / "own.gguf"))
    with pytest.raises(ModelUnusable):
        try_decode(folder / "base.gguf", "1" * 64, wanted.model_copy(update={"adapters": {"own": cut}}))
    try_decode(folder / "base.gguf", "1" * 64, wanted)


@pytest.mark.parametrize(
    "changes",
    [{"use_dora": True}, {"bias": "all"}, {"peft_type": "IA3"}, {"modules_to_save": ["lm_head"]}, {"alpha_pattern": {"q": 1}}],
)
def test_what_is_no_plain_lora_is_refused(folder: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    write_adapter(tmp_path / "odd", seed=3, **changes)
    with pytest.raises(EvaluationError, match="cannot export this adapter"):
        convert_adapter(tmp_path / "odd", folder / "base", tmp_path / "odd.gguf", "odd")
