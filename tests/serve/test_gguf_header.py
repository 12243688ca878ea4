from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from schemas.errors import ModelUnusable
from schemas.prompt import CHAT_TEMPLATE, END, SPECIALS
from serve.gguf_header import MAX_ITEMS, read_header


def test_what_the_writer_wrote_is_read(tiny_export: Path) -> None:
    import gguf

    path = tiny_export / "model-q8_0.gguf"
    header = read_header(path)
    theirs = gguf.GGUFReader(path)
    assert [(tensor.name, tensor.elements) for tensor in header.tensors] == [(t.name, t.n_elements) for t in theirs.tensors]
    for key, field in theirs.fields.items():
        if not key.startswith("GGUF."):
            assert header.metadata[key] == field.contents(), key
    assert (header.architecture, header.context, header.template) == ("llama", 1024, CHAT_TEMPLATE)
    assert header.token("eos") == END
    assert header.token("unknown") == ""
    assert set(header.control_tokens()) == set(SPECIALS)
    assert header.user_defined_tokens() == ()


def test_a_file_cut_anywhere_in_its_header_is_refused(tiny_export: Path, tmp_path: Path) -> None:
    whole = (tiny_export / "model-q8_0.gguf").read_bytes()
    path = tmp_path / "cut.gguf"
    for length in (0, 3, 7, 20, 24, 100, 1000, 5000):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelUnusable):
            read_header(path)


def test_no_damage_does_more_than_be_refused(tiny_export: Path, tmp_path: Path) -> None:
    whole = (tiny_export / "model-q8_0.gguf").read_bytes()
    choose, path = random.Random(1), tmp_path / "damaged.gguf"
    for _ in range(200):
        damaged = bytearray(whole[:9000])
        for _ in range(choose.randint(1, 4)):
            damaged[choose.randrange(4, 2000)] = choose.randrange(256)
        path.write_bytes(damaged)
        try:
            read_header(path)
        except ModelUnusable:
            continue


@pytest.mark.parametrize(
    ("tensors", "keys", "body"),
    [
        (2**62, 0, b""),
        (0, 2**62, b""),
        (0, 1, struct.pack("<Q", 2**62)),
        (0, 1, struct.pack("<Q1sIIQ", 1, b"k", 9, 0, 2**62)),
        (0, 1, struct.pack("<Q1sIIQ", 1, b"k", 9, 9, 1)),
        (0, 1, struct.pack("<Q1sI", 1, b"k", 99)),
        (1, 0, struct.pack("<Q1sI", 1, b"t", 2**31)),
    ],
)
def test_lengths_are_not_believed(tmp_path: Path, tensors: int, keys: int, body: bytes) -> None:
    path = tmp_path / "lying.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + body)
    with pytest.raises(ModelUnusable):
        read_header(path)


def test_many_lists_are_bounded_in_sum(tmp_path: Path) -> None:
    def listed(number: int, items: int) -> bytes:
        return struct.pack("<Q4sIIQ", 4, b"%04d" % number, 9, 0, items) + bytes(items)

    def written(lists: list[int]) -> Path:
        path = tmp_path / "wide.gguf"
        body = b"".join(listed(number, items) for number, items in enumerate(lists))
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(lists)) + body)
        return path

    most = MAX_ITEMS // 4
    assert len(read_header(written([most] * 4)).metadata) == 4
    with pytest.raises(ModelUnusable, match="items"):
        read_header(written([most] * 4 + [1]))


def test_many_texts_are_bounded_in_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.gguf_header.MAX_TEXTS", 56)
    path = tmp_path / "wordy.gguf"
    for texts in (4, 5):
        body = b"".join(struct.pack("<Q4sIQ10s", 4, b"%04d" % number, 8, 10, b"x" * 10) for number in range(texts))
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, texts) + body)
        if texts == 4:
            assert len(read_header(path).metadata) == 4
    with pytest.raises(ModelUnusable, match="text"):
        read_header(path)
