"""Model files from the Hugging Face hub: found, downloaded where the last try ended, checked, and made a folder to serve.

Only GGUF files: they hold weights, a tokenizer and a chat template, and nothing that is run on loading. A branch or tag is
resolved to its commit, and the file must have the SHA-256 sum that the hub keeps for it. The library's own download would
start over after an interruption, so only its transfer of one file is used here, into a file that stays. Does not cover what is
heard and spoken with: that is flows/steps/pulling.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from flows.steps.storing import disk_errors, new_version
from schemas.artifacts import Exported, ModelManifest, Origin
from schemas.assistant import LlmEngine
from schemas.errors import DiskFull, HubDown, HubError, HubMissing, HubRefused
from schemas.hashing import MANIFEST, content_id, file_sha256, write_json
from schemas.pipeline import Decoding
from schemas.settings import Home
from serve.gguf_header import Header, read_header
from serve.models import open_form, try_decode

if TYPE_CHECKING:
    from huggingface_hub import HfApi

FORMAT = 1  # part of every folder's name: raise it when the same file must be written anew
PREFERRED = ("Q4_K_M", "Q8_0", "Q4_K_S", "Q5_K_M", "F16")
LARGEST = 50 * 10**9  # what the hub gives in one plain transfer
SPARE = 512 * 2**20  # bytes that must stay free on the disk
UNKNOWN_CONTEXT = 4096
_NAME = re.compile(r"(?P<repository>[\w.-]{1,96}/[\w.-]{1,96})(?::(?P<choice>[^:]{1,200}))?", re.ASCII)
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


@dataclass(frozen=True)
class HubFile:
    """``size`` in bytes. The hub keeps a SHA-256 sum of large files, and Git's name of the content of small ones."""

    path: str
    size: int
    sha256: str | None = None
    blob: str | None = None

    @property
    def digest(self) -> str:
        """Raises HubError where there is none."""
        if found := self.sha256 or self.blob:
            return found
        raise HubError("the hub names no sum for this file, so it cannot be checked", where=self.path)

    def is_whole(self, path: Path) -> bool:
        return (file_sha256(path) if self.sha256 else _git_sum(path)) == self.digest


@dataclass(frozen=True)
class Listing:
    """What a repository has at one commit, and which of it is asked for: ``choice``, a file or a kind."""

    repository: str
    choice: str | None
    commit: str
    revision: str
    license: str | None
    files: Mapping[str, HubFile]

    def origin(self, file: str) -> Origin:
        return Origin(repository=self.repository, file=file, commit=self.commit, revision=self.revision, license=self.license)


@dataclass(frozen=True)
class Remote:
    """One file on the hub, at one commit. ``size`` in bytes."""

    origin: Origin
    size: int
    sha256: str


def look(name: str, revision: str | None = None) -> Listing:
    """What ``OWNER/NAME[:FILE or kind]`` has. Raises HubError and its kinds."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise HubError("this is no name of a model on the hub", where=name, hint="Write OWNER/NAME or OWNER/NAME:Q4_K_M.")
    repository, asked = match["repository"], revision or "main"
    with hub_errors(f"{repository}@{asked}"):
        info = _api().model_info(repository, revision=asked, files_metadata=True)
    if info.sha is None:
        raise HubError("the hub names no commit", where=f"{repository}@{asked}")
    files = {
        item.rfilename: HubFile(item.rfilename, item.size, item.lfs.sha256 if item.lfs else None, item.blob_id)
        for item in info.siblings or ()
        if item.size is not None
    }
    license_ = getattr(info.card_data, "license", None)
    return Listing(repository, match["choice"], info.sha, asked, str(license_) if license_ else None, files)


def find(name: str, revision: str | None = None) -> Remote:
    """The file that ``OWNER/NAME[:FILE or quantisation]`` stands for. Raises HubError and its kinds."""
    return weights_in(look(name, revision))


def weights_in(listing: Listing) -> Remote:
    """The GGUF file that is asked for. Raises HubError, HubMissing."""
    path = _choose([item for item in listing.files if item.lower().endswith(".gguf")], listing.choice, listing.repository)
    file = listing.files[path]
    if not file.sha256:
        where = f"{listing.repository}:{path}"
        raise HubError("the hub names no SHA-256 sum for this file, so it cannot be checked", where=where)
    return Remote(listing.origin(path), file.size, file.sha256)


def _choose(files: list[str], choice: str | None, repository: str) -> str:
    """The file of that name or quantisation; without a choice the only one, or the first of PREFERRED."""
    whole = sorted(file for file in files if not _PART.search(file) and not Path(file).name.startswith("mmproj"))
    if not whole:
        hint = (
            "Look for a repository of the same model with GGUF in its name; it must be one file, not several parts. Recognisers"
            " come as faster-whisper's model.bin, voices as Piper's ONNX with its JSON."
        )
        raise HubMissing("the repository has no GGUF file that can be used", where=repository, hint=hint)
    if choice in whole:
        return str(choice)
    listed = f"It has: {', '.join(whole[:20])}."
    for kind in [choice] if choice else PREFERRED:
        fitting = [file for file in whole if _is_of_kind(file, kind)]
        if len(fitting) == 1:
            return fitting[0]
        if choice:
            problem = "several files fit" if fitting else "the repository has no such file"
            raise HubMissing(problem, where=f"{repository}:{choice}", hint=listed)
    if len(whole) == 1:
        return whole[0]
    raise HubMissing("the repository has several files", where=repository, hint=f"Name one after a colon. {listed}")


def _is_of_kind(file: str, kind: str) -> bool:
    return re.search(rf"(?:^|[-._/]){re.escape(kind)}(?:[-._/]|$)", file, re.IGNORECASE) is not None


def pull(remote: Remote, home: Home) -> Exported:
    """Download, check and keep ``remote`` under ``models/exports``; nothing is fetched where it is there whole.

    Raises HubError and its kinds, DiskFull, and ModelUnusable for a file that is not what it seems or cannot be decoded here.
    """
    name = content_id("pulled", FORMAT, remote.origin.repository, remote.origin.commit, remote.sha256)
    folder, file = home.models / "exports" / name, Path(remote.origin.file).name
    if (folder / MANIFEST).is_file() and file_sha256(folder / file) == remote.sha256:
        manifest = ModelManifest.model_validate_json((folder / "model.json").read_bytes())
        return Exported(id=name, path=str(folder), manifest=manifest)
    shutil.rmtree(folder, ignore_errors=True)
    partial = home.models / "pulling" / f"{remote.sha256}.gguf"
    with disk_errors(partial), alone(partial):
        fetch(remote.origin, HubFile(remote.origin.file, remote.size, remote.sha256), partial)
        manifest = describe(remote, read_header(partial), partial)
        with new_version(folder) as work:
            write_json(work / "model.json", manifest)
            write_json(work / MANIFEST, {"kind": "exported", "id": name, "parents": [], "sums": manifest.files})
            link_or_move(partial, work / file)
        partial.unlink(missing_ok=True)
    return Exported(id=name, path=str(folder), manifest=manifest)


def describe(remote: Remote, header: Header, weights: Path) -> ModelManifest:
    """What serving must know. The file is tried first: its template, and a decode in a process that may crash."""
    context = header.context or UNKNOWN_CONTEXT
    manifest = ModelManifest(
        candidate=remote.sha256[:16],
        pipeline="pulled",
        dataset="none",
        context=context,
        parameters=header.parameters,
        decoding=Decoding(),
        tools=(),
        home=True,
        turns=1000,
        results=True,
        format="template",
        serve=Path(remote.origin.file).name,
        files={Path(remote.origin.file).name: remote.sha256},
        origin=remote.origin,
    )
    open_form(manifest, weights).close()
    try_decode(weights, remote.sha256, LlmEngine(context=max(128, min(512, context)), slots=1))
    return manifest


def link_or_move(source: Path, target: Path) -> None:
    """A link keeps what was downloaded until the folder is in its place."""
    try:
        os.link(source, target)
    except OSError:
        source.rename(target)


@contextmanager
def alone(partial: Path) -> Iterator[None]:
    """One download of a file at a time; the lock ends with the process."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.with_suffix(".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HubError("this file is being downloaded already", where=str(partial), hint="Wait for the other one.") from error
        yield


def fetch(origin: Origin, file: HubFile, partial: Path, largest: int = LARGEST) -> None:
    """Bring ``partial`` to its full length, from where it ends, and check its sum. Raises HubError and its kinds, DiskFull."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers, disable_progress_bars

    where, digest = origin.label, file.digest
    have = partial.stat().st_size if partial.exists() else 0
    if have > file.size:
        partial.unlink()
        have = 0
    if file.size > largest:
        raise HubError(f"the file has {file.size / 1e9:.3g} GB, which is too large", where=where)
    free = shutil.disk_usage(partial.parent).free
    if file.size - have + SPARE > free:
        missing = (file.size - have + SPARE - free) / 1e9
        raise DiskFull(f"the file needs {missing:.1f} GB more than is free", where=str(partial.parent))
    if not sys.stderr.isatty():
        disable_progress_bars()
    url = hf_hub_url(origin.repository, file.path, revision=origin.commit, endpoint=_endpoint())
    with hub_errors(where), partial.open("ab") as handle:
        http_get(
            url,
            _Bounded(handle, file.size),  # pyright: ignore[reportArgumentType]
            resume_size=have,
            headers=build_hf_headers(),
            expected_size=file.size,
            displayed_filename=Path(file.path).name,
        )
    if not file.is_whole(partial):
        partial.unlink()
        kind = "SHA-256" if digest == file.sha256 else "Git"
        raise HubError(f"the file does not have the {kind} sum that the hub names", where=where, hint="Pull it again.")


def _git_sum(path: Path) -> str:
    """The name that Git gives a file's content: SHA-1 over its length and itself."""
    found = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as handle:
        while part := handle.read(2**20):
            found.update(part)
    return found.hexdigest()


class _Bounded:
    """The file that is written to; a server that sends more than it said fills no disk."""

    def __init__(self, handle: BinaryIO, most: int) -> None:
        self._handle, self._most = handle, most

    def write(self, data: bytes) -> int:
        if self._handle.tell() + len(data) > self._most:
            raise HubError("the hub sends more than the file has", where=str(self._handle.name))
        return self._handle.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=_endpoint())


@contextmanager
def hub_errors(where: str) -> Iterator[None]:
    """The library's failures as ours. Its texts are left out: they hold addresses that may be signed."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise HubRefused("the hub gives this model only to those who accepted its terms", where=where) from error
    except errors.RevisionNotFoundError as error:
        raise HubMissing("the repository has no such revision", where=where) from error
    except errors.EntryNotFoundError as error:
        raise HubMissing("the repository has no such file", where=where) from error
    except errors.RepositoryNotFoundError as error:
        hint = "Check the name; for a private one set HF_TOKEN to a token of yours that may read it."
        raise HubMissing("the hub has no such repository, or shows it only to its owner", where=where, hint=hint) from error
    except errors.HFValidationError as error:
        raise HubError("this is no name of a model on the hub", where=where) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        kind = HubRefused if status in (401, 403) else HubDown
        raise kind(f"the hub answered with status {status}", where=where) from error
    except (errors.OfflineModeIsEnabled, httpx2.HTTPError) as error:
        raise HubDown("the hub does not answer", where=where) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise HubDown("the transfer ended before the file was whole", where=where) from error
