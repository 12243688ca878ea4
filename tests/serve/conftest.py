"""Fixtures that more than one module of these tests needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.live import Live, live


@pytest.fixture(scope="module")
def server(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tiny_export, tmp_path_factory.mktemp("live")) as running:
        yield running
