"""Bringing a model folder to this node, where its reference is a URI of the registry's artifacts.

The download runs in a process of its own: MLflow would otherwise stay in the replica's memory for good.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from schemas.artifacts import ModelRef
from schemas.errors import IntegrityError, ModelUnusable
from schemas.hashing import verify
from schemas.settings import Home

TIMEOUT_S = 1800
# Prints where the files are: an artifact store may keep the folder's own name below the target.
_DOWNLOAD = "import sys, mlflow.artifacts as a; print(a.download_artifacts(artifact_uri=sys.argv[1], dst_path=sys.argv[2]))"


def is_uri(path: str) -> bool:
    return "://" in path or path.startswith(("models:/", "runs:/", "mlflow-artifacts:/"))


def folder_of(ref: ModelRef, home: Home) -> Path:
    """The local folder with model.json: the reference's own, or a copy below models/served, fetched once.

    Raises ModelUnusable where there is none and none can be fetched. Sums are checked by whoever opens it.
    """
    if not is_uri(ref.path):
        folder = Path(ref.path)
        if not (folder / "model.json").is_file():
            raise ModelUnusable(f"no model.json for {ref.label}", where=str(folder))
        return folder
    target = home.models / "served" / ref.sha256[:16]
    if not (target / "model.json").is_file():
        _fetch(ref, target)
    return target


def forget(ref: ModelRef, home: Home) -> None:
    """Delete a fetched copy that turned out damaged, so that the next try fetches it again."""
    if is_uri(ref.path):
        shutil.rmtree(home.models / "served" / ref.sha256[:16], ignore_errors=True)


def _fetch(ref: ModelRef, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as temporary:
        command = [sys.executable, "-c", _DOWNLOAD, ref.path, temporary]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise ModelUnusable(f"fetching {ref.label} took over {TIMEOUT_S} s", where=ref.path) from error
        printed = done.stdout.strip().splitlines()
        if done.returncode != 0 or not printed:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1][:300]
            raise ModelUnusable(f"cannot fetch {ref.label}: {reason}", where=ref.path)
        fetched = Path(printed[-1])
        if not (fetched / "model.json").is_file():
            raise ModelUnusable(f"what was fetched for {ref.label} has no model.json", where=ref.path)
        _check(ref, fetched)
        shutil.rmtree(target, ignore_errors=True)  # an earlier, incomplete copy
        try:
            fetched.rename(target)
        except OSError:
            if not (target / "model.json").is_file():  # unless another replica on this node was faster
                raise


def _check(ref: ModelRef, fetched: Path) -> None:
    """Only whole copies are kept: the served weights must have the sum that the reference names."""
    names = [name for name, digest in _sums(fetched).items() if digest == ref.sha256]
    try:
        verify(fetched, dict.fromkeys(names, ref.sha256))
    except IntegrityError as error:
        raise ModelUnusable(f"what was fetched for {ref.label} is damaged", where=ref.path) from error
    if not names:
        raise ModelUnusable(f"what was fetched is not {ref.label}", where=ref.path)


def _sums(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / "model.json").read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError) as error:
        raise ModelUnusable("model.json cannot be read", where=str(folder)) from error
