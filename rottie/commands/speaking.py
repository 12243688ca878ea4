"""rottie say and rottie speak: a recording to the assistant, and a text as a recording, over the same API as any client.

Does not cover microphones and loudspeakers.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import typer

from rottie.commands.asking import newest, print_assist, send
from rottie.commands.printing import console, print_json

FORMATS = ("wav", "flac", "mp3", "opus", "pcm")
LANGUAGE_HELP = "What is spoken, such as de: chooses recogniser and voice where the assistant's file names several."


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: rottie say recording.wav --out reply.wav")(say)
    app.command(epilog='Example: rottie speak "Dinner is ready" --out dinner.wav')(speak)


def say(
    file: Path = typer.Argument(..., metavar="FILE", help="A recording: WAV, FLAC, MP3, Ogg or WebM."),  # noqa: B008
    out: Path | None = typer.Option(None, "--out", "-o", help="Write the spoken reply there, as WAV."),  # noqa: B008
    as_json: bool = typer.Option(False, "--json", help="Print the API's reply, without its sound."),
    conversation: str = typer.Option(
        "new", "--conversation", "-c", metavar="ID|last|new", help="Go on with what was said before."
    ),
    language: str | None = typer.Option(None, "--language", "-l", help=LANGUAGE_HELP),
    area: str | None = typer.Option(None, help="Id of the area where you are: what `the lights` means."),
    store: bool = typer.Option(True, help="Keep this request and its reply on this machine."),
) -> None:
    """Speak a recording to the assistant.

    Prints what was heard, what was done in the home, the reply, and who answered.
    """
    wanted: dict[str, Any] = {
        "audio": {"data": base64.b64encode(_recording(file)).decode()},
        "speak": out is not None,
        "language": language,
        "area": area,
        "store": store,
    }
    if conversation != "new":
        wanted["conversation_id"] = newest() if conversation == "last" else conversation
    wanted = {key: value for key, value in wanted.items() if value is not None}
    send("POST", "/v1/assist", wanted, None, lambda reply: _tell(reply, out, as_json))


def speak(
    words: list[str] = typer.Argument(..., metavar="TEXT", help="What to say."),  # noqa: B008
    out: Path = typer.Option(..., "--out", "-o", help="Its ending names the format: wav, flac, mp3, opus, pcm."),  # noqa: B008
    speed: float = typer.Option(1.0, min=0.25, max=4.0, help="2: twice as fast."),
    language: str | None = typer.Option(None, "--language", "-l", help=LANGUAGE_HELP),
) -> None:
    """Write a text as speech."""
    from schemas.errors import RequestError

    form = out.suffix.lstrip(".").lower()
    if form not in FORMATS:
        raise RequestError(f"{out.name} names no format", where="--out", hint=f"End it in one of: {', '.join(FORMATS)}.")
    body = {"model": "champion", "input": " ".join(words), "response_format": form, "speed": speed}
    body["voice"] = language or "default"
    send("POST", "/v1/audio/speech", body, lambda reply: _write(out, reply.read()), print_json)


def _write(out: Path, sound: bytes) -> None:
    from schemas.hashing import write_atomic

    write_atomic(out, sound)
    console().print(f"{out}: {len(sound):,} bytes", markup=False, highlight=False)


def _recording(file: Path) -> bytes:
    from schemas.errors import SourceMissing

    try:
        return file.read_bytes()
    except OSError as error:
        raise SourceMissing("the recording cannot be read", where=str(file), hint="Check its path.") from error


def _tell(reply: dict[str, Any], out: Path | None, as_json: bool) -> None:
    from schemas.hashing import write_atomic

    sound = reply.pop("audio")
    if sound is not None and out is not None:
        write_atomic(out, base64.b64decode(sound["data"]))
    if as_json:
        print_json({**reply, "audio": None if sound is None else {"file": str(out), "seconds": sound["seconds"]}})
        return
    heard = reply["transcript"]["text"]
    console().print(f"“{heard}”" if heard else "(nothing)", style="bold", markup=False, highlight=False)
    print_assist(reply)
    for stage, why in reply["fell_back"].items():
        told = f"The second {'recogniser' if stage == 'stt' else 'voice'} stood in: {why['message']}."
        console().print(told, style="yellow", markup=False, highlight=False)
    if out is not None and reply["audio_error"]:
        told = reply["audio_error"]
        console().print(f"No spoken reply: {told['message']}. {told['hint']}", style="yellow", markup=False, highlight=False)
