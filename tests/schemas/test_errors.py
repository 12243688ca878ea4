"""The tree of errors: stable codes, a next step in each, and safe passage between processes."""

from __future__ import annotations

import pickle

import pytest

from schemas import errors
from schemas.errors import RottieError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RottieError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_tells_the_next_step_and_travels(kind: type[RottieError]) -> None:
    error = kind("it broke", where="file.jsonl:3")
    assert error.hint
    assert str(error).startswith(f"[{kind.code}] it broke (file.jsonl:3)")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert back.as_dict() == error.as_dict()


def test_codes_are_distinct() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))


def test_exit_codes_leave_room_for_the_shell() -> None:
    assert all(1 <= kind.exit_code < 64 for kind in KINDS)
