"""The base that training starts from: a tokenizer and a model folder, made or fetched once and cached by content."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from flows.steps import streaming
from flows.steps.reading import read_rows
from flows.steps.storing import new_version
from schemas.artifacts import Base, Dataset
from schemas.conversation import Conversation
from schemas.errors import DataError, TrainingError, VersionMissing
from schemas.hashing import MANIFEST, content_id, sums, verify, write_json
from schemas.pipeline import Full, PretrainedBase, RegisteredBase, ScratchBase, Training
from schemas.profile import Profile
from schemas.settings import Home

VERSION = 2  # raise it when the same recipe no longer gives the same base
RECORD = "base.json"


def found(dataset: Dataset, training: Training, profile: Profile, home: Home) -> Base:
    """The base that ``training.base`` describes, as a folder of its own; made only where it is not there yet.

    Raises ConfigError, SourceMissing, TrainingError, IntegrityError (a cached folder was altered), DiskFull.
    """
    base = training.base
    if isinstance(base, ScratchBase):
        return _scratch(dataset, base, training, profile, home)
    source = _registered_folder(base, home) if isinstance(base, RegisteredBase) else _pretrained_folder(base)
    weights = sums(source, _model_files(source))
    target = home.models / "bases" / content_id("base", VERSION, base.kind, weights)
    if not (target / MANIFEST).is_file():
        with new_version(target) as folder:
            for name in weights:
                shutil.copyfile(source / name, folder / name)
            _finish(folder, target, (), base.kind)
    return open_base(target)


def open_base(folder: Path) -> Base:
    """The base in ``folder``, its files checked; IntegrityError when one differs."""
    verify(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sums"])
    return Base(path=str(folder), **json.loads((folder / RECORD).read_text(encoding="utf-8")))


def _scratch(dataset: Dataset, base: ScratchBase, training: Training, profile: Profile, home: Home) -> Base:
    # What the plain next-token training depends on, if there is any, besides the base's own fields.
    plain = {"steps": max(1, base.pretrain_steps), "minutes": None}
    recipe = training.model_copy(update=plain) if base.pretrain_steps else None
    source = dataset.id if training.stream is None else streaming.identity(training.stream)
    target = home.models / "bases" / content_id("base", VERSION, base, source, recipe)
    if (target / MANIFEST).is_file():
        return open_base(target)
    with new_version(target) as folder:
        rows = read_rows(dataset, "train") if training.stream is None else streaming.vocabulary_rows(training.stream)
        random_model(rows, base, folder)
        if recipe is not None:
            _pretrain(dataset, base, recipe, profile, home, folder, target)
        _finish(folder, target, (dataset.id,), "llama")
    return open_base(target)


def random_model(rows: Iterable[Conversation], base: ScratchBase, folder: Path) -> None:
    """A tokenizer of ``rows`` and a model with random weights, into ``folder``."""
    from flows.steps.modelling import save_model, scratch_model
    from flows.steps.tokenizing import train_tokenizer

    tokenizer = train_tokenizer(rows, base.vocabulary, base.context)
    save_model(scratch_model(base, tokenizer), tokenizer, folder)


def _pretrain(
    dataset: Dataset, base: ScratchBase, recipe: Training, profile: Profile, home: Home, folder: Path, target: Path
) -> None:
    """Next-token training on the same rows, prompts and all, by the same loop and launcher as fine-tuning."""
    from flows.steps.job import Job
    from flows.steps.launching import launch

    out, checkpoints = folder / "pretrained", home.checkpoints / target.name
    out.mkdir()
    job = Job(
        id=target.name,
        dataset=dataset,
        base=str(folder),
        training=recipe.model_copy(update={"method": Full()}),
        workers=profile.workers,
        objective="everything",
        out=str(out),
        checkpoints=str(checkpoints),
        run=str(checkpoints / "run"),
    )
    launch(job, profile)
    for path in out.iterdir():
        path.replace(folder / path.name)
    out.rmdir()
    shutil.rmtree(checkpoints, ignore_errors=True)


def _finish(folder: Path, target: Path, parents: tuple[str, ...], architecture: str) -> None:
    """Record what the folder is, and its sums, last."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    record = {
        "id": target.name,
        "parents": list(parents),
        "architecture": config.get("model_type", architecture),
        "parameters": count_parameters(folder),
    }
    write_json(folder / RECORD, record)
    write_manifest(folder, "base", target.name, parents)


def count_parameters(folder: Path) -> int:
    """Counted from the headers of the weight files, without loading them."""
    from safetensors import safe_open

    total = 0
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as weights:
            for name in weights.keys():  # noqa: SIM118 (safe_open is no mapping)
                size = 1
                for length in weights.get_slice(name).get_shape():
                    size *= length
                total += size
    return total


def _model_files(folder: Path) -> list[str]:
    kinds = {".safetensors", ".json", ".txt", ".jinja"}
    names = sorted(
        p.name
        for p in folder.iterdir()
        if p.suffix in kinds and p.name not in {MANIFEST, RECORD, "candidate.json", "model.json", "figures.json", "recipe.json"}
    )
    if not any(name.endswith(".safetensors") for name in names):
        raise TrainingError("the model folder has no safetensors weights", where=str(folder))
    if "config.json" not in names:
        raise DataError("the model folder has no config.json", where=str(folder))
    return names


def _pretrained_folder(base: PretrainedBase) -> Path:
    from flows.steps.modelling import pretrained_folder

    if base.source == "starter":
        from flows.steps.shipping import open_starter

        return open_starter().folder
    return pretrained_folder(base)


def _registered_folder(base: RegisteredBase, home: Home) -> Path:
    """The candidate's own folder: the registry keeps what is served, and GGUF cannot be trained further."""
    from flows.steps import registering

    found = [row for row in registering.versions(base.name) if base.alias in row["aliases"]]
    if not found:
        raise VersionMissing(f"no version of {base.name} is called {base.alias}", where="training.base.alias")
    folder = home.models / "candidates" / found[0]["lineage"]["candidate"]
    if not (folder / MANIFEST).is_file():
        raise TrainingError(
            f"the trained weights of {base.name}/{found[0]['version']} are not on this machine",
            where=str(folder),
            hint="Copy the candidate's folder here, or train it again, before building on it.",
        )
    return folder


def write_manifest(folder: Path, kind: str, identity: str, parents: tuple[str, ...]) -> None:
    """Sums of every file, dot files aside: the lock that marks a folder as under construction is one."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    names = sorted(path.relative_to(folder).as_posix() for path in files if path.name != MANIFEST)
    write_json(folder / MANIFEST, {"kind": kind, "id": identity, "parents": list(parents), "sums": sums(folder, names)})
