"""What a GGUF file says about itself: its metadata and its list of tensors, read with limits and without the weights.

The file may come from anywhere: every length is checked before it is believed. Does not decode anything.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import ModelUnusable

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_KEYS = 4096
MAX_TENSORS = 65_536
MAX_TEXT = 4 * 2**20
# Over all keys: the largest vocabularies there are make some 1.5 million items and 20 MB of text.
MAX_ITEMS = 4 * 2**20
MAX_TEXTS = 128 * 2**20
MAX_DIMENSIONS = 4
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# Token types of llama.cpp that are no text: unknown, control, user-defined.
_CONTROL, _USER_DEFINED = 3, 4


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple[int, ...]
    kind: int
    """ggml's number of its quantisation."""

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """``metadata`` holds scalars, texts and lists, by their keys in the file."""

    metadata: dict[str, Any]
    tensors: tuple[Tensor, ...]

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def context(self) -> int:
        """Tokens that the model was trained for; 0 where the file does not say."""
        return self.number(f"{self.architecture}.context_length")

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def template(self) -> str | None:
        return self.text("tokenizer.chat_template") or None

    def token(self, role: str) -> str:
        """The text of the ``bos``, ``eos`` or other token that has a role; empty where there is none."""
        tokens, number = self.metadata.get("tokenizer.ggml.tokens"), self.metadata.get(f"tokenizer.ggml.{role}_token_id")
        if not isinstance(tokens, list) or not isinstance(number, int) or not 0 <= number < len(tokens):
            return ""
        return str(tokens[number])

    def control_tokens(self) -> tuple[str, ...]:
        return self._tokens(_CONTROL)

    def user_defined_tokens(self) -> tuple[str, ...]:
        """Tokens that stand for their whole text wherever it occurs, ``<tool_call>`` for example."""
        return self._tokens(_USER_DEFINED)

    def text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        value = self.metadata.get(key)
        return value if isinstance(value, int) else 0

    def _tokens(self, kind: int) -> tuple[str, ...]:
        tokens, kinds = (self.metadata.get(f"tokenizer.ggml.{key}") for key in ("tokens", "token_type"))
        if not isinstance(tokens, list) or not isinstance(kinds, list):
            return ()
        return tuple(text for text, each in zip(tokens, kinds, strict=False) if each == kind and isinstance(text, str))


def read_header(path: Path) -> Header:
    """Raises ModelUnusable for a file that is absent, no GGUF, cut short or out of bounds."""
    try:
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).header()
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise ModelUnusable("the model file cannot be read", where=str(path)) from error
    except _Damaged as error:
        raise ModelUnusable(f"this is not a GGUF file that can be read: {error}", where=str(path)) from None


class _Damaged(Exception):
    pass


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0
        self._items = 0
        self._texts = 0

    def header(self) -> Header:
        if self._take(4) != MAGIC:
            raise _Damaged("it does not begin with GGUF")
        if self._one("I") not in VERSIONS:
            raise _Damaged("its version is not known")
        tensors = self._count(MAX_TENSORS, "tensors")
        keys = self._count(MAX_KEYS, "keys")
        metadata: dict[str, Any] = {}
        for _ in range(keys):
            key = self._text()
            metadata[key] = self._value(self._one("I"))
        return Header(metadata, tuple(self._tensor() for _ in range(tensors)))

    def _tensor(self) -> Tensor:
        name, dimensions = self._text(), self._one("I")
        if dimensions > MAX_DIMENSIONS:
            raise _Damaged(f"a tensor has {dimensions} dimensions")
        shape = tuple(self._one("Q") for _ in range(dimensions))
        kind, _offset = self._one("I"), self._one("Q")
        return Tensor(name, shape, kind)

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._text()
        if kind in _SCALARS:
            return self._one(_SCALARS[kind])
        if kind != _ARRAY:
            raise _Damaged(f"a value has the unknown type {kind}")
        inner, length = self._one("I"), self._count(MAX_ITEMS - self._items, "items more")
        self._items += length
        if inner == _STRING:
            return [self._text() for _ in range(length)]
        if inner not in _SCALARS:
            raise _Damaged(f"an array has items of type {inner}")
        code = f"<{length}{_SCALARS[inner]}"
        return list(struct.unpack(code, self._take(struct.calcsize(code))))

    def _count(self, most: int, what: str) -> int:
        number = self._one("Q")
        if number > most:
            raise _Damaged(f"it claims {number} {what}")
        return number

    def _text(self) -> str:
        length = self._one("Q")
        self._texts += length
        if length > MAX_TEXT or self._texts > MAX_TEXTS:
            raise _Damaged("a text in it is too long, or all of them are")
        return self._take(length).decode("utf-8", "replace")

    def _one(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0]

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise _Damaged("it is cut short")
        taken = self._data[self._at : end]
        self._at = end
        return taken
