"""``rottie run`` of flows that train speech models: budgets, and mistakes that are told before anything starts."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.commands.running import minutes
from schemas.errors import ConfigError


@pytest.mark.parametrize(("text", "value"), [("", None), ("20m", 20.0), ("90s", 1.5), ("1.5h", 90.0), ("7", 7.0)])
def test_budgets(text: str, value: float | None) -> None:
    assert minutes(text) == value


@pytest.mark.parametrize("text", ["m", "0m", "-3m", "soon", "inf", "nan", "9999h"])
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ConfigError, match="no time"):
        minutes(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train_recogniser", "--pipeline", "voice"], "kind"),
        (["train_recogniser", "--inventory", "nosuch"], "no such inventory"),
        (["train_voice", "--inventory", "home"], "takes no inventory"),
        (["train-recogniser", "--set", "fit.batch=0"], "fit.batch"),
        (["train_recogniser", "--budget", "soon"], "no time"),
    ],
)
def test_mistakes_are_told_before_anything_starts(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["run", *arguments, "--json"])
    assert done.exit_code == 2
    assert said in done.output.lower()
