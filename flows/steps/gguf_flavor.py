"""An MLflow flavor for exports: the MLmodel file names the weights and the manifest; nothing in it is ever executed on load.

Does not cover loading through MLflow: serving downloads the folder and opens the GGUF itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mlflow.models import Model
from mlflow.models.signature import ModelSignature
from mlflow.types.schema import ColSpec, Schema

from schemas.artifacts import Exported
from schemas.hashing import MANIFEST

FLAVOR = "rottie_gguf"


def signature() -> ModelSignature:
    """A prompt as text in, a reply as text out: what the engine takes and gives."""
    return ModelSignature(inputs=Schema([ColSpec("string", "prompt")]), outputs=Schema([ColSpec("string", "reply")]))


def save_model(path: str, mlflow_model: Model, exported: Exported, card: str) -> None:
    """Write the folder that the registry keeps: the served weights only, model.json, manifest.json, README.md, MLmodel."""
    folder = Path(path)
    folder.mkdir(parents=True)
    for name in (exported.manifest.serve, "model.json", MANIFEST):
        _link_or_copy(exported.folder / name, folder / name)
    (folder / "README.md").write_text(card, encoding="utf-8")
    manifest = exported.manifest
    mlflow_model.signature = signature()
    mlflow_model.add_flavor(
        FLAVOR, weights=manifest.serve, manifest="model.json", sha256=manifest.files[manifest.serve], context=manifest.context
    )
    mlflow_model.save(str(folder / "MLmodel"))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # weights can be gigabytes: no second copy on the way to the artifact store
    except OSError:
        shutil.copy2(source, target)
