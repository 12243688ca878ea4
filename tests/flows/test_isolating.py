from __future__ import annotations

import os
import signal
import sys

import pytest

from flows.steps.isolating import apart
from schemas.errors import ChecksFailed, StepCrashed


def double(number: int, *, plus: int = 0) -> tuple[int, int]:
    return 2 * number + plus, os.getpid()


def refuse() -> None:
    raise ChecksFailed("3 rows failed", where="suite.json", hint="Correct them.")


def fail_oddly() -> None:
    class Local(Exception):
        pass

    raise Local("cannot be pickled")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loads(name: str) -> bool:
    __import__(name)
    return name in sys.modules


def test_it_runs_elsewhere_and_its_result_comes_back():
    found, pid = apart(double, 4, plus=1)
    assert found == 9
    assert pid != os.getpid()


def test_what_it_loads_stays_there():
    name = "turtledemo"
    assert name not in sys.modules
    assert apart(loads, name)
    assert name not in sys.modules


def test_its_errors_are_raised_here_whole():
    with pytest.raises(ChecksFailed, match="3 rows failed") as caught:
        apart(refuse)
    assert (caught.value.where, caught.value.hint) == ("suite.json", "Correct them.")
    with pytest.raises(RuntimeError, match="Local: cannot be pickled"):
        apart(fail_oddly)


def test_a_death_is_told():
    with pytest.raises(StepCrashed, match="code -9") as caught:
        apart(die)
    assert caught.value.where == "tests.flows.test_isolating.die"
