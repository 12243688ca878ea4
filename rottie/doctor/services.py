"""The stack: its ports, its state, and whether a quantised model decodes here."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import ValidationError

from rottie.doctor import Finding
from rottie.stack.identity import marked
from rottie.stack.ports import holder, taken
from rottie.stack.recording import running
from schemas.artifacts import ModelManifest
from schemas.profile import Profile
from schemas.settings import Home

DECODE_LIMIT_S = 120


def check_ports(home: Home, profile: Profile) -> list[Finding]:
    """Free, or held by this very stack."""
    record = running(home)
    if record is not None:
        from rottie.stack.reporting import report

        state = report(home)
        ill = [name for name, row in state["services"].items() if not row["healthy"] and not row["optional"]]
        if ill:
            advice = f"See {home.logs}; `rottie down` and `rottie up` start everything again."
            return [Finding("stack", "fail", f"not healthy: {', '.join(ill)}", advice)]
        return [Finding("stack", "ok", f"running and healthy, {state['memory_mb']['pss']:.0f} MiB")]
    found = []
    orphans = marked(home)
    if orphans:
        advice = "`rottie up` or `rottie down` ends them."
        found.append(Finding("stack", "warn", f"{len(orphans)} processes of a killed stack are left", advice))
    for service, (host, port) in profile.stack.listening.items():
        if not orphans and taken(host, port):
            by = holder(port)
            advice = f"Stop it, or start with --set stack.ports.{service}=<port>."
            found.append(Finding("ports", "fail", f"{port} ({service}) is taken" + (f" by {by}" if by else ""), advice))
    ports = ", ".join(str(port) for _, port in profile.stack.listening.values())
    return found or [Finding("ports", "ok", f"free: {ports}")]


def check_decode(home: Home) -> Finding:
    """Decode with the newest export, or with a tiny random model, in a process that may crash."""
    from schemas.assistant import LlmEngine

    weights = newest_export(home)
    with tempfile.TemporaryDirectory() as folder:
        if weights is None:
            from rottie.doctor.tiny_model import write_tiny

            weights = write_tiny(Path(folder) / "tiny-q8_0.gguf")
        command = [sys.executable, "-m", "serve.trial", str(weights), LlmEngine().model_dump_json()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DECODE_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return Finding("decode", "fail", f"no token after {DECODE_LIMIT_S} s", "Free some CPU, then try again.")
    if done.returncode == 0:
        return Finding("decode", "ok", f"{weights.name} decodes")
    if done.returncode < 0:
        advice = "This build of llama.cpp does not fit the processor: install xllamacpp's wheel of the lock again."
        return Finding("decode", "fail", f"{weights.name} crashes the engine with signal {-done.returncode}", advice)
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:] or ["no reason given"]
    return Finding("decode", "fail", f"{weights.name} does not decode: {last[0][:200]}", "Roll back: `rottie rollback`.")


def newest_export(home: Home) -> Path | None:
    """The weights of the newest export that is whole."""
    manifests = sorted(home.models.glob("exports/*/model.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in manifests:
        try:
            weights = path.parent / ModelManifest.model_validate_json(path.read_text()).serve
        except (OSError, ValidationError):
            continue
        if weights.is_file():
            return weights
    return None
