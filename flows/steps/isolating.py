"""Running one step in a process of its own, which gives back to the machine what the step's libraries took.

Great Expectations and torch would otherwise lie in the flow's memory while the workers train.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flows.steps.launching import die_with_parent
from schemas.errors import StepCrashed

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
_GRACE = 10.0  # seconds between asking the process to end and killing it


def apart(function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """``function(*args, **kwargs)``, a module's function with picklable arguments, result and errors.

    Raises what it raises, and StepCrashed when its process ends without a word. It is ended when the wait is broken off.
    """
    asked = pickle.dumps((function.__module__, function.__qualname__, args, kwargs))
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "flows.steps.isolating", str(writing)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(writing,), preexec_fn=die_with_parent)
    os.close(writing)
    try:
        assert process.stdin is not None
        with os.fdopen(reading, "rb") as answers:
            try:
                with process.stdin:
                    process.stdin.write(asked)
            except BrokenPipeError:
                pass  # it ended before it read: told below
            answer = answers.read()
        code = process.wait()
    finally:
        _end(process)
    if not answer:
        raise StepCrashed(
            f"the process of this step ended with code {code}", where=f"{function.__module__}.{function.__qualname__}"
        )
    result, error = pickle.loads(answer)  # noqa: S301 - written by the process that was started here
    if error is not None:
        raise error
    return result


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "wb")
    module, name, args, kwargs = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - written by the process that started this
    result: Any = None
    failure: Exception | None = None
    try:
        result = getattr(importlib.import_module(module), name)(*args, **kwargs)
    except Exception as error:  # carried to the one who waits, and raised there
        failure = error
    try:
        answer = pickle.dumps((result, failure))
    except Exception:  # some libraries raise what cannot be pickled
        answer = pickle.dumps((None, RuntimeError(f"{type(failure).__name__}: {failure}")))
    with answers:
        answers.write(answer)


if __name__ == "__main__":
    main()
