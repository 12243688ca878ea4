"""rottie talk: a spoken conversation, with a microphone and a loudspeaker or with files in their place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: rottie talk --wake")(talk)


def talk(
    push: bool = typer.Option(False, "--push", help="Press Enter to speak, and again when you have spoken."),
    wake: bool = typer.Option(False, "--wake", help="Listen only after the wake word, which is waited for on this machine."),
    timings: bool = typer.Option(False, "--timings", help="Show where the time of each turn went."),
    recording: Path | None = typer.Option(  # noqa: B008
        None, "--in", metavar="FILE", help="Play this recording in place of a microphone, and end when it was answered."
    ),
    out: Path | None = typer.Option(None, "--out", "-o", help="With --in: write what was played there, as WAV."),  # noqa: B008
    microphone: str | None = typer.Option(None, help="Its name or number, as `python -m sounddevice` lists them."),
    loudspeaker: str | None = typer.Option(None, help="As for the microphone."),
    conversation: str = typer.Option(
        "new", "--conversation", "-c", metavar="ID|last|new", help="Go on with what was said before."
    ),
    area: str | None = typer.Option(None, help="Id of the area where you are: what `the lights` means."),
) -> None:
    """Talk with the assistant.

    It listens until you stop speaking, acts, and answers aloud; speak into a reply to interrupt it. Ctrl-C ends it.
    """
    from rottie.commands.asking import door, newest
    from rottie.commands.printing import console
    from rottie.talk.beginning import Wishes, converse
    from rottie.talk.showing import Screen
    from schemas.errors import RequestError

    if out is not None and recording is None:
        raise RequestError("--out writes what a loudspeaker would play", where="--out", hint="Give a recording with --in.")
    if wake and push:
        raise RequestError("--push and --wake exclude each other", where="--wake", hint="Leave one of them out.")
    address, key = door()
    going_on = None if conversation == "new" else newest() if conversation == "last" else conversation
    screen = Screen(console(), timings)
    wishes = Wishes(push, wake, recording, out, microphone, loudspeaker, going_on, area)
    try:
        asyncio.run(converse(address, key, screen, wishes))
    except KeyboardInterrupt:
        screen.note("Goodbye.")
