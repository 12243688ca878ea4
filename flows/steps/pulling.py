"""Recognisers and voices from the Hugging Face hub: downloaded as model files are, tried, and kept under a name.

A recogniser is a Whisper in CTranslate2's form (faster-whisper's), a voice an ONNX file of Piper's with its JSON. Only the files
that these need are fetched, and nothing of any other form: what is not weights is JSON or text. Does not cover the transfer
itself: that is flows/steps/downloading.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from flows.steps.downloading import HubFile, Listing, alone, fetch, link_or_move
from flows.steps.storing import disk_errors, new_version
from schemas.artifacts import Origin, PulledSpeech
from schemas.assistant import AUTO
from schemas.errors import HubError, HubMissing, IntegrityError, ModelUnusable, VersionMissing
from schemas.hashing import MANIFEST, file_sha256, verify_manifest, write_json
from schemas.settings import Home
from serve.engines.piper import PiperEngine
from serve.speech_models import NAME, STARTER, Pulled, pulled_one, speech_folder

WEIGHTS = "model.bin"
NEEDED = (WEIGHTS, "config.json", "tokenizer.json")  # of a recogniser
BESIDE = ("preprocessor_config.json", "vocabulary.json", "vocabulary.txt")
LARGEST = 10 * 10**9  # bytes of weights
LARGEST_TEXT = 64 * 10**6  # of JSON and word lists
CARD = "MODEL_CARD"
TRIAL = (sys.executable, "-P", "-m", "serve.hearing_trial")
TRIAL_S = 300
_LISTED = 40
Stage = Literal["stt", "tts"]
TryOut = Callable[[Stage, Path], tuple[str, ...]]


@dataclass(frozen=True)
class RemoteSpeech:
    """``files``: the one that is opened first. ``card``: where a voice's own licence is told."""

    stage: Stage
    name: str
    origin: Origin
    files: tuple[HubFile, ...]
    card: str | None = None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def speech_in(listing: Listing, name: str | None = None) -> RemoteSpeech | None:
    """The recogniser or the voice that is asked for, which gets ``name`` here; None where the repository has neither.

    Raises HubMissing where it has several voices and none is chosen, HubError for a name that cannot be one.
    """
    if any(path.lower().endswith(".gguf") for path in listing.files):
        return None
    voices = {
        PurePosixPath(path).name.removesuffix(".onnx"): path
        for path in sorted(listing.files)
        if path.endswith(".onnx") and f"{path}.json" in listing.files
    }
    if voices:
        stem = _choose(voices, listing.choice, listing.repository)
        path = voices[stem]
        card = str(PurePosixPath(path).with_name(CARD))
        files = (listing.files[path], listing.files[f"{path}.json"])
        return RemoteSpeech("tts", _name(name or stem), listing.origin(path), files, card if card in listing.files else None)
    if all(file in listing.files for file in NEEDED):
        if listing.choice is not None:
            where = f"{listing.repository}:{listing.choice}"
            raise HubMissing("the repository holds one recogniser", where=where, hint="Leave the colon and what follows out.")
        files = tuple(listing.files[file] for file in (*NEEDED, *BESIDE) if file in listing.files)
        return RemoteSpeech("stt", _name(name or listing.repository.partition("/")[2]), listing.origin(WEIGHTS), files)
    return None


def _choose(voices: dict[str, str], choice: str | None, repository: str) -> str:
    """A voice by its name or file; without a choice the only one. A language is told its voices."""
    for stem, path in voices.items():
        if choice in (stem, path, str(PurePosixPath(path).parent)):
            return stem
    of_it = re.compile(rf"{re.escape(choice)}(?![a-z])" if choice else "", re.IGNORECASE)
    fitting = [stem for stem in voices if of_it.match(stem)]
    if len(fitting) == 1:
        return fitting[0]
    if choice and fitting:
        hint = f"Name one of them after the colon: {', '.join(fitting[:_LISTED])}."
    else:
        languages = sorted({re.split(r"[_-]", stem)[0] for stem in voices})
        hint = f"Name a voice after a colon, or a language to see its voices: {', '.join(languages[:_LISTED])}."
    problem = "the repository has several voices" if fitting else "the repository has no such voice"
    raise HubMissing(problem, where=f"{repository}:{choice}" if choice else repository, hint=hint)


def _name(wanted: str) -> str:
    """What an assistant's file can name it by. Raises HubError."""
    plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode()
    if not NAME.fullmatch(plain) or plain in (STARTER, AUTO):
        raise HubError("this cannot be the name of a model here", where=wanted, hint="Give another one: --as NAME.")
    return plain


def pull(remote: RemoteSpeech, home: Home, try_out: TryOut | None = None) -> Pulled:
    """Download, check, try and keep ``remote``; nothing is fetched where it is there whole.

    Raises HubError and its kinds, also where another model has its name; DiskFull; and ModelUnusable, EngineError or
    SpeechMissing for what cannot be opened here.
    """
    folder, waiting = speech_folder(home) / remote.name, home.models / "pulling"
    with ExitStack() as held, disk_errors(folder):
        held.enter_context(alone(waiting / f"{remote.name}.speech"))
        if (there := _there(remote, home)) is not None:
            return there
        partials = []
        for number, file in enumerate(remote.files):
            partial = waiting / f"{file.digest}-{PurePosixPath(file.path).name}"
            held.enter_context(alone(partial))
            fetch(remote.origin, file, partial, LARGEST if number == 0 else LARGEST_TEXT)
            partials.append(partial)
        with new_version(folder) as work:
            for file, partial in zip(remote.files, partials, strict=True):
                link_or_move(partial, work / PurePosixPath(file.path).name)
            write_json(work / MANIFEST, _described(remote, work, try_out or tried))
        for partial in partials:
            partial.unlink(missing_ok=True)
    made = pulled_one(remote.name, home)
    assert made is not None
    return made


def _there(remote: RemoteSpeech, home: Home) -> Pulled | None:
    """The same one, whole. What is damaged of it is removed. Raises HubError where something else has its name."""
    folder = speech_folder(home) / remote.name
    found = pulled_one(remote.name, home)
    if found is None and folder.exists():
        raise HubError("something that was not pulled has this name", where=str(folder), hint="Give another one: --as NAME.")
    if found is None:
        return None
    if found.about.origin.model_copy(update={"revision": remote.origin.revision}) != remote.origin:
        hint = f"Remove it first, with `rottie models remove {remote.name}`, or give another name: --as NAME."
        raise HubError("another model has this name", where=found.about.origin.label, hint=hint)
    try:
        verify_manifest(folder)
        return found
    except IntegrityError:
        shutil.rmtree(folder)
        return None


def _described(remote: RemoteSpeech, folder: Path, try_out: TryOut) -> PulledSpeech:
    names = [PurePosixPath(file.path).name for file in remote.files]
    return PulledSpeech(
        stage=remote.stage,
        languages=try_out(remote.stage, folder / names[0]),
        serve=names[0],
        bytes=remote.size,
        origin=remote.origin,
        files={name: file_sha256(folder / name) for name in names},
    )


def tried(stage: Stage, file: Path) -> tuple[str, ...]:
    """The languages of a model that was opened and used once, in a process that may crash.

    Raises ModelUnusable, and for voices EngineError, and SpeechMissing where the package that opens them is not installed.
    """
    if stage == "tts":
        engine = PiperEngine(file)
        engine.close()
        return engine.languages
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*TRIAL, str(file.parent)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_S, env=environment, check=False)
        if done.returncode == 0:
            return tuple(json.loads(done.stdout.strip().splitlines()[-1]))
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise ModelUnusable("the recogniser did not come to an end on a second of sound", where=str(file.parent)) from error
    raise ModelUnusable("faster-whisper cannot hear with these files", where=str(file.parent))


def check(name: str, home: Home) -> Pulled:
    """Sums and a try of one that was pulled. Raises VersionMissing, IntegrityError, and what ``tried`` raises."""
    found = named(name, home)
    verify_manifest(found.folder)
    tried(found.about.stage, found.folder / found.about.serve)
    return found


def remove(name: str, home: Home) -> Pulled:
    """Take one away that was pulled; what is loaded already answers on. Raises VersionMissing."""
    found = named(name, home)
    # Under another name first, so that a kill leaves no half model that looks whole.
    leaving = found.folder.with_name(f".removing-{found.name}")
    shutil.rmtree(leaving, ignore_errors=True)
    found.folder.rename(leaving)
    shutil.rmtree(leaving)
    return found


def named(name: str, home: Home) -> Pulled:
    """Raises VersionMissing."""
    if (found := pulled_one(name, home)) is None:
        hint = "`rottie models speech` lists those that are there."
        raise VersionMissing("no recogniser and no voice of this name was pulled", where=name[:100], hint=hint)
    return found
