"""Fixtures that more than one test module needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.tiny import write_export

# Hypothesis times its examples by default; on a busy machine that fails tests for no fault of the code.
settings.register_profile("rottie", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rottie")


@pytest.fixture(scope="session")
def tiny_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as serving opens it: model.json and a tiny random q8_0 model; candidate/ is what it was made from."""
    folder = tmp_path_factory.mktemp("export")
    write_export(folder)
    return folder
