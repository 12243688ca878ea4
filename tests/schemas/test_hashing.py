"""Names by content, sums that catch damage, and writes that are whole or absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import IntegrityError
from schemas.hashing import canonical, content_id, sums, verify, write_atomic


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=5))
def test_key_order_does_not_matter(value: dict[str, int]) -> None:
    assert content_id(value) == content_id(dict(reversed(list(value.items()))))
    assert canonical(value) == canonical(dict(sorted(value.items())))


def test_damage_and_loss_are_found(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    expected = sums(tmp_path)
    verify(tmp_path, expected)
    (tmp_path / "a").write_text("2")
    with pytest.raises(IntegrityError, match="SHA-256"):
        verify(tmp_path, expected)
    (tmp_path / "a").unlink()
    with pytest.raises(IntegrityError, match="missing"):
        verify(tmp_path, expected)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_atomic(path, "old", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
