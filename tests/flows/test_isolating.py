from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from flows.steps.isolating import apart
from schemas.errors import ChecksFailed, StepCrashed

STEPS = """
import importlib, os, signal, sys
from schemas.errors import ChecksFailed

def double(number, *, plus=0):
    return 2 * number + plus, os.getpid()

def refuse():
    raise ChecksFailed("3 rows failed", where="suite.json", hint="Correct them.")

def fail_oddly():
    class Local(Exception):
        pass
    raise Local("cannot be pickled")

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def loads(name):
    importlib.import_module(name)
    return name in sys.modules
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module that the other process can import, too."""
    (tmp_path / "some_steps.py").write_text(STEPS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    yield importlib.import_module("some_steps")
    sys.modules.pop("some_steps")


def test_it_runs_elsewhere_and_its_result_comes_back(steps):
    found, pid = apart(steps.double, 4, plus=1)
    assert found == 9
    assert pid != os.getpid()


def test_what_it_loads_stays_there(steps):
    assert "this" not in sys.modules
    assert apart(steps.loads, "this")
    assert "this" not in sys.modules


def test_its_errors_are_raised_here_whole(steps):
    with pytest.raises(ChecksFailed, match="3 rows failed") as caught:
        apart(steps.refuse)
    assert (caught.value.where, caught.value.hint) == ("suite.json", "Correct them.")
    with pytest.raises(RuntimeError, match="Local: cannot be pickled"):
        apart(steps.fail_oddly)


def test_a_death_is_told(steps):
    with pytest.raises(StepCrashed, match="code -9") as caught:
        apart(steps.die)
    assert caught.value.where == "some_steps.die"
