"""The key file: what its lines mean, and what no line may hold."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from schemas.action import Actor
from schemas.errors import KeysUnusable, Unauthorised
from serve.api.doors import KeyFile, read_key
from serve.api.keys import OWNER, Caller, keys_in


def test_lines_with_and_without_marks(tmp_path: Path) -> None:
    path = tmp_path / "api_key"
    path.write_text("# a guest's\nk1 id=tablet role=guest area=hall\n\n  k2 \nk3\trole=admin  id=Ann.B\n")
    assert keys_in(path) == {
        b"k1": Caller("tablet", "guest", "hall"),
        b"k2": OWNER,
        b"k3": Caller("Ann.B", "admin"),
    }
    assert read_key(path) == "k2"  # what this machine's own programs use
    own = Actor(id="api", role="user", language="de")
    assert [caller.actor(own) for caller in keys_in(path).values()] == [
        Actor(id="tablet", role="guest", area="hall", language="de"),
        own,
        Actor(id="Ann.B", role="admin", language="de"),
    ]
    assert [caller.manages for caller in keys_in(path).values()] == [False, True, True]
    path.write_text("k1 id=tablet role=guest\nk3 id=ann role=admin\n")
    assert read_key(path) == "k1"
    path.write_text("# withdrawn\n")
    with pytest.raises(Unauthorised):
        read_key(path)


@pytest.mark.parametrize(
    "line",
    [
        "sesame id=tablet",
        "sesame role=guest",
        "sesame guest",
        "sesame id=tablet role=king",
        "sesame id=tablet role=guest role=admin",
        "sesame id=tablet role=guest colour=red",
        "sesame id= role=guest",
        "sesame id=../x role=guest",
        "sesame id=api role=admin",
        "sesame id=mcp role=admin",
        "sesame id=tablet role=guest area=",
        "sesame id=known role=guest",
        "first",
        "s\u00e9same",
        "id=tablet role=guest",
    ],
)
def test_one_bad_line_refuses_the_whole_file(tmp_path: Path, caplog: pytest.LogCaptureFixture, line: str) -> None:
    path = tmp_path / "api_key"
    path.write_text("first\nsecond id=known role=guest\n")
    keys = KeyFile(path)
    assert (keys.allows(b"first"), keys.allows(b"second")) == (OWNER, Caller("known", "guest"))
    path.write_text(f"first\nsecond id=known role=guest\n# a comment\n{line}\n")
    for opened in (KeyFile, read_key):
        with pytest.raises(KeysUnusable) as error:
            opened(path)
        assert "line 4 " in error.value.message
        assert "same" not in str(error.value)
    with caplog.at_level(logging.ERROR):
        assert [keys.allows(key) for key in (b"first", b"second", b"sesame")] == [None, None, None]
    assert "line 4 " in caplog.text
    assert "same" not in caplog.text
    path.write_text("first\n")
    assert keys.allows(b"first") == OWNER
