"""Model files of the families that people use, as far as a format looks at them: special tokens and a chat template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemas.pipeline import Decoding
from serve.formats.template import TemplateFormat, open_template
from serve.gguf_header import Header

FOLDER = Path(__file__).parents[2] / "fixtures" / "templates"
_CONTROL, _USER_DEFINED, _NORMAL = 3, 4, 1


@dataclass(frozen=True)
class Family:
    control: tuple[str, ...]
    bos: str
    eos: str
    adds_bos: bool
    user_defined: tuple[str, ...] = ()
    syntax: str = "tagged"


_CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_QWEN_TOOLS = ("<tool_call>", "</tool_call>")
_LLAMA = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>")
_MISTRAL = ("<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]")
_MISTRAL_RESULTS = ("[TOOL_RESULTS]", "[/TOOL_RESULTS]")
_PHI = ("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
_GEMMA = ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>")
FAMILIES = {
    "llama-3": Family(_LLAMA, _LLAMA[0], "<|eot_id|>", True, syntax="bare"),
    "qwen-2.5": Family(_CHATML, "", "<|im_end|>", False, _QWEN_TOOLS),
    "qwen-3": Family(_CHATML, "", "<|im_end|>", False, (*_QWEN_TOOLS, "<think>", "</think>")),
    "mistral-v3": Family(_MISTRAL + _MISTRAL_RESULTS, "<s>", "</s>", True, syntax="listed"),
    "mistral-nemo": Family(_MISTRAL + _MISTRAL_RESULTS, "<s>", "</s>", True, syntax="listed"),
    "phi-3.5": Family(_PHI, "", "<|end|>", False),
    "phi-4": Family((*_CHATML, "<|im_sep|>"), "", "<|im_end|>", False),
    "gemma-2": Family(_GEMMA, "<bos>", "<end_of_turn>", True),
    "gemma-3": Family(_GEMMA, "<bos>", "<end_of_turn>", True, ("\n\n",)),
    "tinyllama": Family(("<s>", "</s>"), "<s>", "</s>", True),
}


def header(template: str, family: Family) -> Header:
    """What a file of the family says about itself."""
    special = list(dict.fromkeys([*family.control, *family.user_defined]))
    metadata = {
        "general.architecture": "llama",
        "tokenizer.chat_template": template,
        "tokenizer.ggml.tokens": [*special, "hello"],
        "tokenizer.ggml.token_type": [*(_CONTROL if t in family.control else _USER_DEFINED for t in special), _NORMAL],
        "tokenizer.ggml.eos_token_id": special.index(family.eos),
        "tokenizer.ggml.add_bos_token": family.adds_bos,
    }
    if family.bos:
        metadata["tokenizer.ggml.bos_token_id"] = special.index(family.bos)
    return Header(metadata, ())


def template_of(name: str) -> str:
    return (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")


def form(name: str, arguments: str = "typed") -> TemplateFormat:
    return open_template(header(template_of(name), FAMILIES[name]), Decoding.model_validate({"arguments": arguments}), name)
