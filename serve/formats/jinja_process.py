"""The process that renders one chat template: run as a script by serve.formats.rendering, with little memory and time.

A template from a model file is a program of unknown origin, and Jinja's sandbox bounds neither its time nor its memory. Here
an endless loop or a text of gigabytes ends this process and nothing else. Reads and writes JSON, each behind its length in
four bytes: first ``{"template", "constants"}``, then what ``render`` gets; answers ``{"text"}`` or ``{"error"}``.
Imports nothing of this project. Rendering follows Transformers, whose conventions templates are written for.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import sys
from datetime import datetime
from typing import Any, BinaryIO, NoReturn

from jinja2 import Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node, Scope
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

MEMORY = 512 * 2**20
CPU_S = 2.0
MAX_TEXT = 8 * 2**20


class _Generation(Extension):
    """``{% generation %}`` marks what training predicts; here it is only its content."""

    tags = {"generation"}  # noqa: RUF012 (Jinja's own convention)

    def parse(self, parser: Parser) -> Node:
        line = next(parser.stream).lineno
        return Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True)).set_lineno(line)


class _Namespace(Namespace):
    """Underscored names lead to Python's internals."""

    def __init__(*arguments: Any, **values: Any) -> None:
        own, attributes = arguments[0], dict(*arguments[1:], **values)
        for name in attributes:
            _refuse_private(name)
        Namespace.__init__(own, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_private(name)
        super().__setitem__(name, value)


def _refuse_private(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError("a namespace takes no underscored names")


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """Jinja's own filter would escape HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _dict(*arguments: Any, **values: Any) -> dict[Any, Any]:
    return dict(*arguments, **values)


def compiled(template: str) -> Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals.update(
        raise_exception=_raise,
        strftime_now=lambda form: datetime.now().astimezone().strftime(form),
        dict=_dict,
        namespace=_Namespace,
    )
    return environment.from_string(template)


def rendered(template: Template, values: dict[str, Any]) -> str:
    parts, size = [], 0
    for part in template.generate(values):
        size += len(part)
        if size > MAX_TEXT:
            raise TemplateError("the text is too long")
        parts.append(part)
    return "".join(parts)


def _answer(work: Any) -> dict[str, str]:
    """What ``work()`` returns, or what is wrong. Time is the processor's, so that a busy machine fails nothing."""
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    try:
        return work()
    except TemplateError:
        return {"error": "refused"}
    except MemoryError:
        os._exit(1)
    except Exception as error:  # a program of unknown origin: anything may come out of it
        return {"error": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _read(stream: BinaryIO) -> Any:
    head = stream.read(4)
    return json.loads(stream.read(struct.unpack("<I", head)[0])) if len(head) == 4 else None


def _write(stream: BinaryIO, answer: dict[str, str]) -> None:
    raw = json.dumps(answer).encode()
    stream.write(struct.pack("<I", len(raw)) + raw)
    stream.flush()


def main() -> None:
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    first = _read(source)
    made: list[Template] = []

    def compile_it() -> dict[str, str]:
        made.append(compiled(first["template"]))
        return {"text": ""}

    _write(target, _answer(compile_it))
    while made and (values := _read(source)) is not None:
        whole = {**first["constants"], **values}
        _write(target, _answer(lambda whole=whole: {"text": rendered(made[0], whole)}))


if __name__ == "__main__":
    main()
