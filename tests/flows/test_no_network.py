"""A machine without a network: a base from the hub is refused with a typed error, and everything local goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from schemas.errors import RottieError
from schemas.pipeline import PretrainedBase
from flows.steps.modelling import pretrained_folder
try:
    pretrained_folder(PretrainedBase(kind="pretrained", source="owner/name", revision="0" * 40))
except RottieError as error:
    print(error.code, "|", error.where, "|", error.hint)
"""


@pytest.mark.slow
def test_a_base_from_the_hub_without_a_network(tmp_path: Path) -> None:
    # Nothing listens on port 9 of the loopback interface: refused at once, as without a network.
    environment = {
        "PATH": "/usr/bin:/bin",
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HOME": str(tmp_path),
        "HF_HUB_DISABLE_XET": "1",
    }
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, timeout=120)
    code, where, hint = (part.strip() for part in done.stdout.strip().split("|"))
    assert code == "data.missing"
    assert "owner/name" in where
    assert "network" in hint
    assert not list(tmp_path.rglob("*.incomplete"))
