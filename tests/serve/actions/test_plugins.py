"""Plugins as they really come: distributions with entry points, of which only those that are named are loaded."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.action import ActionResult
from schemas.conversation import call
from schemas.lending import McpServer
from schemas.settings import Home
from serve.actions.gathering import Gathered
from serve.actions.performing import Actions
from serve.actions.plugins import Plugins
from tests.serve.actions import mcp_server
from tests.serve.actions.conftest import USER
from tests.serve.actions.lending import Lender, lent, says

GOOD = """
from schemas.conversation import FunctionSpec, Tool
from serve.actions.plugins import hookimpl
from serve.actions.providers import LentTool, Output

heard = []

class Dice:
    name = "dice"
    closed = False
    def tools(self):
        return [LentTool(Tool(function=FunctionSpec(name="RollDice", description="Rolls a die.")), risk="read")]
    async def call(self, call):
        return Output("4")
    async def close(self):
        Dice.closed = True

@hookimpl
def rottie_providers():
    return [Dice()]

@hookimpl
def rottie_action_done(result):
    heard.append((result.tool, result.text))
"""
SOURCES = {
    "rottie_dice": GOOD,
    "rottie_broken": "raise RuntimeError('secret words')",
    "rottie_leaving": "raise SystemExit(1)",
    "rottie_raising": (
        "from serve.actions.plugins import hookimpl\n"
        "@hookimpl\ndef rottie_providers(): raise ValueError\n"
        "@hookimpl\ndef rottie_action_done(actor, result): raise ValueError\n"
    ),
    "rottie_wrong": "from serve.actions.plugins import hookimpl\n@hookimpl\ndef rottie_no_such_hook(): pass\n",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """One distribution for each source, as pip leaves them; gives the names of those that were imported."""
    for module, source in SOURCES.items():
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[rottie]\n{module.removeprefix('rottie_')} = {module}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda: sorted(name for name in SOURCES if name in sys.modules)
    for name in SOURCES:
        sys.modules.pop(name, None)


async def test_only_what_is_named_is_loaded(installed: Callable[[], list[str]]) -> None:
    assert Plugins().providers == ()
    assert installed() == []
    assert [provider.name for provider in Plugins(["dice"]).providers] == ["dice"]
    assert installed() == ["rottie_dice"]


async def test_a_plugins_tool_answers_and_its_listener_hears(actions: Actions, installed: object, tmp_path: Path) -> None:
    gathered = Gathered(Home(tmp_path))
    actions.borrowing.providers = await gathered.want((), ("dice", "raising"))
    actions.tell = gathered.tell
    result = await actions.run(call("RollDice", {}), USER)
    assert (result.text, result.source) == ("4", "dice")
    heard = sys.modules["rottie_dice"].heard
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.01)
    assert heard == [("RollDice", "4")]
    await gathered.want((), ())
    assert sys.modules["rottie_dice"].Dice.closed
    await gathered.close()


async def test_broken_plugins_are_told_and_left_out(installed: object, caplog: pytest.LogCaptureFixture) -> None:
    plugins = Plugins(["broken", "leaving", "raising", "wrong", "not-there", "dice"])
    assert [provider.name for provider in plugins.providers] == ["dice"]
    assert set(plugins.faults) == {"broken", "leaving", "raising", "wrong", "not-there"}
    assert "secret" not in caplog.text


async def test_listeners_that_are_too_slow_miss_some(installed: object) -> None:
    plugins = Plugins(["dice"])
    for number in range(1200):
        plugins.tell(USER, ActionResult(action_id=str(number), tool="t", text=""))
    await plugins.close()
    assert len(sys.modules["rottie_dice"].heard) <= 1000


async def test_servers_come_go_and_stay_as_the_file_says(tmp_path: Path) -> None:
    script = (str(Path(mcp_server.__file__)),)
    one, two = (McpServer(name=name, command=sys.executable, args=script) for name in ("one", "two"))
    own = Lender("two", (lent("Own"), says("")))
    gathered = Gathered(Home(tmp_path), [own])
    providers = await gathered.want((one, two), ())
    assert [provider.name for provider in providers] == ["two", "one"]
    assert providers[0] is own
    assert await gathered.want((one,), ()) == (own, providers[1])
    changed = await gathered.want((one.model_copy(update={"timeout_s": 5}),), ())
    assert changed[1] is not providers[1]
    await gathered.close()
    assert own.closed
