"""rottie ask and rottie home: the assistant and its home, over the same API that any client uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import typer

from rottie.commands.printing import console, print_json

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 90


def register(app: typer.Typer) -> None:
    app.command(epilog='Example: rottie ask "turn on the hall lamp"')(ask)
    app.command("home", epilog="Example: rottie home --json")(show_home)


def ask(
    words: list[str] = typer.Argument(..., metavar="TEXT", help="What to ask."),  # noqa: B008
    as_json: bool = typer.Option(False, "--json", help="Print the API's reply as it is."),
    stream: bool = typer.Option(False, "--stream", help="Print the reply while it is made (with --raw)."),
    raw: bool = typer.Option(False, "--raw", help="Ask the model alone: its reply or calls, and nothing is done."),
    yes: str | None = typer.Option(None, "--yes", metavar="CONFIRMATION", help="Do what was asked to be confirmed."),
    conversation: str = typer.Option(
        "new", "--conversation", "-c", metavar="ID|last|new", help="Go on with what was said before."
    ),
    area: str | None = typer.Option(None, help="Id of the area where you are: what `the lights` means."),
    store: bool = typer.Option(True, help="Keep this request and its reply on this machine."),
) -> None:
    """Ask the assistant.

    Prints what was done in the home, what changed, the reply, and who answered.
    """
    from schemas.errors import RequestError

    if as_json and stream:
        raise RequestError("--json and --stream exclude each other", where="--stream", hint="Leave one of them out.")
    if stream and not raw:
        raise RequestError("--stream needs --raw", where="--stream", hint="Add --raw, or leave --stream out.")
    text = " ".join(words)
    if raw:
        body = {"model": "champion", "messages": [{"role": "user", "content": text}], "stream": stream}
        send("POST", "/v1/chat/completions", body, _print_stream if stream else None, _print_chat(as_json))
        return
    wanted: dict[str, Any] = {"text": text, "confirmation": yes, "area": area, "store": store}
    if conversation != "new":
        wanted["conversation_id"] = newest() if conversation == "last" else conversation
    wanted = {key: value for key, value in wanted.items() if value is not None}
    send("POST", "/v1/assist", wanted, None, print_json if as_json else print_assist)


def newest() -> str | None:
    """The conversation that was spoken in last; None where there is none."""
    found: list[str] = []
    send("GET", "/v1/conversations?limit=1", None, None, lambda page: found.extend(head["id"] for head in page["data"]))
    return found[0] if found else None


def show_home(as_json: bool = typer.Option(False, "--json", help="Print the inventory with its present states.")) -> None:
    """Show the home: every entity with its state."""
    send("GET", "/v1/home", None, None, print_json if as_json else _print_home)


def send(
    method: str,
    path: str,
    body: dict[str, Any] | None,
    streaming: Callable[[httpx.Response], None] | None,
    whole: Callable[[Any], None],
) -> None:
    """One request; the reply goes to ``streaming`` as it comes, or else to ``whole`` as JSON data."""
    import httpx

    from schemas.errors import StackDown
    from serve.api.faults import refusal_of

    address, key = door()
    try:
        with httpx.Client(base_url=address, timeout=TIMEOUT_S, trust_env=False) as client:
            request = client.build_request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
            reply = client.send(request, stream=streaming is not None)
            if reply.status_code >= 400:
                reply.read()
                raise refusal_of(reply.content, reply.status_code)
            if streaming is not None:
                streaming(reply)
            else:
                whole(reply.json())
    except httpx.ConnectError as error:
        hint = "`rottie status` tells what runs; `rottie run retrain` makes and serves a champion."
        raise StackDown("nothing answers at the API's address", where=address, hint=hint) from error
    except httpx.TimeoutException as error:
        raise StackDown(f"no answer within {TIMEOUT_S} s", where=address, hint="See `rottie status`.") from error


def door() -> tuple[str, str]:
    """The API's address and key."""
    from rottie.stack.recording import running
    from schemas.errors import StackDown
    from schemas.settings import Home
    from serve.api.doors import read_key

    home = Home.current()
    record = running(home)
    if record is None:
        raise StackDown("the stack is not running", where=str(home.root))
    return record.urls["api"], read_key(home.api_key)


def _print_chat(as_json: bool) -> Callable[[Any], None]:
    return print_json if as_json else lambda reply: _print_message(reply["choices"][0]["message"])


def print_assist(reply: dict[str, Any]) -> None:
    """Calls with their changes below them, the reply, and who answered in which time."""
    out = console()
    for action in reply["actions"]:
        print_action(action)
    out.print(reply["reply"], markup=False, highlight=False)
    for action in reply["actions"]:
        if action["confirmation_needed"]:
            out.print(f"To do it: rottie ask --yes {action['confirmation_needed']} yes", style="bold", markup=False)
    who = {"intents": "recognised without a model", "model": reply.get("model") or "the model", "none": "nobody"}
    told = who.get(reply["tier"], "confirmed by you")
    out.print(f"{told}, {reply['timings_ms']['total']:.0f} ms", style="dim", markup=False, highlight=False)


def print_action(action: dict[str, Any]) -> None:
    """A call with what it changed below it."""
    _print_call(action["name"], json.dumps(action["arguments"]))
    for change in action["changes"]:
        console().print(f"  {_change(change)}", style="dim", markup=False, highlight=False)


def _change(change: dict[str, Any]) -> str:
    """``light.hall_lamp: off -> on, brightness 0 -> 255``."""
    before, after = change["before"], change["after"]
    if before is None or after is None:
        return f"{change['entity_id']}: {'began' if before is None else 'ended'}"
    parts = [] if before["state"] == after["state"] else [f"{before['state']} -> {after['state']}"]
    for key in sorted({*before["attributes"], *after["attributes"]}):
        was, now = before["attributes"].get(key), after["attributes"].get(key)
        if was != now:
            parts.append(f"{key} {was} -> {now}")
    return f"{change['entity_id']}: {', '.join(parts)}"


def _print_home(home: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    areas = {area["id"]: area["name"] for area in home["areas"]}
    table = Table("name", "id", "area", "state", box=None, pad_edge=False, header_style="dim")
    for entity in home["entities"]:
        cells = (entity["name"], entity["id"], areas.get(entity["area"], ""), entity["state"])
        table.add_row(*map(Text, cells))  # names are no markup
    console().print(table)


def _print_message(message: dict[str, Any]) -> None:
    out = console()
    if message.get("content"):
        out.print(message["content"], markup=False, highlight=False)
    for item in message.get("tool_calls") or ():
        _print_call(item["function"]["name"], item["function"]["arguments"])


def _print_call(name: str, arguments: str) -> None:
    from rich.text import Text

    text = Text("→ ", style="dim").append(name, style="bold cyan").append("(")
    for index, (key, value) in enumerate(json.loads(arguments).items()):
        text.append(", " if index else "").append(key, style="dim").append("=")
        text.append(json.dumps(value, ensure_ascii=False), style="green")
    console().print(text.append(")"))


def _events(reply: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in reply.iter_lines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def _print_stream(reply: httpx.Response) -> None:
    """Text as it comes; calls when they are whole, since their pieces tell a reader nothing."""
    calls: dict[int, dict[str, str]] = {}
    spoke = False
    for event in _events(reply):
        if "error" in event:
            from serve.api.faults import error_from

            raise error_from(event["error"])
        for choice in event.get("choices", ()):
            delta = choice.get("delta", {})
            if delta.get("content"):
                print(delta["content"], end="", flush=True)
                spoke = True
            for piece in delta.get("tool_calls") or ():
                held = calls.setdefault(piece.get("index", 0), {"name": "", "arguments": ""})
                function = piece.get("function", {})
                held["name"] += function.get("name") or ""
                held["arguments"] += function.get("arguments") or ""
    if spoke:
        print()
    for held in calls.values():
        _print_call(held["name"], held["arguments"] or "{}")
