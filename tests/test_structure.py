"""The house rules as failing tests: what is imported where, and what is declared how."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("ray", "prefect", "mlflow", "torch", "transformers")


def modules(package: str) -> list[str]:
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in paths]


def loaded_by(names: list[str]) -> list[str]:
    """Which heavy packages a fresh interpreter holds after importing ``names``."""
    code = f"import importlib,sys,json; [importlib.import_module(n) for n in {names!r}]; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    everything = set(json.loads(done.stdout.splitlines()[-1]))
    return [heavy for heavy in HEAVY if heavy in everything]


def test_schemas_import_nothing_heavy() -> None:
    assert loaded_by(modules("schemas")) == []


def test_engines_and_turns_know_no_orchestrator() -> None:
    assert [
        h for h in loaded_by([*modules("serve.engines".replace(".", "/")), "serve.turn", "serve.models"]) if h != "torch"
    ] == []


def test_the_command_line_starts_light() -> None:
    assert loaded_by(["rottie.cli"]) == []


def test_only_flow_files_know_prefect() -> None:
    steps = [p for p in (ROOT / "flows" / "steps").rglob("*.py") if "prefect" in p.read_text().lower().replace("prefect_api", "")]
    imports = [
        p.name
        for p in steps
        if any(line.lstrip().startswith(("import prefect", "from prefect")) for line in p.read_text().splitlines())
    ]
    assert imports == []


def deployments() -> list[dict[str, object]]:
    return yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


@pytest.mark.parametrize("declared", deployments(), ids=lambda d: str(d["entrypoint"]))
def test_entrypoints_are_modules_that_hold_the_flow(declared: dict[str, object]) -> None:
    entrypoint = str(declared["entrypoint"])
    assert ".py:" not in entrypoint  # a file entrypoint puts flows/ first on sys.path and breaks `import serve`
    module, _, name = entrypoint.rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    accepted = set(inspect.signature(flow.fn).parameters)
    assert set(declared.get("parameters") or {}) <= accepted  # type: ignore[call-overload]


def test_every_flow_is_declared() -> None:
    files = {f"flows.{p.stem}.{p.stem}" for p in (ROOT / "flows").glob("*.py") if p.stem not in ("__init__", "tasks")}
    assert files == {str(d["entrypoint"]) for d in deployments()}


def test_the_pins_that_must_hold() -> None:
    """Each of these broke something once; see the comments in pyproject.toml."""
    lock = dict(line.split("==", 1) for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
    assert tuple(int(part) for part in lock["fastapi"].split(".")[:2]) < (0, 151)
    assert tuple(int(part) for part in lock["sqlalchemy"].split(".")[:2]) < (2, 1)
    assert "llama-cpp-python" not in lock, "compiles for minutes: an extra, never on the first-run path"


def test_the_lock_is_fresh() -> None:
    from rottie.lock import problems

    assert problems(ROOT) == []


def test_the_readme_names_every_file() -> None:
    readme = (ROOT / "README.md").read_text()
    paths = [p for package in ("schemas", "flows", "serve", "rottie") for p in (ROOT / package).rglob("*.py")]
    paths += (ROOT / "deployments").rglob("*.yaml")
    missing = {p.name for p in paths if p.name != "__init__.py" and f" {p.name} " not in readme}
    assert missing == set(), "a line each in the tree of README.md"
