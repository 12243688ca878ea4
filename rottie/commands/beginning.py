"""What answers on a fresh machine: the starter that is shipped with this version, then what is trained on this home."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.artifacts import ModelRef

MODEL = "rottie-llm"


def first_champion(out: Console, profile: str, pipeline: str | None, starter: bool = True) -> bool | None:
    """Make sure that something answers: with ``starter`` the shipped model where the registry has no champion, and, where
    only that one has been, a model trained by ``pipeline``. Whether one answers in the end; None where nobody asked for one.

    Once there is a champion of our own this only waits for it. Raises IntegrityError for a starter that was altered.
    """
    from rottie.commands.entering import enter
    from schemas.loading import load_pipeline

    if not starter and pipeline is None:
        return None
    enter(None)
    from flows.steps.registering import STARTER, versions

    model = MODEL if pipeline is None else load_pipeline(pipeline).model
    with out.status("Looking for a champion"):
        champion = next((row for row in versions(model) if "champion" in row["aliases"]), None)
    if champion is None and starter and model == MODEL:
        installed = _install(out, profile)
        champion = {"lineage": {"pipeline": STARTER}} if installed else None
    answers = champion is not None and _wait_ready(out)
    untrained = champion is None or champion["lineage"].get("pipeline") == STARTER
    if pipeline is None or not untrained or len(_trained(model)) > 0:
        return answers if champion is not None else None
    return _train(out, profile, pipeline, answers)


def _trained(model: str) -> list[dict[str, Any]]:
    from flows.steps.registering import STARTER, versions

    return [row for row in versions(model) if row["lineage"].get("pipeline") not in (STARTER, None)]


def _install(out: Console, profile: str) -> ModelRef | None:
    """The shipped model as a version, and as the champion. None where this version ships none."""
    from flows.steps import registering, shipping
    from rottie.commands.running import run_here
    from schemas.errors import StarterMissing
    from schemas.settings import Home

    try:
        exported = shipping.open_starter()
    except StarterMissing:
        return None
    ref = registering.register_starter(exported, MODEL, Home.current())
    out.print(f"No champion yet: [bold]{ref.label}[/bold] is the starter model of models/starter/llm, its sums checked.")
    return run_here("promote", {"model": MODEL, "version": ref.version, "profile": profile}, out)


def _train(out: Console, profile: str, pipeline: str, answers: bool) -> bool:
    from rottie.commands.running import run_here

    meanwhile = "; the starter answers meanwhile" if answers else ""
    out.rule(f"Training pipeline {pipeline} on profile {profile}{meanwhile}")
    decision = run_here("retrain", {"pipeline": pipeline, "profile": profile, "overrides": []}, out)
    if decision.promoted or (decision.champion is not None and not answers):
        return _wait_ready(out)
    if not answers:
        out.print(f"[yellow]Nothing answers yet: {decision.reason}[/yellow]")
    return answers


def _wait_ready(out: Console, patience_s: float = 120) -> bool:
    """Until the API answers with a model; the watcher rolls the last Serve config out again after a start."""
    import httpx

    from rottie.stack.recording import running
    from schemas.settings import Home

    home = Home.current()
    record = running(home)
    if record is None:
        return False
    deadline = time.monotonic() + patience_s
    with out.status("Waiting for the champion to answer"):
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{record.urls['api']}/readyz", timeout=4, trust_env=False).status_code == 200:
                    out.print('[green]The champion answers.[/green] Try: [bold]rottie ask "turn on the hall lamp"[/bold]')
                    return True
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
    logs = home.logs
    out.print(f"[yellow]The API does not answer yet; see {logs / 'watcher.log'} and {logs / 'ray'}/serve.[/yellow]")
    return False
