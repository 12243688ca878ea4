"""A calculator: arithmetic by simpleeval with the numbers kept small, so that no expression takes long or grows.

Takes + - * / // ** and ^, brackets, percent ("15% of 80", "80 * 15%"), pi, e, and the functions in FUNCTIONS; angles are in
radians. Does not cover units, variables and equations.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable
from typing import Any

from pydantic import Field
from simpleeval import InvalidExpression, SimpleEval

from schemas.errors import BadArgument
from serve.actions.arguments import Arguments, Text
from serve.actions.beside.telling import BuiltIn, BuiltIns

LONGEST = 200  # characters
LARGEST = 10**60  # of any number on the way; beyond, floats take over and end at 1e308
HIGHEST = 1000  # exponent
_NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant, ast.Call, ast.Name, ast.Load)
_PERCENT_OF = re.compile(r"%\s*of\b", re.IGNORECASE)
_SAID = {"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**", ",": ","}


class Expression(Arguments):
    expression: Text = Field(max_length=LONGEST, description="Such as (3 + 4) * 2.5, sqrt(2), 15% of 80.")


def calculate(expression: str) -> int | float:
    """Raises BadArgument for everything that is no number in the end."""
    text = _PERCENT_OF.sub("/100*", expression.strip())
    for said, written in _SAID.items():
        text = text.replace(said, written)
    text = text.replace("%", "/100")
    if len(text) > LONGEST * 4:
        raise _bad("is too long")
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval")
        if any(not isinstance(node, _NODES) for node in ast.walk(tree)):
            raise _bad("is not arithmetic")
        evaluator = SimpleEval(operators=_OPERATORS, functions=FUNCTIONS, names={"pi": math.pi, "e": math.e, "tau": math.tau})
        return _bounded(evaluator.eval(text, previously_parsed=tree.body))
    except ZeroDivisionError:
        raise _bad("divides by zero") from None
    except OverflowError:
        raise _bad("is too large") from None
    except (InvalidExpression, SyntaxError, TypeError, ValueError, AttributeError, KeyError, IndexError):
        raise _bad("is not arithmetic") from None
    except (RecursionError, MemoryError):
        raise _bad("is too deep") from None


def written(value: int | float) -> str:
    """Integers in full, others to twelve digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _bad(problem: str) -> BadArgument:
    hint = f"It takes numbers, + - * / // ** %, brackets, pi, e and {', '.join(sorted(FUNCTIONS))}."
    return BadArgument(f"the expression {problem}", where="expression", hint=hint)


def _bounded(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    if isinstance(value, int) and abs(value) > LARGEST:
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise OverflowError
    return value


def _power(base: int | float, exponent: int | float) -> int | float:
    if abs(exponent) > HIGHEST:
        raise OverflowError
    # Of whole numbers the result could have thousands of digits before it is looked at.
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > 256:
        return float(base) ** exponent
    return base**exponent


def _factorial(number: int | float) -> int | float:
    if number != int(number) or not 0 <= number <= 170:
        raise ValueError
    return math.factorial(int(number))


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: _bounded(function(*map(_bounded, values)))


_OPERATORS = {
    ast.Add: _checked(operator.add),
    ast.Sub: _checked(operator.sub),
    ast.Mult: _checked(operator.mul),
    ast.Div: _checked(operator.truediv),
    ast.FloorDiv: _checked(operator.floordiv),
    ast.Pow: _checked(_power),
    ast.USub: _checked(operator.neg),
    ast.UAdd: _checked(operator.pos),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: _checked(function)
    for name, function in {
        **{name: getattr(math, name) for name in ("sqrt", "log", "log2", "log10", "exp", "sin", "cos", "tan", "floor", "ceil")},
        "abs": abs,
        "round": lambda number, digits=0: round(number, max(-15, min(15, int(digits)))),
        "min": min,
        "max": max,
        "mod": operator.mod,
        "factorial": _factorial,
    }.items()
}


def _answer(wanted: Expression, actor: str) -> str:
    return f"{wanted.expression} = {written(calculate(wanted.expression))}"


def calculator() -> BuiltIns:
    return BuiltIns("calculator", (BuiltIn("Calculate", "Works out an arithmetic expression.", Expression, _answer),))
