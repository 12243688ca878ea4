"""The lock: exact versions of everything that is installed, made by uv from pyproject.toml.

    python -m rottie.lock           write requirements.lock and requirements-dev.lock
    python -m rottie.lock --check   exit 1 when pyproject.toml has changed since, or a lock misses a dependency

Torch's CUDA packages are left out of the lock: pip adds those that the torch build at hand asks for, none for a CPU build.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"requirements.lock": ("voice",), "requirements-dev.lock": ("voice", "dev")}
_CUDA = re.compile(r"^(nvidia-|cuda-|triton\b)")
_HEADER = "# Made by `make lock` from pyproject.toml; do not edit. sources: "


def fingerprint(root: Path = ROOT) -> str:
    """SHA-256 of what the lock depends on: the Python range, the dependencies and the extras that are locked."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    relevant = [
        project["requires-python"],
        project["dependencies"],
        *(project["optional-dependencies"][name] for name in ("voice", "dev")),
    ]
    return hashlib.sha256(json.dumps(relevant).encode()).hexdigest()


def write(root: Path = ROOT) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is not installed; run `make check` once, which installs the development packages")
    for name, extras in LOCKS.items():
        command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", "3.11"]
        command += [f"--extra={extra}" for extra in extras]
        done = subprocess.run([*command, "pyproject.toml"], cwd=root, check=True, capture_output=True, text=True)
        pins = [line for line in done.stdout.splitlines() if not _CUDA.match(line) and not line.startswith("--")]
        (root / name).write_text(_HEADER + fingerprint(root) + "\n" + "\n".join(pins) + "\n")


def problems(root: Path = ROOT) -> list[str]:
    """Why the locks are not fresh; empty when they are."""
    found = []
    for name in LOCKS:
        path = root / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.read_text().splitlines()[0] != _HEADER + fingerprint(root):
            found.append(f"{name} is older than the dependencies in pyproject.toml")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        found = problems()
        if found:
            sys.exit("\n".join(found) + "\nRun `make lock` and commit the result.")
        print("locks are fresh")
    else:
        write()


if __name__ == "__main__":
    main()
