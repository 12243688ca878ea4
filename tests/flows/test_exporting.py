from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file

from flows.steps import exporting
from flows.steps.converting import convert, pre_tokenizer, read_config
from flows.steps.exporting import export
from flows.steps.ingesting import ingest
from schemas.artifacts import Candidate, Dataset
from schemas.errors import DiskFull, EvaluationError
from schemas.hashing import verify
from schemas.pipeline import HomeSource, JsonlSource, Pipeline, Split
from schemas.prompt import CHAT_TEMPLATE, SPECIALS
from schemas.settings import Home
from tests.tiny import TOOLS, write_model


def pipeline(**export: object) -> Pipeline:
    return Pipeline.model_validate(
        {
            "name": "tiny",
            "sources": [{"kind": "jsonl", "path": "x"}],
            "export": export,
            "decoding": {"arguments": "span"},
            "suites": [{"name": "tiny"}],
            "gate": {"rules": [{"metric": "tiny.exact_match", "at_least": 0}]},
        }
    )


def write_rows(folder: Path, rows: int = 60) -> JsonlSource:
    """Requests that name a lamp, and every sixth that only greets."""
    lines = []
    for i in range(rows):
        call = {"type": "function", "function": {"name": "TurnOn", "arguments": json.dumps({"name": f"lamp {i}"})}}
        answer = (
            {"role": "assistant", "content": None, "tool_calls": [call]} if i % 6 else {"role": "assistant", "content": "Hi."}
        )
        request = f"turn on lamp {i}" if i % 6 else f"hello number {i}"
        lines.append(
            json.dumps({"messages": [{"role": "user", "content": request}, answer], "tags": ["even" if i % 2 else "odd"]})
        )
    (folder / "rows.jsonl").write_text("\n".join(lines))
    (folder / "tools.json").write_text(json.dumps([tool.model_dump(mode="json") for tool in TOOLS]))
    return JsonlSource(kind="jsonl", path=str(folder / "rows.jsonl"), tools=str(folder / "tools.json"))


def candidate_in(folder: Path) -> Candidate:
    return Candidate(id=folder.name, path=str(folder), pipeline="tiny", dataset="d", parameters=1234)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Dataset, Candidate]:
    root = tmp_path_factory.mktemp("workshop")
    home = Home(root / "home")
    dataset = ingest([write_rows(root)], Split(validation=0.2, test=0.3), home)
    write_model(root / "c0ffee", context=512)
    return home, dataset, candidate_in(root / "c0ffee")


def test_an_export_is_whole_and_made_once(workshop: tuple[Home, Dataset, Candidate], monkeypatch: pytest.MonkeyPatch) -> None:
    home, dataset, candidate = workshop
    made = export(candidate, dataset, pipeline(), home)
    assert made.exists()
    assert made.manifest.serve == "model-q8_0.gguf"
    assert sorted(made.manifest.files) == ["model-f16.gguf", "model-q8_0.gguf"]
    verify(made.folder, made.manifest.files)
    assert {tool.function.name for tool in made.manifest.tools} == {tool.function.name for tool in TOOLS}
    assert (made.manifest.context, made.manifest.parameters, made.manifest.home) == (512, 1234, False)
    assert made.manifest.decoding.arguments == "span"
    assert made.parents == (candidate.id, dataset.id)
    monkeypatch.setattr(exporting, "convert", None)
    assert export(candidate, dataset, pipeline(), home) == made


def test_other_wishes_are_other_exports(workshop: tuple[Home, Dataset, Candidate]) -> None:
    home, dataset, candidate = workshop
    single = export(candidate, dataset, pipeline(quantisations=["f16"], serve="f16"), home)
    assert list(single.manifest.files) == ["model-f16.gguf"]
    assert single.id != export(candidate, dataset, pipeline(), home).id


def test_a_damaged_export_is_made_again(workshop: tuple[Home, Dataset, Candidate]) -> None:
    home, dataset, candidate = workshop
    made = export(candidate, dataset, pipeline(), home)
    (made.folder / made.manifest.serve).write_bytes(b"damaged")
    again = export(candidate, dataset, pipeline(), home)
    verify(again.folder, again.manifest.files)
    assert again.manifest == made.manifest


def test_a_failure_leaves_nothing(
    workshop: tuple[Home, Dataset, Candidate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dataset, candidate = workshop

    def full(folder: Path, target: Path, kind: str, name: str) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "convert", full)
    with pytest.raises(DiskFull):
        export(candidate, dataset, pipeline(), Home(tmp_path))
    assert list((tmp_path / "models" / "exports").iterdir()) == []


def test_weights_and_words_of_the_file(tmp_path: Path) -> None:
    write_model(tmp_path / "model", layers=1)
    convert(tmp_path / "model", tmp_path / "x.gguf", "f32", "tiny")
    reader = gguf.GGUFReader(tmp_path / "x.gguf")
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    source = load_file(tmp_path / "model" / "model.safetensors")
    assert np.array_equal(tensors["token_embd.weight"].data, source["model.embed_tokens.weight"])
    assert np.array_equal(tensors["blk.0.attn_v.weight"].data, source["model.layers.0.self_attn.v_proj.weight"])
    assert "output.weight" not in tensors
    query = source["model.layers.0.self_attn.q_proj.weight"]
    half = 8  # a head is 16 wide: rows i and i + 8 are one rotary pair, and become neighbours
    assert np.array_equal(tensors["blk.0.attn_q.weight"].data[0], query[0])
    assert np.array_equal(tensors["blk.0.attn_q.weight"].data[1], query[half])
    fields = {name: field.contents() for name, field in reader.fields.items()}
    assert fields["tokenizer.ggml.pre"] == "refact"
    assert fields["tokenizer.chat_template"] == CHAT_TEMPLATE
    assert fields["tokenizer.ggml.add_bos_token"] is False
    assert fields["tokenizer.ggml.tokens"][: len(SPECIALS)] == list(SPECIALS)
    assert set(fields["tokenizer.ggml.token_type"][: len(SPECIALS)]) == {gguf.TokenType.CONTROL}
    assert fields["tokenizer.ggml.eos_token_id"] == 1


def test_norms_stay_in_float32(tmp_path: Path) -> None:
    write_model(tmp_path / "model", layers=1)
    for kind, wanted in (("f16", gguf.GGMLQuantizationType.F16), ("q8_0", gguf.GGMLQuantizationType.Q8_0)):
        convert(tmp_path / "model", tmp_path / f"{kind}.gguf", kind, "tiny")
        types = {tensor.name: tensor.tensor_type for tensor in gguf.GGUFReader(tmp_path / f"{kind}.gguf").tensors}
        assert types["blk.0.attn_norm.weight"] == gguf.GGMLQuantizationType.F32
        assert types["blk.0.ffn_up.weight"] == wanted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, "architecture 'gpt2'"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5}}, "rotary"),
        ({"attention_bias": True}, "biases"),
    ],
)
def test_models_that_are_not_exported(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_model(tmp_path, layers=1)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(EvaluationError, match=message):
        read_config(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_candidate_with_a_missing_file(workshop: tuple[Home, Dataset, Candidate], tmp_path: Path, name: str) -> None:
    _, dataset, candidate = workshop
    shutil.copytree(candidate.folder, tmp_path / "broken")
    (tmp_path / "broken" / name).unlink()
    with pytest.raises(EvaluationError):
        export(candidate_in(tmp_path / "broken"), dataset, pipeline(), Home(tmp_path / "home"))


def test_a_tokenizer_that_llama_cpp_has_no_equal_of() -> None:
    with pytest.raises(EvaluationError, match="no equal"):
        pre_tokenizer({"model": {"type": "Unigram"}, "pre_tokenizer": {"type": "Metaspace"}}, "tokenizer.json")
    gpt2 = {"type": "ByteLevel", "add_prefix_space": False}
    assert pre_tokenizer({"model": {"type": "BPE"}, "pre_tokenizer": gpt2}, "") == "gpt-2"


def test_k_quants_ask_for_their_package(
    workshop: tuple[Home, Dataset, Candidate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dataset, candidate = workshop
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(EvaluationError, match="needs llama-cpp-python") as caught:
        export(candidate, dataset, pipeline(quantisations=["q4_k_m"], serve="q4_k_m"), Home(tmp_path))
    assert "rottie[llama-cpp]" in (caught.value.hint or "")


@pytest.mark.parametrize(("long", "turns"), [(0, 1), (2, 1), (30, 3)])
def test_a_stray_long_row_makes_no_conversationalist(tmp_path: Path, long: int, turns: int) -> None:
    """The manifest tells how many turns the model has seen often enough to be given as many."""
    ask, reply = {"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hi."}
    rows = [{"messages": [{**ask, "content": f"{i}"}, reply, *([ask, reply] * 2 if i < long else [])]} for i in range(600)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    dataset = ingest([JsonlSource(kind="jsonl", path=str(tmp_path / "rows.jsonl"))], Split(), Home(tmp_path / "home"))
    assert exporting._turns(dataset) == turns


@pytest.mark.parametrize(("answered", "reads"), [(0, False), (1, False), (5, True)])
def test_the_manifest_tells_whether_results_were_seen(tmp_path: Path, answered: int, reads: bool) -> None:
    """A model is asked again only where one row in 100 taught it what to do then."""
    made = {"type": "function", "id": "1", "function": {"name": "TurnOn", "arguments": '{"name": "lamp"}'}}
    result = {"role": "tool", "tool_call_id": "1", "content": "Error: there is no lamp. Use another name."}
    rows = [
        [
            {"role": "user", "content": f"request {number}"},
            *([{"role": "assistant", "tool_calls": [made]}, result] if number < answered else []),
            {"role": "assistant", "content": "Sorry."},
        ]
        for number in range(200)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"messages": messages}) for messages in rows))
    (tmp_path / "tools.json").write_text(json.dumps([tool.model_dump(mode="json") for tool in TOOLS]))
    source = JsonlSource(kind="jsonl", path=str(tmp_path / "rows.jsonl"), tools=str(tmp_path / "tools.json"))
    dataset = ingest([source], Split(validation=0, test=0.001), Home(tmp_path / "home"))
    assert exporting._reads_results(dataset) == reads


def test_a_model_of_streamed_homes_knows_its_home_and_no_tools_by_heart(tmp_path: Path) -> None:
    """Its dataset holds no training rows: those that are like them tell."""
    held = [HomeSource(kind="home", part=part, rows=300, homes=30) for part in ("validation", "test")]
    dataset = ingest(held, Split(), Home(tmp_path))
    assert dataset.rows["train"] == 0
    assert exporting._has_home(dataset)
    assert exporting._reads_results(dataset)
    assert exporting._turns(dataset) > 1
    assert exporting._all_tools(dataset) == ()
