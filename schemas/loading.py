"""Reading YAML declarations: file < environment (ROTTIE__...) < --set, unknown keys refused, errors with file, key and line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.assistant import Assistant
from schemas.errors import ConfigError
from schemas.inventory import Inventory
from schemas.pipeline import Pipeline
from schemas.profile import Profile
from schemas.speech import RecogniserRecipe, VoiceRecipe, WakeRecipe

Model = TypeVar("Model", bound=BaseModel)
FOLDERS = {
    Pipeline: "pipelines",
    RecogniserRecipe: "pipelines",
    VoiceRecipe: "pipelines",
    WakeRecipe: "pipelines",
    Profile: "profiles",
    Assistant: "assistants",
    Inventory: "inventories",
}


@dataclass(frozen=True)
class Loaded(Generic[Model]):
    """A declaration, and for every dotted key that is not a default, where its value comes from."""

    value: Model
    origins: dict[str, str]


def declarations() -> Path:
    """The folder of shipped YAML: ROTTIE_DEPLOYMENTS, or deployments/ beside this package."""
    return Path(os.environ.get("ROTTIE_DEPLOYMENTS", Path(__file__).resolve().parent.parent / "deployments"))


def find(kind: type[BaseModel], name: str) -> Path:
    """``name`` is a path that ends in .yaml, or the stem of a file under deployments/<kind>/."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name).expanduser()
    else:
        path = declarations() / FOLDERS[kind] / f"{name}.yaml"
    if not path.is_file():
        there = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        hint = f"Choose one of: {', '.join(there)}." if there else None
        raise ConfigError(f"no such {kind.__name__.lower()} file", where=str(path), hint=hint)
    return path


def load(
    kind: type[Model], name: str, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Loaded[Model]:
    """Read, override, validate. ``overrides`` are ``dotted.key=value`` with YAML values; list items by index."""
    path = find(kind, name)
    document, lines = _read(path)
    origins = {key: f"{path}:{line}" for key, line in lines.items()}
    prefix = f"ROTTIE__{kind.__name__.removesuffix('Recipe').upper()}__"
    for variable, text in sorted((environment if environment is not None else os.environ).items()):
        if variable.startswith(prefix):
            key = variable.removeprefix(prefix).lower().replace("__", ".")
            _put(document, key, _scalar(text, variable), variable)
            _replace(origins, key, f"environment {variable}")
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key:
            raise ConfigError(f"cannot read {override!r}", where="--set", hint="Write --set dotted.key=value.")
        _put(document, key, _scalar(text, f"--set {key}"), f"--set {key}")
        _replace(origins, key, "--set")
    try:
        return Loaded(kind.model_validate(document), origins)
    except ValidationError as error:
        raise _explain(error, path, origins) from error


def load_pipeline(name: str, overrides: Sequence[str] = ()) -> Pipeline:
    return load(Pipeline, name, overrides).value


def load_profile(name: str, overrides: Sequence[str] = ()) -> Profile:
    return load(Profile, name, overrides).value


def load_assistant(name: str, overrides: Sequence[str] = ()) -> Assistant:
    return load(Assistant, name, overrides).value


def load_inventory(name: str) -> Inventory:
    return load(Inventory, name).value


def _read(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise ConfigError("the file is not UTF-8", where=str(path)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError(f"not valid YAML: {getattr(error, 'problem', error)}", where=where) from error
    if not isinstance(document, dict) or node is None:
        raise ConfigError("the file must hold a mapping", where=str(path))
    lines: dict[str, int] = {}
    _collect(node, "", lines)
    return document, lines


def _collect(node: yaml.Node, key: str, lines: dict[str, int]) -> None:
    if key:
        lines[key] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            _collect(value, f"{key}.{name.value}".lstrip("."), lines)
            lines[f"{key}.{name.value}".lstrip(".")] = name.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, f"{key}.{index}".lstrip("."), lines)


def _replace(origins: dict[str, str], key: str, origin: str) -> None:
    """A new value takes the place of everything below its key."""
    for below in [known for known in origins if known.startswith(f"{key}.")]:
        del origins[below]
    origins[key] = origin


def _scalar(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"cannot read the value {text!r}", where=where) from error


def _put(document: dict[str, Any], key: str, value: Any, where: str) -> None:
    *parents, last = key.split(".")
    at: Any = document
    for part in parents:
        at = _step(at, part, key, where)
    if isinstance(at, list):
        _step(at, last, key, where)
        at[int(last)] = value
    elif isinstance(at, dict):
        at[last] = value
    else:
        raise ConfigError(f"no such key: {key}", where=where)


def _step(at: Any, part: str, key: str, where: str) -> Any:
    if isinstance(at, list):
        if not part.isdigit() or int(part) >= len(at):
            raise ConfigError(f"{key}: {part!r} is not an index of this list (0 to {len(at) - 1})", where=where)
        return at[int(part)]
    if isinstance(at, dict):
        if not isinstance(at.get(part), dict | list):
            at[part] = {}
        return at[part]
    raise ConfigError(f"no such key: {key}", where=where)


def _explain(error: ValidationError, path: Path, origins: Mapping[str, str]) -> ConfigError:
    problems = []
    # An unknown key first: it is often the misspelling of one that is then said to be missing.
    for item in sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")[:5]:
        # Pydantic puts the tag of a union into the location; drop the parts that are no key of the file.
        parts = [str(part) for part in item["loc"]]
        key = ".".join(parts)
        while key and key not in origins:
            shorter = [p for i, p in enumerate(parts) if ".".join(parts[: i + 1]) in origins or i == len(parts) - 1]
            if shorter == parts:
                break
            parts, key = shorter, ".".join(shorter)
        origin = origins.get(key) or origins.get(key.rpartition(".")[0]) or str(path)
        problems.append((origin, f"{key or 'the whole file'}: {item['msg']}"))
    return ConfigError("; ".join(text for _, text in problems), where=problems[0][0])
