"""Opening an exported model: its manifest read, its files verified, a decode tried where a crash does no harm."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

from schemas.artifacts import ModelManifest
from schemas.assistant import Adapter
from schemas.assistant import LlmEngine as EngineSpec
from schemas.errors import EngineError, IntegrityError, ModelUnusable
from schemas.hashing import verify, write_atomic
from schemas.settings import Home
from serve.engines.llama_server import Guesses, Sight
from serve.engines.protocol import LlmEngine
from serve.formats.protocol import Format
from serve.formats.rottie import RottieFormat
from serve.formats.template import open_template
from serve.gguf_header import read_header
from serve.turn import Answerer

TRIAL_TIMEOUT_S = 120
TRIAL = (sys.executable, "-m", "serve.trial")
_PACKAGES = {"xllamacpp": "xllamacpp", "llama_cpp": "llama-cpp-python"}


def open_model(folder: Path, engine: EngineSpec, home: Sequence[str] = ()) -> Answerer:
    """The model in ``folder`` (model.json and weights), ready to answer. Blocks while loading: call it off the event loop.

    ``home`` are the lines of the home that it acts in. The context is the smaller of the model's and the engine's. Raises
    ModelUnusable for a file that is missing, damaged, of the wrong kind, or that crashes the engine.
    """
    manifest = read_model(folder)
    try:
        verify(folder, {manifest.serve: manifest.files[manifest.serve]})
    except IntegrityError as error:
        raise ModelUnusable(error.message, where=error.where) from error
    except KeyError as error:
        raise ModelUnusable("the manifest names no sum for the served weights", where=str(folder / "model.json")) from error
    weights = folder / manifest.serve
    spec = engine.model_copy(update={"context": min(engine.context, manifest.context)})
    if spec.kind in _PACKAGES:
        try_decode(weights, manifest.files[manifest.serve], spec)
    form = open_form(manifest, weights)
    try:
        return Answerer(open_engine(weights, spec, form.visible), manifest, home, form)
    except BaseException:
        form.close()
        raise


def open_form(manifest: ModelManifest, weights: Path) -> Format:
    """How the model is spoken to, as its manifest says. Raises ModelUnusable for a chat template that does not work."""
    if manifest.format == "rottie":
        return RottieFormat(manifest.decoding)
    return open_template(read_header(weights), manifest.decoding, str(weights))


def read_model(folder: Path) -> ModelManifest:
    path = folder / "model.json"
    try:
        return ModelManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelUnusable("the model folder has no model.json", where=str(folder)) from error
    except (ValidationError, OSError) as error:
        raise ModelUnusable("model.json cannot be read", where=str(path)) from error


def open_engine(weights: Path, spec: EngineSpec, visible: Sequence[str] = ()) -> LlmEngine:
    """The engine of the kind that ``spec`` names. Kinds are imported when used: one may not be installed.

    ``visible``: see Format.
    """
    shape = spec.model_dump(include={"context", "slots", "threads", "gpu_layers", "batch", "queue"})
    shape["adapters"] = {name: _adapter(name, adapter) for name, adapter in spec.adapters.items()}
    if spec.kind == "xllamacpp":
        from serve.engines.xllamacpp import XllamacppEngine

        return XllamacppEngine(weights, **shape, visible=visible, guesses=_guesses(spec), sight=_sight(spec))
    if spec.kind == "llama_cpp":
        from serve.engines.llama_cpp import LlamaCppEngine

        return LlamaCppEngine(weights, **shape, visible=visible)
    from serve.engines.scripted import ScriptedEngine

    return ScriptedEngine.read(weights, context=spec.context)


def _guesses(spec: EngineSpec) -> Guesses | None:
    if spec.speculation is None:
        return None
    draft = spec.speculation.draft
    return Guesses(_adapter("draft", draft) if draft else None, spec.speculation.tokens)


def _sight(spec: EngineSpec) -> Sight | None:
    return Sight(_adapter("projector", spec.projector), spec.projector.tokens) if spec.projector else None


def adapter_file(adapter: Adapter) -> Path:
    return Home.current().root / Path(adapter.path).expanduser()


def _adapter(name: str, adapter: Adapter) -> Path:
    """The adapter's file, verified. Raises ModelUnusable."""
    path = adapter_file(adapter)
    try:
        verify(path.parent, {path.name: adapter.sha256})
    except (IntegrityError, OSError) as error:
        raise ModelUnusable(f"the file of {name!r} is missing or has another SHA-256 sum", where=str(path)) from error
    return path


def try_decode(weights: Path, sha256: str, spec: EngineSpec) -> None:
    """Decode some tokens in another process, once for each file, engine and machine; ModelUnusable when that fails.

    A damaged file or an unsupported processor feature can end a process without an exception: better not this one.
    """
    mark = Home.current().run / "decoded" / _trial_name(sha256, spec)
    if mark.is_file():
        return
    command = [*TRIAL, str(weights), spec.model_dump_json()]
    environment = {**os.environ, "OMP_NUM_THREADS": str(spec.threads)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_TIMEOUT_S, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelUnusable(f"a test decode took longer than {TRIAL_TIMEOUT_S} s", where=str(weights)) from error
    if done.returncode < 0:
        raise ModelUnusable(f"a test decode crashed with signal {-done.returncode}", where=str(weights))
    if done.returncode:
        raise _reported(done.stdout, weights)
    write_atomic(mark, "")


def _trial_name(sha256: str, spec: EngineSpec) -> str:
    try:
        release = version(_PACKAGES[spec.kind])
    except PackageNotFoundError:
        release = "absent"
    beside = sorted(adapter.sha256 for adapter in spec.adapters.values())
    # Whether an image fits into the context is tried, too.
    seeing = [spec.projector.sha256, spec.projector.tokens, spec.context] if spec.projector else []
    guesses = spec.speculation.model_dump() if spec.speculation else None
    place = json.dumps([spec.kind, release, spec.gpu_layers > 0, platform.node(), platform.machine(), guesses, *beside, *seeing])
    return f"{sha256[:32]}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"


def _reported(output: str, weights: Path) -> EngineError:
    """The error that the other process printed as its last line."""
    try:
        problem = json.loads(output.strip().splitlines()[-1])
        kind = ModelUnusable if problem["code"] == ModelUnusable.code else EngineError
        return kind(problem["message"], where=problem["where"], hint=problem["hint"])
    except (ValueError, IndexError, KeyError, TypeError):
        return ModelUnusable("a test decode failed", where=str(weights))
